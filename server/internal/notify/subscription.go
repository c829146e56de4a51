package notify

import (
	"encoding/json"
	"slices"
	"strings"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/auth"
	"fieldsync/server/internal/notify/apns"
	"fieldsync/server/internal/notify/sealed"
	"fieldsync/server/internal/notify/transport"
)

// Subscription is a device that may be told. There is one for each token or session.
type Subscription struct {
	Org        string `json:"org"`
	User       string `json:"user"`
	Device     string `json:"device"`
	Credential string `json:"credential"` // access.Principal.Credential
	Service    string `json:"service"`
	transport.Target
	Silent    bool           `json:"silent,omitempty"`    // it shows nothing, and syncs
	TimeZone  string         `json:"time_zone,omitempty"` // where the device is
	CreatedAt crdt.Timestamp `json:"created_at"`
	UpdatedAt crdt.Timestamp `json:"updated_at"`
}

func (s *Subscription) id() subID { return subIDOf(s.Org, s.Device) }

// place is where a subscription leads. A device that signs in as somebody else takes it along.
func (s *Subscription) place() string {
	if s.Service == ServiceWebPush {
		return s.Endpoint
	}
	return s.Service + " " + s.App + " " + s.Token
}

// Bounds on what a device says.
const (
	maxEndpoint = 2048
	maxToken    = 4096
	maxApp      = 200
)

// Draft is what a device says of itself.
type Draft struct {
	Service  string
	Target   transport.Target
	Silent   bool
	TimeZone string
}

func (n *Notifier) check(d *Draft) error {
	bad := func(field, message string) error { return job.FieldErrors{{Field: field, Message: message}} }
	t := &d.Target
	if _, ok := n.opt.Transports[d.Service]; !ok {
		return bad("service", "is none that this server sends by")
	}
	if len(t.P256dh)+len(t.Auth) > 0 && sealed.Check(t.P256dh, t.Auth) != nil {
		return bad("keys", "are not those of a push subscription")
	}
	if d.TimeZone != "" {
		if _, err := auth.ParseTimeZone(d.TimeZone); err != nil {
			return bad("time_zone", "is no name of a time zone")
		}
	}
	switch d.Service {
	case ServiceWebPush:
		if len(t.Endpoint) > maxEndpoint {
			return bad("endpoint", "is too long")
		}
		if err := n.opt.Allowed.CheckURL("endpoint", t.Endpoint); err != nil {
			return err
		}
		if len(t.VAPIDKey) == 0 {
			t.VAPIDKey = n.PublicKey()
		}
		if n.Key(t.VAPIDKey) == nil {
			return bad("server_key", "is not one of this server's keys")
		}
		if len(t.P256dh) == 0 && !d.Silent {
			return bad("keys", "are needed by whoever is to read what it says; without them it can only be silent")
		}
	case ServiceAPNs:
		if !apns.ValidToken(t.Token) {
			return bad("token", "is none of APNs")
		}
		if t.App == "" || len(t.App) > maxApp || strings.ContainsAny(t.App, "\r\n") {
			return bad("app", "is the app's bundle id")
		}
	default:
		if t.Token == "" || len(t.Token) > maxToken {
			return bad("token", "is missing or too long")
		}
	}
	return nil
}

