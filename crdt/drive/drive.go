package drive

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
)

// ErrClosed is the answer of a Drive that was closed.
var ErrClosed = errors.New("drive: closed")

// Config is what a Drive is made of.
type Config struct {
	// Replica is the core's configuration.
	Replica *replica.Config
	// Store keeps the documents. The Drive does not close it.
	Store store.Store
	// Index adds to the write of a document's record what follows from it. Nil: nothing.
	Index func(doc crdt.DocID, rec replica.PutRecord) []store.Op
	// Inventory gives the documents that may be talked about with a principal without being asked for, as he calls them
	// (replica.Config.Naming), with the digests of their heads, sorted by replica.SortItems. Nil: none.
	Inventory func(p replica.Principal) ([]replica.Item, error)
	// Snapshot makes one document chunk of changes (engine.Snapshot). Nil: documents are kept as changes.
	Snapshot func(raws [][]byte) ([]byte, error)
	// OnNotice hears what happened to documents, one call at a time for each document. It must not block, and must not
	// call back into the Drive about the same document. Nil: nobody hears.
	OnNotice func(doc crdt.DocID, n replica.Notice)
	// OnJoined and OnCompared hear of connections. They must not block, nor call the Drive. Nil: nobody hears.
	OnJoined   func(replica.Joined)
	OnCompared func(replica.Compared)
	// MaxOpen bounds the documents kept in memory when they are idle; those in use are always kept. 0: 10,000.
	MaxOpen int
	// Log gets what an operator should know. Nil: slog.Default().
	Log *slog.Logger
	// Observe gets figures. Nil: nobody.
	Observe Observer
}

// Observer gets figures for an operator. Its methods are called from many goroutines, and must not block.
type Observer interface {
	FrameIgnored(reason string)
	FrameIn(kind string, bytes int)
	FrameOut(kind string, bytes int)
	FrameDropped() // presence, for a reader that is too slow
	SnapshotBuilt(took time.Duration, changes, bytes int, err error)
	Damaged(doc crdt.DocID, err error) // what the store holds of a document cannot be read
}

// Conn is the sending half of a connection.
type Conn interface {
	// Queue takes a message to be sent: head and tail behind one another. The slices are not written to afterwards, and are
	// not to be. It does not block. It answers false when the message was not taken: because it is droppable and the reader is
	// slow, or because the connection is at its end.
	Queue(head, tail []byte, droppable bool) bool
	// Close ends the connection after what was queued before, with a code for the peer.
	Close(c replica.Close)
}

// Drive runs one replica.
type Drive struct {
	cfg Config
	log *slog.Logger
	obs Observer

	hubMu sync.Mutex // taken before mu
	hub   *replica.Hub
	links map[replica.ConnID]*Link

	mu      sync.Mutex
	docs    map[crdt.DocID]*openDoc
	closed  bool
	working sync.WaitGroup // goroutines of documents, builds and comparisons

	lastConn  atomic.Uint64
	lastToken atomic.Uint64
	building  chan struct{}
	builds    atomic.Int64 // asked for, and not finished
	turns     turns
	stop      chan struct{}
}

// New starts a Drive.
func New(cfg Config) *Drive {
	d := &Drive{cfg: cfg, log: cfg.Log, obs: cfg.Observe, hub: replica.NewHub(cfg.Replica),
		links: map[replica.ConnID]*Link{}, docs: map[crdt.DocID]*openDoc{},
		building: make(chan struct{}, 1), turns: newTurns(), stop: make(chan struct{})}
	if d.log == nil {
		d.log = slog.Default()
	}
	if d.obs == nil {
		d.obs = noObserver{}
	}
	if d.cfg.MaxOpen == 0 {
		d.cfg.MaxOpen = 10_000
	}
	d.working.Add(1)
	go d.sweep()
	return d
}

// Close ends the work: events are no longer taken, and what was being written is waited for. Connections are the caller's to
// close before.
func (d *Drive) Close() {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return
	}
	d.closed = true
	d.mu.Unlock()
	close(d.stop)
	d.working.Wait()
}

// begin counts one more goroutine that Close waits for; false: it is closed, and none may begin.
func (d *Drive) begin() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.working.Add(1)
	}
	return !d.closed
}

// Open counts the documents in memory.
func (d *Drive) Open() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.docs)
}

// Append admits changes made here, type 1 chunks in order, and waits until they are durable. All are taken, or none. A
// nil principal may do everything.
func (d *Drive) Append(ctx context.Context, doc crdt.DocID, ev replica.Append) error {
	answer := make(chan error, 1)
	ev.Token = d.lastToken.Add(1)
	if err := d.post(doc, item{ev: ev, answer: answer}, false); err != nil {
		return err
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err() // it may become durable all the same
	}
}

// Discard takes changes that were made here out of a document, and waits until that is durable: see replica.Discard.
func (d *Drive) Discard(ctx context.Context, doc crdt.DocID, ev replica.Discard) error {
	answer := make(chan error, 1)
	ev.Token = d.lastToken.Add(1)
	if err := d.post(doc, item{ev: ev, answer: answer}, false); err != nil {
		return err
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err() // it may become durable all the same
	}
}

// Inspect calls the function with the document, while nothing happens to it. What it gives is only valid during the call.
func (d *Drive) Inspect(ctx context.Context, doc crdt.DocID, look func(*replica.Document) error) error {
	answer := make(chan error, 1)
	if err := d.post(doc, item{look: look, answer: answer}, false); err != nil {
		return err
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Recheck has a document decide anew who may read it, if it is in memory.
func (d *Drive) Recheck(doc crdt.DocID) { _ = d.post(doc, item{ev: replica.Recheck{}}, true) }

// buildsASecond bounds the snapshots begun in a second: at one or two milliseconds each, a fifth of a processor.
const buildsASecond = 100

// sweep lets time pass for the hub and for the documents.
func (d *Drive) sweep() {
	defer d.working.Done()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-d.stop:
			return
		case now := <-tick.C:
			d.hubStep(replica.HubTick{})
			due, crowded := d.due(now)
			turns := buildsASecond - int(d.builds.Load())
			for _, doc := range due {
				turns--
				_ = d.post(doc, item{ev: replica.Tick{Build: turns >= 0}}, true)
			}
			for _, doc := range crowded {
				_ = d.post(doc, item{ev: replica.Tick{Crowded: true}}, true)
			}
		}
	}
}

// due are the documents whose deadline has passed. When more than MaxOpen are in memory, those that have been idle for
// longest have to leave before their time: crowded.
func (d *Drive) due(now time.Time) (out, crowded []crdt.DocID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	over := len(d.docs) - d.cfg.MaxOpen
	for id, od := range d.docs {
		at := od.deadline.Load()
		if at != 0 && at <= now.UnixNano() {
			out = append(out, id)
		}
	}
	if over > len(out) {
		crowded = d.oldest(over-len(out), now)
	}
	return out, crowded
}

type noObserver struct{}

func (noObserver) FrameIgnored(string)                          {}
func (noObserver) FrameIn(string, int)                          {}
func (noObserver) FrameOut(string, int)                         {}
func (noObserver) FrameDropped()                                {}
func (noObserver) SnapshotBuilt(time.Duration, int, int, error) {}
func (noObserver) Damaged(crdt.DocID, error)                    {}
