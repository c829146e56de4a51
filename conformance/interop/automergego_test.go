package interop_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/automerge/automerge-go"
	"github.com/google/uuid"

	"fieldsync/conformance/internal/light"
	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt"
)

// watchdog ends a wait for something that never comes.
const watchdog = 90 * time.Second

// goPeer is a client of automerge-go's sync protocol, which knows version 1 only, over frames of the light client.
type goPeer struct {
	conn    *light.Conn
	id      string
	mu      sync.Mutex
	doc     *automerge.Doc
	state   *automerge.SyncState
	changed chan struct{}
	server  []string // the server's heads, as it last said
	err     error
}

func newGoPeer(t *testing.T, server *sut.Process, id string, doc *automerge.Doc) *goPeer {
	t.Helper()
	conn, err := light.Dial(t.Context(), server.URL(sut.Dispatcher), "automerge-go-"+uuid.NewString(), light.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	p := &goPeer{conn: conn, id: id, doc: doc, state: automerge.NewSyncState(doc), changed: make(chan struct{}, 1)}
	kind := "sync"
	if len(doc.Heads()) == 0 {
		kind = "request"
	}
	p.mu.Lock()
	err = p.say(kind)
	p.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	go p.read()
	return p
}

// say sends what the sync state has to send; the lock is held.
func (p *goPeer) say(kind string) error {
	for {
		m, ok := p.state.GenerateMessage()
		if !ok {
			return nil
		}
		if err := p.conn.Send(&light.Frame{Type: kind, DocumentID: p.id, SenderID: p.conn.PeerID, TargetID: p.conn.ServerID, Data: m.Bytes()}); err != nil {
			return err
		}
	}
}

func (p *goPeer) read() {
	for {
		f, err := p.conn.Read()
		if err == nil {
			err = p.take(f)
		}
		p.mu.Lock()
		p.err = err
		p.mu.Unlock()
		select {
		case p.changed <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func (p *goPeer) take(f *light.Frame) error {
	if f.Type == "doc-unavailable" {
		return errors.New("the document is unavailable")
	}
	if f.Type != "sync" || f.DocumentID != p.id {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	m, err := p.state.ReceiveMessage(f.Data)
	if err != nil {
		return fmt.Errorf("automerge-go does not take the server's message: %w", err)
	}
	p.server = coreHeads(m.Heads())
	return p.say("sync")
}

// edit changes the document and tells the server.
func (p *goPeer) edit(t *testing.T, key string, value any) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	err := p.doc.Path(key).Set(value)
	if err == nil {
		_, err = p.doc.Commit("")
	}
	if err == nil {
		err = p.say("sync")
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (p *goPeer) heads() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return coreHeads(p.doc.Heads())
}

func coreHeads(heads []automerge.ChangeHash) []string {
	var out []string
	for _, h := range heads {
		out = append(out, h.String())
	}
	slices.Sort(out)
	return out
}

// wait returns when the condition holds; it is called with the lock held.
func (p *goPeer) wait(t *testing.T, what string, holds func() bool) {
	t.Helper()
	limit := time.NewTimer(watchdog)
	defer limit.Stop()
	for {
		p.mu.Lock()
		done, err := holds(), p.err
		p.mu.Unlock()
		switch {
		case done:
			return
		case err != nil:
			t.Fatalf("%s: %v", what, err)
		}
		select {
		case <-p.changed:
		case <-limit.C:
			t.Fatalf("%s: waited for %v; has %v, the server said %v", what, watchdog, p.heads(), p.server)
		}
	}
}

// acknowledged waits until the server has said that it holds what this peer holds.
func (p *goPeer) acknowledged(t *testing.T) {
	t.Helper()
	p.wait(t, "acknowledgement", func() bool { return slices.Equal(p.server, coreHeads(p.doc.Heads())) })
}

// mirrored is what mirror.mjs prints.
type mirrored struct {
	Heads   []string
	Changes int
	Found   int
	Doc     map[string]any
}

func mirrorOf(ctx context.Context, t *testing.T, generation string, server *sut.Process, id string) mirrored {
	t.Helper()
	dir, err := sut.NodeModules()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(ctx, watchdog)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "mirror.mjs", generation, server.URL(sut.Dispatcher), "automerge:"+id)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("mirror.mjs: %v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	var m mirrored
	if err := json.Unmarshal(out, &m); err != nil {
		t.Fatalf("mirror.mjs printed %q", out)
	}
	return m
}

func newDocID() string { return crdt.DocID(uuid.New()).String() }

func TestAutomergeGoKnowsVersion1OnlyAndSharesADocumentWithAll(t *testing.T) {
	server := startTarget(t)
	id := newDocID()
	doc := automerge.New()
	if err := doc.Path("title").Set("made by automerge-go"); err != nil {
		t.Fatal(err)
	}
	if _, err := doc.Commit(""); err != nil {
		t.Fatal(err)
	}
	a := newGoPeer(t, server, id, doc)
	for i := range 40 {
		a.edit(t, fmt.Sprintf("a%d", i), i)
	}
	a.acknowledged(t)
	b := newGoPeer(t, server, id, automerge.New())
	b.wait(t, "finding", func() bool { return len(b.doc.Heads()) > 0 })
	for i := range 10 { // both at once
		a.edit(t, fmt.Sprintf("both-a%d", i), i)
		b.edit(t, fmt.Sprintf("both-b%d", i), i)
	}
	const made = 41 + 20
	for n, generation := range []string{"gen25", "gen20"} {
		for _, p := range []*goPeer{a, b} {
			p.wait(t, "all changes", func() bool {
				changes, err := p.doc.Changes()
				return err == nil && len(changes) == made+n
			})
		}
		got := mirrorOf(t.Context(), t, generation, server, id)
		if got.Changes != made+n+1 || got.Found != made+n {
			t.Fatalf("%s found %d changes and has %d, want %d and one more", generation, got.Found, got.Changes, made+n)
		}
		for _, p := range []*goPeer{a, b} {
			p.wait(t, generation+"'s edit", func() bool { return slices.Equal(coreHeads(p.doc.Heads()), got.Heads) })
		}
		if got.Doc["title"] != "made by automerge-go" || got.Doc["both-b9"] != 9.0 {
			t.Fatalf("%s shows %v", generation, got.Doc)
		}
	}
}

// The bench is worth something only if its client is a proper one: what it pushes has to reach real clients, and what
// those change has to reach it.
func TestWhatTheLightClientPushesReachesRealClients(t *testing.T) {
	server := startTarget(t)
	histories, err := light.Corpus(1, 31)
	if err != nil {
		t.Fatal(err)
	}
	h := histories[0]
	for _, old := range []bool{false, true} {
		id := newDocID()
		conn, err := light.Dial(t.Context(), server.URL(sut.Dispatcher), "light-"+id, light.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetReadDeadline(time.Now().Add(watchdog))
		r := &light.Replica{ID: id, History: h, Held: 20, Old: old}
		send := func(kind string, m *light.SyncMessage) {
			t.Helper()
			if err := conn.SendSync(kind, id, m); err != nil {
				t.Fatal(err)
			}
		}
		settle := func() {
			t.Helper()
			for r.Server < r.Held {
				f, err := conn.Read()
				if err != nil {
					t.Fatal(err)
				}
				if f.Type != "sync" {
					continue
				}
				m, err := light.ParseSync(f.Data)
				if err != nil {
					t.Fatal(err)
				}
				answer, ok := r.Receive(m)
				if !ok {
					t.Fatalf("the server's heads %x are not of the history", m.Heads)
				}
				if answer != nil {
					send("sync", answer)
				}
			}
		}
		send(r.Hello(false))
		settle()
		for r.Held < 31 {
			send("sync", r.Push(1))
		}
		settle()
		got := mirrorOf(t.Context(), t, "gen25", server, id)
		if got.Found != 31 || got.Changes != 32 || got.Doc["kind"] != "job" {
			t.Fatalf("a real client found %d changes: %v", got.Found, got.Doc)
		}
		for {
			f, err := conn.Read()
			if err != nil {
				t.Fatalf("the real client's change did not come: %v", err)
			}
			if f.Type != "sync" {
				continue
			}
			m, err := light.ParseSync(f.Data)
			if err != nil {
				t.Fatal(err)
			}
			if len(m.Heads) != 1 || fmt.Sprintf("%x", m.Heads[0]) != got.Heads[0] {
				continue
			}
			if len(m.Changes) > 0 {
				break
			}
			// A filter hid it, one time in a hundred: what a client does then is to ask.
			send("sync", &light.SyncMessage{Heads: h.Hashes[30:31], Need: m.Heads, Have: []light.Have{{LastSync: h.Hashes[30:31]}}})
		}
	}
}
