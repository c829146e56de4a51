package index

import (
	"sync"
	"time"

	"fieldsync/crdt"
)

const (
	// slowLoad is from when on a document is one of those that take long to read: very many changes, or a very long text.
	slowLoad = 25 * time.Millisecond

	// slowShare is how many times as long as it took to read such a document is waited for more changes of it, up to maxGather, so
	// that one that is edited without a pause leaves the most of the loaders' time to others.
	slowShare = 4
	maxGather = 700 * time.Millisecond // a row is to be there within a second

	// maxSlow bounds how many of them are remembered.
	maxSlow = 1_000
)

// slowDocs remembers how long documents took to read, where that was long.
type slowDocs struct {
	mu   sync.Mutex
	took map[crdt.DocID]time.Duration
}

func (s *slowDocs) note(doc crdt.DocID, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if took < slowLoad {
		delete(s.took, doc)
		return
	}
	if s.took == nil || len(s.took) >= maxSlow {
		s.took = map[crdt.DocID]time.Duration{}
	}
	s.took[doc] = took
}

// wait is how long to wait for more changes of a document; 0 for most.
func (s *slowDocs) wait(doc crdt.DocID) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return min(slowShare*s.took[doc], maxGather)
}
