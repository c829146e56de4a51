package replicatest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history/historytest"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
	"fieldsync/crdt/store/memstore"
)

// Node is a replica: a hub, its documents in memory, and its store, which alone survives a crash.
type Node struct {
	sim    *Sim
	name   string
	who    who // behind its connections to the server
	server bool
	plain  bool // speaks no extension
	cfg    *replica.Config

	up     bool
	hub    *replica.Hub
	open   map[crdt.DocID]*openDoc
	ends   map[replica.ConnID]*end
	lives  int // crashes survived: what was planned in an earlier life does not happen
	token  uint64
	lastID replica.ConnID

	store   *memstore.Store
	syncing bool
	durable map[crdt.DocID]map[crdt.Hash]bool
	writers map[crdt.DocID]*historytest.Writer

	online bool // a client wants to be connected
	dialed *end
	dials  bool // an attempt is planned
	acked  map[crdt.DocID]map[crdt.Hash]bool
	counts uint64 // presence sent

	// Of changes that the server refused, see discard.go. All of it outlives a crash but the first two: the server will tell again.
	bad        map[crdt.DocID]map[crdt.Hash]bool
	discarding map[crdt.DocID]bool // one at a time: the next one is planned when this one was answered
	generation map[crdt.DocID]int
	fates      map[crdt.DocID]map[crdt.Hash]fate
	gone       map[crdt.DocID]map[crdt.Hash]bool
}

// openDoc is a document in memory, with what waits for it. It is opened when the first of that is handled.
type openDoc struct {
	id      crdt.DocID
	doc     *replica.Document
	queue   []item
	stored  *item
	running bool
	gone    bool
}

type item struct {
	ev    replica.Event
	look  func(*openDoc)
	after []replica.Out
}

const (
	idleAfter   = 3 * time.Second
	joinTimeout = 10 * time.Second
)

func (s *Sim) newNode(name string, w who) *Node {
	n := &Node{sim: s, name: name, who: w, store: memstore.New(memstore.Options{Manual: true}),
		durable: map[crdt.DocID]map[crdt.Hash]bool{}, acked: map[crdt.DocID]map[crdt.Hash]bool{},
		generation: map[crdt.DocID]int{}, fates: map[crdt.DocID]map[crdt.Hash]fate{}, gone: map[crdt.DocID]map[crdt.Hash]bool{},
		cfg: &replica.Config{PeerID: crdt.PeerID(name), StorageID: "disk-of-" + name, IdleAfter: idleAfter, JoinTimeout: joinTimeout,
			History: limits()}}
	s.names.nodes[n.actor()] = name
	return n
}

func (n *Node) actor() crdt.ActorID { return crdt.ActorID("actor of " + n.name) }

// start begins a life with what the store holds.
func (n *Node) start() {
	n.up, n.syncing, n.dialed, n.dials = true, false, nil, false
	n.hub = replica.NewHub(n.cfg)
	n.open, n.ends = map[crdt.DocID]*openDoc{}, map[replica.ConnID]*end{}
	n.writers = map[crdt.DocID]*historytest.Writer{}
	n.bad, n.discarding = map[crdt.DocID]map[crdt.Hash]bool{}, map[crdt.DocID]bool{}
	n.checkStore()
	n.sweep()
	if n.online {
		n.dial()
	}
}

// crash ends a life: what was not synced is lost, and so are all connections.
func (n *Node) crash() {
	lost := n.store.Crash()
	n.sim.stats.Crashes++
	n.sim.stats.Lost += lost
	n.sim.note("%s crashes, %d writes are lost", n.name, lost)
	n.up = false
	n.lives++
	for _, e := range n.sortedEnds() {
		e.cut()
	}
}

// later plans something of this life.
func (n *Node) later(d time.Duration, do func()) { n.planned(d, false, do) }

