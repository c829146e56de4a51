package upload

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tus/tusd/v2/pkg/handler"
	"github.com/tus/tusd/v2/pkg/memorylocker"
	"golang.org/x/exp/slog"
)

// HandlerConfig says how uploads are served. Path, Who, Begin, Continue and Fail are required.
type HandlerConfig struct {
	Path string // of the collection, without a slash at its end
	// Who says whose request it is. It is asked first, for every method but OPTIONS.
	Who func(r *http.Request) (Owner, error)
	// Begin says whether an upload may be opened, and what of its metadata is kept. The metadata is what the client sent.
	Begin func(r *http.Request, f File) (File, error)
	// Continue says whether its owner may go on with an upload, look at it or end it.
	Continue func(r *http.Request, s State) error
	// Fail writes the answer to an error: a *Refusal, or what the functions above, the store or Uploads gave.
	Fail func(w http.ResponseWriter, r *http.Request, err error)
	// Transfers bounds the chunks that are received at once, PerOwner those of one owner. 0: the defaults.
	Transfers, PerOwner int
	// Idle is how long a sender may send nothing, MinRate how slow he may be over a whole chunk, in bytes per second; beyond that
	// the connection is cut, and what came is kept. 0: the defaults.
	Idle    time.Duration
	MinRate int64
}

// Defaults and bounds. A chunk takes up to PartSize of memory.
const (
	DefaultTransfers = 64
	DefaultOwnChunks = 8
	DefaultIdle      = 30 * time.Second
	DefaultMinRate   = 2 << 10          // a phone on 2G sends about 4 KiB/s
	grace            = time.Minute      // added to what MinRate allows
	assumedChunk     = 64 << 20         // bytes, of a chunk whose length is not said
	lockPatience     = 10 * time.Second // for the request that has the upload to notice that another wants it, and to flush
	maxRefusal       = 1 << 10          // bytes of tusd's own answer that are looked at
)

// ErrTransfers says that too much is being received at once.
var ErrTransfers = errors.New("upload: too many chunks at once")

// Refusal is an answer of the protocol itself.
type Refusal struct {
	Status int
	Code   string // for programs: a stable word
	Detail string // for people
}

// Error is the refusal in words.
func (r *Refusal) Error() string { return fmt.Sprintf("%d %s: %s", r.Status, r.Code, r.Detail) }

// front serves Path and what lies under it.
type front struct {
	u    *Uploads
	cfg  HandlerConfig
	tus  http.Handler
	mu   sync.Mutex
	busy map[Owner]int // chunks being received; under mu
	all  int           // of all owners
}

// Handler serves uploads over HTTP.
func (u *Uploads) Handler(cfg HandlerConfig) (http.Handler, error) {
	if cfg.Path == "" || cfg.Who == nil || cfg.Begin == nil || cfg.Continue == nil || cfg.Fail == nil {
		return nil, errors.New("upload: Path, Who, Begin, Continue and Fail are required")
	}
	fill(&cfg.Transfers, DefaultTransfers)
	fill(&cfg.PerOwner, DefaultOwnChunks)
	fill(&cfg.Idle, DefaultIdle)
	fill(&cfg.MinRate, DefaultMinRate)
	composer := handler.NewStoreComposer()
	store := dataStore{u, cfg}
	composer.UseCore(store)
	composer.UseTerminater(store)
	composer.UseLocker(locker{memorylocker.New()}) // within this process; between processes the state's version decides
	tus, err := handler.NewHandler(handler.Config{
		StoreComposer: composer, BasePath: cfg.Path + "/", MaxSize: u.cfg.MaxSize, DisableDownload: true, DisableConcatenation: true,
		Cors: &handler.CorsConfig{Disable: true}, Logger: slog.New(silent{}), NetworkTimeout: cfg.Idle, AcquireLockTimeout: lockPatience,
	})
	if err != nil {
		return nil, fmt.Errorf("upload: %w", err)
	}
	return &front{u: u, cfg: cfg, tus: tus, busy: map[Owner]int{}}, nil
}

// ServeHTTP implements http.Handler.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{r: r}
	out := &answer{ResponseWriter: w, control: http.NewResponseController(w), call: c, expires: f.u.cfg.ExpireAfter, now: f.u.cfg.Now}
	err := f.admit(c, r)
	if err == nil {
		var free func()
		if free, err = f.slot(c.owner, r.Method); err == nil {
			defer free()
			out.end = f.end(r)
			inner := r.Clone(context.WithValue(r.Context(), callKey{}, c))
			inner.URL.Path = strings.TrimPrefix(r.URL.Path, f.cfg.Path)
			inner.Header.Del("X-HTTP-Method-Override") // what was let in is what is done
			f.tus.ServeHTTP(out, inner)
			err = out.refusal(c)
		}
	}
	if err != nil {
		f.cfg.Fail(w, r, err)
	}
}

