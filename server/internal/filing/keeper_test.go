package filing

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"fieldsync/blobs"
	"fieldsync/blobs/blobtest"
	"fieldsync/blobs/memblob"
	"fieldsync/blobs/upload"
	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store"
	"fieldsync/crdt/store/memstore"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/deliveries"
	"fieldsync/server/internal/documents"
	"fieldsync/server/internal/metrics"
)

const org = "org"

var dora = access.Principal{ID: "user:dora", Org: org, User: "dora", Role: access.RoleDispatcher}

// world is documents and files, on which a month has passed since they came.
type world struct {
	*Keeper
	t     *testing.T
	store store.Store
	blobs *memblob.Store
	docs  *documents.Service
	book  *deliveries.Book
	now   time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, store: memstore.New(memstore.Options{}), blobs: memblob.New(0), now: time.Now().Add(40 * 24 * time.Hour)}
	var err error
	w.docs, err = documents.New(documents.Options{Store: w.store, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Metrics: metrics.NewDocuments(metrics.New("test", nil, nil), func() int { return 0 })})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.docs.Close)
	w.book = deliveries.New(w.store, nil)
	w.Keeper = w.keeper()
	return w
}

func (w *world) keeper() *Keeper {
	return New(Options{Store: w.store, Blobs: w.blobs, Deliveries: w.book, Orgs: func() ([]string, error) { return []string{org}, nil },
		Grace: 30 * 24 * time.Hour, Now: func() time.Time { return w.now }})
}

func (w *world) put(text string) blobs.Ref {
	w.t.Helper()
	return blobtest.Put(w.t, w.blobs, org, []byte(text))
}

func (w *world) there(ref blobs.Ref) bool {
	_, err := w.blobs.Stat(context.Background(), org, ref)
	return err == nil
}

// newJob makes a job with an attachment that names files.
func (w *world) newJob(file, preview blobs.Ref) crdt.DocID {
	w.t.Helper()
	edits, err := job.New(job.Draft{Plan: job.Plan{Title: "job"}, First: job.Event{ID: "made", HappenedAt: 1}})
	if err != nil {
		w.t.Fatal(err)
	}
	doc, _, err := w.docs.Create(w.t.Context(), dora, documents.CreateOptions{}, edits)
	if err != nil {
		w.t.Fatal(err)
	}
	w.attach(doc, file, preview)
	return doc
}

func (w *world) attach(doc crdt.DocID, file, preview blobs.Ref) {
	w.t.Helper()
	a := job.Attachment{ID: "a-" + file.String()[:8], SHA256: file.String(), Size: 1}
	if !preview.IsZero() {
		a.PreviewSHA256 = preview.String()
	}
	edits, err := job.AddAttachment(a)
	if err != nil {
		w.t.Fatal(err)
	}
	w.edit(doc, func(tx *engine.Tx) error { return tx.Apply(edits...) })
}

func (w *world) edit(doc crdt.DocID, fn func(*engine.Tx) error) {
	w.t.Helper()
	if _, err := w.docs.Edit(w.t.Context(), dora, doc, documents.EditOptions{}, fn); err != nil {
		w.t.Fatal(err)
	}
}

func TestWhatAnyDocumentEverNamedStaysAndTheRestGoes(t *testing.T) {
	w := newWorld(t)
	named, preview, deleted, late, never := w.put("named"), w.put("preview"), w.put("deleted"), w.put("delivered lately"), w.put("never named")
	doc := w.newJob(named, preview)
	w.attach(doc, deleted, blobs.Ref{})
	w.edit(doc, func(tx *engine.Tx) error {
		return tx.Delete(crdt.Path{job.KeyAttachments, "a-" + deleted.String()[:8]})
	})
	lately := deliveries.New(w.store, func() time.Time { return w.now.Add(-24 * time.Hour) })
	if err := lately.Add(crdt.DocID{7}, late, org, "user:anna", 1); err != nil { // its document has not come yet
		t.Fatal(err)
	}
	if err := w.book.Add(doc, never, org, "user:anna", 11); err != nil { // 40 days ago
		t.Fatal(err)
	}
	r, err := w.Collect(t.Context(), true, 0)
	if err != nil || r.Removed != 1 || !w.there(never) || r.Sample[0].SHA256 != never.String() {
		t.Fatalf("a dry run: %+v, %v", r, err)
	}
	r, err = w.Collect(t.Context(), false, 0)
	if err != nil || r.Removed != 1 || r.Named != 4 {
		t.Errorf("%+v, %v", r, err)
	}
	for ref, want := range map[blobs.Ref]bool{named: true, preview: true, deleted: true, late: true, never: false} {
		if got := w.there(ref); got != want {
			t.Errorf("%v: there %v", ref, got)
		}
	}
	if _, ok, err := w.book.Get(doc, never); ok || err != nil {
		t.Errorf("what was removed is still noted as delivered: %v, %v", ok, err)
	}
	if task := w.Task(); task.Running || task.Report.Removed != 1 || task.Documents != 1 {
		t.Errorf("%+v", task)
	}
}

