package notify

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	tables "fieldsync/conformance/figures"
	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store"
	"fieldsync/crdt/store/badgerstore"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/documents"
	"fieldsync/server/internal/egress"
	"fieldsync/server/internal/notify/transport"
	"fieldsync/server/internal/notify/webpush"
	"fieldsync/server/pushtest"

	"github.com/google/uuid"
)

var (
	benchReport = flag.String("notify.report", "", "file with the markers that the table of notices is written between; empty: none is")
	benchRounds = flag.Int("notify.rounds", 12, "rounds of each kind at an office's pace")
)

// Sizes.
const (
	benchSubscribed = 10_000
	benchJobs       = 200 // of each kind
	benchPace       = time.Minute / 1000
	benchWarm       = 2 * time.Second // of a round, until notices of all stages are under way: this does not count
	benchRound      = 7 * time.Second
)

// BenchmarkNoticesBesideEdits edits jobs over a store on disk with 10,000 subscriptions, while notices are told apart, encrypted, signed and sent by TLS to push
// services (of another process). Paced is a large office: 1,000 changes a minute, each of another job; rounds in which each change is told to somebody
// take turns with rounds in which none is. Burst is edits of both kinds in turns, as fast as they go. With -notify.report it writes the table.
func BenchmarkNoticesBesideEdits(b *testing.B) {
	o := newOffice(b)
	defer o.close()
	var paced, burst figures
	b.Run("paced", func(b *testing.B) { paced = o.paced(b) })
	b.Run("burst", func(b *testing.B) { burst = o.burst(b) })
	if *benchReport != "" {
		if err := tables.Write(*benchReport, "notices", noticeTable(tables.Here(), paced, burst)); err != nil {
			b.Fatal(err)
		}
	}
}

// office is an organisation with a store on disk and 10,000 devices.
type office struct {
	n            *Notifier
	svc          *documents.Service
	crowd        *people
	told, untold []crdt.DocID
	edits        int
	close        func()
}

func newOffice(b *testing.B) *office {
	st, err := badgerstore.Open(badgerstore.Options{Dir: b.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	o := &office{crowd: &people{roles: map[string]access.Role{"dora": access.RoleDispatcher}, out: map[string]bool{}, zone: time.UTC}}
	ports, stopServices := startServices(b)
	browsers := pushtest.New()
	keys := target(b, browsers.Subscribe())
	browsers.Close()
	allowed, err := egress.ParseAllowed([]string{"127.0.0.0/8"})
	if err != nil {
		b.Fatal(err)
	}
	options := Options{Store: st, Room: documents.NewRoom(), People: o.crowd, Calm: 500 * time.Millisecond, Transports: map[string]transport.Transport{
		ServiceWebPush: webpush.New(webpush.Options{Client: egress.NewClient(allowed), Key: func(p []byte) *ecdsa.PrivateKey { return o.n.Key(p) }})}}
	if o.n, err = New(options); err != nil {
		b.Fatal(err)
	}
	var ops []store.Op
	for i := range benchSubscribed {
		user := fmt.Sprintf("w%d", i)
		o.crowd.roles[user], o.crowd.roles["q"+user] = access.RoleWorker, access.RoleWorker
		p := o.crowd.principal(user)
		s := Subscription{Org: org, User: user, Device: p.Device, Credential: p.Credential, Service: ServiceWebPush, Target: keys}
		s.Endpoint, s.VAPIDKey = fmt.Sprintf("https://127.0.0.%d:%s/%s", 1+i%5, ports, user), o.n.PublicKey()
		value, err := json.Marshal(s)
		if err != nil {
			b.Fatal(err)
		}
		ops = append(ops, store.Op{Key: subscriptionKey(s.id()), Value: value})
	}
	for some := range slices.Chunk(ops, 500) {
		if err := store.Write(st, some); err != nil {
			b.Fatal(err)
		}
	}
	if o.n, err = New(options); err != nil || o.n.Subscribed() != benchSubscribed {
		b.Fatal(o.n.Subscribed(), err)
	}
	o.svc, err = documents.New(documents.Options{Store: st, Metrics: silent{}, Log: slog.New(slog.DiscardHandler), OnStore: o.n.OnStore, OnChange: o.n.OnChange})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); o.n.Run(ctx) }()
	o.close = func() { stop(); <-ended; o.svc.Close(); _ = st.Close(); stopServices() }
	for i := range benchJobs {
		o.told, o.untold = append(o.told, o.job(b, fmt.Sprintf("w%d", i*7))), append(o.untold, o.job(b, fmt.Sprintf("qw%d", i*7)))
	}
	o.drain()
	return o
}