// Subscribe keeps a device's subscription, in the place of one that it had.
func (n *Notifier) Subscribe(p access.Principal, d Draft) (Subscription, error) {
	if p.User == "" || p.Device == "" {
		return Subscription{}, crdt.Errorf(crdt.KindForbidden, "only a person's device is told of changes")
	}
	if err := n.check(&d); err != nil {
		return Subscription{}, err
	}
	now := n.now()
	s := &Subscription{Org: p.Org, User: p.User, Device: p.Device, Credential: p.Credential, Service: d.Service, Target: d.Target, Silent: d.Silent,
		TimeZone: d.TimeZone, CreatedAt: now, UpdatedAt: now}
	n.writing.Lock()
	defer n.writing.Unlock()
	id := s.id()
	n.mu.Lock()
	var ops []store.Op
	if old := n.subs[id]; old != nil {
		s.CreatedAt = old.CreatedAt
	}
	other, taken := n.byEnd[s.place()]
	n.mu.Unlock()
	if taken = taken && other != id; taken {
		gone, err := n.removal(other)
		if err != nil {
			return Subscription{}, err
		}
		ops = gone
	}
	value, err := json.Marshal(s)
	if err != nil {
		return Subscription{}, crdt.Errorf(crdt.KindInternal, "notify: %w", err)
	}
	if err := store.Write(n.opt.Store, append(ops, store.Op{Key: subscriptionKey(id), Value: value})); err != nil {
		return Subscription{}, unavailable(err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if taken {
		n.forget(other)
	}
	n.keep(s)
	return *s, nil
}

// Unsubscribe removes a device's subscription with what waits for it. It is no error where there is none.
func (n *Notifier) Unsubscribe(org, device string) error {
	n.writing.Lock()
	defer n.writing.Unlock()
	return n.remove(subIDOf(org, device))
}

// remove removes a subscription; n.writing is held.
func (n *Notifier) remove(id subID) error {
	n.mu.Lock()
	_, ok := n.subs[id]
	n.mu.Unlock()
	if !ok {
		return nil
	}
	ops, err := n.removal(id)
	if err != nil {
		return err
	}
	if err := store.Write(n.opt.Store, ops); err != nil {
		return unavailable(err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.forget(id)
	return nil
}

// removal are the writes that remove a subscription; n.writing is held.
func (n *Notifier) removal(id subID) ([]store.Op, error) {
	ops := []store.Op{{Key: subscriptionKey(id)}}
	err := n.opt.Store.Scan(outboxOf(id), nil, func(key, _ []byte) error {
		ops = append(ops, store.Op{Key: slices.Clone(key)}) // at most maxWaiting
		return nil
	})
	if err != nil {
		return nil, unavailable(err)
	}
	return ops, nil
}

// Revoked hears of a credential that lets nobody in any more. It does not wait.
func (n *Notifier) Revoked(credential string) {
	n.mu.Lock()
	var gone []subID
	for id, s := range n.subs {
		if s.Credential == credential {
			gone = append(gone, id)
		}
	}
	n.mu.Unlock()
	for _, id := range gone {
		go func() { // whoever revokes holds the accounts' lock, and does not wait for us
			n.writing.Lock()
			defer n.writing.Unlock()
			if err := n.remove(id); err != nil { // it is found out before the next message is sent
				n.opt.Log.Warn("the subscription of a device that was signed out was not removed", "error", err.Error())
			}
		}()
	}
}

// keep takes a subscription into memory; n.mu is held, or n is not used yet.
func (n *Notifier) keep(s *Subscription) {
	id, who := s.id(), person{s.Org, s.User}
	if old := n.subs[id]; old != nil {
		n.unlist(id, old)
	}
	n.subs[id] = s
	n.byUser[who] = append(slices.Clip(n.byUser[who]), id)
	n.byEnd[s.place()] = id
}

// forget takes a subscription out of memory; n.mu is held.
func (n *Notifier) forget(id subID) {
	if s := n.subs[id]; s != nil {
		n.unlist(id, s)
		delete(n.subs, id)
	}
	for _, it := range slices.Clone(n.due.items) {
		if it.key.sub == id {
			n.due.drop(it.key)
		}
	}
}

func (n *Notifier) unlist(id subID, s *Subscription) {
	who := person{s.Org, s.User}
	left := slices.DeleteFunc(slices.Clone(n.byUser[who]), func(x subID) bool { return x == id })
	if n.byUser[who] = left; len(left) == 0 {
		delete(n.byUser, who)
	}
	if n.byEnd[s.place()] == id {
		delete(n.byEnd, s.place())
	}
}

// ErrNoSubscription is the answer about a device that has none. Its kind is NotFound.
var ErrNoSubscription = crdt.Errorf(crdt.KindNotFound, "this device has no push subscription")

// Of gives a device's subscription.
func (n *Notifier) Of(org, device string) (Subscription, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if s := n.subs[subIDOf(org, device)]; s != nil {
		return *s, nil
	}
	return Subscription{}, ErrNoSubscription
}

// List gives the subscriptions of a user, or with an empty one of an organisation, by user and device.
func (n *Notifier) List(org, user string) []Subscription {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := []Subscription{}
	for _, s := range n.subs {
		if s.Org == org && (user == "" || s.User == user) {
			out = append(out, *s)
		}
	}
	slices.SortFunc(out, func(a, b Subscription) int { return strings.Compare(a.User+"\x00"+a.Device, b.User+"\x00"+b.Device) })
	return out
}

// devicesOf gives the subscriptions of a user.
func (n *Notifier) devicesOf(org, user string) []subID {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.byUser[person{org, user}] // never changed in place
}

// subscribed tells whether a user has a subscription.
func (n *Notifier) subscribed(org, user string) bool { return len(n.devicesOf(org, user)) > 0 }
