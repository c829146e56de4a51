package notify

import (
	"context"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/documents"
	"fieldsync/server/internal/egress"
	"fieldsync/server/internal/notify/transport"
)

// People tells of accounts.
type People interface {
	// StillIn gives who stands behind a credential of a user now; an error of kind Unauthenticated where it lets nobody in any more.
	StillIn(user, credential string) (access.Principal, error)
	// NameAndRole gives a user of an organisation; empty where there is none.
	NameAndRole(org, user string) (name string, role access.Role)
	// Workday gives where an organisation works, and the minute of the day when work ends there.
	Workday(org string) (zone *time.Location, end int)
}

// Metrics is what a Notifier counts. The methods are called from several goroutines.
type Metrics interface {
	// Attempted counts an attempt to send, or what was not tried, by service and result.
	Attempted(service, result string, took time.Duration)
	// NoticeLate tells how long after the change a message was taken by the push service.
	NoticeLate(d time.Duration)
	Derived(took time.Duration, err error)
}

// The services.
const (
	ServiceWebPush = "webpush"
	ServiceFCM     = "fcm"
	ServiceAPNs    = "apns"
)

// Options are what New needs.
type Options struct {
	Store     store.Store
	Room      *documents.Room
	Namespace func(org string) (access.Namespace, error) // nil: ids are the same inside and outside
	People    People
	// Transports are the services that there are; WebPush makes that one, as it needs the Notifier's keys.
	Transports map[string]transport.Transport
	Allowed    egress.Allowed // where else than to public addresses a subscription may lead
	// Calm is how long a job must have been left alone before its changes are told, where nobody has to act at once. 0: 8 s.
	Calm    time.Duration
	Metrics Metrics      // nil: nobody counts
	Log     *slog.Logger // nil: nobody hears
	Now     func() time.Time
	Random  func() float64 // of [0,1), for jitter; nil: math/rand
}

// Times.
const (
	defaultCalm = 8 * time.Second
	maxGather   = time.Second // after a change, before it is read: what comes in one go is read once
	maxCalm     = time.Minute // the first change of several is told after that, calm or not
)

// Notifier is the subscriptions, settings and outbox of all organisations. Make one with New; Run sends. Safe for concurrent use.
type Notifier struct {
	opt Options

	writing  sync.Mutex // one read-and-write of the outbox, of subscriptions and of keys at a time; taken before mu
	mu       sync.Mutex
	subs     map[subID]*Subscription // never changed in place
	byUser   map[person][]subID
	byEnd    map[string]subID // by where it leads (Subscription.place)
	marked   agenda[crdt.DocID]
	expected map[crdt.DocID]expected
	due      agenda[slot]
	flying   map[slot]bool // being sent
	broken   map[string]*breaker
	vapid    vapidKeys
	logged   map[string]uint64 // the number of an organisation's next log entry, where it is known
	wake     chan struct{}
	deriving chan struct{}
	results  chan result
}

// person is a user of an organisation.
type person struct{ org, user string }

// New opens what a store keeps, and makes the first VAPID key.
func New(opt Options) (*Notifier, error) {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Random == nil {
		opt.Random = rand.Float64
	}
	if opt.Calm == 0 {
		opt.Calm = defaultCalm
	}
	if opt.Metrics == nil {
		opt.Metrics = noMetrics{}
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Namespace == nil {
		opt.Namespace = func(string) (access.Namespace, error) { return access.Namespace{}, nil }
	}
	opt.Log = documents.OuterLog(opt.Log, opt.Store, opt.Namespace) // documents have inner ids here
	n := &Notifier{opt: opt, subs: map[subID]*Subscription{}, byUser: map[person][]subID{}, byEnd: map[string]subID{}, flying: map[slot]bool{}, expected: map[crdt.DocID]expected{},
		broken: map[string]*breaker{}, logged: map[string]uint64{}, wake: make(chan struct{}, 1), deriving: make(chan struct{}, 1), results: make(chan result, maxSending)}
	if n.opt.Transports == nil {
		n.opt.Transports = map[string]transport.Transport{}
	}
	if err := n.load(); err != nil {
		return nil, err
	}
	return n, n.openVAPID()
}

// load reads the subscriptions, and what is to be looked at.
func (n *Notifier) load() error {
	return n.opt.Store.View(func(r store.Reader) error {
		if err := r.Scan(store.API(kindSubscription), nil, func(key, value []byte) error {
			var s Subscription
			if err := json.Unmarshal(value, &s); err != nil || s.Org == "" {
				return crdt.Errorf(crdt.KindInternal, "notify: a stored subscription is not ours")
			}
			n.keep(&s)
			return nil
		}); err != nil {
			return err
		}
		now := n.opt.Now()
		if err := r.Scan(store.API(kindMark), nil, func(key, _ []byte) error {
			if rest := key[len(store.API(kindMark)):]; len(rest) == 24 {
				n.marked.add(crdt.DocID(rest[:16]), now)
			}
			return nil
		}); err != nil {
			return err
		}
		return r.Scan(store.API(kindOutbox), nil, func(key, value []byte) error {
			var m message
			if s, ok := slotOf(key); ok && json.Unmarshal(value, &m) == nil {
				n.due.set(s, timeOf(m.Due))
			}
			return nil
		})
	})
}

// Waiting counts the messages in the outbox, and Subscriptions the devices.
func (n *Notifier) Waiting() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.due.Len() + len(n.flying)
}

// Subscribed counts the subscriptions.
func (n *Notifier) Subscribed() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.subs)
}

// Run reads marked changes and sends what is due, until ctx ends; what is under way then is broken off, and done again by the next Run.
func (n *Notifier) Run(ctx context.Context) {
	var working sync.WaitGroup
	settled := make(chan struct{})
	go func() { defer close(settled); n.settle() }()
	defer func() { working.Wait(); close(n.results); <-settled }()
	working.Go(func() { n.deriveMarked(ctx) })
	slots := make(chan struct{}, maxSending)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.wake:
		case <-timer.C:
		}
		for {
			s, wait, ok := n.take()
			if !ok {
				timer.Reset(wait)
				break
			}
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return
			}
			working.Go(func() {
				n.results <- n.send(ctx, s)
				<-slots
			})
		}
	}
}

// maxSending bounds the messages under way at once.
const maxSending = 32

// longest is how long Run waits where nothing is due.
const longest = time.Hour

// take gives what is due, which counts as under way from then on; else how long nothing will be.
func (n *Notifier) take() (s slot, wait time.Duration, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s, due, ok := n.due.next()
	if !ok {
		return s, longest, false
	}
	if wait = due.Sub(n.opt.Now()); wait > 0 {
		return s, min(wait, longest), false
	}
	n.due.drop(s)
	n.flying[s] = true
	return s, 0, true
}

// kick has Run look again.
func (n *Notifier) kick() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

func timeOf(t crdt.Timestamp) time.Time { return time.UnixMilli(int64(t)) }
func stamp(t time.Time) crdt.Timestamp  { return crdt.Timestamp(t.UnixMilli()) }
func (n *Notifier) now() crdt.Timestamp { return stamp(n.opt.Now()) }
func unavailable(err error) error       { return crdt.Errorf(crdt.KindUnavailable, "notify: %w", err) }
func ms(d time.Duration) crdt.Timestamp { return crdt.Timestamp(d.Milliseconds()) }

type noMetrics struct{}

func (noMetrics) Attempted(string, string, time.Duration) {}
func (noMetrics) NoticeLate(time.Duration)                {}
func (noMetrics) Derived(time.Duration, error)            {}
