package drive_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/history"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
	"fieldsync/crdt/store/memstore"
)

type who string

func (w who) Author() history.Author { return history.Author(w) }

// node is a replica with its store.
type node struct {
	*drive.Drive
	t        *testing.T
	store    store.Store
	mu       sync.Mutex
	notices  []replica.Notice
	compared []replica.Compared
	changed  chan struct{}
}

func newNode(t *testing.T, name string, st store.Store, change func(*drive.Config)) *node {
	n := &node{t: t, store: st, changed: make(chan struct{}, 1)}
	cfg := drive.Config{
		Replica:  &replica.Config{PeerID: crdt.PeerID(name), StorageID: name + "-storage", History: history.DefaultLimits()},
		Store:    st,
		Snapshot: engine.Snapshot,
		Log:      slog.New(slog.DiscardHandler),
		OnNotice: func(_ crdt.DocID, x replica.Notice) {
			n.mu.Lock()
			n.notices = append(n.notices, x)
			n.mu.Unlock()
			n.wake()
		},
		OnCompared: func(c replica.Compared) {
			n.mu.Lock()
			n.compared = append(n.compared, c)
			n.mu.Unlock()
			n.wake()
		},
		Inventory: func(replica.Principal) ([]replica.Item, error) {
			var items []replica.Item
			err := drive.Records(st, func(doc crdt.DocID, rec replica.Record) error {
				items = append(items, replica.Item{Doc: doc, Digest: replica.DigestHeads(rec.Heads)})
				return nil
			})
			return replica.SortItems(items), err
		},
	}
	if change != nil {
		change(&cfg)
	}
	n.Drive = drive.New(cfg)
	t.Cleanup(n.Close)
	return n
}

func (n *node) wake() {
	select {
	case n.changed <- struct{}{}:
	default:
	}
}

// until waits for a condition that notices bring about.
func (n *node) until(what string, ok func() bool) {
	n.t.Helper()
	watchdog := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-n.changed:
		case <-watchdog:
			n.t.Fatalf("never: %s", what)
		}
	}
}

// pipe carries frames from one link to the other, in order.
type pipe struct {
	mu     sync.Mutex
	to     *drive.Link
	queue  [][]byte
	busy   bool
	bytes  int
	frames int
	sent   [][]byte // all frames
	closed *replica.Close
	cut    bool
	change func([]byte) []byte // of each frame, on its way; nil: nothing
}

func (p *pipe) Queue(head, tail []byte, _ bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut {
		return false
	}
	frame := append(append([]byte(nil), head...), tail...)
	if p.change != nil {
		frame = p.change(frame)
	}
	p.sent = append(p.sent, frame)
	p.queue = append(p.queue, p.sent[len(p.sent)-1])
	p.bytes += len(head) + len(tail)
	p.frames++
	p.pump()
	return true
}

func (p *pipe) pump() {
	if p.busy || p.to == nil {
		return
	}
	p.busy = true
	go func() {
		for {
			p.mu.Lock()
			if len(p.queue) == 0 {
				p.busy = false
				p.mu.Unlock()
				return
			}
			f := p.queue[0]
			p.queue = p.queue[1:]
			p.mu.Unlock()
			if err := p.to.Receive(f); err != nil {
				return
			}
		}
	}()
}

func (p *pipe) Close(c replica.Close) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = &c
}

// connect joins two nodes; client calls. cut ends it.
func connect(client, server *node, name string) (up, down *pipe, cut func()) {
	return connectBy(client, server, name, nil)
}

// connectBy is connect with what the client says changed on its way.
func connectBy(client, server *node, name string, change func([]byte) []byte) (up, down *pipe, cut func()) {
	up, down = &pipe{change: change}, &pipe{}
	s := server.Connect(down, who(name), false)
	c := client.Connect(up, who("server"), true)
	for _, x := range []struct {
		p  *pipe
		to *drive.Link
	}{{up, s}, {down, c}} {
		x.p.mu.Lock()
		x.p.to = x.to
		x.p.pump()
		x.p.mu.Unlock()
	}
	return up, down, func() {
		for _, p := range []*pipe{up, down} {
			p.mu.Lock()
			p.cut, p.queue = true, nil
			p.mu.Unlock()
		}
		s.Closed()
		c.Closed()
	}
}

// edit makes a change of a document and appends it.
func (n *node) edit(doc crdt.DocID, author string, fn func(*engine.Tx) error) {
	n.t.Helper()
	ctx := context.Background()
	var raws [][]byte
	if err := n.Inspect(ctx, doc, func(d *replica.Document) error {
		h, _, err := d.View()
		for i := range h.Len() {
			raws = append(raws, append([]byte(nil), h.Raw(i)...))
		}
		return err
	}); err != nil {
		n.t.Fatal(err)
	}
	d, err := engine.Load(raws...)
	if err != nil {
		n.t.Fatal(err)
	}
	defer d.Close()
	raw, err := d.Edit(engine.Commit{Actor: crdt.ActorID(author + "-0123456789abcd"), Time: 1}, fn)
	if err != nil {
		n.t.Fatal(err)
	}
	if err := n.Append(ctx, doc, replica.Append{Author: history.Author(author), Raws: [][]byte{raw}}); err != nil {
		n.t.Fatal(err)
	}
}

func (n *node) heads(doc crdt.DocID) crdt.Heads {
	n.t.Helper()
	var out crdt.Heads
	if err := n.Inspect(context.Background(), doc, func(d *replica.Document) error { out = d.Heads(); return nil }); err != nil {
		n.t.Fatal(err)
	}
	return out
}

func set(key string, value any) func(*engine.Tx) error {
	return func(tx *engine.Tx) error { return tx.Set(crdt.Path{key}, value) }
}

func TestWhatOneMakesOfflineTheOtherGetsAndBothStayLive(t *testing.T) {
	server := newNode(t, "server", memstore.New(memstore.Options{}), nil)
	client := newNode(t, "client", memstore.New(memstore.Options{}), nil)
	doc := crdt.DocID{1}
	client.edit(doc, "anna", set("title", "pump"))
	_, _, cut := connect(client, server, "anna")
	defer cut()
	server.until("the server has the document", func() bool { return server.heads(doc).Equal(client.heads(doc)) })
	server.edit(doc, "dora", set("note", "urgent"))
	client.until("the client has the server's change", func() bool { return server.heads(doc).Equal(client.heads(doc)) })
	client.edit(doc, "anna", set("note", "done"))
	server.until("the server has the client's change", func() bool { return server.heads(doc).Equal(client.heads(doc)) })
}
