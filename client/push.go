package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"fieldsync/client/internal/schedule"
	"fieldsync/client/internal/service"
	"fieldsync/crdt"
	"fieldsync/crdt/store"
)

// PushTarget is where this device is told that something changed, as the platform's push service gave it.
type PushTarget = service.PushTarget

// The push services.
const (
	PushWeb  = "webpush" // UnifiedPush, and whatever else speaks Web Push
	PushFCM  = "fcm"
	PushAPNs = "apns"
)

// pushEvery is how often the server is told of a target again: where it lost it, or its key was rotated, that mends it.
const pushEvery = 12 * time.Hour

const factPush = "push" // pushBook: where this device is to be told of changes

// pushBook is what was asked for, and how far that came.
type pushBook struct {
	Target *PushTarget `json:"target,omitempty"`
	Remove bool        `json:"remove,omitempty"` // the server is to be told that there is none any more
	Login  string      `json:"login,omitempty"`  // the login that the server was told by, hashed; empty: it was not told
	Told   int64       `json:"told,omitempty"`   // ms since 1970: when the server took it, or refused it
	Failed string      `json:"failed,omitempty"` // why it refused it
}

// PushState is how it stands with pushes to this device.
type PushState struct {
	Target *PushTarget // nil: none was registered
	Told   time.Time   // when the server last took it; zero: it has not yet
	Failed string      // why the server does not take it
}

// RegisterPush has the server tell this device of changes at a target of the platform's, in the place of an earlier one. The wish is kept in the
// folder, and told again from time to time, and after a login, until UnregisterPush or Logout. Errors: crdt.KindInvalid for a target that is
// none, here or at the server; ErrNotLoggedIn; ErrOffline where the server cannot be asked now: it is told with the next connection.
func (c *Client) RegisterPush(ctx context.Context, t PushTarget) error {
	if _, _, err := c.signedIn(); err != nil {
		return err
	}
	if err := t.Check(); err != nil {
		return err
	}
	return c.wantPush(ctx, pushBook{Target: &t})
}

// UnregisterPush ends what RegisterPush began. ErrOffline where the server cannot be asked now: it is told with the next connection.
func (c *Client) UnregisterPush(ctx context.Context) error {
	b, err := c.pushBook()
	if err != nil || b.Target == nil && !b.Remove {
		return err
	}
	return c.wantPush(ctx, pushBook{Remove: true})
}

func (c *Client) wantPush(ctx context.Context, b pushBook) error {
	if err := c.keepPush(b); err != nil {
		return err
	}
	api, done, err := c.service()
	if err != nil {
		return err
	}
	defer done()
	return asOurs(c.tellPush(ctx, api))
}

// Push tells how it stands.
func (c *Client) Push() (PushState, error) {
	b, err := c.pushBook()
	out := PushState{Target: b.Target, Failed: b.Failed}
	if b.Login != "" && b.Failed == "" {
		out.Told = time.UnixMilli(b.Told)
	}
	return out, err
}

func (c *Client) pushBook() (b pushBook, err error) {
	v, err := c.fact(factPush)
	if err == nil && v != nil {
		err = json.Unmarshal(v, &b)
	}
	return b, err
}

func (c *Client) keepPush(b pushBook) error {
	value, err := json.Marshal(b)
	if err != nil {
		return err
	}
	op := store.Op{Key: store.Local(bookFact, []byte(factPush)), Value: value}
	if b == (pushBook{}) {
		op.Value = nil
	}
	return asFull(store.Write(c.store, []store.Op{op}))
}

// tellPush tells the server what it does not know of pushes to this device.
func (c *Client) tellPush(ctx context.Context, api *service.Service) error {
	c.pushes.telling.Lock()
	defer c.pushes.telling.Unlock()
	b, err := c.pushBook()
	if err != nil || b.Target == nil && !b.Remove {
		return err
	}
	if b.Remove {
		if err := api.EndPush(ctx); err != nil {
			return err
		}
		return c.keepPush(pushBook{})
	}
	a, _, err := c.signedIn()
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte("push " + a.Token))
	login := hex.EncodeToString(sum[:8])
	if age := time.Since(time.UnixMilli(b.Told)); b.Login == login && age >= 0 && age < pushEvery {
		return nil
	}
	err = api.RegisterPush(ctx, *b.Target)
	switch crdt.KindOf(err) {
	case crdt.KindInvalid, crdt.KindForbidden, crdt.KindUnsupported:
		b.Failed = err.Error()
	default:
		if err != nil {
			return err
		}
		b.Failed = ""
	}
	b.Login, b.Told = login, time.Now().UnixMilli()
	return errors.Join(err, c.keepPush(b))
}

// endPush tells the server, if it can be asked soon, that this device is signed out, and forgets where pushes went.
func (c *Client) endPush() error {
	b, err := c.pushBook()
	if err != nil || b.Target == nil && !b.Remove {
		return err
	}
	if api, done, serr := c.service(); serr == nil {
		ctx, cancel := context.WithTimeout(context.Background(), goodbye)
		if terr := api.EndPush(ctx); terr != nil {
			c.log.Info("the server could not be told that pushes are to end", "error", terr.Error())
		}
		cancel()
		done()
	}
	return c.keepPush(pushBook{})
}

// goodbye is how long a logout waits for the server.
const goodbye = 5 * time.Second

// maxPushed bounds the documents that are remembered from pushes; a sync brings the others all the same.
const maxPushed = 64

// pushes are the documents that pushes came for and that were not exchanged since: they go before others.
type pushes struct {
	telling sync.Mutex

	mu   sync.Mutex
	docs map[crdt.DocID]string // with the id as it stands in frames
}

func (p *pushes) came(id crdt.DocID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.docs == nil {
		p.docs = map[crdt.DocID]string{}
	}
	if len(p.docs) < maxPushed {
		p.docs[id] = id.String()
	}
}

func (p *pushes) done(id crdt.DocID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.docs, id)
}

func (p *pushes) list() (out []crdt.DocID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id := range p.docs {
		out = append(out, id)
	}
	return out
}

// has is asked with a document's id as it stands in a frame.
func (p *pushes) has(doc string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, text := range p.docs {
		if text == doc {
			return true
		}
	}
	return false
}

// PushReceived tells that the server has sent a push for a document; id may be zero. Run talks to the server at once. Without a Run it is followed
// by RunFor. Either asks for the document before all others; which answer is here first is then the server's and the link's matter.
func (c *Client) PushReceived(id crdt.DocID) {
	if !id.IsZero() {
		c.pushes.came(id)
		if s := c.current(); s != nil && !s.isEnded() {
			c.drive.Subscribe(s.link.ID, id)
		}
	}
	c.trigger(schedule.Push)
}
