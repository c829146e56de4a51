package goclient

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/gorilla/websocket"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/history"
	"fieldsync/crdt/job"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store/memstore"
)

// refusing is a server whose policy refuses every change but a document's first, and but those that keep from the title, until
// it is told to be kind. strict refuses first changes too.
type refusing struct {
	drive        *drive.Drive
	kind, strict atomic.Bool
	code         atomic.Value // crdt.RefusalCode; not-allowed where it is empty
	left         atomic.Int64 // after so many more refusals it is kind
}

// takes makes the server kind after so many more refusals.
func (r *refusing) takes(after int64) { r.left.Store(after) }

func writesTitle(a *history.Admission) bool {
	for i := range a.Change.Ops {
		if a.Path(i)[0].Key == job.KeyTitle {
			return true
		}
	}
	return false
}

type somebody struct{}

func (somebody) Author() history.Author { return "somebody" }

func newRefusing(t *testing.T) (*refusing, string) {
	r := &refusing{}
	r.drive = drive.New(drive.Config{
		Replica: &replica.Config{PeerID: "refusing", StorageID: "refusing-storage", History: history.DefaultLimits(),
			Policy: func(replica.Principal, crdt.DocID, []byte) history.Policy {
				return func(a *history.Admission) *crdt.Refusal {
					first := a.History.Len() == 0
					if r.kind.Load() || first && !r.strict.Load() || !first && !writesTitle(a) {
						return nil
					}
					code := crdt.RefusedNotAllowed
					if c, ok := r.code.Load().(crdt.RefusalCode); ok {
						code = c
					}
					if r.left.Load() > 0 && r.left.Add(-1) == 0 {
						r.kind.Store(true)
					}
					return &crdt.Refusal{Code: code, Change: a.Change.Hash, Detail: "not on a Monday"}
				}
			}},
		Store: memstore.New(memstore.Options{}), Snapshot: engine.Snapshot,
	})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/session", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"org":"o","user":"anna","name":"Anna","role":"worker"}`)
	})
	mux.HandleFunc("GET /sync", r.serve)
	s := httptest.NewServer(mux)
	t.Cleanup(r.drive.Close)
	t.Cleanup(s.Close)
	return r, s.URL
}

// socket is the least that a drive.Conn can be: it writes at once.
type socket struct{ out chan []byte }

func (s socket) Queue(head, tail []byte, _ bool) bool {
	s.out <- append(append([]byte(nil), head...), tail...)
	return true
}

func (s socket) Close(replica.Close) {}

func (r *refusing) serve(w http.ResponseWriter, req *http.Request) {
	ws, err := (&websocket.Upgrader{}).Upgrade(w, req, nil)
	if err != nil {
		return
	}
	defer ws.Close()
	s := socket{make(chan []byte, 10_000)}
	l := r.drive.Connect(s, somebody{}, false)
	defer l.Closed()
	over := make(chan struct{})
	defer close(over)
	go func() {
		for {
			select {
			case m := <-s.out:
				_ = ws.WriteMessage(websocket.BinaryMessage, m)
			case <-over:
				return
			}
		}
	}()
	for {
		_, data, err := ws.ReadMessage()
		if err != nil || l.Receive(data) != nil {
			return
		}
	}
}
