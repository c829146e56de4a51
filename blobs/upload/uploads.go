package upload

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path"
	"sync"
	"time"

	"fieldsync/blobs"
)

// What uploads answer beside the errors of package blobs; always tested with errors.Is.
var (
	ErrQuota  = errors.New("upload: too many uploads are open")
	ErrOffset = errors.New("upload: the bytes do not begin where the upload ends")
)

// Backend is what uploads need of a blob store.
type Backend interface {
	blobs.Store
	blobs.Stage
}

// Quota bounds what may be open at once.
type Quota struct {
	Uploads int
	Bytes   int64 // declared, of all of them
}

// Config says how uploads are taken. Store is required.
type Config struct {
	Store Backend
	// MaxSize bounds a file, in bytes. 0: blobs.MaxSize.
	MaxSize int64
	// PerOwner and PerSpace bound what a principal, and what an organisation may have open. Zero fields: the defaults.
	PerOwner, PerSpace Quota
	// ExpireAfter is how long an upload to which nothing is added is kept. 0: 7 days, so that a phone that was in a drawer
	// over the weekend goes on. (MinIO by itself drops the parts of large files after a day: MINIO_API_STALE_UPLOADS_EXPIRY.)
	ExpireAfter time.Duration
	// PartSize is how much is gathered in memory, in bytes, and so how much each chunk that is received takes at most.
	// 0: 8 MiB; at least the store's MinPart.
	PartSize int64
	// FlushAfter is how long bytes of a slow sender wait in memory. 0: 2 seconds.
	FlushAfter time.Duration
	// Check is asked, with the values of the request's context, before a file that is whole gets its name; its error refuses
	// it. Done is told when it has. Both may be nil.
	Check, Done func(ctx context.Context, s State) error
	Log         *slog.Logger     // nil: nothing is logged
	Now         func() time.Time // nil: time.Now
}

// Defaults. A phone sends one to three files at a time; a browser that is given a folder some tens.
const (
	DefaultExpireAfter = 7 * 24 * time.Hour
	DefaultPartSize    = 8 << 20
	DefaultFlushAfter  = 2 * time.Second
	keepDone           = 24 * time.Hour // a sender who missed the answer asks within that
	maxPieces          = 16             // of one upload: then they become one
	gigabyte           = 1 << 30
)

// DefaultPerOwner and DefaultPerSpace are the quotas.
func DefaultPerOwner() Quota { return Quota{Uploads: 100, Bytes: 20 * gigabyte} }

// DefaultPerSpace is the quota of an organisation.
func DefaultPerSpace() Quota { return Quota{Uploads: 2000, Bytes: 500 * gigabyte} }

// Uploads takes files. Safe for concurrent use.
type Uploads struct {
	cfg     Config
	writer  string   // this process
	opening sync.Map // blobs.Space -> *sync.Mutex: held while the open uploads are counted and one is added
	buffers sync.Pool
	extra   chan struct{} // parts of memory that chunks on fast links share
}

