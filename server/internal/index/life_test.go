package index

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store"
	"fieldsync/crdt/store/memstore"

	"pgregory.net/rapid"
)

// start runs the index as a server does.
func (w *world) start(change func(*Options)) {
	w.t.Helper()
	w.Index = must(New(w.options(change)))
}

// edit makes a document's next state, durable, and tells the index.
func (w *world) edit(d *Document) {
	w.set(d)
	w.Changed(d.ID)
}

// counted counts what an index does.
type meter struct{ rows, failed, late atomic.Int64 }

func (c *meter) RowsWritten(n int)       { c.rows.Add(int64(n)) }
func (c *meter) RowFailed()              { c.failed.Add(1) }
func (c *meter) RowLate(d time.Duration) { c.late.Store(max(c.late.Load(), int64(d))) }

func TestManyChangesOfADocumentWithinAMomentGiveOneRow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, m := newWorld(t), &meter{}
		w.start(func(o *Options) { o.Metrics = m })
		defer w.end()
		for n := range 50 {
			w.edit(jobDoc(1, map[string]any{job.KeyTitle: "pump", job.KeyScheduledAt: crdt.Timestamp(n)}))
			time.Sleep(time.Millisecond)
		}
		time.Sleep(150 * time.Millisecond)
		if n := m.rows.Load(); n != 1 {
			t.Errorf("%d rows were written", n)
		}
		w.edit(jobDoc(1, map[string]any{job.KeyTitle: "pump"}))
		w.edit(jobDoc(2, map[string]any{job.KeyTitle: "boiler"}))
		time.Sleep(150 * time.Millisecond)
		if n := m.rows.Load(); n != 3 {
			t.Errorf("%d rows were written", n)
		}
		if late := time.Duration(m.late.Load()); late > 101*time.Millisecond {
			t.Errorf("a row came %s after its change", late)
		}
		w.sound()
	})
}

func TestAChangeThatComesWhileItsDocumentIsReadIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var once atomic.Bool
		w.start(func(o *Options) {
			o.Load = func(ctx context.Context, doc crdt.DocID) (*Document, error) {
				d, err := w.load(ctx, doc)
				if once.CompareAndSwap(false, true) {
					w.edit(jobDoc(1, map[string]any{job.KeyTitle: "after"}))
					time.Sleep(300 * time.Millisecond) // the second state is due long before the first one is written
				}
				return d, err
			}
		})
		defer w.end()
		w.edit(jobDoc(1, map[string]any{job.KeyTitle: "before"}))
		time.Sleep(time.Second)
		if got := w.titles(Query{}); !slices.Equal(got, []string{"after"}) {
			t.Errorf("%q", got)
		}
		w.sound()
	})
}

func TestADocumentThatIsSlowToReadGathersItsChangesForLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, m := newWorld(t), &meter{}
		var loads atomic.Int64
		w.start(func(o *Options) {
			o.Metrics = m
			o.Load = func(ctx context.Context, doc crdt.DocID) (*Document, error) {
				if doc == docID(1) {
					loads.Add(1)
					time.Sleep(100 * time.Millisecond)
				}
				return w.load(ctx, doc)
			}
		})
		defer w.end()
		for n := range 1000 { // ten seconds of typing
			w.edit(jobDoc(1, map[string]any{job.KeyScheduledAt: crdt.Timestamp(n)}))
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(time.Second)
		if n := loads.Load(); n < 10 || n > 30 {
			t.Errorf("it was read %d times in ten seconds", n)
		}
		if late := time.Duration(m.late.Load()); late > time.Second {
			t.Errorf("a row came %s after its change", late)
		}
		w.sound()
	})
}

func TestADocumentThatCannotBeReadDoesNotStopTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, m := newWorld(t), &meter{}
		w.fail[docID(1)] = errors.New("damaged")
		w.fail[docID(2)] = crdt.Errorf(crdt.KindUnavailable, "the disk is away")
		w.start(func(o *Options) { o.Metrics = m })
		defer w.end()
		for n := range 10 {
			w.edit(jobDoc(n, map[string]any{job.KeyTitle: string(rune('a' + n))}))
		}
		time.Sleep(500 * time.Millisecond)
		if got := w.titles(Query{}); len(got) != 8 || slices.Contains(got, "b") || slices.Contains(got, "c") {
			t.Errorf("%q", got)
		}
		w.mu.Lock()
		clear(w.fail)
		w.mu.Unlock()
		time.Sleep(2 * time.Second)
		if got := w.titles(Query{}); len(got) != 9 || !slices.Contains(got, "c") {
			t.Errorf("what could not be read for a while is not tried again: %q", got)
		}
		w.edit(jobDoc(1, map[string]any{job.KeyTitle: "b again"}))
		time.Sleep(time.Second)
		if got := w.titles(Query{}); len(got) != 10 {
			t.Errorf("%q", got)
		}
		if m.failed.Load() == 0 {
			t.Error("the failures are not counted")
		}
		w.sound()
	})
}

