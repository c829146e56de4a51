package auth

import (
	"net/netip"
	"sync"
	"time"

	"fieldsync/crdt"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"
)

// How many failed attempts are answered before an address or a login has to wait. A phone with a revoked token tries
// at its reconnect interval; a person mistypes a few times.
const (
	ipFailuresBurst    = 20
	ipFailuresEvery    = 3 * time.Second
	loginFailuresBurst = 10
	loginFailuresEvery = 30 * time.Second
	failureTableSize   = 8 << 10 // addresses or logins remembered, about 1 MiB; the longest silent one is forgotten
)

// failures counts failed attempts by who made them, in a table of bounded size.
type failures struct {
	mu    sync.Mutex
	burst int
	every time.Duration
	table *simplelru.LRU[string, *rate.Limiter]
}

func newFailures(burst int, every time.Duration) (*failures, error) {
	table, err := simplelru.NewLRU[string, *rate.Limiter](failureTableSize, nil)
	if err != nil {
		return nil, crdt.Errorf(crdt.KindInternal, "auth: table of failures: %w", err)
	}
	return &failures{burst: burst, every: every, table: table}, nil
}

// blocked tells whether this one has used up its failures for now.
func (f *failures) blocked(who string, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	l, ok := f.table.Get(who)
	return ok && l.TokensAt(now) < 1
}

// add counts one more failure, and tells whether there had been too many already.
func (f *failures) add(who string, now time.Time) (tooMany bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	l, ok := f.table.Get(who)
	if !ok {
		l = rate.NewLimiter(rate.Every(f.every), f.burst)
		f.table.Add(who, l)
	}
	return !l.AllowN(now, 1)
}

// forget ends the wait of this one.
func (f *failures) forget(who string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.table.Remove(who)
}

// network is what counts as one asker: an IPv4 address, or the /64 that one IPv6 customer has.
func network(ip netip.Addr) string {
	ip = ip.Unmap()
	if ip.Is6() {
		if p, err := ip.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return ip.String()
}
