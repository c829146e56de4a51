package documents

import (
	"sync"

	"fieldsync/crdt"
	"fieldsync/crdt/replica"
	"fieldsync/server/internal/access"
)

// maxAnnounced bounds the documents that a plain automerge-repo client of a worker is told of when it connects: all that are assigned
// to him, and the templates. It knows no catch-up, so each is a frame, and each is opened. Who has more asks for it by id.
const maxAnnounced = 1000

// announcing is what goes on beside the documents, because the hub's lock may be held by whoever waits for one.
type announcing struct {
	mu      sync.Mutex
	closed  bool
	working sync.WaitGroup
}

// do does something in the background, unless the service is closed.
func (a *announcing) do(work func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.closed {
		a.working.Go(work)
	}
}

// close waits for what is going on, and lets nothing begin.
func (a *announcing) close() {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.working.Wait()
}

// announce begins the conversation about a document with the workers who are connected, and who may read it now. The others of
// an organisation ask for what they want to see.
func (s *Service) announce(doc crdt.DocID, meta []byte) {
	rec, err := access.DecodeRecord(meta)
	if err != nil {
		return
	}
	s.announcing.do(func() {
		for _, conn := range s.drive.Joined(func(p replica.Principal) bool {
			who, ok := p.(principal)
			return ok && who.Role == access.RoleWorker && access.Decide(who.Principal, rec).Read
		}) {
			s.drive.Subscribe(conn, doc)
		}
	})
}

// joined begins the conversation about all that a worker may read with a client of his that cannot find it out by catch-up.
func (s *Service) joined(j replica.Joined) {
	if who, ok := j.Principal.(principal); !ok || who.Role != access.RoleWorker || j.Metadata.Fieldsync > 0 {
		return
	}
	s.announcing.do(func() {
		items, err := s.readable(j.Principal)
		if err != nil {
			s.opt.Log.Error("could not read what there is to announce", "error", err.Error())
			return
		}
		for _, it := range items[:min(len(items), maxAnnounced)] {
			s.drive.Subscribe(j.Conn, it.Doc)
		}
	})
}
