package auth

import (
	"maps"
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
	seen       map[secretHash]time.Time    // who was let in since takeSeen, and when last; of what is or was in lru
	reports    map[secretHash]DeviceReport // what devices said of themselves that is not written down
}

func newCache(size int) (*cache, error) {
	lru, err := simplelru.NewLRU[secretHash, access.Principal](size, nil)
	if err != nil {
		return nil, crdt.Errorf(crdt.KindInvalid, "auth: cache of %d entries", size)
	}
	return &cache{lru: lru, seen: map[secretHash]time.Time{}, reports: map[secretHash]DeviceReport{}}, nil
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

// lastSeen gives when a credential was last let in since takeSeen; zero: it was not.
func (c *cache) lastSeen(h secretHash) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen[h].UTC()
}

// takeSeen gives who was let in since the last call, and when last.
func (c *cache) takeSeen() map[secretHash]time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := c.seen
	c.seen = map[secretHash]time.Time{}
	return seen
}

// report keeps what a device said of itself, until it is saved; false: there are too many.
func (c *cache) report(h secretHash, r DeviceReport) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.reports[h]; !ok && len(c.reports) >= cacheEntries {
		return false
	}
	c.reports[h] = r
	return true
}

func (c *cache) reported(h secretHash) (DeviceReport, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.reports[h]
	return r, ok
}

// unsaved gives the reports that are not written down; saved forgets those of them that are, and were not followed by another.
func (c *cache) unsaved() map[secretHash]DeviceReport {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.reports)
}

func (c *cache) saved(reports map[secretHash]DeviceReport) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for h, r := range reports {
		if c.reports[h] == r {
			delete(c.reports, h)
		}
	}
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
	delete(c.reports, h)
}

func (c *cache) forgetAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	c.lru.Purge()
}
