package files

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"fieldsync/blobs"
	"fieldsync/crdt"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/problem"

	"github.com/danielgtaylor/huma/v2"
)

// Where a client asks for a way past the server, and says that it has used it.
const (
	DirectPath  = Pattern + "/direct"
	ConfirmPath = Pattern + "/confirm"
)

const (
	directFor  = 15 * time.Minute // an address is good for: 256 MiB at 300 KiB/s
	confirmFor = time.Hour
	getFor     = 5 * time.Minute // an address to read from
	// What a principal may have been given and not yet confirmed: each may become an object that nobody counts until it is swept.
	maxDirect      = 100
	maxDirectBytes = 20 << 30
	maxLedger      = 10_000 // principals in the ledger; more, and the oldest is forgotten
)

// DirectAsk is what a client sends.
type DirectAsk struct {
	Size int64 `json:"size" minimum:"0" maximum:"5368709120" doc:"The file's length in bytes"`
}

// DirectAnswer is a request that the client makes as it stands, and what it sends back afterwards.
type DirectAnswer struct {
	Method  string            `json:"method"`
	URL     string            `json:"url" doc:"Of the object storage; it holds a signature: do not log it, do not send a token there"`
	Header  map[string]string `json:"header" doc:"To be sent as they are; they are signed"`
	Expires string            `json:"expires_at"`
	Token   string            `json:"token" doc:"To be sent to confirm"`
}

// Confirmation is what a client sends after its direct upload.
type Confirmation struct {
	Token string `json:"token" maxLength:"1024"`
}

// ConfirmAnswer says that the file is here.
type ConfirmAnswer struct {
	State string `json:"state" enum:"here"`
}

var errNoDirect = &problem.Problem{Status: http.StatusNotFound, Code: "no-direct", Detail: "Here files go through the server: use /api/v1/uploads."}

// RegisterDirect adds the operations of direct uploads.
func (h *Handler) RegisterDirect(a *api.API) {
	huma.Register(a, huma.Operation{
		OperationID: "direct-file", Method: http.MethodPost, Path: DirectPath, Tags: []string{"files"},
		Summary:     "An address to send a file to the object storage directly",
		Description: "For fast links. The address takes exactly this file, once, within 15 minutes; then confirm. 404 no-direct where files go through the server.",
	}, h.askDirect)
	huma.Register(a, huma.Operation{
		OperationID: "confirm-file", Method: http.MethodPost, Path: ConfirmPath, Tags: []string{"files"},
		Summary:     "Says that a file was sent directly; the server checks it before it counts",
		Description: "404 not-held: nothing came. 400 mismatch: it was something else, and is removed.",
	}, h.confirm)
}

type directInput struct {
	SHA256 string `path:"sha256" pattern:"^[0-9a-f]{64}$"`
	Job    string `query:"job" required:"true" doc:"The document id of the job that the file is for"`
	Body   DirectAsk
}

type directOutput struct{ Body DirectAnswer }

// writing is what the operations that deliver a file need to know first.
func (h *Handler) writing(ctx context.Context, sum, doc string) (request, error) {
	var q request
	var err error
	if q.ref, err = blobs.ParseRef(sum); err != nil {
		return q, err
	}
	if q.job, err = crdt.ParseDocID(doc); err != nil {
		return q, err
	}
	if q.who, err = api.Principal(ctx); err != nil {
		return q, err
	}
	if err = h.cfg.May(ctx, q.who, q.job, true); err != nil {
		return q, err
	}
	q.space, err = spaceOf(q.who)
	return q, err
}

