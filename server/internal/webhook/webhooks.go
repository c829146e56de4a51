package webhook

import (
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/egress"

	"github.com/google/uuid"
)

// Options are what New needs.
type Options struct {
	Store   store.Store
	Allowed egress.Allowed // what else than public addresses may be connected to
	Version string         // of the program, for the receivers
	Log     *slog.Logger
	Now     func() time.Time // nil: time.Now
	Random  func() float64   // of [0,1), for jitter; nil: math/rand
	// Record makes a change that an administrator made durable, together with the line of the account log about it. Nil: no line is written.
	Record func(by access.Principal, action, subject string, ops ...store.Op) error
	// Delivered is told of each attempt: "ok", "failed" or "given-up". Nil: nobody counts.
	Delivered func(result string, took time.Duration)
}

// Webhooks are the hooks of all organisations, with what waits for them. Make one with New; Run delivers. Safe for concurrent use.
type Webhooks struct {
	opt    Options
	client *http.Client

	writing sync.Mutex // one change of hooks at a time; taken before mu
	mu      sync.Mutex
	hooks   map[string]*state
	wake    chan struct{}
}

// state is a hook in memory.
type state struct {
	hook    Hook
	waiting int       // messages in its queue, about
	over    bool      // more came than may wait
	running bool      // a delivery is under way
	again   bool      // something was written while it was
	next    time.Time // when to look again; zero: at once
}

// New opens what a store keeps.
func New(opt Options) (*Webhooks, error) {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Random == nil {
		opt.Random = rand.Float64
	}
	if opt.Delivered == nil {
		opt.Delivered = func(string, time.Duration) {}
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	w := &Webhooks{opt: opt, client: egress.NewClient(opt.Allowed), hooks: map[string]*state{}, wake: make(chan struct{}, 1)}
	err := opt.Store.View(func(r store.Reader) error {
		if err := r.Scan(store.API(kindHook), nil, func(_, value []byte) error {
			var h Hook
			if err := json.Unmarshal(value, &h); err != nil || len(h.Secrets) == 0 {
				return crdt.Errorf(crdt.KindInternal, "webhook: a stored hook is not ours: %w", errors.Join(err))
			}
			w.hooks[h.ID] = &state{hook: h}
			return nil
		}); err != nil {
			return err
		}
		for id, s := range w.hooks {
			if err := r.Scan(hookPrefix(kindQueue, id), nil, func(_, _ []byte) error {
				s.waiting++
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	})
	return w, err
}

// Waiting counts the messages that wait for their receivers.
func (w *Webhooks) Waiting() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.hooks {
		n += s.waiting
	}
	return n
}

// kick has Run look again.
func (w *Webhooks) kick() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Kinds of the keys in the store (store.API).
const (
	kindHook  = 'h' // hook(16) -> Hook
	kindQueue = 'q' // hook(16), due in ms(8), sequence(8) -> message
	kindLog   = 'l' // hook(16), number(8) -> Delivery
)

func hookKey(id string) []byte { return hookPrefix(kindHook, id) }

func hookPrefix(kind byte, id string) []byte {
	u, _ := uuid.Parse(id) // ids are ours
	return store.API(kind, u[:])
}