// admit says who asks, and refuses what tusd would take for something else.
func (f *front) admit(c *call, r *http.Request) (err error) {
	if r.Method == http.MethodOptions {
		return nil
	}
	if c.owner, err = f.cfg.Who(r); err != nil {
		return err
	}
	if r.Header.Get("Upload-Concat") != "" { // without the extension it would be opened as an upload like any other
		return &Refusal{http.StatusBadRequest, "unsupported", "Concatenation is not supported here."}
	}
	return nil
}

// slot takes a place among those who send.
func (f *front) slot(o Owner, method string) (free func(), err error) {
	if method != http.MethodPatch && method != http.MethodPost {
		return func() {}, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all >= f.cfg.Transfers || f.busy[o] >= f.cfg.PerOwner {
		return nil, ErrTransfers
	}
	f.all++
	f.busy[o]++
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.all--
		if f.busy[o]--; f.busy[o] == 0 {
			delete(f.busy, o)
		}
	}, nil
}

// end is when the body must be here.
func (f *front) end(r *http.Request) time.Time {
	length := r.ContentLength
	if length < 0 {
		length = assumedChunk
	}
	return time.Now().Add(grace + time.Duration(length/f.cfg.MinRate)*time.Second)
}

// answer is what tusd writes to: it adds what tusd does not know, and keeps back its refusals.
type answer struct {
	http.ResponseWriter
	control *http.ResponseController
	call    *call
	expires time.Duration
	now     func() time.Time
	end     time.Time    // no deadline for reading is later
	refused int          // the status that was kept back
	text    bytes.Buffer // of it
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if a.refused != 0 {
		return
	}
	h := a.Header()
	if status >= 400 {
		a.refused = status
		h.Del("Content-Length")
		return
	}
	if ext := h.Get("Tus-Extension"); ext != "" {
		h.Set("Tus-Extension", ext+",expiration")
	}
	if a.call.found > 0 {
		h.Set("Upload-Offset", strconv.FormatInt(a.call.found, 10))
	}
	if h.Get("Upload-Offset") != "" || h.Get("Location") != "" {
		h.Set("Upload-Expires", a.now().Add(a.expires).UTC().Format(http.TimeFormat))
	}
	if at := h.Get("Location"); at != "" {
		// tusd makes an address of what the request says. Behind a proxy that ends TLS it would be wrong; a path is right.
		if _, rest, ok := strings.Cut(at, "://"); ok {
			if i := strings.IndexByte(rest, '/'); i >= 0 {
				h.Set("Location", rest[i:])
			}
		}
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	if a.refused != 0 {
		a.text.Write(p[:min(len(p), maxRefusal-min(maxRefusal, a.text.Len()))])
		return len(p), nil
	}
	return a.ResponseWriter.Write(p)
}

// SetReadDeadline is for tusd's http.ResponseController, which moves it with all that arrives.
func (a *answer) SetReadDeadline(at time.Time) error {
	if at.After(a.end) {
		at = a.end
	}
	return a.control.SetReadDeadline(at)
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// refusal is the error behind an answer that was kept back; nil: there was none.
func (a *answer) refusal(c *call) error {
	if a.refused == 0 {
		return nil
	}
	if c.err != nil {
		return c.err
	}
	code, detail, _ := strings.Cut(strings.TrimSpace(a.text.String()), ": ")
	if code == "" { // the answer to HEAD has no body; it says 404 or the store failed
		code = http.StatusText(a.refused)
	}
	r := &Refusal{Status: a.refused, Detail: detail, Code: "invalid"}
	switch {
	case a.refused == http.StatusNotFound:
		r.Code, r.Detail = "not-found", "There is no such upload; it may have expired. Begin again."
	case a.refused == http.StatusConflict:
		r.Code = "offset"
	case a.refused == http.StatusRequestEntityTooLarge:
		r.Code = "too-large"
	case a.refused == http.StatusNotImplemented:
		r.Code = "unsupported"
	case a.refused == http.StatusMethodNotAllowed:
		r.Code = "method-not-allowed"
	case a.refused == http.StatusPreconditionFailed:
		r.Code = "tus-version"
	case code == "ERR_LOCK_TIMEOUT":
		r.Status, r.Code, r.Detail = http.StatusLocked, "locked", "Another request is still sending to this upload."
	case code == "ERR_READ_TIMEOUT", code == "ERR_CONNECTION_RESET", code == "ERR_UNEXPECTED_EOF", code == "ERR_SERVER_SHUTDOWN",
		code == "ERR_UPLOAD_INTERRUPTED":
		// 5xx, since clients try again upon these only.
		r.Status, r.Code, r.Detail = http.StatusServiceUnavailable, "broken-off", "The chunk did not arrive as a whole; go on where the upload ends."
	}
	return r
}

// silent is a slog.Handler of tusd's slog that logs nothing: its lines hold paths.
type silent struct{}

// Enabled implements slog.Handler.
func (silent) Enabled(context.Context, slog.Level) bool { return false }

// Handle implements slog.Handler.
func (silent) Handle(context.Context, slog.Record) error { return nil }

// WithAttrs implements slog.Handler.
func (s silent) WithAttrs([]slog.Attr) slog.Handler { return s }

// WithGroup implements slog.Handler.
func (s silent) WithGroup(string) slog.Handler { return s }
