package slowlink

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

// State is what Control tells.
type State struct {
	Class       string         `json:"class"`
	Classes     []string       `json:"classes"`
	Bytes       map[Kind]Count `json:"bytes"`
	Connections int            `json:"connections"` // open now
	Made        int            `json:"made"`        // since the start, or since the last POST /reset
}

// Control serves a link to whoever tests through it, a browser's journey for instance:
//
//	GET  /         State, as JSON
//	PUT  /class    the name of a class in the body: the line is that from now on
//	POST /break    every connection breaks
//	POST /reset    bytes and connections are counted anew
func (k *Link) Control() http.Handler {
	mux := http.NewServeMux()
	state := func(w http.ResponseWriter) {
		s := State{Class: k.Class().Name, Bytes: k.Counts()}
		s.Connections, s.Made = k.Connections()
		for _, c := range Classes() {
			s.Classes = append(s.Classes, c.Name)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s)
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { state(w) })
	mux.HandleFunc("PUT /class", func(w http.ResponseWriter, r *http.Request) {
		name, err := io.ReadAll(io.LimitReader(r.Body, 64))
		c, perr := ParseClass(strings.TrimSpace(string(name)))
		if err := errors.Join(err, perr); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if err := k.Set(c); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		state(w)
	})
	mux.HandleFunc("POST /break", func(w http.ResponseWriter, _ *http.Request) { k.Break(); state(w) })
	mux.HandleFunc("POST /reset", func(w http.ResponseWriter, _ *http.Request) { k.ResetCounts(); state(w) })
	return mux
}
