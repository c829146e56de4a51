package documents

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/history"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"

	"github.com/google/uuid"
)

// Metrics is what the service counts.
type Metrics interface {
	FrameReceived(frameType string, bytes int)
	FrameSent(frameType string, bytes int)
	FrameIgnored(reason string)
	FrameDropped()
	Refused(code crdt.RefusalCode, n int)
	ChangesAdmitted(n int)
	SnapshotBuilt(took time.Duration, err error)
	DocumentDamaged()
}

// Options are what a Service is made of.
type Options struct {
	Store   store.Store
	Metrics Metrics
	Log     *slog.Logger
	// Namespace gives an organisation's document ids. Nil: they are the store's everywhere.
	Namespace func(org string) (access.Namespace, error)
	// OnChange hears of each document that has changed or is new, by its inner id, after its change is durable. It must not block, nor call the Service.
	// Nil: nobody hears.
	OnChange func(doc crdt.DocID)
	// OnStore gives what is to be written with changes of a job, in the same durable batch. It must not block, nor call the Service, and may be called
	// again for changes whose write failed. Nil: nothing.
	OnStore func(Stored) []store.Op
	// IdleAfter is how long a document that nobody talks about stays in memory. 0: 30 s.
	IdleAfter time.Duration
	// MaxOpen bounds the idle documents kept in memory. 0: 10,000.
	MaxOpen int
	// WorkerJobs says which jobs the workers of an organisation may make. Nil: the default everywhere.
	WorkerJobs func(org string) access.WorkerJobs
	// Room is where the documents' values are loaded. Nil: one of its own.
	Room *Room
}

// Service is the server's replica.
type Service struct {
	drive *drive.Drive
	store store.Store
	opt   Options
	log   *slog.Logger // takes inner ids: OuterLog

	copies   chan struct{} // a token for each Copy
	room     *Room
	locks    docLocks
	actorKey [32]byte

	announcing announcing
	templates  workerTemplates
}

// principal is who stands behind a connection, as package replica sees it.
type principal struct {
	access.Principal
	names access.Namespace // of his organisation; set where he has a connection
}

// Author is the name under which changes are attributed, the same on all devices of a person: <organisation>/<principal id>.
func (p principal) Author() history.Author { return history.Author(p.Org + "/" + p.ID) }

// Principal makes what crdt/drive takes of who was let in. Its error's kind is Unavailable.
func (s *Service) Principal(p access.Principal) (replica.Principal, error) {
	names, err := s.namespace(p.Org)
	if err != nil {
		return nil, err
	}
	return principal{p, names}, nil
}

// storageKey is the key of the fact that holds the server's storage id, a UUID that clients keep their sync state under.
const storageKey = "storage-id"

// New starts a Service over a store.
func New(opt Options) (*Service, error) {
	storage, err := storageID(opt.Store)
	if err != nil {
		return nil, err
	}
	s := &Service{store: opt.Store, opt: opt, log: OuterLog(opt.Log, opt.Store, opt.Namespace), copies: make(chan struct{}, maxCopies), room: opt.Room, actorKey: newKey()}
	if s.room == nil {
		s.room = NewRoom()
	}
	cfg := &replica.Config{
		PeerID:    crdt.PeerID(storage[:8]), // short: it stands in each frame, both ways
		StorageID: storage,
		Access:    decide,
		Policy:    s.policy,
		Naming:    namesOf,
		Describe:  describe,
		History:   history.DefaultLimits(),
		IdleAfter: opt.IdleAfter,
	}
	s.drive = drive.New(drive.Config{
		Replica: cfg, Store: opt.Store, Index: s.index, Inventory: s.inventory, Snapshot: s.room.snapshot,
		OnNotice: s.notice, OnJoined: s.joined, MaxOpen: opt.MaxOpen, Log: s.log, Observe: observer{opt.Metrics},
	})
	return s, nil
}

