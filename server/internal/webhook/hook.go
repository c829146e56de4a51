package webhook

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"

	"github.com/google/uuid"
)

// Bounds on hooks.
const (
	MaxHooks       = 20  // of an organisation: each costs a copy of every event
	MaxDescription = 500 // bytes: what an administrator calls it
)

// EventTest is what the test of a hook sends. Nobody subscribes to it.
const EventTest = "webhook.test"

// Events are all that a hook can be told of.
func Events() []string {
	return []string{"job.created", "job.updated", "job.status_changed", "job.assigned", "job.unassigned", "job.started", "job.finished",
		"job.cancelled", "job.clash"}
}

// Hook is a subscription.
type Hook struct {
	ID          string   `json:"id"` // UUID
	Org         string   `json:"org"`
	URL         string   `json:"url"`
	Events      []string `json:"events"`      // sorted; all of Events where it is to hear of everything that ever will be: "*"
	Description string   `json:"description"` // may be empty
	Active      bool     `json:"active"`
	// Reason says why it is not active, where the server has disabled it.
	Reason string `json:"reason,omitempty"`
	// Owner is the principal (access.Principal.ID) who made it: muted changes of his own are not told to it.
	Owner     string         `json:"owner"`
	CreatedAt crdt.Timestamp `json:"created_at"`
	UpdatedAt crdt.Timestamp `json:"updated_at"`

	Secrets      []secret       `json:"secrets"`                 // the newest first
	Failures     int            `json:"failures,omitempty"`      // attempts that failed since the last that did not
	FailingSince crdt.Timestamp `json:"failing_since,omitempty"` // 0: it does not fail
	NotBefore    crdt.Timestamp `json:"not_before,omitempty"`    // when it may be tried again
	NextLog      uint64         `json:"next_log,omitempty"`      // number of the next entry of its log
}

// Wants tells whether the hook hears of an event.
func (h *Hook) Wants(event string) bool {
	return slices.Contains(h.Events, event) || slices.Contains(h.Events, "*")
}

// Draft is what an administrator says of a hook.
type Draft struct {
	URL         string
	Events      []string // empty: "*"
	Description string
	Active      bool
}

func (w *Webhooks) check(d *Draft) error {
	if err := w.opt.Allowed.CheckURL("url", d.URL); err != nil {
		return err
	}
	if len(d.Description) > MaxDescription || !utf8.ValidString(d.Description) {
		return job.FieldErrors{{Field: "description", Message: fmt.Sprintf("has more than %d bytes, or is no text", MaxDescription)}}
	}
	if len(d.Events) == 0 {
		d.Events = []string{"*"}
	}
	for _, e := range d.Events {
		if e != "*" && !slices.Contains(Events(), e) {
			return job.FieldErrors{{Field: "events", Message: fmt.Sprintf("there is no event of this name; there are %v", Events())}}
		}
	}
	d.Events = slices.Compact(slices.Sorted(slices.Values(d.Events)))
	return nil
}

// ErrNoHook is the answer about a hook that is not there. Its kind is NotFound.
var ErrNoHook = crdt.Errorf(crdt.KindNotFound, "no such webhook")

// Create makes a hook with the given id (a UUID), durably. It gives the secret, which nobody sees again. Where the id's hook is
// there already, it is given as it is, with its secret: a repeated request.
func (w *Webhooks) Create(id [16]byte, by access.Principal, d Draft) (Hook, string, error) {
	if err := w.check(&d); err != nil {
		return Hook{}, "", err
	}
	w.writing.Lock()
	defer w.writing.Unlock()
	name := uuid.UUID(id).String()
	if h, ok := w.get(name); ok && h.Org == by.Org {
		return h, h.Secrets[0].text(), nil
	}
	if len(w.List(by.Org)) >= MaxHooks {
		return Hook{}, "", crdt.Errorf(crdt.KindConflict, "an organisation has at most %d webhooks", MaxHooks)
	}
	now := crdt.Timestamp(w.opt.Now().UnixMilli())
	h := Hook{ID: name, Org: by.Org, URL: d.URL, Events: d.Events, Description: d.Description, Active: d.Active, Owner: by.ID,
		CreatedAt: now, UpdatedAt: now, Secrets: []secret{newSecret()}}
	return h, h.Secrets[0].text(), w.putBy(by, "webhook.created", h)
}