func TestAFullDiskDelaysRowsAndOneBadRowDoesNotStopItsNeighbours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		disk := w.store.(*memstore.Store) //nolint:errcheck,forcetypeassert // newWorld's
		w.start(func(o *Options) {
			o.OnRow = func(ev Event) []store.Op {
				if ev.After.Title == "poison" {
					return []store.Op{{Key: make([]byte, memstore.MaxKey+1), Value: []byte{}}}
				}
				return nil
			}
		})
		defer w.end()
		disk.SetFault(func(_ int, ops []store.Op) error {
			if store.ParseKey(ops[0].Key).Family == store.FamilyRow {
				return store.ErrFull
			}
			return nil
		})
		for n := range 5 {
			w.edit(jobDoc(n, map[string]any{job.KeyTitle: []string{"a", "b", "poison", "c", "d"}[n]}))
		}
		time.Sleep(time.Second)
		if got := w.titles(Query{}); len(got) != 0 {
			t.Errorf("written to a full disk: %q", got)
		}
		disk.SetFault(nil)
		time.Sleep(10 * time.Second)
		if got := w.titles(Query{}); !slices.Equal(got, []string{"a", "b", "c", "d"}) {
			t.Errorf("%q", got)
		}
	})
}

func TestWhatAFullQueueMissesIsFoundByComparing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.start(nil)
		defer w.end()
		time.Sleep(time.Second)
		w.queue.mu.Lock()
		w.queue.max = 2
		w.queue.mu.Unlock()
		for n := range 20 {
			w.edit(jobDoc(n, nil))
		}
		if n, _ := w.queue.len(); n > 2 {
			t.Errorf("%d documents wait", n)
		}
		time.Sleep(time.Minute)
		if got := w.all(Query{Org: "org"}); len(got) != 20 {
			t.Errorf("%d of 20 rows are there", len(got))
		}
		w.sound()
	})
}

// titles are those of a query's rows, sorted.
func (w *world) titles(q Query) []string {
	w.t.Helper()
	q.Org = "org"
	var out []string
	for _, id := range w.all(q) {
		row := must(readRow(w.store, orgKeys{"org"}, must(crdt.ParseDocID(id))))
		out = append(out, must(row.row()).Title)
	}
	slices.Sort(out)
	return out
}

// killable is a store whose writer can be killed: from then on nothing of its is written.
type killable struct {
	store.Store
	dead atomic.Bool
}

func (k *killable) Submit(ops []store.Op, done func(error)) {
	if k.dead.Load() {
		done(store.ErrClosed)
		return
	}
	k.Store.Submit(ops, done)
}

func TestACrashBetweenAChangeAndItsRowLosesNothing(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		inBubble(t, func() { crashes(r) })
	})
}

func crashes(t *rapid.T) {
	w := newWorld(t)
	disk := w.store
	begin := func() *killable {
		k := &killable{Store: disk}
		w.start(func(o *Options) {
			o.Store = k
			o.OnRow = func(ev Event) []store.Op { return []store.Op{{Key: outboxKey(ev), Value: []byte{}}} }
		})
		return k
	}
	process := begin()
	defer func() { w.end() }()
	kill := func(dying int) {
		process.dead.Store(true)
		time.Sleep(time.Duration(dying) * time.Millisecond)
		w.end()
		process = begin()
	}
	for range rapid.IntRange(1, 40).Draw(t, "steps") {
		switch rapid.IntRange(0, 9).Draw(t, "step") {
		case 0:
			kill(rapid.IntRange(0, 300).Draw(t, "dying"))
		case 1, 2:
			time.Sleep(time.Duration(rapid.IntRange(0, 300).Draw(t, "wait")) * time.Millisecond)
		default:
			d := drawJob(t, rapid.IntRange(0, 12).Draw(t, "job"))
			if old := w.docs[d.ID]; old != nil {
				d.Org = old.Org
			}
			w.set(d)
			if rapid.IntRange(0, 3).Draw(t, "told") > 0 {
				w.Changed(d.ID)
			} else { // between the write and the notice
				kill(0)
			}
		}
	}
	time.Sleep(time.Minute)
	if st := w.Status(); !st.Ready || st.Queued != 0 {
		t.Fatalf("%+v", st)
	}
	w.sound()
	// Each row that stands has what was to be written with it.
	outbox := map[string]bool{}
	check(t, disk.Scan([]byte("outbox"), nil, func(key, _ []byte) error { outbox[string(key)] = true; return nil }))
	for _, org := range []string{"org", "other"} {
		for _, ev := range must(w.Since(context.Background(), org, 0, 0)) {
			if !outbox[string(outboxKey(ev))] {
				t.Fatalf("row %d of %s was written without what goes with it", ev.Seq, org)
			}
		}
	}
}

func outboxKey(ev Event) []byte { return fmt.Appendf(nil, "outbox %s %d %s", ev.Org, ev.Seq, ev.Doc) }