func storageID(s store.Store) (string, error) {
	value, err := s.Get(store.Meta(storageKey))
	if err == nil {
		return string(value), nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return "", err
	}
	id := uuid.NewString()
	return id, store.Write(s, []store.Op{{Key: store.Meta(storageKey), Value: []byte(id)}})
}

// Drive is for whoever brings connections.
func (s *Service) Drive() *drive.Drive { return s.drive }

// Open counts the documents in memory.
func (s *Service) Open() int { return s.drive.Open() }

// Close ends the work; connections are closed before.
func (s *Service) Close() {
	s.announcing.close()
	s.drive.Close()
}

// Access tells what a principal may do with a document, by its record of now. A document that does not exist gives nothing.
func (s *Service) Access(p access.Principal, doc crdt.DocID) (access.Access, error) {
	inner, err := s.inner(p, doc)
	if err != nil {
		return access.Access{}, err
	}
	return s.access(p, inner)
}

func (s *Service) access(p access.Principal, doc crdt.DocID) (access.Access, error) {
	rec, err := drive.ReadRecord(s.store, doc)
	if errors.Is(err, store.ErrNotFound) {
		return access.Access{}, nil
	}
	if err != nil {
		return access.Access{}, err
	}
	r, err := access.DecodeRecord(rec.Meta)
	if err != nil {
		return access.Access{}, err
	}
	return access.Decide(p, r), nil
}

// Append admits changes that a principal makes through the API.
func (s *Service) Append(ctx context.Context, p access.Principal, doc crdt.DocID, raws [][]byte) error {
	inner, err := s.inner(p, doc)
	if err != nil {
		return err
	}
	who := principal{Principal: p}
	return s.drive.Append(ctx, inner, replica.Append{Author: who.Author(), Principal: who, Raws: raws})
}

// notice hears what happened to a document: who may see it from now on hears of it at once.
func (s *Service) notice(doc crdt.DocID, n replica.Notice) {
	switch n := n.(type) {
	case replica.Changed:
		s.opt.Metrics.ChangesAdmitted(n.To - n.From)
		if s.opt.OnChange != nil {
			s.opt.OnChange(doc)
		}
		if n.MetaChanged {
			s.templates.changed(doc, n.Meta)
			s.announce(doc, n.Meta)
		}
	case replica.Refused:
		s.opt.Metrics.Refused(n.Refusal.Code, max(n.More, 1))
		org, _, _ := strings.Cut(string(n.Author), "/") // of who may have been refused the making of it: there is no record then
		if names, err := s.namespace(org); err == nil {
			doc = names.Outer(doc)
		}
		s.opt.Log.Info("change refused", "doc", doc.String(), "author", string(n.Author), "code", string(n.Refusal.Code),
			"change", n.Refusal.Change.String(), "detail", loggable(n.Refusal))
	case replica.SnapshotFailed:
		s.log.Warn("snapshot not taken", "doc", doc.String(), "error", n.Err.Error())
	}
}

// loggable is a refusal's detail without the path that stands before a rule's reason: people's names may stand in it.
func loggable(r crdt.Refusal) string {
	if r.Code != crdt.RefusedNotAllowed {
		return r.Detail
	}
	return strings.TrimPrefix(r.Detail[strings.LastIndex(r.Detail, ": ")+1:], " ")
}

// ByCredential makes the question whether a connection was let in by this token or session.
func ByCredential(credential string) func(replica.Principal) bool {
	return func(p replica.Principal) bool {
		who, ok := p.(principal)
		return ok && who.Credential == credential
	}
}

// ByUser makes the question whether a connection is a user's.
func ByUser(user string) func(replica.Principal) bool {
	return func(p replica.Principal) bool {
		who, ok := p.(principal)
		return ok && who.User == user
	}
}

// Account gives who stands behind what Principal made; nobody behind anything else.
func Account(p replica.Principal) access.Principal {
	who, _ := p.(principal)
	return who.Principal
}