func (h *Handler) askDirect(ctx context.Context, in *directInput) (*directOutput, error) {
	if h.cfg.Direct == nil {
		return nil, errNoDirect
	}
	q, err := h.writing(ctx, in.SHA256, in.Job)
	if err != nil {
		return nil, err
	}
	if in.Body.Size > h.cfg.MaxFile {
		return nil, crdt.Errorf(crdt.KindTooLarge, "the file is %d bytes long, %d are allowed", in.Body.Size, h.cfg.MaxFile)
	}
	now := time.Now()
	id := strings.ToLower(rand.Text())
	if !h.ledger.open(owner(q.who), id, in.Body.Size, now) {
		return nil, &problem.Problem{Status: http.StatusTooManyRequests, Code: "quota", Detail: "Too many direct uploads are open; confirm some.", Retry: problem.RetryAfter}
	}
	r, err := h.cfg.Direct.DirectPut(ctx, q.space, q.ref, in.Body.Size, id, directFor)
	if err != nil {
		return nil, err
	}
	token, err := h.seals.seal(q.challenge(in.Body.Size, []byte(id), now.Add(confirmFor)))
	if err != nil {
		return nil, err
	}
	out := &directOutput{DirectAnswer{Method: r.Method, URL: r.URL, Header: map[string]string{}, Token: token,
		Expires: now.Add(directFor).UTC().Format(time.RFC3339)}}
	for name := range r.Header {
		out.Body.Header[name] = r.Header.Get(name)
	}
	return out, nil
}

func owner(p access.Principal) string { return p.Org + "/" + p.ID }

type confirmInput struct {
	SHA256 string `path:"sha256" pattern:"^[0-9a-f]{64}$"`
	Job    string `query:"job" required:"true" doc:"The document id of the job that the file is for"`
	Body   Confirmation
}

type confirmOutput struct{ Body ConfirmAnswer }

func (h *Handler) confirm(ctx context.Context, in *confirmInput) (*confirmOutput, error) {
	if h.cfg.Direct == nil {
		return nil, errNoDirect
	}
	q, err := h.writing(ctx, in.SHA256, in.Job)
	if err != nil {
		return nil, err
	}
	asked, ok := h.asked(q, in.Body.Token)
	if !ok {
		return nil, errNotHeld
	}
	free, err := take(h.claims)
	if err != nil {
		return nil, err
	}
	defer free()
	err = h.cfg.Direct.Accept(ctx, q.space, q.ref, asked.Size, string(asked.Nonce))
	if errors.Is(err, blobs.ErrNotFound) {
		// Confirmed before, and the answer got lost?
		if d, derr := h.cfg.Held(ctx, q.who, q.job, q.ref); derr != nil || !d {
			return nil, errors.Join(derr, errNotHeld)
		}
		err = nil
	}
	if err != nil {
		return nil, err
	}
	if err := h.cfg.Delivered(ctx, q.who, q.job, q.ref, asked.Size); err != nil {
		return nil, err
	}
	h.ledger.close(owner(q.who), string(asked.Nonce))
	return &confirmOutput{ConfirmAnswer{State: "here"}}, nil
}

// redirect answers a GET with an address of the object storage, if the client asks for it and there is one.
func (h *Handler) redirect(w http.ResponseWriter, r *http.Request, q request, info blobs.Info, contentType, disposition string) (done bool, err error) {
	wanted, _ := strconv.ParseBool(r.URL.Query().Get("redirect"))
	// What the storage serves nobody checks on its way: it must be the storage that answers for it.
	if !wanted || h.cfg.Direct == nil || r.Method != http.MethodGet || !info.Attested {
		return false, nil
	}
	at, err := h.cfg.Direct.DirectGet(r.Context(), q.space, q.ref, contentType, disposition, getFor)
	if err != nil {
		return false, err
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", at)
	w.WriteHeader(http.StatusTemporaryRedirect)
	return true, nil
}

// ledger counts what principals were given and have not confirmed. Each server counts for itself.
type ledger struct {
	mu      sync.Mutex
	entries map[string]map[string]given
	order   []string
}

type given struct {
	size  int64
	until time.Time
}

func (l *ledger) open(who, id string, size int64, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.entries == nil {
		l.entries = map[string]map[string]given{}
	}
	mine := l.entries[who]
	bytes := size
	for old, g := range mine {
		if g.until.Before(now) {
			delete(mine, old)
			continue
		}
		bytes += g.size
	}
	if len(mine) >= maxDirect || bytes > maxDirectBytes {
		return false
	}
	if mine == nil {
		if len(l.order) >= maxLedger {
			delete(l.entries, l.order[0])
			l.order = l.order[1:]
		}
		mine = map[string]given{}
		l.entries[who] = mine
		l.order = append(l.order, who)
	}
	mine[id] = given{size, now.Add(confirmFor)}
	return true
}

func (l *ledger) close(who, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.entries[who], id)
}
