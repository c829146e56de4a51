package client

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/store"
)

// folder is a client's folder with a document of which the server has refused the second of three changes.
type folder struct {
	*Client
	t   *testing.T
	dir string
	id  crdt.DocID
	bad crdt.Hash
}

func refusedFolder(t *testing.T) *folder {
	t.Helper()
	whoever := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"org":"o","user":"anna","name":"Anna","role":"worker"}`))
	}))
	t.Cleanup(whoever.Close)
	f := &folder{t: t, dir: t.TempDir()}
	f.open()
	if _, err := f.Login(t.Context(), whoever.URL, "any"); err != nil {
		t.Fatal(err)
	}
	var err error
	if f.id, err = f.Create(t.Context(), crdt.Edit{Kind: crdt.EditSet, Path: crdt.Path{"a"}, Value: int64(1)}); err != nil {
		t.Fatal(err)
	}
	f.set("title", "no")
	heads, err := f.Heads(f.id)
	if err != nil {
		t.Fatal(err)
	}
	f.bad = heads[0]
	f.set("b", int64(2))
	f.refusedByServer(nil, f.id, crdt.Refusal{Code: crdt.RefusedNotAllowed, Change: f.bad, Detail: "no"}, false)
	f.reopen()
	return f
}

func (f *folder) open() {
	f.t.Helper()
	c, err := Open(Options{Dir: f.dir})
	if err != nil {
		f.t.Fatal(err)
	}
	f.Client = c
	f.t.Cleanup(func() { _ = c.Close() })
}

// reopen is what a crash between two durable steps comes to.
func (f *folder) reopen() {
	f.t.Helper()
	if err := f.Close(); err != nil {
		f.t.Fatal(err)
	}
	f.open()
}

func (f *folder) set(key string, value any) {
	f.t.Helper()
	if err := f.Change(f.t.Context(), f.id, func(tx *engine.Tx) error { return tx.Set(crdt.Path{key}, value) }); err != nil {
		f.t.Fatal(err)
	}
}

func (f *folder) session() *session {
	return &session{c: f.Client, changed: make(chan struct{}), moves: map[crdt.DocID]int{}}
}

// holds the folder against whether the change was taken out of the document.
func (f *folder) check(when string, out bool) {
	f.t.Helper()
	works, err := f.Refused(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	v, err := f.View(f.id)
	if err != nil {
		f.t.Fatal(err)
	}
	_, titled := v.Tree["title"]
	if (len(works) == 1) != out || titled == out || v.Tree["a"] != int64(1) || v.Tree["b"] != int64(2) {
		f.t.Errorf("%s: %d pieces of refused work, the document is %v", when, len(works), v.Tree)
	}
	u, err := f.Unsent(f.t.Context())
	if want := 3; err != nil || u.Changes != want && !out || out && u.Changes != want-1 {
		f.t.Errorf("%s: %d changes unsent, %v", when, u.Changes, err)
	}
}

func TestACrashAtAnyStepOfARecoveryLosesNothing(t *testing.T) {
	f := refusedFolder(t)
	f.check("before", false)
	r, err := f.plan(t.Context(), f.session(), f.id)
	if err != nil || r == nil {
		t.Fatal(r, err)
	}
	if err := store.Write(f.store, r.ops); err != nil {
		t.Fatal(err)
	}
	f.reopen()
	f.check("after the book was written", false)

	if r, err = f.plan(t.Context(), f.session(), f.id); err != nil || r == nil {
		t.Fatal(r, err)
	}
	if err := store.Write(f.store, r.ops); err != nil {
		t.Fatal(err)
	}
	if err := f.drive.Discard(t.Context(), f.id, r.discard); err != nil {
		t.Fatal(err)
	}
	f.reopen()
	f.check("after the document was rewritten", true)
	f.check("and once more", true)

	if err := f.recover(t.Context(), f.session(), f.id); err != nil { // the next session finds nothing to do
		t.Fatal(err)
	}
	f.check("at the end", true)
}

func TestWorkThatIsDoneAgainIsNotDoneTwiceAfterACrash(t *testing.T) {
	f := refusedFolder(t)
	if err := f.recover(t.Context(), f.session(), f.id); err != nil {
		t.Fatal(err)
	}
	f.check("recovered", true)
	works, err := f.Refused(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e, err := f.workOf(f.id, works[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	e.Again = crdt.Hash{1}.String() // as if it was about to be done
	if err := f.putWork(workKey(f.id, works[0].ID), e); err != nil {
		t.Fatal(err)
	}
	f.reopen()
	f.check("a crash before it was done", true)
	if _, err := f.Again(t.Context(), works[0]); err != nil {
		t.Fatal(err)
	}
	heads, err := f.Heads(f.id)
	if err != nil {
		t.Fatal(err)
	}
	e.Again = heads[0].String() // as if the entry had outlived it
	if err := f.putWork(workKey(f.id, works[0].ID), e); err != nil {
		t.Fatal(err)
	}
	f.reopen()
	if left, err := f.Refused(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("a crash after it was done: %d pieces of refused work, %v", len(left), err)
	}
	if _, err := f.Again(t.Context(), works[0]); !errors.Is(err, ErrNotFound) {
		t.Errorf("done a second time: %v", err)
	}
	if now, err := f.Heads(f.id); err != nil || !now.Equal(heads) {
		t.Errorf("the document changed: %v", err)
	}
}

// With the book full nothing is taken out of a document: it waits there, and is not lost.
func TestAFullBookTakesNothingMore(t *testing.T) {
	f := refusedFolder(t)
	big := workEntry{Code: crdt.RefusedNotAllowed, RefusedAt: time.Now().UnixMilli(), Pieces: []workPiece{{Raw: make([]byte, maxWorkBytes/2)}}}
	if err := f.putWork(workKey(crdt.DocID{1}, crdt.Hash{1}), &big); err != nil { // in base64 that is two thirds of it
		t.Fatal(err)
	}
	big.Pieces[0].Raw = make([]byte, maxWorkBytes/4)
	if err := f.putWork(workKey(crdt.DocID{1}, crdt.Hash{2}), &big); err != nil {
		t.Fatal(err)
	}
	if err := f.recover(t.Context(), f.session(), f.id); !errors.Is(err, errBookFull) {
		t.Errorf("with a full book: %v", err)
	}
	if v, err := f.View(f.id); err != nil || v.Tree["title"] != "no" {
		t.Errorf("the document is %v, %v", v.Tree, err)
	}
	if err := f.Dismiss(t.Context(), Work{Doc: crdt.DocID{1}, ID: crdt.Hash{2}}); err != nil {
		t.Fatal(err)
	}
	if err := f.recover(t.Context(), f.session(), f.id); err != nil {
		t.Errorf("with room: %v", err)
	}
}

func TestEachGenerationIsAnotherActorThatSortsAsTheFirst(t *testing.T) {
	f := refusedFolder(t)
	seen := map[crdt.ActorID]bool{}
	first, err := f.actorOf(&f.account, f.id)
	if err != nil {
		t.Fatal(err)
	}
	last := first
	for range 5 {
		_, op, err := f.nextGeneration(f.id)
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Write(f.store, []store.Op{op}); err != nil {
			t.Fatal(err)
		}
		f.reopen()
		next, err := f.actorOf(&f.account, f.id)
		if err != nil || seen[next] || next[:len(first)] != first || next <= last || len(next) > crdt.MaxActorID {
			t.Fatalf("%s after %s, %v", next, last, err)
		}
		seen[next], last = true, next
	}
}
