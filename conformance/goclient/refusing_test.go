package goclient

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gorilla/websocket"

	"fieldsync/client"
	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/history"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store/memstore"
)

// refusing is a server whose policy refuses every change but a document's first, until it is told to be kind.
type refusing struct {
	drive *drive.Drive
	kind  atomic.Bool
}

type somebody struct{}

func (somebody) Author() history.Author { return "somebody" }

func newRefusing(t *testing.T) (*refusing, string) {
	r := &refusing{}
	r.drive = drive.New(drive.Config{
		Replica: &replica.Config{PeerID: "refusing", StorageID: "refusing-storage", History: history.DefaultLimits(),
			Policy: func(replica.Principal, crdt.DocID, []byte) history.Policy {
				return func(a *history.Admission) *crdt.Refusal {
					if a.History.Len() == 0 || r.kind.Load() {
						return nil
					}
					return &crdt.Refusal{Code: crdt.RefusedNotAllowed, Change: a.Change.Hash, Detail: "not on a Monday"}
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

func TestWhatTheServerRefusesIsKeptAndShownUntilItIsTaken(t *testing.T) {
	r, url := newRefusing(t)
	dir := t.TempDir()
	c := open(t, dir, url, "any")
	id := newJob(t, c, "Pump")
	synced(t, c)
	set(t, c, id, "title", "Two pumps")
	set(t, c, id, "title", "Three pumps")
	rep := synced(t, c) // it ends, although the server will never hold what we do
	if rep.Refused != 2 || rep.Sent != 0 {
		t.Errorf("the report: %+v", rep)
	}
	check := func(c *client.Client) {
		t.Helper()
		u, err := c.Unsent(t.Context())
		if err != nil || u.Changes != 2 || len(u.Jobs) != 1 || u.Jobs[0].Refused != 2 || len(u.Jobs[0].Refusals) == 0 {
			t.Fatalf("unsent: %+v, %v", u, err)
		}
		if first := u.Jobs[0].Refusals[0]; first.Code != crdt.RefusedNotAllowed || !strings.Contains(first.Detail, "Monday") || first.At.IsZero() {
			t.Errorf("the reason: %+v", first)
		}
		if v, err := c.View(id); err != nil || v.Job.Title != "Three pumps" {
			t.Errorf("the work is lost: %q, %v", v.Job.Title, err)
		}
	}
	check(c)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c = open(t, dir, "", "")
	check(c) // also after a restart

	r.kind.Store(true)
	if rep := synced(t, c); rep.Sent != 2 || rep.Refused != 0 {
		t.Errorf("when the server takes them: %+v", rep)
	}
	if u, err := c.Unsent(t.Context()); err != nil || u.Changes != 0 {
		t.Errorf("afterwards: %+v, %v", u, err)
	}
}