// Update changes what an administrator says of a hook. A hook that is made active begins with what happens from then on; one that is
// made inactive drops what waits.
func (w *Webhooks) Update(by access.Principal, id string, change func(*Draft)) (Hook, error) {
	w.writing.Lock()
	defer w.writing.Unlock()
	h, err := w.Get(by.Org, id)
	if err != nil {
		return Hook{}, err
	}
	d := Draft{URL: h.URL, Events: h.Events, Description: h.Description, Active: h.Active}
	change(&d)
	if err := w.check(&d); err != nil {
		return Hook{}, err
	}
	if d.Active && !h.Active || d.URL != h.URL {
		h.Failures, h.FailingSince, h.NotBefore, h.Reason = 0, 0, 0, ""
	}
	h.URL, h.Events, h.Description, h.Active = d.URL, d.Events, d.Description, d.Active
	h.UpdatedAt = crdt.Timestamp(w.opt.Now().UnixMilli())
	if err := w.putBy(by, "webhook.changed", h); err != nil {
		return h, err
	}
	if !h.Active {
		return h, w.clear(id) // at once: it may be made active again in the next moment
	}
	return h, nil
}

// Rotate gives a hook a new secret and returns it. For a day messages are signed by the old one too.
func (w *Webhooks) Rotate(by access.Principal, id string) (Hook, string, error) {
	w.writing.Lock()
	defer w.writing.Unlock()
	h, err := w.Get(by.Org, id)
	if err != nil {
		return Hook{}, "", err
	}
	now := w.opt.Now()
	old := h.Secrets[0]
	old.Until = now.Add(rotationGrace).UnixMilli()
	h.Secrets = []secret{newSecret(), old}
	h.UpdatedAt = crdt.Timestamp(now.UnixMilli())
	return h, h.Secrets[0].text(), w.putBy(by, "webhook.secret_rotated", h)
}

// Delete takes a hook away, with all that waits for it and its log.
func (w *Webhooks) Delete(by access.Principal, id string) error {
	w.writing.Lock()
	defer w.writing.Unlock()
	h, err := w.Get(by.Org, id)
	if err != nil {
		return err
	}
	if err := w.record(by, "webhook.deleted", h.ID, store.Op{Key: hookKey(h.ID)}); err != nil {
		return err
	}
	w.mu.Lock()
	delete(w.hooks, id)
	w.mu.Unlock()
	return errors.Join(w.purge(id, kindQueue), w.purge(id, kindLog))
}

// Get gives a hook of an organisation.
func (w *Webhooks) Get(org, id string) (Hook, error) {
	if h, ok := w.get(id); ok && h.Org == org {
		return h, nil
	}
	return Hook{}, ErrNoHook
}

func (w *Webhooks) get(id string) (Hook, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, ok := w.hooks[id]
	if !ok {
		return Hook{}, false
	}
	return s.hook, true
}

// List gives the hooks of an organisation, the oldest first.
func (w *Webhooks) List(org string) []Hook {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := []Hook{}
	for _, s := range w.hooks {
		if s.hook.Org == org {
			out = append(out, s.hook)
		}
	}
	slices.SortFunc(out, func(a, b Hook) int {
		return cmp.Or(cmp.Compare(a.CreatedAt, b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// put writes a hook that the server itself has changed; w.writing is held.
func (w *Webhooks) put(h Hook) error {
	return w.write(h, w.durably)
}

// putBy writes a hook that somebody has changed; w.writing is held.
func (w *Webhooks) putBy(by access.Principal, action string, h Hook) error {
	return w.write(h, func(op store.Op) error { return w.record(by, action, h.ID, op) })
}

func (w *Webhooks) write(h Hook, write func(store.Op) error) error {
	op, err := hookOp(h)
	if err != nil {
		return err
	}
	if err := write(op); err != nil {
		return err
	}
	w.remember(h)
	w.kick()
	return nil
}

// record writes what somebody has changed, and that he has.
func (w *Webhooks) record(by access.Principal, action, id string, op store.Op) error {
	if w.opt.Record != nil {
		return w.opt.Record(by, action, id, op)
	}
	return w.durably(op)
}

func (w *Webhooks) durably(op store.Op) error {
	if err := store.Write(w.opt.Store, []store.Op{op}); err != nil {
		return unavailable(err)
	}
	return nil
}

// remember takes a hook as it is stored now into memory.
func (w *Webhooks) remember(h Hook) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.hooks[h.ID]
	if s == nil {
		s = &state{}
		w.hooks[h.ID] = s
	}
	s.hook, s.next, s.again = h, time.Time{}, true
}

func hookOp(h Hook) (store.Op, error) {
	value, err := json.Marshal(h)
	if err != nil {
		return store.Op{}, crdt.Errorf(crdt.KindInternal, "webhook: %w", err)
	}
	return store.Op{Key: hookKey(h.ID), Value: value}, nil
}

func unavailable(err error) error {
	return crdt.Errorf(crdt.KindUnavailable, "webhook: %w", err)
}