func (n *Node) planned(d time.Duration, background bool, do func()) {
	life := n.lives
	n.sim.plan(d, background, func() {
		if n.up && n.lives == life {
			do()
		}
	})
}

// sweep lets time pass for the hub and the documents, each second.
func (n *Node) sweep() {
	n.planned(time.Second, true, func() {
		if at, ok := n.hub.Deadline(); ok && !n.sim.now.Before(at) {
			n.hubStep(replica.HubTick{})
		}
		for _, od := range n.sortedDocs() {
			if od.doc == nil {
				continue
			}
			if at, ok := od.doc.Deadline(); ok && !n.sim.now.Before(at) {
				n.post(od.id, item{ev: replica.Tick{Build: true}}, true)
			}
		}
		n.sweep()
	})
}

func (n *Node) sortedDocs() []*openDoc {
	out := make([]*openDoc, 0, len(n.open))
	for _, id := range n.sim.docs {
		if od := n.open[id]; od != nil {
			out = append(out, od)
		}
	}
	return out
}

func (n *Node) sortedEnds() []*end {
	out := make([]*end, 0, len(n.ends))
	for _, e := range n.ends {
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b *end) int { return int(a.id) - int(b.id) })
	return out
}

func (n *Node) hubStep(ev replica.HubEvent) {
	b := n.hub.Step(n.sim.now, ev)
	for _, j := range b.Joined {
		if e := n.ends[j.Conn]; e != nil {
			e.joined(j.Peer)
		}
		if n.plain { // who compares nothing is told of nothing: he asks for what he knows of
			n.later(n.sim.between(0, 20), n.ask)
		}
	}
	for _, conn := range b.Gather {
		if e := n.ends[conn]; e != nil {
			e.gathers = true
			n.sim.stats.Pushed++
		}
	}
	for _, o := range b.Send {
		n.send(o)
	}
	for _, conn := range b.Release {
		if e := n.ends[conn]; e != nil {
			e.release()
		}
	}
	for _, e := range b.Docs {
		n.post(e.Doc, item{ev: e.Event}, e.IfOpen)
	}
	for _, c := range b.Close {
		n.close(c)
	}
	n.sim.stats.Compared += len(b.Compared)
	for _, conn := range b.Compare {
		n.later(n.sim.between(0, 40), func() { n.inventory(conn) })
	}
}

// ask has a client ask for all documents.
func (n *Node) ask() {
	for _, doc := range n.sim.docs {
		n.hubStep(replica.Subscribe{Doc: doc})
	}
}

// inventory reads what a connection may be told of.
func (n *Node) inventory(conn replica.ConnID) {
	p := n.hub.Principal(conn)
	if p == nil {
		return
	}
	var items []replica.Item
	for _, doc := range n.sim.docs {
		if rec, ok := readRecord(n.store, doc); ok && (!n.server || n.cfg.Access(p, doc, metaOf(rec)).Has(replica.AccessRead)) {
			items = append(items, replica.Item{Doc: doc, Digest: replica.DigestHeads(rec.Heads)})
		}
	}
	// What was read is a state of a moment ago.
	old := n.sim.between(0, 60)
	if n.sim.faulty && n.sim.chance(10) {
		old = n.sim.between(1000, 3*int(idleAfter.Milliseconds()))
	}
	n.later(old, func() { n.hubStep(replica.Inventory{Conn: conn, Items: replica.SortItems(items)}) })
}

func metaOf(rec replica.Record) []byte {
	if rec.Meta == nil {
		return []byte{}
	}
	return rec.Meta
}

// post hands an item to a document, opening it unless ifOpen.
func (n *Node) post(id crdt.DocID, it item, ifOpen bool) {
	od := n.open[id]
	if od == nil {
		if ifOpen {
			return
		}
		od = &openDoc{id: id}
		n.open[id] = od
		if !slices.Contains(n.sim.docs, id) { // a liar's
			n.sim.docs = append(n.sim.docs, id)
		}
	}
	od.queue = append(od.queue, it)
	n.wake(od)
}

