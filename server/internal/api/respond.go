package api

import (
	"encoding/json"
	"mime"
	"net/http"
	"strconv"
	"time"

	"fieldsync/crdt"
)

// Status is the HTTP status of an error kind.
func Status(k crdt.Kind) int {
	switch k {
	case crdt.KindInvalid:
		return http.StatusBadRequest
	case crdt.KindNotFound:
		return http.StatusNotFound
	case crdt.KindUnauthenticated:
		return http.StatusUnauthorized
	case crdt.KindForbidden:
		return http.StatusForbidden
	case crdt.KindConflict:
		return http.StatusConflict
	case crdt.KindTooLarge:
		return http.StatusRequestEntityTooLarge
	case crdt.KindBusy:
		return http.StatusTooManyRequests
	case crdt.KindUnavailable:
		return http.StatusServiceUnavailable
	case crdt.KindUnsupported:
		return http.StatusUnsupportedMediaType
	default:
		return http.StatusInternalServerError
	}
}

// Problem is the body of every answer that is an error.
type Problem struct {
	Error string `json:"error"` // the kind in words; stable, for programs
	Text  string `json:"text"`  // for people; says nothing about our insides
}

// RetryAfter is what a busy or unavailable server tells clients to wait. Seconds, so that a crowd does not come back at
// once; clients add jitter of their own.
const RetryAfter = 5 * time.Second

// WriteError answers with the error's kind. The text of an internal error or of one that storage gave stays with us.
func WriteError(w http.ResponseWriter, err error) {
	kind := crdt.KindOf(err)
	text := err.Error()
	switch kind {
	case crdt.KindInternal:
		text = "something went wrong here; it is logged"
	case crdt.KindUnavailable:
		text = "storage is not available now; try again"
	}
	h := w.Header()
	switch kind {
	case crdt.KindBusy, crdt.KindUnavailable:
		h.Set("Retry-After", strconv.Itoa(int(RetryAfter/time.Second)))
	case crdt.KindUnauthenticated:
		h.Set("WWW-Authenticate", `Bearer realm="fieldsync"`)
	}
	WriteJSON(w, Status(kind), Problem{Error: kind.String(), Text: text})
}

// WriteJSON answers with a value. Answers may hold what only this principal may see, so that nothing keeps them.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil { // only a value of ours that cannot be JSON
		status, body = http.StatusInternalServerError, []byte(`{"error":"internal","text":"the answer could not be written"}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the client went away: nobody is left to tell
}

// MaxJSONBody bounds a JSON request: login, settings; documents and files go other ways.
const MaxJSONBody = 64 << 10

// ReadJSON reads the request's body into v: one JSON value of at most MaxJSONBody bytes without unknown keys, declared
// as application/json (which also keeps another site's plain form from sending it).
func ReadJSON(w http.ResponseWriter, r *http.Request, v any) error {
	if ct := r.Header.Get("Content-Type"); !isJSON(ct) {
		return crdt.Errorf(crdt.KindUnsupported, "send application/json")
	}
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, MaxJSONBody))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return crdt.Errorf(crdt.KindInvalid, "the body is not the JSON expected here")
	}
	if dec.More() {
		return crdt.Errorf(crdt.KindInvalid, "more than one JSON value")
	}
	return nil
}

func isJSON(contentType string) bool {
	mt, _, err := mime.ParseMediaType(contentType)
	return err == nil && mt == "application/json"
}
