package auth

import (
	"sync"
	"time"

	"fieldsync/crdt"
	"fieldsync/server/internal/access"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// cache keeps what was authenticated lately. What was read from the store before a revocation never enters it after
// the revocation: a reader takes the generation first, and keep compares it.
type cache struct {
	mu         sync.Mutex
	generation uint64
	lru        *simplelru.LRU[secretHash, access.Principal]
	seen       map[secretHash]time.Time // who was let in since takeSeen, and when last; of what is or was in lru
}

func newCache(size int) (*cache, error) {
	lru, err := simplelru.NewLRU[secretHash, access.Principal](size, nil)
	if err != nil {
		return nil, crdt.Errorf(crdt.KindInvalid, "auth: cache of %d entries", size)
	}
	return &cache{lru: lru, seen: map[secretHash]time.Time{}}, nil
}

// get gives the entry, if there is one, and the generation to give to keep.
func (c *cache) get(h secretHash, now time.Time) (access.Principal, bool, uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.lru.Get(h)
	if ok {
		c.note(h, now)
	}
	return e, ok, c.generation
}

func (c *cache) keep(h secretHash, e access.Principal, generation uint64, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.generation == generation {
		c.lru.Add(h, e)
		c.note(h, now)
	}
}

// note remembers when a credential was used; mu is held.
func (c *cache) note(h secretHash, now time.Time) {
	if _, ok := c.seen[h]; ok || len(c.seen) < cacheEntries { // beyond, somebody was seen and it is not noted
		c.seen[h] = now
	}
}

// takeSeen gives who was let in since the last call, and when last.
func (c *cache) takeSeen() map[secretHash]time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := c.seen
	c.seen = map[secretHash]time.Time{}
	return seen
}

// now gives the generation: it rises with each revocation and each change of a user.
func (c *cache) now() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.generation
}

func (c *cache) forget(h secretHash) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	c.lru.Remove(h)
	delete(c.seen, h)
}

func (c *cache) forgetAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	c.lru.Purge()
}
