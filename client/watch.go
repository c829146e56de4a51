package client

import (
	"context"
	"slices"
	"sync"

	"fieldsync/crdt"
	"fieldsync/crdt/replica"
)

// EventKind says what an Event tells.
type EventKind string

// The kinds of events.
const (
	EventChanged   EventKind = "changed"   // a document has new heads, durable here
	EventRefused   EventKind = "refused"   // the server did not take something of ours; Reason says why
	EventWithdrawn EventKind = "withdrawn" // a document is not ours to read any more; it stays as we last saw it
	EventOnline    EventKind = "online"    // connected to the server
	EventOffline   EventKind = "offline"   // not connected any more, or could not connect; Reason says why
	EventRevoked   EventKind = "revoked"   // the server does not accept the login any more; the folder is to be wiped, see Client.Wipe
	EventStorage   EventKind = "storage"   // this device's storage is full, has failed, or is fine again: Storage says which
	EventSyncing   EventKind = "syncing"   // text moves; EventSynced or EventOffline ends it
	EventSynced    EventKind = "synced"    // the server and we hold the same, and no file waits, but for those that the link, or a preference, holds back
	EventLink      EventKind = "link"      // the link is of another class; Link says which
	EventFile      EventKind = "file"      // a file moves; File says how far it is
)

// Event is something that happened. Changes to one document that a slow reader has not taken yet are told as one.
type Event struct {
	Kind    EventKind
	Doc     crdt.DocID     // EventChanged, EventRefused, EventWithdrawn
	Heads   crdt.Heads     // EventChanged: those of now
	Created bool           // the document came into being here
	Local   int            // how many of the changes were made here
	Remote  int            // how many came from the server
	Authors []crdt.ActorID // of these changes, in the order of their first one; at most maxAuthors
	Reason  string
	Link    Link         // EventLink
	File    FileProgress // EventFile
	Storage StorageState // EventStorage
	Work    *Work        // EventRefused: what was refused, where it can be told; it is kept, see Refused

	from, to int // the changes, by their index in the document's history
}

// maxEvents bounds what waits for a slow reader. Changes are merged by document, so only a reader that sleeps through as
// many documents loses some, the oldest first.
const maxEvents = 10_000

// maxAuthors bounds the authors of one event.
const maxAuthors = 32

type watch struct {
	only *crdt.DocID // nil: everything

	mu      sync.Mutex
	waiting []Event
	ready   chan struct{}
	ended   bool
}

// Watch tells what happens to a document from now on, until ctx ends or the client is closed; then the channel is closed.
func (c *Client) Watch(ctx context.Context, id crdt.DocID) <-chan Event { return c.watch(ctx, &id) }

// WatchAll tells what happens to all documents and to the connection.
func (c *Client) WatchAll(ctx context.Context) <-chan Event { return c.watch(ctx, nil) }

func (c *Client) watch(ctx context.Context, only *crdt.DocID) <-chan Event {
	w := &watch{only: only, ready: make(chan struct{}, 1)}
	c.mu.Lock()
	w.ended = c.closed
	c.watches[w] = struct{}{}
	c.mu.Unlock()
	out := make(chan Event)
	go func() {
		defer close(out)
		defer func() {
			c.mu.Lock()
			delete(c.watches, w)
			c.mu.Unlock()
		}()
		for {
			ev, ok := w.next(ctx)
			if !ok {
				return
			}
			if ev.Kind == EventChanged {
				c.describe(ctx, &ev)
			}
			select {
			case out <- ev:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// next waits for an event; false at the end.
func (w *watch) next(ctx context.Context) (Event, bool) {
	for {
		w.mu.Lock()
		if len(w.waiting) > 0 {
			ev := w.waiting[0]
			w.waiting = w.waiting[1:]
			w.mu.Unlock()
			return ev, true
		}
		ended := w.ended
		w.mu.Unlock()
		if ended {
			return Event{}, false
		}
		select {
		case <-w.ready:
		case <-ctx.Done():
			return Event{}, false
		}
	}
}

func (w *watch) add(ev Event) {
	if w.only != nil && ev.Doc != *w.only {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if ev.Kind == EventFile {
		for i := range w.waiting {
			if old := &w.waiting[i]; old.Kind == EventFile && old.File.SHA256 == ev.File.SHA256 && old.File.Up == ev.File.Up {
				old.File = ev.File
				return
			}
		}
	}
	if ev.Kind == EventChanged {
		for i := range w.waiting {
			if old := &w.waiting[i]; old.Kind == EventChanged && old.Doc == ev.Doc {
				old.Heads, old.from, old.to = ev.Heads, min(old.from, ev.from), max(old.to, ev.to)
				return
			}
		}
	}
	if len(w.waiting) >= maxEvents {
		w.waiting = w.waiting[1:]
	}
	w.waiting = append(w.waiting, ev)
	w.wake()
}

// describe says whose changes an event tells of. A document that cannot be read now leaves that out.
func (c *Client) describe(ctx context.Context, ev *Event) {
	_ = c.drive.Inspect(ctx, ev.Doc, func(d *replica.Document) error {
		h, _, err := d.View()
		if err != nil {
			return err
		}
		for i := ev.from; i < min(ev.to, h.Len()); i++ {
			if h.Author(i) == self {
				ev.Local++
			} else {
				ev.Remote++
			}
			if a := h.Actor(i); len(ev.Authors) < maxAuthors && !slices.Contains(ev.Authors, a) {
				ev.Authors = append(ev.Authors, a)
			}
		}
		return nil
	})
}

func (w *watch) wake() {
	select {
	case w.ready <- struct{}{}:
	default:
	}
}

// tell hands an event to everybody who watches. It does not block.
func (c *Client) tell(ev Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for w := range c.watches {
		w.add(ev)
	}
}

func (c *Client) endWatches() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for w := range c.watches {
		w.mu.Lock()
		w.ended = true
		w.wake()
		w.mu.Unlock()
	}
}
