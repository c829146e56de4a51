package api

import (
	"encoding/json"
	"mime"
	"net/http"

	"fieldsync/crdt"
)

// WriteJSON answers with a value. Answers may hold what only this principal may see, so that nothing keeps them.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil { // only a value of ours that cannot be JSON
		status, body = http.StatusInternalServerError, []byte(`{}`)
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
