package auth

import (
	"sync"
	"time"

	"fieldsync/crdt"
	"fieldsync/server/internal/access"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// cached is an authenticated credential.
type cached struct {
	principal access.Principal
	expires   time.Time // zero: never
}

// cache keeps what was authenticated lately. What was read from the store before a revocation never enters it after
// the revocation: a reader takes the generation first, and keep compares it.
type cache struct {
	mu         sync.Mutex
	generation uint64
	lru        *simplelru.LRU[secretHash, cached]
}

func newCache(size int) (*cache, error) {
	lru, err := simplelru.NewLRU[secretHash, cached](size, nil)
	if err != nil {
		return nil, crdt.Errorf(crdt.KindInvalid, "auth: cache of %d entries", size)
	}
	return &cache{lru: lru}, nil
}

// get gives the entry, if there is one, and the generation to give to keep.
func (c *cache) get(h secretHash) (cached, bool, uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.lru.Get(h)
	return e, ok, c.generation
}

func (c *cache) keep(h secretHash, e cached, generation uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.generation == generation {
		c.lru.Add(h, e)
	}
}

func (c *cache) forget(h secretHash) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	c.lru.Remove(h)
}

func (c *cache) forgetAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	c.lru.Purge()
}
