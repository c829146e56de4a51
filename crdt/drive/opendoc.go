package drive

import (
	"cmp"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
	"fieldsync/crdt/wire"
)

// maxUnstored bounds the bytes of messages that a document admits while a write of its is out. Beyond it, its messages
// wait, and with them the connections that sent them.
const maxUnstored = 4 << 20

// openDoc is a document in memory, with the events that wait for it.
type openDoc struct {
	id       crdt.DocID
	deadline atomic.Int64 // when it wants a tick, ns since 1970; 0: not now

	mu      sync.Mutex
	queue   []item
	stored  *item // the answer to the write that is out; goes before the queue
	running bool
	gone    bool // retired: a new one has to be opened

	// Only its goroutine touches what follows.
	doc      *replica.Document
	answers  map[uint64]chan error
	writing  bool
	unstored int
}

// item is an event for a document, or a look at it.
type item struct {
	ev     replica.Event
	link   *Link // whose credit to give back after it was handled
	bytes  int
	look   func(*replica.Document) error
	answer chan error
	after  []replica.Out // to be sent before a Stored is handled
}

// post hands an item to a document, opening it unless ifOpen.
func (d *Drive) post(id crdt.DocID, it item, ifOpen bool) error {
	od, err := d.enqueue(id, it, ifOpen)
	if od != nil {
		go d.run(od)
	}
	return err
}

// enqueue puts an item into a document's queue. It gives the document if the caller has to see that somebody runs it.
func (d *Drive) enqueue(id crdt.DocID, it item, ifOpen bool) (*openDoc, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, ErrClosed
	}
	od := d.docs[id]
	if od == nil {
		if ifOpen {
			return nil, nil
		}
		od = &openDoc{id: id}
		d.docs[id] = od
	}
	od.mu.Lock()
	defer od.mu.Unlock()
	od.queue = append(od.queue, it)
	if !od.wake() {
		return nil, nil
	}
	d.working.Add(1)
	return od, nil
}

// wake tells whether a goroutine has to be started; od.mu is held.
func (od *openDoc) wake() bool {
	start := !od.running
	od.running = true
	return start
}

// run handles what waits for a document, until nothing does.
func (d *Drive) run(od *openDoc) {
	for !d.runSome(od, 1<<20) {
	}
}

// borrowed is how many items a connection's reading goroutine handles itself before it hands the document to a goroutine of
// its own. Most often there is one: waking somebody for it would cost more than doing it.
const borrowed = 4

// borrow runs a document on the goroutine of the caller, for a while.
func (d *Drive) borrow(od *openDoc) {
	if !d.runSome(od, borrowed) {
		go d.run(od)
	}
}

// runSome handles up to n items; true: nothing waits any more.
func (d *Drive) runSome(od *openDoc, n int) (finished bool) {
	if od.doc == nil {
		if err := d.open(od); err != nil {
			d.drop(od, err)
			d.working.Done()
			return true
		}
	}
	for range n {
		it, ok := od.next()
		if !ok {
			d.working.Done()
			return true
		}
		if err := d.handle(od, it); err != nil {
			d.drop(od, err)
			d.working.Done()
			return true
		}
	}
	return false
}

// next takes the next item; false: there is none, and the goroutine has to end.
func (od *openDoc) next() (item, bool) {
	od.mu.Lock()
	defer od.mu.Unlock()
	if s := od.stored; s != nil {
		od.stored = nil
		return *s, true
	}
	if len(od.queue) == 0 || od.writing && od.unstored > maxUnstored {
		od.running = false
		if len(od.queue) == 0 {
			od.queue = nil // do not hold on to what a burst made it grow to
		}
		return item{}, false
	}
	it := od.queue[0]
	od.queue[0] = item{}
	od.queue = od.queue[1:]
	return it, true
}

// handle does one item.
func (d *Drive) handle(od *openDoc, it item) error {
	defer it.done()
	if it.look != nil {
		it.answer <- it.look(od.doc)
		it.ev = replica.Looked{} // else nothing would ever make it leave memory
	}
	d.deliver(od.doc.Release(it.after))
	switch ev := it.ev.(type) {
	case replica.Stored, replica.StoreFailed:
		od.writing, od.unstored = false, 0
	case replica.Receive:
		od.unstored += len(ev.Msg.Data)
	case replica.Append:
		od.expect(ev.Token, it.answer)
	case replica.Discard:
		od.expect(ev.Token, it.answer)
	}
	release := d.turns.take(it.bytes)
	b, err := od.doc.Step(time.Now(), it.ev)
	release()
	if err != nil {
		_ = d.unguessed(od, it)
		return err
	}
	d.perform(od, b)
	if at, ok := od.doc.Deadline(); ok {
		od.deadline.Store(at.UnixNano())
	} else {
		od.deadline.Store(0)
	}
	if b.Retire {
		d.retire(od)
	}
	return nil
}

