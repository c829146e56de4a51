package auth

import (
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Options are what New needs.
type Options struct {
	Store     store.Store                    // required
	ClientIP  func(*http.Request) netip.Addr // who asks, behind trusted proxies too; required
	Now       func() time.Time               // nil: time.Now
	Demo      bool                           // lets in what SeedDemo made, whose secrets are public
	PublicURL string                         // as browsers see the server, "https://host[:port]"; empty: as the request says
	Origins   []string                       // further origins whose pages may use a browser's session
	OnRevoke  func(credential string)        // told Principal.Credential after a revocation is durable; nil: nobody
	// OnChange hears of a user whose role changed, or who was disabled or enabled, after it is durable: what lives on by an
	// earlier authentication has to be authenticated again. Nil: nobody hears.
	OnChange  func(user string)
	OnFailure func(reason Reason) // told each refusal, to be counted; nil: nobody
	Log       *slog.Logger        // told each change of an account, by ids alone; nil: nobody
}

// Auth keeps accounts and authenticates. Make one with New; safe for concurrent use.
type Auth struct {
	store     store.Store
	clientIP  func(*http.Request) netip.Addr
	now       func() time.Time
	demo      bool
	publicURL string
	origins   map[string]bool
	onRevoke  func(string)
	onChange  func(string)
	onFailure func(Reason)

	log        *slog.Logger
	cache      *cache
	orgsMu     sync.Mutex // taken after writing; held while an organisation is read or written
	orgs       *lru.Cache[string, Org]
	namespaces *lru.Cache[string, access.Namespace]
	holds      holds
	writing    sync.Mutex // one change of accounts at a time: each reads before it writes
	gate       passwordGate
	verify     func(password, stored string) bool // verifyPassword; a simulation of months counts instead
	byIP       *failures
	byLogin    *failures
	locks      *locks
	namesakes  *namesakes
}

// New makes an Auth over a store. It writes nothing.
func New(o Options) (*Auth, error) {
	if o.Store == nil || o.ClientIP == nil {
		return nil, crdt.Errorf(crdt.KindInternal, "auth: Options.Store and Options.ClientIP are required")
	}
	cache, err := newCache(cacheEntries)
	if err != nil {
		return nil, err
	}
	a := &Auth{
		store: o.Store, clientIP: o.ClientIP, now: o.Now, demo: o.Demo, publicURL: o.PublicURL,
		origins: map[string]bool{}, onRevoke: o.OnRevoke, onChange: o.OnChange, onFailure: o.OnFailure, cache: cache, gate: newPasswordGate(), verify: verifyPassword,
		log: o.Log, orgs: newOrgCache[Org](), namespaces: newOrgCache[access.Namespace](), holds: holds{all: map[*hold]struct{}{}}, locks: newLocks(o.Store), namesakes: newNamesakes(),
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	if a.now == nil {
		a.now = time.Now
	}
	if a.onRevoke == nil {
		a.onRevoke = func(string) {}
	}
	if a.onChange == nil {
		a.onChange = func(string) {}
	}
	if a.onFailure == nil {
		a.onFailure = func(Reason) {}
	}
	for _, origin := range o.Origins {
		a.origins[origin] = true
	}
	if a.byIP, err = newFailures(ipFailuresBurst, ipFailuresEvery); err != nil {
		return nil, err
	}
	if a.byLogin, err = newFailures(loginFailuresBurst, loginFailuresEvery); err != nil {
		return nil, err
	}
	return a, nil
}