// New makes Uploads over a store.
func New(cfg Config) (*Uploads, error) {
	if cfg.Store == nil {
		return nil, errors.New("upload: a store is required")
	}
	fill(&cfg.MaxSize, blobs.MaxSize)
	fill(&cfg.PerOwner.Uploads, DefaultPerOwner().Uploads)
	fill(&cfg.PerOwner.Bytes, DefaultPerOwner().Bytes)
	fill(&cfg.PerSpace.Uploads, DefaultPerSpace().Uploads)
	fill(&cfg.PerSpace.Bytes, DefaultPerSpace().Bytes)
	fill(&cfg.ExpireAfter, DefaultExpireAfter)
	fill(&cfg.PartSize, DefaultPartSize)
	fill(&cfg.FlushAfter, DefaultFlushAfter)
	cfg.PartSize = max(cfg.PartSize, cfg.Store.MinPart())
	if cfg.MaxSize < 0 || cfg.MaxSize > blobs.MaxSize || cfg.PartSize > blobs.MaxNote {
		return nil, fmt.Errorf("upload: MaxSize %d or PartSize %d is out of range", cfg.MaxSize, cfg.PartSize)
	}
	if cfg.Check == nil {
		cfg.Check = func(context.Context, State) error { return nil }
	}
	if cfg.Done == nil {
		cfg.Done = func(context.Context, State) error { return nil }
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Uploads{cfg: cfg, writer: rand.Text(), extra: make(chan struct{}, maxExtra)}, nil
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Create opens an upload. Errors: ErrQuota; blobs.ErrInvalid, blobs.ErrTooLarge; the store's.
func (u *Uploads) Create(ctx context.Context, o Owner, f File) (*Upload, error) {
	return u.create(ctx, o, f, false)
}

// CreateOrResume gives the upload that the owner has open of the same file with the same metadata, or opens one: for a client
// that may have lost the answer to an earlier Create.
func (u *Uploads) CreateOrResume(ctx context.Context, o Owner, f File) (*Upload, error) {
	return u.create(ctx, o, f, true)
}

func (u *Uploads) create(ctx context.Context, o Owner, f File, resume bool) (*Upload, error) {
	if _, err := blobs.Key(o.Space, f.Ref); err != nil {
		return nil, err
	}
	meta := 0
	for k, v := range f.Meta {
		meta += len(k) + len(v)
	}
	switch {
	case o.ID == "" || f.Size < 0:
		return nil, fmt.Errorf("upload: %w: nobody's, or of %d bytes", blobs.ErrInvalid, f.Size)
	case f.Size > u.cfg.MaxSize:
		return nil, fmt.Errorf("upload: %w: %d bytes, %d are allowed", blobs.ErrTooLarge, f.Size, u.cfg.MaxSize)
	case meta > maxMeta:
		return nil, fmt.Errorf("upload: %w: %d bytes of metadata", blobs.ErrTooLarge, meta)
	}
	// Of the servers on one store each counts for itself: together they may go over by as many as they are.
	mu, _ := u.opening.LoadOrStore(o.Space, new(sync.Mutex))
	mu.(*sync.Mutex).Lock()
	defer mu.(*sync.Mutex).Unlock()
	same, err := u.admit(ctx, o, f)
	if resume {
		for _, id := range same {
			old, oerr := u.Open(ctx, o, id)
			if oerr == nil && old.ref == f.Ref && old.n.Size == f.Size && maps.Equal(old.n.Meta, f.Meta) && !old.n.Done {
				return old, nil
			}
		}
	}
	if err != nil {
		return nil, err
	}
	up := &Upload{u: u, owner: o, id: newID(o, f), n: note{Version: noteVersion, Owner: o.ID, SHA256: f.Ref.String(), Size: f.Size,
		Meta: maps.Clone(f.Meta), Created: u.cfg.Now().UnixMilli(), Writer: u.writer}, next: 1, ref: f.Ref}
	up.version = blobs.Absent
	return up, up.commit(ctx)
}

// admit counts what is open. What has expired does not count, whether or not it was swept. It also gives the owner's uploads of
// what may be the same file.
func (u *Uploads) admit(ctx context.Context, o Owner, f File) (same []string, err error) {
	var all, own Quota
	old := u.cfg.Now().Add(-u.cfg.ExpireAfter)
	tag := o.tag()
	err = each(ctx, u.cfg.Store, o.Space, "state/", func(n blobs.NoteInfo) error {
		id, ok := parseID(path.Base(n.Path))
		if !ok || n.Modified.Before(old) {
			return nil
		}
		all.Uploads, all.Bytes = all.Uploads+1, all.Bytes+id.size
		if id.owner == tag {
			own.Uploads, own.Bytes = own.Uploads+1, own.Bytes+id.size
			if id.size == f.Size && id.ref == f.Ref.String()[:refChars] {
				same = append(same, path.Base(n.Path))
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, q := range []struct {
		have, limit Quota
		whose       string
	}{{own, u.cfg.PerOwner, "yours"}, {all, u.cfg.PerSpace, "your organisation's"}} {
		if q.have.Uploads >= q.limit.Uploads || q.have.Bytes+f.Size > q.limit.Bytes {
			return same, fmt.Errorf("%w: %s, %d uploads of %d bytes together; finish or end some", ErrQuota, q.whose, q.have.Uploads, q.have.Bytes)
		}
	}
	return same, nil
}

// each visits all notes with a prefix.
func each(ctx context.Context, s blobs.NoteKeeper, space blobs.Space, prefix string, visit func(blobs.NoteInfo) error) error {
	for after := ""; ; {
		page, err := s.ListNotes(ctx, space, prefix, after, blobs.MaxList)
		if err != nil {
			return err
		}
		for _, n := range page {
			if err := visit(n); err != nil {
				return err
			}
		}
		if len(page) < blobs.MaxList {
			return nil
		}
		after = page[len(page)-1].Path
	}
}

// Open gives an owner's upload. One that is not there, has expired or is somebody else's is blobs.ErrNotFound. An upload of
// which all bytes are here and that is not finished, because the store or the server failed just then, is finished first.
func (u *Uploads) Open(ctx context.Context, o Owner, id string) (*Upload, error) {
	if named, ok := parseID(id); !ok || named.owner != o.tag() {
		return nil, fmt.Errorf("upload: %w", blobs.ErrNotFound)
	}
	up, err := u.load(ctx, o.Space, id)
	if err != nil {
		return nil, err
	}
	if up.n.Owner != o.ID {
		return nil, fmt.Errorf("upload: %w", blobs.ErrNotFound)
	}
	up.owner = o
	if !up.n.Done && up.n.Offset == up.n.Size && up.n.Size > 0 {
		sum, err := up.resume()
		if err == nil {
			err = (&appender{up: up, sum: sum}).finish(ctx)
		}
		if errors.Is(err, blobs.ErrMismatch) || errors.Is(err, blobs.ErrNotFound) {
			err = up.spoilt(ctx, err)
		}
		if err != nil {
			return nil, err
		}
	}
	return up, nil
}

// load reads an upload, under way or done.
func (u *Uploads) load(ctx context.Context, space blobs.Space, id string) (*Upload, error) {
	data, version, err := u.cfg.Store.GetNote(ctx, space, statePath(id))
	if errors.Is(err, blobs.ErrNotFound) {
		data, version, err = u.cfg.Store.GetNote(ctx, space, donePath(id))
	}
	if err != nil {
		return nil, err
	}
	n, err := decodeNote(data)
	if err != nil {
		return nil, err
	}
	ref, err := blobs.ParseRef(n.SHA256)
	if err != nil {
		return nil, err
	}
	return &Upload{u: u, owner: Owner{Space: space, ID: n.Owner}, id: id, n: n, offset: n.Offset, next: n.Next, ref: ref, version: version}, nil
}

// Upload is one upload, as one request sees it. It belongs to one goroutine.
type Upload struct {
	u       *Uploads
	owner   Owner
	id      string
	ref     blobs.Ref
	n       note          // as it is stored, or will be with the next commit
	offset  int64         // as it is stored
	next    int           // the next number of a part or piece
	version blobs.Version // of what is stored
}

// State tells how far it is.
func (up *Upload) State() State {
	return State{ID: up.id, Owner: up.owner, File: File{Ref: up.ref, Size: up.n.Size, Meta: maps.Clone(up.n.Meta)},
		Offset: up.offset, Created: time.UnixMilli(up.n.Created), Done: up.n.Done}
}

// commit writes the state; from then on it counts. blobs.ErrConflict: another process has the upload now.
func (up *Upload) commit(ctx context.Context) error { return up.reserve(ctx, 0) }

// reserve is commit, and keeps so many more numbers for this process.
func (up *Upload) reserve(ctx context.Context, numbers int) error {
	n := up.n
	n.Next = up.next + numbers
	data, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("upload: %w", err)
	}
	version, err := up.u.cfg.Store.PutNote(ctx, up.owner.Space, statePath(up.id), data, up.version)
	if err != nil {
		return err
	}
	up.version, up.n.Next, up.offset = version, n.Next, n.Offset
	return nil
}

func (up *Upload) growing() blobs.Growing {
	return blobs.Growing{Space: up.owner.Space, Ref: up.ref, ID: up.id, Token: up.n.Token}
}

func (up *Upload) resume() (*blobs.Running, error) {
	if up.n.Offset == 0 {
		return blobs.NewRunning(up.ref, up.n.Size)
	}
	return blobs.ResumeRunning(up.ref, up.n.Size, up.n.Offset, up.n.Hash)
}

// Remove ends an upload and takes away all that is kept of it. A file that has its name keeps it.
func (up *Upload) Remove(ctx context.Context) error {
	s := up.u.cfg.Store
	// The state first: what it does not name does not count, and the rest is swept if this is broken off.
	err := errors.Join(s.RemoveNote(ctx, up.owner.Space, statePath(up.id)), s.RemoveNote(ctx, up.owner.Space, donePath(up.id)))
	if err != nil {
		return err
	}
	return up.removeParts(ctx)
}

func (up *Upload) removeParts(ctx context.Context) error {
	s := up.u.cfg.Store
	err := each(ctx, s, up.owner.Space, piecesOf(up.id), func(n blobs.NoteInfo) error {
		return s.RemoveNote(ctx, up.owner.Space, n.Path)
	})
	if up.n.Token != "" {
		err = errors.Join(err, s.DropFile(ctx, up.growing()))
	}
	return err
}
