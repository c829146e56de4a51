package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gorilla/websocket"

	"fieldsync/client"
	"fieldsync/conformance/internal/light"
	"fieldsync/conformance/internal/slowlink"
	"fieldsync/conformance/internal/sut"
)

// slowJobs is how many jobs a phone on 2G holds, slowChanged how many of them changed meanwhile, slowNew how many are new.
const (
	slowJobs    = 1000
	slowChanged = 10
	slowNew     = 30
)

// slowPatience ends a wait on 2G, where a thousand messages take minutes.
const slowPatience = 10 * time.Minute

// slowPass is a reconnect over the line: from the call until everything is there, opening of the connection included.
type slowPass struct {
	took     time.Duration
	up, down int64 // bytes that passed the line: HTTP, WebSocket and frames
	opened   int   // connections
}

// slowResult is what one system needs on 2G.
type slowResult struct {
	name                            string
	unchanged, changed, made, fresh slowPass      // made: new jobs that were just made, fresh: new jobs that have been there for a while
	opening                         time.Duration // of a connection alone: TCP, and HTTP's upgrade
	cut                             time.Duration // the reference as it comes: after so long it ended the connection; 0: it did not
}

// runSlow measures reconnects over an emulated 2G link (slowlink.GPRS).
func runSlow(ctx context.Context, cfg config) ([]slowResult, error) {
	tmp, err := os.MkdirTemp("", "fieldsync-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	cfg.systems = slices.DeleteFunc(slices.Clone(cfg.systems), func(name string) bool { return strings.HasPrefix(name, "relay") }) // they keep nothing
	cfg.jobs, cfg.liveDocs = 300, 0
	cfg.changes++ // the last of each is the one that somebody makes meanwhile
	b := &bench{cfg: cfg, tmp: tmp}
	if err := b.prepare(ctx); err != nil {
		return nil, err
	}
	var all []slowResult
	for _, name := range cfg.systems {
		turn := func(name string) (r slowResult, err error) {
			cfg.log("2G: %s", name)
			err = b.again(ctx, name, &results{}, func() error {
				return b.with(ctx, name, func(sys *sut.Process) (err error) {
					r, err = slowTurn(ctx, sys, tmp, b.jobs, cfg.changes-1, cfg.settle)
					return err
				})
			})
			return r, err
		}
		r, err := turn(name)
		if err == nil && r.cut > 0 { // as it comes it is never done
			cut := r.cut
			r, err = turn("reference-patient")
			r.cut = cut
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, r)
	}
	return all, nil
}

// reconnects is a client that holds all there is and has gone; it comes back through the line.
type reconnects interface {
	// again brings the client and the server to the same state, and says how long that took. ids are all documents that it is to hold then.
	again(ctx context.Context, ids []string) (time.Duration, error)
	close()
}

func slowTurn(ctx context.Context, sys *sut.Process, tmp string, histories []*light.History, changes int, settle time.Duration) (r slowResult, err error) {
	r.name = sys.Name
	ids, err := upload(ctx, sys, histories, slowJobs, changes)
	if err != nil {
		return r, err
	}
	line := slowlink.New(slowlink.Direct)
	defer line.Close()
	addr, err := line.Open("127.0.0.1:0", sys.Addr, false)
	if err != nil {
		return r, err
	}
	var c reconnects
	if sys.HasExt {
		c, err = newPhone(ctx, filepath.Join(tmp, "phone"), addr)
	} else {
		c = newPlain(sys, addr, histories, changes)
	}
	if err != nil {
		return r, err
	}
	defer c.close()
	if _, err := c.again(ctx, ids); err != nil {
		return r, fmt.Errorf("first sync: %w", err)
	}
	if err := line.Set(slowlink.GPRS); err != nil {
		return r, err
	}
	begun := time.Now()
	bare, err := light.Dial(ctx, (&sut.Process{Addr: addr, Path: sys.Path}).URL(map[bool]string{true: sut.Dispatcher}[sys.HasAuth]), "bare", light.Options{NoJoin: true})
	if err != nil {
		return r, err
	}
	r.opening = time.Since(begun)
	bare.Close()
	measure := func(into *slowPass) error {
		line.ResetCounts()
		_, before := line.Connections()
		var err error
		if into.took, err = c.again(ctx, ids); err != nil {
			return err
		}
		for _, n := range line.Counts() {
			into.up, into.down = into.up+n.Up, into.down+n.Down
		}
		_, after := line.Connections()
		into.opened = after - before
		return nil
	}
	begun = time.Now()
	if err := measure(&r.unchanged); sys.Name == sut.NameReference && thrownOut(err) {
		r.cut = time.Since(begun)
		return r, nil
	} else if err != nil {
		return r, fmt.Errorf("nothing changed: %w", err)
	}
	if err := edit(ctx, sys, histories, ids[:slowChanged], changes); err != nil {
		return r, err
	}
	if p, ok := c.(*plainPhone); ok {
		p.changed = slowChanged
	}
	if err := measure(&r.changed); err != nil {
		return r, fmt.Errorf("%d changed: %w", slowChanged, err)
	}
	for _, pass := range []struct {
		into   *slowPass
		settle time.Duration
	}{{&r.made, 0}, {&r.fresh, settle}} {
		more, err := upload(ctx, sys, histories, slowNew, changes)
		if err != nil {
			return r, err
		}
		ids = append(ids, more...)
		if err := pauseUntil(ctx, time.Now().Add(pass.settle)); err != nil {
			return r, err
		}
		if err := measure(pass.into); err != nil {
			return r, fmt.Errorf("%d new, %v old: %w", slowNew, pass.settle, err)
		}
	}
	return r, nil
}

// thrownOut tells whether the other side ended the connection.
func thrownOut(err error) bool {
	var closed *websocket.CloseError
	return errors.Is(err, syscall.ECONNRESET) || errors.As(err, &closed)
}

// edit makes one more change in each document, past the line.
func edit(ctx context.Context, sys *sut.Process, histories []*light.History, ids []string, held int) error {
	p, err := dialPeer(ctx, sys, "", "editor", false)
	if err != nil {
		return err
	}
	defer p.conn.Close()
	p.start()
	for i, id := range ids {
		if err := p.open(id, histories[i%len(histories)], held+1, false); err != nil {
			return err
		}
	}
	return p.wait(ctx, "edit", acknowledged)
}

// phone is the Go client with a folder, and the demonstration's dispatcher, who may see all.
type phone struct{ c *client.Client }

func newPhone(ctx context.Context, dir, addr string) (*phone, error) {
	c, err := client.Open(client.Options{Dir: dir, StallAfter: slowPatience})
	if err != nil {
		return nil, err
	}
	c.SetNetwork(client.Network2G, false) // as its platform would
	_, err = c.Login(ctx, "http://"+addr, sut.Dispatcher)
	return &phone{c}, err
}

func (p *phone) close() { _ = p.c.Close() }

// again takes until the client says that it is in step; that it hangs up then is part of the bytes alone.
func (p *phone) again(ctx context.Context, ids []string) (took time.Duration, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	begun, inStep, events := time.Now(), make(chan time.Time, 1), p.c.WatchAll(ctx)
	go func() {
		for ev := range events {
			if ev.Kind == client.EventSynced {
				inStep <- time.Now()
				return
			}
		}
	}()
	r, err := p.c.Sync(ctx)
	if err == nil && r.Documents < len(ids) {
		err = fmt.Errorf("the phone holds %d documents, there are %d", r.Documents, len(ids))
	}
	if err != nil {
		return 0, err
	}
	return (<-inStep).Sub(begun), nil
}

// plainPhone is a client of the plain protocol that saved its sync states. It costs the line what automerge-repo's client does, and no time of its own.
type plainPhone struct {
	to        *sut.Process
	histories []*light.History
	changes   int
	held      map[string]int
	changed   int // so many of the first documents have one change more
	rounds    int
}

func newPlain(sys *sut.Process, addr string, histories []*light.History, changes int) *plainPhone {
	return &plainPhone{to: &sut.Process{Name: sys.Name, Addr: addr, Path: sys.Path, HasAuth: sys.HasAuth}, histories: histories, changes: changes, held: map[string]int{}}
}

func (*plainPhone) close() {}

func (p *plainPhone) again(ctx context.Context, ids []string) (time.Duration, error) {
	begun := time.Now()
	peer, err := dialPeer(ctx, p.to, "", fmt.Sprintf("phone-%d", p.rounds), true)
	if err != nil {
		return 0, err
	}
	p.rounds++
	defer peer.conn.Close()
	peer.patience = slowPatience
	peer.start()
	want := map[string]int{}
	for i, id := range ids {
		want[id] = p.changes
		if i < p.changed {
			want[id]++
		}
		of := i // each upload begins with the first history
		if i >= slowJobs {
			of = (i - slowJobs) % slowNew
		}
		if err := peer.open(id, p.histories[of%len(p.histories)], p.held[id], p.held[id] > 0); err != nil {
			return 0, err
		}
	}
	if err := peer.wait(ctx, "reconnect", func(r *light.Replica) bool { return r.Held >= want[r.ID] && r.Server >= want[r.ID] }); err != nil {
		return 0, err
	}
	p.held = want
	return time.Since(begun), nil
}

// reportSlow is the Markdown of it.
func reportSlow(all []slowResult, machine string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n\n", time.Now().UTC().Format("2006-01-02"), machine)
	fmt.Fprintf(&b, "A client that holds %d jobs comes back over an emulated 2G link (%d kbit/s each way, %v round trip). Time is from the call until client and server hold the same, the opening of the connection included (two round "+
		"trips: TCP, and HTTP's upgrade); bytes are all that passed the line. Ours is the Go client with its folder; the reference's is a client of the plain protocol with its sync states saved, which costs the line what automerge-repo's does and no time of its own.\n\n",
		slowJobs, slowlink.GPRS.Rate/1000, slowlink.GPRS.RoundTrip)
	for _, r := range all {
		if r.cut > 0 {
			fmt.Fprintf(&b, "%s as it comes is never done here: a client has 5 s to answer a ping, the pong waits behind its thousand messages, and the server ended the connection after %.0f s; the next connection goes the same way. So for this table its "+
				"`keepAliveInterval` is %v.\n\n", r.name, r.cut.Seconds(), slowPatience)
		}
	}
	b.WriteString("| reconnect on 2G |")
	for _, r := range all {
		fmt.Fprintf(&b, " %s |", r.name)
	}
	b.WriteString(" ratio |\n|---|" + strings.Repeat("---:|", len(all)) + "---:|\n")
	for _, row := range []struct {
		name string
		pick func(slowResult) slowPass
	}{
		{"nothing changed", func(r slowResult) slowPass { return r.unchanged }},
		{fmt.Sprintf("%d jobs changed there", slowChanged), func(r slowResult) slowPass { return r.changed }},
		{fmt.Sprintf("%d new jobs, just made", slowNew), func(r slowResult) slowPass { return r.made }},
		{fmt.Sprintf("%d new jobs, there for a while", slowNew), func(r slowResult) slowPass { return r.fresh }},
	} {
		line := func(what string, value func(slowResult, slowPass) float64, unit func(float64) string) {
			fmt.Fprintf(&b, "| %s: %s |", row.name, what)
			for _, r := range all {
				fmt.Fprintf(&b, " %s |", unit(value(r, row.pick(r))))
			}
			ratio := ""
			if len(all) == 2 {
				ratio = fmt.Sprintf("1/%.1f", value(all[1], row.pick(all[1]))/value(all[0], row.pick(all[0])))
			}
			fmt.Fprintf(&b, " %s |\n", ratio)
		}
		seconds := func(v float64) string { return fmt.Sprintf("%.1f s", v) }
		line("time", func(_ slowResult, p slowPass) float64 { return p.took.Seconds() }, seconds)
		line("of it, after the opening", func(r slowResult, p slowPass) float64 { return (p.took - r.opening).Seconds() }, seconds)
		line("bytes up", func(_ slowResult, p slowPass) float64 { return float64(p.up) }, kilobytes)
		line("bytes down", func(_ slowResult, p slowPass) float64 { return float64(p.down) }, kilobytes)
	}
	return b.String()
}
