package files

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"fieldsync/blobs"
	"fieldsync/blobs/mark"
	"fieldsync/crdt"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/problem"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Pattern is where the handler belongs in a http.ServeMux; it answers all methods itself.
const Pattern = "/api/v1/files/{sha256}"

// Defaults and bounds. A phone on 2G sends about 4 KiB/s; who is slower than MinRate over the whole file is cut off, so that
// a peer cannot hold a slot for longer than his file's size justifies.
const (
	DefaultMaxFile   = 256 << 20        // bytes: a minute of a phone's video is about 130 MiB
	DefaultIdle      = 30 * time.Second // without a single byte moving
	MinRate          = 2 << 10          // bytes per second, over a whole transfer
	Grace            = time.Minute      // added to what MinRate allows: small files, slow disks
	DefaultTransfers = 64               // uploads at once, and downloads at once; up to two buffers of 512 KiB each
)

// Config is what the handler needs. All but the bounds and the log are required.
type Config struct {
	Store *mark.Store
	// Who says who asks. Its error is the answer.
	Who func(r *http.Request) (access.Principal, error)
	// May says whether somebody may read or write the job. Its error is the answer: KindForbidden, KindNotFound. It is
	// called before the store is asked anything.
	May func(ctx context.Context, who access.Principal, job crdt.DocID, write bool) error
	// Serves tells whether the job's document refers to the file now, and whether its readers may have it for that: whether
	// it was delivered for the job. It is called after May has agreed.
	Serves func(ctx context.Context, who access.Principal, job crdt.DocID, ref blobs.Ref) (bool, error)
	// Held tells whether somebody may know that the file is there, by this job: he may read it, and the job serves it; or
	// he himself delivered it.
	Held func(ctx context.Context, who access.Principal, job crdt.DocID, ref blobs.Ref) (bool, error)
	// Delivered notes, durably, that somebody delivered a file for a job.
	Delivered func(ctx context.Context, who access.Principal, job crdt.DocID, ref blobs.Ref, size int64) error
	// Names gives what the attachments of a job's newest state name.
	Names func(ctx context.Context, who access.Principal, job crdt.DocID) ([]Named, error)
	// WasDelivered tells whether a file was delivered for a job at any time, and its size.
	WasDelivered func(ctx context.Context, who access.Principal, job crdt.DocID, ref blobs.Ref) (was bool, size int64, err error)
	// Arriving gives the uploads of a file that are under way in an organisation.
	Arriving func(ctx context.Context, space blobs.Space, ref blobs.Ref) ([]Arriving, error)
	// Direct are the store's own addresses for clients; nil: everything goes through the server.
	Direct    blobs.Direct
	MaxFile   int64         // bytes, the largest body of a PUT; 0: DefaultMaxFile; at most blobs.MaxSize
	Idle      time.Duration // 0: DefaultIdle
	Transfers int           // 0: DefaultTransfers
	Log       *slog.Logger  // nil: nothing is logged
}

// Handler serves Pattern. Safe for concurrent use.
type Handler struct {
	cfg    Config
	puts   chan struct{}
	gets   chan struct{}
	claims chan struct{}
	seals  *sealer
	ledger ledger
	types  *lru.Cache[string, string] // organisation and file -> what it may be shown as
}

// New checks the configuration and makes a handler.
func New(cfg Config) (*Handler, error) {
	if cfg.Store == nil || cfg.Who == nil || cfg.May == nil || cfg.Serves == nil || cfg.Held == nil || cfg.Delivered == nil ||
		cfg.Names == nil || cfg.WasDelivered == nil || cfg.Arriving == nil {
		return nil, errors.New("files: all but Direct, the bounds and the log is required")
	}
	if cfg.MaxFile == 0 {
		cfg.MaxFile = DefaultMaxFile
	}
	if cfg.Idle == 0 {
		cfg.Idle = DefaultIdle
	}
	if cfg.Transfers == 0 {
		cfg.Transfers = DefaultTransfers
	}
	if cfg.MaxFile < 0 || cfg.MaxFile > blobs.MaxSize || cfg.Idle < 0 || cfg.Transfers < 0 {
		return nil, fmt.Errorf("files: MaxFile %d is not 1 to %d, or Idle or Transfers is negative", cfg.MaxFile, int64(blobs.MaxSize))
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	types, err := lru.New[string, string](sniffed)
	if err != nil {
		return nil, fmt.Errorf("files: %w", err)
	}
	return &Handler{
		cfg:    cfg,
		puts:   make(chan struct{}, cfg.Transfers),
		gets:   make(chan struct{}, cfg.Transfers),
		claims: make(chan struct{}, maxClaimsAtime),
		seals:  newSealer(),
		types:  types,
	}, nil
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var err error
	switch r.Method {
	case http.MethodPut:
		err = h.put(w, r)
	case http.MethodGet, http.MethodHead:
		err = h.get(w, r)
	default:
		w.Header().Set("Allow", "GET, HEAD, PUT")
		err = problem.New(http.StatusMethodNotAllowed, "method-not-allowed", "A file is read with GET or HEAD and stored with PUT.")
	}
	if err == nil {
		return
	}
	if p := problem.Write(w, err); p.Status >= 500 {
		h.cfg.Log.Error("file request failed", "method", r.Method, "status", p.Status, "code", p.Code, "file", r.PathValue("sha256"), "error", err)
	}
}

// request is what every method needs to know first.
type request struct {
	ref   blobs.Ref
	job   crdt.DocID
	who   access.Principal
	space blobs.Space
}

func (h *Handler) admit(r *http.Request, write bool) (request, error) {
	var q request
	var err error
	if q.ref, err = blobs.ParseRef(r.PathValue("sha256")); err != nil {
		return q, err
	}
	jobs := r.URL.Query()["job"]
	if len(jobs) != 1 {
		return q, crdt.Errorf(crdt.KindInvalid, "the query names one job: ?job={document id}")
	}
	if q.job, err = crdt.ParseDocID(jobs[0]); err != nil {
		return q, err
	}
	if q.who, err = h.cfg.Who(r); err != nil {
		return q, err
	}
	if err = h.cfg.May(r.Context(), q.who, q.job, write); err != nil {
		return q, err
	}
	q.space, err = spaceOf(q.who)
	return q, err
}

func spaceOf(who access.Principal) (blobs.Space, error) {
	space, err := blobs.ParseSpace(who.Org)
	if err != nil {
		return "", fmt.Errorf("files: the organisation's id cannot name a space: %v", err) //nolint:errorlint // ours, not the client's, as its kind would say
	}
	return space, nil
}

// take gets one of a bounded number of slots, or says that there is none.
func take(slots chan struct{}) (free func(), err error) {
	select {
	case slots <- struct{}{}:
		return func() { <-slots }, nil
	default:
		return nil, crdt.Errorf(crdt.KindBusy, "too many transfers at once")
	}
}

// pace gives a transfer's deadlines: the idle time from now, but never later than the whole size takes at MinRate.
type pace struct {
	idle time.Duration
	end  time.Time
}

func newPace(idle time.Duration, size int64) pace {
	return pace{idle: idle, end: time.Now().Add(Grace + time.Duration(size/MinRate)*time.Second)}
}

func (p pace) next() time.Time {
	if next := time.Now().Add(p.idle); next.Before(p.end) {
		return next
	}
	return p.end
}