func (it *item) done() {
	if it.link != nil {
		it.link.giveBack(it.bytes)
	}
}

// perform does what a step of a document asks for.
func (d *Drive) perform(od *openDoc, b replica.Batch) {
	for _, n := range b.Notify {
		switch n := n.(type) {
		case replica.Appended:
			od.answer(n.Token, n.Err)
			continue
		case replica.Discarded:
			od.answer(n.Token, n.Err)
			continue
		}
		if d.cfg.OnNotice != nil {
			d.cfg.OnNotice(od.id, n)
		}
	}
	d.deliver(b.Send)
	for _, g := range b.Guessed {
		d.hubStep(g)
	}
	if len(b.Persist) > 0 {
		od.writing = true
		d.persist(od, b.Persist, b.After)
	}
	for _, c := range b.Close {
		d.closeConn(c)
	}
	if b.Build != nil {
		d.build(od, b.Build)
	}
}

// expect notes who waits for the answer to an event.
func (od *openDoc) expect(token uint64, answer chan error) {
	if od.answers == nil {
		od.answers = map[uint64]chan error{}
	}
	od.answers[token] = answer
}

func (od *openDoc) answer(token uint64, err error) {
	if answer := od.answers[token]; answer != nil {
		delete(od.answers, token)
		answer <- err
	}
}

// finished posts the answer to a write: it goes before everything that waits.
func (d *Drive) finished(od *openDoc, it item) {
	od.mu.Lock()
	od.stored = &it
	start := od.wake()
	od.mu.Unlock()
	if start {
		go d.run(od) // counted by persist
	} else {
		d.working.Done()
	}
}

// retire takes a document out of memory, unless something came in between.
func (d *Drive) retire(od *openDoc) {
	d.hubMu.Lock()
	defer d.hubMu.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	od.mu.Lock()
	defer od.mu.Unlock()
	if len(od.queue) > 0 || od.stored != nil || od.gone {
		return
	}
	d.hub.Retired(od.id, od.doc.Heads(), od.doc.Unsynced())
	od.gone = true
	delete(d.docs, od.id)
}

// drop takes a document out of memory that cannot be read. Nobody is told anything about it, those who wait here are. Where it is
// the store that fails, and may not the next time, connections whose messages are lost with it are closed: their peers
// take what they have sent for delivered as long as the connection lasts.
func (d *Drive) drop(od *openDoc, err error) {
	passing := errors.As(err, new(unreadable))
	switch {
	case errors.Is(err, ErrClosed), errors.Is(err, store.ErrClosed):
	case passing:
		d.log.Error("could not read a document", "doc", od.id.String(), "error", err.Error())
	default:
		d.log.Error("document damaged", "doc", od.id.String(), "error", err.Error())
		d.obs.Damaged(od.id, err)
	}
	d.mu.Lock()
	od.mu.Lock()
	queue := od.queue
	od.queue, od.gone = nil, true
	delete(d.docs, od.id)
	od.mu.Unlock()
	d.mu.Unlock()
	for i := range queue {
		queue[i].done()
		conn := d.unguessed(od, queue[i])
		if passing && conn != 0 { // it waits to be told
			d.closeConn(replica.Close{Conn: conn, Code: wire.CloseInternal, Reason: "storage fails"})
		}
		if link := queue[i].link; link != nil && passing {
			d.closeConn(replica.Close{Conn: link.ID, Code: wire.CloseInternal, Reason: "storage fails"})
		}
		if queue[i].answer != nil {
			queue[i].answer <- err
		}
	}
	for _, answer := range od.answers {
		answer <- err
	}
}

// unguessed answers an Attach with a Guess that could not be handled, as others wait for that, and gives its connection; 0: it is none.
func (d *Drive) unguessed(od *openDoc, it item) replica.ConnID {
	a, ok := it.ev.(replica.Attach)
	if !ok || a.Guess == nil {
		return 0
	}
	d.hubStep(replica.Guessed{Conn: a.Peer.Conn, Doc: od.id, Over: true})
	return a.Peer.Conn
}

// oldest are up to n documents that have been idle for longest; d.mu is held.
func (d *Drive) oldest(n int, now time.Time) []crdt.DocID {
	type idle struct {
		id crdt.DocID
		at int64
	}
	var all []idle
	for id, od := range d.docs {
		if at := od.deadline.Load(); at > now.UnixNano() {
			all = append(all, idle{id, at})
		}
	}
	slices.SortFunc(all, func(a, b idle) int { return cmp.Compare(a.at, b.at) })
	out := make([]crdt.DocID, 0, n)
	for _, x := range all[:min(n, len(all))] {
		out = append(out, x.id)
	}
	return out
}
