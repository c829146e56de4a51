package documents

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"strings"
	"sync"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"

	"github.com/google/uuid"
)

// ErrHeadsDiffer is the answer to an edit whose EditOptions.If are not the document's heads. Its kind is Conflict.
var ErrHeadsDiffer = replica.ErrHeadsDiffer

// MessageMuted is the last word of the message of a change of which nobody is to be notified. It counts where the author may mute (see Muted).
const MessageMuted = "fieldsync-mute"

// EditOptions say how a change is made.
type EditOptions struct {
	// If are the heads that the document must have; nil: whatever it has.
	If crdt.Heads
	// Mute asks that nobody is notified of the change; it has no effect for those who may not ask for it.
	Mute bool
	// Message goes into the change; empty for none.
	Message string
}

// SaysMute tells whether a change's message asks that nobody is notified. Whether that counts is said by Muted.
func SaysMute(message string) bool {
	return message == MessageMuted || strings.HasSuffix(message, " "+MessageMuted)
}

// Muted tells whether a change with this message by an author of this role is one that nobody is notified of.
func Muted(message string, role access.Role) bool {
	return SaysMute(message) && mayMute(role)
}

func mayMute(role access.Role) bool {
	switch role {
	case access.RoleOwner, access.RoleAdministrator, access.RoleDispatcher:
		return true
	default:
		return false
	}
}

// Edit makes one change of what fn does to the newest durable state of a document, as a principal who may read it, and gives the
// heads after it: those of before where fn changed nothing. The change goes the way of one that comes from a phone: admission
// and policy may refuse it, with a *crdt.Refusal. Edits of one document here follow one another; those of others merge. fn must not
// call the Service. Errors: ErrNoDocument, ErrHeadsDiffer, fn's.
func (s *Service) Edit(ctx context.Context, p access.Principal, doc crdt.DocID, opt EditOptions, fn func(*engine.Tx) error) (crdt.Heads, error) {
	inner, err := s.inner(p, doc)
	if err != nil {
		return nil, err
	}
	unlock, err := s.locks.lock(ctx, inner)
	if err != nil {
		return nil, unavailable(err)
	}
	defer unlock()
	c, err := s.Load(ctx, p, doc)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if opt.If != nil && !opt.If.Equal(c.Heads) {
		return nil, ErrHeadsDiffer
	}
	raw, err := c.Doc.Edit(s.commit(p, inner, opt), fn)
	if err != nil || raw == nil {
		return c.Heads, err
	}
	// Not to be cancelled: the next change has to know whether this one is there.
	who := principal{Principal: p}
	err = s.drive.Append(context.WithoutCancel(ctx), inner, replica.Append{Author: who.Author(), Principal: who, Raws: [][]byte{raw}, If: opt.If})
	if err != nil {
		return nil, s.appendFailed(err)
	}
	return c.Doc.Heads(), nil
}

// CreateOptions say how a document is made.
type CreateOptions struct {
	// ID is the document's; zero: a new random one. With an id that comes of an idempotency key, a second call finds what the first
	// one made.
	ID   crdt.DocID
	Mute bool
}

// ErrExists is the answer to the creation of a document that is there, and that the principal may read. Its kind is Conflict.
var ErrExists = crdt.Errorf(crdt.KindConflict, "the document exists")

// Create makes a document of edits, as one change, as a principal. Its errors are those of Edit, and ErrExists.
func (s *Service) Create(ctx context.Context, p access.Principal, opt CreateOptions, edits []crdt.Edit) (crdt.DocID, crdt.Heads, error) {
	id := opt.ID
	if id.IsZero() {
		id = crdt.DocID(uuid.New())
	}
	inner, err := s.inner(p, id)
	if err != nil {
		return id, nil, err
	}
	unlock, err := s.locks.lock(ctx, inner)
	if err != nil {
		return id, nil, unavailable(err)
	}
	defer unlock()
	switch _, err := drive.ReadRecord(s.store, inner); {
	case err == nil:
		if may, err := s.access(p, inner); err != nil {
			return id, nil, unavailable(err)
		} else if may.Read {
			return id, nil, ErrExists
		}
		return id, nil, crdt.Errorf(crdt.KindForbidden, "the document cannot be made")
	case !errors.Is(err, store.ErrNotFound):
		return id, nil, unavailable(err)
	}
	doc, err := engine.New()
	if err != nil {
		return id, nil, err
	}
	defer doc.Close()
	raw, err := doc.Edit(s.commit(p, inner, EditOptions{Mute: opt.Mute}), func(tx *engine.Tx) error { return tx.Apply(edits...) })
	if err != nil {
		return id, nil, err
	}
	if raw == nil {
		return id, nil, crdt.Errorf(crdt.KindInvalid, "a document begins with something")
	}
	who := principal{Principal: p}
	err = s.drive.Append(context.WithoutCancel(ctx), inner, replica.Append{Author: who.Author(), Principal: who, Raws: [][]byte{raw}})
	if err != nil {
		return id, nil, s.appendFailed(err)
	}
	return id, doc.Heads(), nil
}

// appendFailed gives the caller's error of a change that was not taken.
func (s *Service) appendFailed(err error) error {
	var r *crdt.Refusal
	if errors.As(err, &r) {
		s.opt.Metrics.Refused(r.Code, 1)
	}
	if errors.Is(err, drive.ErrClosed) || errors.Is(err, store.ErrClosed) {
		return crdt.Errorf(crdt.KindUnavailable, "documents: %w", err)
	}
	return err
}

// commit says who makes a change. The actor is the principal's at this document for as long as this process runs: its key dies with it,
// so that a server that was put back to an earlier state never numbers other changes as it did before. Nobody else can
// know the actor before its first change is shown, so nobody can have taken it.
func (s *Service) commit(p access.Principal, doc crdt.DocID, opt EditOptions) engine.Commit {
	mac := hmac.New(sha256.New, s.actorKey[:])
	for _, part := range [][]byte{[]byte(p.Org), []byte(p.ID), doc[:]} {
		mac.Write([]byte{byte(len(part)), byte(len(part) >> 8)})
		mac.Write(part)
	}
	c := engine.Commit{Actor: crdt.ActorID(mac.Sum(nil)[:16]), Time: time.Now().Unix(), Message: opt.Message}
	if opt.Mute && mayMute(p.Role) {
		c.Message = strings.TrimPrefix(c.Message+" "+MessageMuted, " ")
	}
	return c
}

func newKey() (key [32]byte) {
	_, _ = rand.Read(key[:]) // never fails (crypto/rand)
	return key
}

// docLocks make the edits of one document follow one another.
type docLocks struct {
	mu   sync.Mutex
	held map[crdt.DocID]*docLock
}

type docLock struct {
	turn   chan struct{} // holds one token while nobody has the lock
	wanted int           // by how many
}

// lock waits for a document's turn, until ctx ends.
func (l *docLocks) lock(ctx context.Context, doc crdt.DocID) (unlock func(), err error) {
	l.mu.Lock()
	d := l.held[doc]
	if d == nil {
		d = &docLock{turn: make(chan struct{}, 1)}
		d.turn <- struct{}{}
		if l.held == nil {
			l.held = map[crdt.DocID]*docLock{}
		}
		l.held[doc] = d
	}
	d.wanted++
	l.mu.Unlock()
	leave := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if d.wanted--; d.wanted == 0 {
			delete(l.held, doc)
		}
	}
	select {
	case <-d.turn:
		return func() { d.turn <- struct{}{}; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}
