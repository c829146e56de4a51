package client

import (
	"context"
	"sync"
	"time"

	"fieldsync/client/internal/lane"
	"fieldsync/client/internal/netclass"
	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
)

// FileProgress is how far a file is on its way.
type FileProgress struct {
	Doc    crdt.DocID // the document that it belongs to
	SHA256 string
	Name   string
	Up     bool  // to the server; else from it
	Size   int64 // bytes
	Done   int64 // bytes of them that are over
	Rate   int   // bits per second in the last seconds; 0: not known yet
	Ended  bool  // it does not move any more: because it is over, if Done is Size; else it was stopped, or broke
	Held   Held  // why it was stopped, if it was
	Since  time.Time
}

// Lanes are what moves over the link, in the order in which it goes: statuses, text, files.
type Lanes struct {
	Connected bool
	Syncing   bool // text moves: the symbol
	Status    int  // documents with a status that has not reached the server
	Text      int  // documents with other changes that have not
	Up        FileLane
	Down      FileLane
	Moving    []FileProgress // files that move now
}

// FileLane is the files that wait in one direction, those that move among them.
type FileLane struct {
	Files int
	Bytes int64 // that are left
	Held  Held  // why the first of them waits; empty: nothing holds it
	Here  time.Duration
	Fast  time.Duration // how long they take on this link, if it were theirs, and on LTE; an estimate. On this link it is 0 while there is none
}

// statuses are the documents with a status that the server has not confirmed.
type statuses struct {
	mu   sync.Mutex
	docs map[crdt.DocID]string // with the id as it stands in frames
}

// factStatus and a document's id are the name of a fact that is there while statuses has the document.
const factStatus = "status:"

// statusComes notes that a document is about to have a status that has to reach the server. back takes it back, if nothing becomes of it.
func (c *Client) statusComes(id crdt.DocID) (back func()) {
	s := &c.statuses
	s.mu.Lock()
	_, there := s.docs[id]
	s.docs[id] = id.String()
	s.mu.Unlock()
	if there {
		return func() {}
	}
	c.note(store.Op{Key: store.Local(bookFact, append([]byte(factStatus), id[:]...)), Value: []byte{1}})
	return func() { c.statusArrived(id) }
}

// statusArrived notes that the server holds the document as it is here.
func (c *Client) statusArrived(id crdt.DocID) {
	s := &c.statuses
	s.mu.Lock()
	_, there := s.docs[id]
	delete(s.docs, id)
	s.mu.Unlock()
	if there {
		c.note(store.Op{Key: store.Local(bookFact, append([]byte(factStatus), id[:]...))})
	}
}

// loadStatuses reads what has not arrived.
func (c *Client) loadStatuses() error {
	c.statuses.docs = map[crdt.DocID]string{}
	prefix := store.Local(bookFact, []byte(factStatus))
	return c.store.Scan(prefix, nil, func(key, _ []byte) error {
		if id := key[len(prefix):]; len(id) == len(crdt.DocID{}) {
			c.statuses.docs[crdt.DocID(id)] = crdt.DocID(id).String()
		}
		return nil
	})
}

// urgent tells whether a frame's document is one of them.
func (s *statuses) urgent(doc string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, text := range s.docs {
		if text == doc {
			return true
		}
	}
	return false
}

func (s *statuses) has(id crdt.DocID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.docs[id]
	return ok
}

// Lanes says what moves and what waits. It needs no network.
func (c *Client) Lanes(ctx context.Context) (Lanes, error) {
	var out Lanes
	if s := c.current(); s != nil && !s.isEnded() {
		out.Connected = true
		s.mu.Lock()
		out.Syncing = s.busy()
		s.mu.Unlock()
	}
	server, err := c.fact(factServer)
	if err != nil {
		return out, err
	}
	err = drive.Records(c.store, func(doc crdt.DocID, rec replica.Record) error {
		shared, err := c.sharedHeads(doc, crdt.StorageID(server))
		for _, heads := range shared {
			if heads.Equal(rec.Heads) {
				return nil
			}
		}
		if c.statuses.has(doc) {
			out.Status++
		} else {
			out.Text++
		}
		return err
	})
	if err != nil {
		return out, err
	}
	l := netclass.Link(c.Link())
	files, err := c.outbox()
	if err != nil {
		return out, err
	}
	for i := range files {
		out.Up.add(files[i].Size-files[i].Sent, c.net.gate.Held(laneFile(&files[i])))
	}
	missing, err := c.missingFiles(ctx)
	if err != nil {
		return out, err
	}
	for _, m := range missing {
		out.Down.add(m.size, c.net.gate.Held(lane.File{Ref: m.ref.String(), Size: m.size}))
	}
	for _, f := range []*FileLane{&out.Up, &out.Down} {
		if f.Files == 0 {
			continue
		}
		f.Fast = lane.EstimateFast(f.Files, f.Bytes)
		if l.Class != netclass.None {
			f.Here = lane.Estimate(l, f.Files, f.Bytes)
		}
	}
	for _, p := range c.net.gate.Running() {
		out.Moving = append(out.Moving, progressOf(p))
	}
	return out, nil
}

func (f *FileLane) add(bytes int64, held Held) {
	if f.Files++; f.Files == 1 || f.Held == "" {
		f.Held = held
	}
	f.Bytes += bytes
}

func progressOf(p lane.Progress) FileProgress {
	doc, _ := crdt.ParseDocID(p.Doc) // it was made of one
	return FileProgress{Doc: doc, SHA256: p.Ref, Name: p.Name, Up: p.Up, Size: p.Size, Done: p.Done, Rate: p.Rate, Ended: p.Left, Held: p.Held, Since: p.At}
}

// tellFile is the gate's.
func (c *Client) tellFile(p lane.Progress) {
	f := progressOf(p)
	c.tell(Event{Kind: EventFile, Doc: f.Doc, File: f})
}