func (o *office) job(b *testing.B, user string) crdt.DocID {
	d := job.Draft{UUID: uuid.NewString(), Assignees: []job.Assignee{{User: user, Edit: true}}, First: job.Event{ID: uuid.NewString(), Status: job.Published, By: "dora"}}
	d.Title, d.Description = "Two pumps", strings.Repeat("They hum. ", 20)
	edits, err := job.New(d)
	if err != nil {
		b.Fatal(err)
	}
	doc, _, err := o.svc.Create(b.Context(), o.crowd.principal("dora"), documents.CreateOptions{}, edits)
	if err != nil {
		b.Fatal(err)
	}
	return doc
}

// edit makes a change, and gives how long that took.
func (o *office) edit(b *testing.B, doc crdt.DocID) time.Duration {
	o.edits++
	began := time.Now()
	if _, err := o.svc.Edit(b.Context(), o.crowd.principal("dora"), doc, documents.EditOptions{}, func(tx *engine.Tx) error {
		return tx.Apply(put(fmt.Sprintf("Title %d", o.edits), "title"))
	}); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

// drain waits until nothing is to be told, and gives how many messages the services have taken so far.
func (o *office) drain() uint64 {
	for quiet := 0; quiet < 50; {
		o.n.mu.Lock()
		busy := o.n.marked.Len() + o.n.due.Len() + len(o.n.flying)
		o.n.mu.Unlock()
		if quiet++; busy > 0 {
			quiet = 0
		}
		<-time.After(2 * time.Millisecond)
	}
	log, err := o.n.Entries(org, LogQuery{Limit: 1})
	if err != nil || len(log) == 0 {
		return 0
	}
	if log[0].Result != string(transport.Sent) {
		panic(fmt.Sprintf("not sent: %+v", log[0]))
	}
	return log[0].Number + 1
}

// figures are what one form of the benchmark has found.
type figures struct {
	with, without       []time.Duration // of edits
	cpuWith, cpuWithout time.Duration   // of the process, of as many edits each
	notices             uint64
	span                time.Duration // in which the notices went out
}

func (f *figures) report(b *testing.B) {
	b.ReportMetric(at(f.with, 50).Seconds()*1e6, "µs/edit-told")
	b.ReportMetric(at(f.without, 50).Seconds()*1e6, "µs/edit-untold")
	b.ReportMetric(f.ratio(50), "ratio")
	b.ReportMetric(f.ratio(90), "ratio-p90")
	b.ReportMetric(float64(f.cpu().Microseconds()), "cpu-µs/notice")
	b.ReportMetric(float64(f.notices)/f.span.Seconds(), "notices/s")
	b.ReportMetric(0, "ns/op")
}

func (f *figures) ratio(percent int) float64 {
	return at(f.with, percent).Seconds() / at(f.without, percent).Seconds()
}

// cpu is what a notice costs beside its edit.
func (f *figures) cpu() time.Duration {
	return (f.cpuWith - f.cpuWithout) / time.Duration(max(f.notices, 1))
} //nolint:gosec // a count

// paced edits at an office's pace, in rounds with notices and rounds without.
func (o *office) paced(b *testing.B) (f figures) {
	round := func(docs []crdt.DocID) (took []time.Duration, used time.Duration) {
		before, began := cpu(b), time.Now()
		tick := time.NewTicker(benchPace)
		defer tick.Stop()
		for k := 0; time.Since(began) < benchRound; k++ {
			<-tick.C
			if d := o.edit(b, docs[k%len(docs)]); time.Since(began) > benchWarm {
				took = append(took, d)
			}
		}
		o.drain()
		return took, cpu(b) - before
	}
	for k := range 2 * *benchRounds {
		if k%4 == 0 || k%4 == 3 { // with, without, without, with: what drifts falls on both
			already, began := o.drain(), time.Now()
			took, used := round(o.told)
			f.with, f.cpuWith = append(f.with, took...), f.cpuWith+used
			f.notices += o.drain() - already
			f.span += time.Since(began)
		} else {
			took, used := round(o.untold)
			f.without, f.cpuWithout = append(f.without, took...), f.cpuWithout+used
		}
	}
	f.report(b)
	return f
}

// burst edits as fast as it goes, jobs of both kinds in turns; then those of each kind apart, for the CPU time.
func (o *office) burst(b *testing.B) (f figures) {
	for range 3 {
		for i := range o.told {
			f.with, f.without = append(f.with, o.edit(b, o.told[i])), append(f.without, o.edit(b, o.untold[i]))
		}
		already := o.drain()
		for _, docs := range [][]crdt.DocID{o.untold, o.told} {
			before, began := cpu(b), time.Now()
			for _, doc := range docs {
				o.edit(b, doc)
			}
			o.drain()
			if used := cpu(b) - before; &docs[0] == &o.told[0] {
				f.cpuWith += used
				f.span += time.Since(began)
			} else {
				f.cpuWithout += used
			}
		}
		f.notices += o.drain() - already
	}
	f.report(b)
	return f
}

// at gives a percentile.
func at(all []time.Duration, percent int) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(len(sorted)*percent/100, len(sorted)-1)]
}

func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
