package index

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
	"fieldsync/crdt/store/memstore"
	"fieldsync/server/internal/access"
)

// tb is what the support needs of a test: *testing.T and *rapid.T have it.
type tb interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Cleanup(f func())
}

// world is an index over documents that a test makes up.
type world struct {
	t     tb
	store store.Store
	*Index

	mu   sync.Mutex
	docs map[crdt.DocID]*Document
	fail map[crdt.DocID]error // of Load
}

func newWorld(t tb) *world {
	w := &world{t: t, store: memstore.New(memstore.Options{}), docs: map[crdt.DocID]*Document{}, fail: map[crdt.DocID]error{}}
	return w
}

// open opens the index: one that makes rows when it is told to, and compares nothing by itself.
func (w *world) open(change func(*Options)) {
	w.t.Helper()
	w.Index = must(Open(w.options(change)))
	w.t.Cleanup(w.end)
	must(w.pass(context.Background(), false, func(Progress) {}))
}

// end ends the index.
func (w *world) end() {
	w.t.Helper()
	check(w.t, w.Close())
}

func (w *world) options(change func(*Options)) Options {
	o := Options{Store: w.store, Load: w.load, Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&o)
	}
	return o
}

func (w *world) load(_ context.Context, doc crdt.DocID) (*Document, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.fail[doc]; err != nil {
		return nil, err
	}
	d := w.docs[doc]
	if d == nil {
		return nil, crdt.Errorf(crdt.KindNotFound, "none")
	}
	c := *d
	c.Tree = maps.Clone(d.Tree)
	return &c, nil
}

// set is a document's next state: another change came.
func (w *world) set(d *Document) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if old := w.docs[d.ID]; old != nil {
		d.Changes = old.Changes
	}
	d.Changes++
	d.Heads = headsOf(d)
	w.docs[d.ID] = d
	meta := must(access.Record{Org: d.Org, Kind: d.Kind, Creator: d.Creator}.WithAssignees(d.Readers, d.Readers).Encode())
	rec := replica.Record{Heads: d.Heads, Next: d.Changes, Creator: "x", Meta: meta}
	check(w.t, store.Write(w.store, []store.Op{{Key: store.DocRecord(d.ID), Value: rec.Append(nil)}}))
}

// now makes a document's row at once.
func (w *world) now(docs ...crdt.DocID) {
	var group []result
	slices.SortFunc(docs, func(a, b crdt.DocID) int { return bytes.Compare(a[:], b[:]) })
	for _, doc := range slices.Compact(docs) { // as the queue gives them: each once
		group = append(group, w.make(item{doc: doc, since: time.Now()}))
	}
	w.commit(group)
}

func headsOf(d *Document) crdt.Heads {
	var h crdt.Hash
	copy(h[:], d.ID[:])
	binary.BigEndian.PutUint64(h[16:], d.Changes)
	return crdt.NewHeads(h)
}

func docID(n int) crdt.DocID {
	var d crdt.DocID
	binary.BigEndian.PutUint32(d[:], uint32(n*2654435761)) //nolint:gosec // spread
	binary.BigEndian.PutUint32(d[12:], uint32(n))          //nolint:gosec // small
	return d
}

// jobDoc is a job of the organisation "org", with these values.
func jobDoc(n int, values map[string]any) *Document {
	tree := map[string]any{job.KeyKind: job.Kind, job.KeySchemaVersion: int64(1)}
	maps.Copy(tree, values)
	d := &Document{ID: docID(n), Org: "org", Kind: job.Kind, Creator: "user:office", CreatorReads: true, First: 1_700_000_000_000, Last: crdt.Timestamp(1_700_000_000_000 + n), Tree: tree}
	for user := range sub(tree[job.KeyAssignees]) {
		d.Readers = append(d.Readers, user)
	}
	return d
}

func sub(v any) map[string]any { m, _ := v.(map[string]any); return m }

// statusLog is a log with one event of this status.
func statusLog(s job.Status) map[string]any {
	return map[string]any{"e1": map[string]any{job.KeyStatus: string(s), job.KeyHappenedAt: crdt.Timestamp(1_700_000_000_000), job.KeyBy: "office"}}
}

func assigned(users ...string) map[string]any {
	out := map[string]any{}
	for i, u := range users {
		out[u] = map[string]any{job.KeyEdit: i == 0}
	}
	return out
}

func ref(uuid, name string) map[string]any {
	return map[string]any{job.KeyUUID: uuid, job.KeyName: name}
}

// sound fails where what the store holds is not exactly what follows from the documents.
func (w *world) sound() {
	w.t.Helper()
	var problems []string
	check(w.t, w.Check(context.Background(), func(Progress) {}, func(p string) { problems = append(problems, p) }))
	if len(problems) > 0 {
		w.t.Fatalf("%d problems: %q", len(problems), problems[:min(5, len(problems))])
	}
}

// all reads a query page by page, and gives the rows' ids.
func (w *world) all(q Query) []string {
	w.t.Helper()
	var out []string
	for pages := 0; ; pages++ {
		p, err := w.Query(context.Background(), q)
		if err != nil {
			w.t.Fatalf("%+v: %v", q, err)
		}
		for _, raw := range p.Rows {
			out = append(out, idOf(w.t, raw))
		}
		if p.Next == "" {
			return out
		}
		if q.Cursor = p.Next; pages > 10_000 {
			w.t.Fatal("the pages have no end")
		}
	}
}

func idOf(t tb, raw json.RawMessage) string {
	t.Helper()
	var r struct{ ID string }
	if err := json.Unmarshal(raw, &r); err != nil || r.ID == "" {
		t.Fatalf("%q is no row: %v", raw, err)
	}
	return r.ID
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func check(t tb, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, store.ErrClosed) {
		t.Fatal(err)
	}
}