// TestWhatIsDeliveredOrNamedWhileACollectionIsUnderWayStays lets both happen at the worst moments.
func TestWhatIsDeliveredOrNamedWhileACollectionIsUnderWayStays(t *testing.T) {
	w := newWorld(t)
	claimed, attached := w.put("claimed"), w.put("attached")
	doc := w.newJob(w.put("named"), blobs.Ref{})
	hooked := &hook{Backend: w.blobs, listing: func() {
		if err := w.book.Add(doc, claimed, org, "user:anna", 1); err != nil {
			t.Error(err)
		}
	}}
	k := New(Options{Store: &reading{Store: w.store, after: func() { w.attach(doc, attached, blobs.Ref{}) }}, Blobs: hooked, Deliveries: w.book,
		Orgs: func() ([]string, error) { return []string{org}, nil }, Grace: MinGrace, Now: func() time.Time { return w.now }})
	r, err := k.Collect(t.Context(), false, 0)
	if err != nil || r.Removed != 0 || r.Wanted != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	if !w.there(claimed) || !w.there(attached) {
		t.Errorf("claimed is there: %v; attached: %v", w.there(claimed), w.there(attached))
	}
}

// hook calls listing when the files are listed: all was marked by then.
type hook struct {
	upload.Backend
	listing func()
}

func (h *hook) List(ctx context.Context, s blobs.Space, after blobs.Ref, limit int) ([]blobs.Item, error) {
	h.listing()
	return h.Backend.List(ctx, s, after, limit)
}

// reading calls after once, when the first document has been read.
type reading struct {
	store.Store
	after func()
	n     int
}

func (r *reading) Scan(prefix, from []byte, visit func(key, value []byte) error) error {
	err := r.Store.Scan(prefix, from, visit)
	if r.n++; r.n == 2 { // the id, then the document
		r.after()
	}
	return err
}

func TestNothingIsRemovedWhereTheStoreIsCollectedForOtherDocuments(t *testing.T) {
	w, other := newWorld(t), newWorld(t)
	if _, err := w.Collect(t.Context(), false, 0); err != nil {
		t.Fatal(err)
	}
	ref := w.put("of the first server")
	other.opt.Blobs = w.blobs
	if _, err := other.Collect(t.Context(), false, 0); crdt.KindOf(err) != crdt.KindConflict || !w.there(ref) {
		t.Errorf("%v; there %v", err, w.there(ref))
	}
	if r, err := w.keeper().Collect(t.Context(), false, 0); err != nil || r.Removed != 1 { // after a restart it is still ours
		t.Errorf("%+v, %v", r, err)
	}
}

func TestNothingIsRemovedWhereADocumentCannotBeRead(t *testing.T) {
	w := newWorld(t)
	doc := w.newJob(w.put("named"), blobs.Ref{})
	never := w.put("never named")
	w.docs.Close()
	if err := store.Write(w.store, []store.Op{{Key: store.DocChange(doc, 0), Value: []byte("damaged")}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Collect(t.Context(), false, 0); err == nil || !w.there(never) {
		t.Errorf("%v; there %v", err, w.there(never))
	}
}

func TestAGracePeriodIsNeverShorterThanADayAndOneCollectionRunsAtATime(t *testing.T) {
	w := newWorld(t)
	if _, err := w.Collect(t.Context(), false, time.Hour); crdt.KindOf(err) != crdt.KindInvalid {
		t.Errorf("an hour: %v", err)
	}
	w.update(func(t *Task) { t.Running = true })
	if _, err := w.Collect(t.Context(), false, 0); !errors.Is(err, ErrRunning) {
		t.Errorf("a second one: %v", err)
	}
}