func (n *Node) wake(od *openDoc) {
	if od.running {
		return
	}
	od.running = true
	n.later(n.sim.between(0, 3), func() { n.runDoc(od) })
}

// runDoc handles one item.
func (n *Node) runDoc(od *openDoc) {
	od.running = false
	if od.gone {
		return
	}
	if od.doc == nil && !n.openDoc(od) {
		return
	}
	switch {
	case od.stored != nil:
		it := *od.stored
		od.stored = nil
		n.handle(od, it)
	case len(od.queue) > 0:
		it := od.queue[0]
		od.queue = od.queue[1:]
		n.handle(od, it)
	}
	if !od.gone && (od.stored != nil || len(od.queue) > 0) {
		n.wake(od)
	}
}

func (n *Node) openDoc(od *openDoc) bool {
	loaded, err := readDocument(n.store, od.id)
	if err == nil {
		od.doc, err = replica.Open(od.id, n.cfg, loaded)
	}
	if err != nil {
		n.sim.broken("I1: %s cannot read %s: %v", n.name, n.sim.names.doc(od.id), err)
		return false
	}
	n.sim.stats.Opened++
	for _, a := range n.hub.Attachments(od.id) {
		n.handle(od, item{ev: a})
	}
	return true
}

func (n *Node) handle(od *openDoc, it item) {
	if it.look != nil {
		it.look(od)
		return
	}
	for _, o := range od.doc.Release(it.after) {
		n.send(o)
	}
	b, err := od.doc.Step(n.sim.now, it.ev)
	if err != nil {
		n.sim.broken("%s: %s is damaged: %v", n.name, n.sim.names.doc(od.id), err)
		return
	}
	n.perform(od, b)
}

func (n *Node) perform(od *openDoc, b replica.Batch) {
	for _, x := range b.Notify {
		n.notice(od, x)
	}
	for _, o := range b.Send {
		n.send(o)
	}
	for _, g := range b.Guessed {
		if g.Found {
			n.sim.stats.Guessed++
		}
		n.hubStep(g)
	}
	if len(b.Persist) > 0 {
		n.persist(od, b)
	} else if len(b.After) > 0 {
		n.sim.broken("%s: frames wait for a write that is not there", n.name)
	}
	for _, c := range b.Close {
		n.close(c)
	}
	if b.Build != nil {
		raws := b.Build.Raws
		n.later(n.sim.between(1, 30), func() { n.post(od.id, item{ev: n.build(raws)}, true) })
	}
	if b.Retire && len(od.queue) == 0 && od.stored == nil {
		n.sim.stats.Retired++
		n.sim.note("%s: %s leaves memory", n.name, n.sim.names.doc(od.id))
		n.hub.Retired(od.id, od.doc.Heads(), od.doc.Unsynced())
		od.gone = true
		delete(n.open, od.id)
	}
}

// build makes a snapshot, or fails to: by itself, or by holding the wrong changes.
func (n *Node) build(raws [][]byte) replica.Built {
	if n.sim.faulty {
		switch n.sim.rand.IntN(6) {
		case 0:
			return replica.Built{Err: errors.New("no memory for it")}
		case 1:
			raws = raws[:len(raws)-1]
		}
	}
	chunk, err := engine.Snapshot(raws)
	return replica.Built{Chunk: chunk, Err: err}
}

// persist submits a write; it is durable some time later, or fails.
func (n *Node) persist(od *openDoc, b replica.Batch) {
	n.store.Submit(storeOps(od.id, b.Persist), func(err error) {
		it := item{ev: replica.Stored{}, after: b.After}
		if err != nil {
			n.sim.stats.Failed++
			n.sim.note("%s: a write of %s fails", n.name, n.sim.names.doc(od.id))
			it = item{ev: replica.StoreFailed{Err: err}}
		} else {
			n.nowDurable(od.id, b.Persist)
		}
		od.stored = &it
		n.wake(od)
	})
	if !n.syncing {
		n.syncing = true
		n.later(n.diskTakes(), n.sync)
	}
}

