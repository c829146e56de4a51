package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"strings"

	"fieldsync/crdt"
	"fieldsync/server/internal/api/idempotency"
	"fieldsync/server/internal/problem"

	"github.com/google/uuid"
)

type ticketKey struct{}

// NewID gives the id of a thing that a request makes. With an idempotency key it is always the same for the key and the purpose; then
// repeated is true where the request may be one that was done before, and the thing may be there.
func NewID(ctx context.Context, purpose string) (id [16]byte, repeated bool) {
	t, ok := ctx.Value(ticketKey{}).(*idempotency.Ticket)
	if !ok {
		return uuid.New(), false
	}
	id = t.ID(purpose)
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // in the form of a UUIDv4, as all others are
	return id, true
}

// once does a request that names an idempotency key at most once, and repeats its answer.
func (a *API) once(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		keys := r.Header.Values("Idempotency-Key")
		if len(keys) == 0 {
			next.ServeHTTP(w, r)
			return
		}
		if err := a.doOnce(w, r, keys, next); err != nil {
			problem.Write(w, KeyProblem(err))
		}
	})
}

func (a *API) doOnce(w http.ResponseWriter, r *http.Request, keys []string, next http.Handler) error {
	p, err := Principal(r.Context())
	if err != nil {
		return err
	}
	if len(keys) > 1 {
		return idempotency.ErrKey
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, arriving{r.Body}, MaxBody))
	if err != nil {
		return err
	}
	answer, ticket, err := a.opt.Keys.Begin(p.Org+"/"+p.ID, unquote(keys[0]), fingerprint(r, body))
	if err != nil {
		return err
	}
	if answer != nil {
		w.Header().Set("Idempotent-Replayed", "true")
		write(w, answer)
		return nil
	}
	defer ticket.Abandon() // after Done it does nothing
	r = r.Clone(context.WithValue(r.Context(), ticketKey{}, ticket))
	r.Body = io.NopCloser(bytes.NewReader(body))
	rec := &recorder{ResponseWriter: w, header: w.Header().Clone()}
	next.ServeHTTP(rec, r)
	out := rec.answer()
	if out.Status < 300 {
		if err := ticket.Done(*out); err != nil { // it is done all the same
			a.opt.Log.Warn("an answer under an idempotency key was not kept", "error", err)
		}
	}
	write(w, out)
	return nil
}

// unquote takes the key of a structured field (RFC 9651) as well as a bare one, as many clients send it.
func unquote(s string) string {
	if len(s) >= 2 && strings.HasPrefix(s, `"`) && strings.HasSuffix(s, `"`) {
		return s[1 : len(s)-1]
	}
	return s
}

// fingerprint is the hash of what makes a request what it is.
func fingerprint(r *http.Request, body []byte) (out [32]byte) {
	h := sha256.New()
	for _, part := range []string{r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Get("Content-Type"), r.Header.Get("If-Match"), r.Header.Get(MuteHeader)} {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		h.Write([]byte(part))
	}
	h.Write(body)
	h.Sum(out[:0])
	return out
}

// KeyProblem gives the answers that the draft asks for.
func KeyProblem(err error) error {
	switch {
	case errors.Is(err, idempotency.ErrReused):
		return problem.New(http.StatusUnprocessableEntity, "idempotency-key-reused", err.Error())
	case errors.Is(err, idempotency.ErrUnderWay):
		p := problem.New(http.StatusConflict, "in-progress", err.Error())
		p.Retry = problem.RetryAfter / 10
		return p
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return crdt.Errorf(crdt.KindTooLarge, "a request has at most %d bytes", MaxBody)
	}
	return err
}

// write sends an answer, a kept one or a new one.
func write(w http.ResponseWriter, a *idempotency.Answer) {
	for name, value := range a.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // the client went away: it may ask again
}

// recorder holds an answer back until it is kept.
type recorder struct {
	http.ResponseWriter
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(p)
}

// Unwrap lets the deadlines of the connection be reached.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) answer() *idempotency.Answer {
	a := &idempotency.Answer{Status: r.status, Header: map[string]string{}, Body: r.body.Bytes()}
	if a.Status == 0 {
		a.Status = http.StatusOK
	}
	for name := range r.header {
		a.Header[name] = r.header.Get(name)
	}
	return a
}