func (n *Node) sync() {
	n.syncing = false
	some := -1
	if !n.sim.fixed && n.sim.chance(50) {
		some = 1
	}
	n.store.Sync(some)
	if n.store.Pending() > 0 {
		n.syncing = true
		n.later(n.diskTakes(), n.sync)
	}
}

// diskTakes is how long the next write takes; some disks stall.
func (n *Node) diskTakes() time.Duration {
	if n.sim.faulty && n.sim.chance(10) {
		return n.sim.between(100, 400)
	}
	return n.sim.between(1, 25)
}

// fails makes the store fail, or work again.
func (n *Node) fails(yes bool) {
	if !yes {
		n.store.SetFault(nil)
		return
	}
	n.sim.note("%s: the disk is full", n.name)
	n.store.SetFault(func(int, []store.Op) error { return store.ErrFull })
}

func (n *Node) notice(od *openDoc, x replica.Notice) {
	switch x := x.(type) {
	case replica.Changed:
		n.sim.note("%s: %s is at %s", n.name, n.sim.names.doc(od.id), n.sim.names.list(x.Heads))
		for _, h := range x.Heads {
			if !n.durable[od.id][h] {
				n.sim.broken("I1: %s gives notice of %s, which is not durable", n.name, n.sim.names.change(h))
			}
		}
		if n.server && x.MetaChanged {
			n.announce(od.id, x.Meta)
		}
	case replica.Refused:
		n.sim.stats.Refused++
		if x.Conn == 0 {
			return
		}
		n.sim.note("%s refuses %s of %s: %s", n.name, n.sim.names.change(x.Refusal.Change), x.Author, x.Refusal.Code)
		if !n.server {
			n.refused(od.id, x.Refusal)
		}
	case replica.Discarded:
		n.discarded(od.id, x.Err)
	case replica.SnapshotFailed:
		n.sim.note("%s: no snapshot of %s", n.name, n.sim.names.doc(od.id))
	}
}

// announce tells whoever may read a document, and is connected, as the server does when a record changes.
func (n *Node) announce(doc crdt.DocID, meta []byte) {
	n.later(n.sim.between(0, 3), func() {
		for _, conn := range n.hub.Joined(func(p replica.Principal) bool { return n.cfg.Access(p, doc, meta).Has(replica.AccessRead) }) {
			n.hubStep(replica.Subscribe{Conn: conn, Doc: doc})
		}
	})
}

// nowDurable notes which changes a write has made durable.
func (n *Node) nowDurable(doc crdt.DocID, what []replica.StoreOp) {
	for _, w := range what {
		switch w := w.(type) {
		case replica.PutChange:
			if err := replica.DecodeEntry(w.Value, func(_ int64, raw []byte) {
				h, err := format.DecodeHeader(raw)
				if err != nil {
					n.sim.broken("%s stores what cannot be read: %v", n.name, err)
					return
				}
				if n.durable[doc] == nil {
					n.durable[doc] = map[crdt.Hash]bool{}
				}
				n.durable[doc][h.Hash] = true
				n.sim.names.learn(h.Hash, h.Actor, h.Seq)
			}); err != nil {
				n.sim.broken("%s stores what cannot be read: %v", n.name, err)
				return
			}
		case replica.DropChanges:
			n.nowGone(doc, w.Gone)
		case replica.PutSnapshot:
			n.sim.stats.Snapshots++
			n.sim.note("%s: a snapshot of %s takes the place of changes %d to %d", n.name, n.sim.names.doc(doc), w.From, w.To-1)
		}
	}
}

func (n *Node) String() string { return fmt.Sprint(n.name, " up ", n.up) }
