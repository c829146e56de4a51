package index

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store"

	"pgregory.net/rapid"
)

// contents are all keys and values of the index.
func contents(t tb, s store.Store, without ...byte) map[string]string {
	t.Helper()
	out := map[string]string{}
	check(t, s.Scan(store.Rows(), nil, func(key, value []byte) error {
		if k := store.ParseKey(key); !strings.ContainsRune(string(without), rune(k.Kind)) {
			out[string(key)] = string(value)
		}
		return nil
	}))
	return out
}

// inBubble runs a step of a property in virtual time.
func inBubble(t *testing.T, f func()) {
	var failed any
	synctest.Test(t, func(*testing.T) {
		defer func() { failed = recover() }()
		f()
	})
	if failed != nil {
		panic(failed)
	}
}

func TestARebuildGivesWhatWasThereAndTellsNobody(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		inBubble(t, func() { rebuilds(r) })
	})
}

func rebuilds(t *rapid.T) {
	w := newWorld(t)
	told := 0
	disk := w.store
	begin := func() *killable {
		k := &killable{Store: disk}
		w.start(func(o *Options) {
			o.Store = k
			o.OnRow = func(Event) []store.Op { told++; return nil }
		})
		return k
	}
	process := begin()
	defer func() { w.end() }()
	for range rapid.IntRange(1, 20).Draw(t, "edits") {
		d := drawJob(t, rapid.IntRange(0, 9).Draw(t, "job"))
		if old := w.docs[d.ID]; old != nil {
			d.Org = old.Org
		}
		if rapid.IntRange(0, 5).Draw(t, "leaves") == 0 {
			d.Kind = "note"
		}
		w.edit(d)
		time.Sleep(time.Duration(rapid.IntRange(0, 200).Draw(t, "wait")) * time.Millisecond)
	}
	time.Sleep(time.Second)
	before, toldBefore := contents(t, disk, partRow), told
	for range rapid.IntRange(0, 2).Draw(t, "cut off") {
		ctx, cancel := context.WithCancel(context.Background())
		steps := rapid.IntRange(0, 30).Draw(t, "after")
		process.Store = &countdown{Store: disk, left: steps, then: func() { process.dead.Store(true); cancel() }}
		if err := w.Rebuild(ctx, func(Progress) {}); err == nil && process.dead.Load() {
			t.Fatal("a rebuild that was cut off says that it is complete")
		}
		cancel()
		w.end()
		process = begin()
		time.Sleep(time.Minute)
		if !w.Status().Ready {
			t.Fatal("a rebuild that was cut off is not finished after the next start")
		}
	}
	last := Progress{}
	check(t, w.Rebuild(context.Background(), func(p Progress) { last = p }))
	if last.Done != len(w.docs) || last.Total != len(w.docs) {
		t.Fatalf("the progress ends with %+v of %d documents", last, len(w.docs))
	}
	if after := contents(t, disk, partRow); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Fatalf("before %q\nafter %q", before, after)
	}
	if told != toldBefore {
		t.Fatalf("%d rows were told of, though nothing has changed", told-toldBefore)
	}
	w.sound()
}

// countdown calls then instead of a write, after so many.
type countdown struct {
	store.Store
	left int
	then func()
}

func (c *countdown) Submit(ops []store.Op, done func(error)) {
	if c.left--; c.left < 0 {
		c.then()
		done(store.ErrClosed)
		return
	}
	c.Store.Submit(ops, done)
}

func TestAnIndexOfAnotherLayoutIsMadeAnewAtTheStart(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		inBubble(t, func() {
			w := newWorld(r)
			w.start(nil)
			for n := range 5 {
				w.edit(drawJob(r, n))
			}
			time.Sleep(time.Second)
			w.end()
			want := contents(r, w.store, partRow)
			check(r, store.Write(w.store, []store.Op{state{layout: layoutVersion + 1, gen: 7}.op(), {Key: append(orgKeys{"org"}.part(partEntry), "of another layout"...), Value: []byte{}}}))
			w.start(nil)
			defer w.end()
			time.Sleep(time.Second)
			if got := contents(r, w.store, partRow); fmt.Sprint(got) != fmt.Sprint(want) {
				r.Fatalf("got %q\nwant %q", got, want)
			}
			w.sound()
		})
	})
}

func TestCheckFindsEachKindOfDamage(t *testing.T) {
	keys := orgKeys{"org"}
	doc := docID(1)
	values := map[string]any{job.KeyTitle: "pump", job.KeySerialNo: "7", job.KeyAssignees: assigned("anna")}
	for name, damage := range map[string]func(w *world) store.Op{
		"a row that is missing": func(*world) store.Op { return store.Op{Key: keys.row(doc)} },
		"a row that is no row":  func(*world) store.Op { return store.Op{Key: keys.row(doc), Value: []byte("x")} },
		"an entry too many":     func(*world) store.Op { return store.Op{Key: append(keys.part(partEntry), "xx"...), Value: []byte{}} },
		"a lookup too many":     func(*world) store.Op { return store.Op{Key: keys.lookup(7, doc), Value: []byte{}} },
		"who has an id": func(*world) store.Op {
			return store.Op{Key: keys.holders(tokenOf(dimSerial, "7")), Value: append(doc[:], make([]byte, 16)...)}
		},
		"an id that nobody has": func(*world) store.Op { return store.Op{Key: keys.holders(7), Value: doc[:]} },
		"nobody has an id":      func(*world) store.Op { return store.Op{Key: keys.holders(tokenOf(dimSerial, "7"))} },
		"a place in the feed":   func(*world) store.Op { return store.Op{Key: keys.feed(1), Value: make([]byte, 16)} },
		"a text":                func(*world) store.Op { return store.Op{Key: keys.text(doc), Value: []byte("\x01xx")} },
		"a counter": func(*world) store.Op {
			return store.Op{Key: keys.counter(kindJob, value{dimAll, 0}), Value: []byte{0, 9, 0, 0, 0, 0, 0, 0}}
		},
		"a counter that is gone": func(*world) store.Op { return store.Op{Key: keys.counter(kindJob, value{dimAll, 0})} },
		"an entry that is gone": func(w *world) store.Op {
			var first []byte
			check(w.t, w.store.Scan(keys.part(partEntry), nil, func(key, _ []byte) error {
				first = append(first, key...)
				return store.ErrStop
			}))
			return store.Op{Key: first}
		},
		"an entry of another state": func(w *world) store.Op {
			var last []byte
			check(w.t, w.store.ScanBack(keys.part(partEntry), nil, func(key, _ []byte) error {
				last = append(last, key...)
				return store.ErrStop
			}))
			return store.Op{Key: last, Value: []byte("other")}
		},
		"a document that went on": func(w *world) store.Op {
			w.set(jobDoc(1, values))
			return store.Op{Key: []byte("nothing"), Value: []byte{}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.open(nil)
			w.set(jobDoc(1, values))
			w.now(doc)
			w.sound()
			check(t, store.Write(w.store, []store.Op{damage(w)}))
			var problems []string
			check(t, w.Check(context.Background(), func(Progress) {}, func(p string) { problems = append(problems, p) }))
			if len(problems) == 0 {
				t.Error("nothing was found")
			}
			check(t, w.Rebuild(context.Background(), func(Progress) {}))
			w.sound()
		})
	}
}

func TestADocumentThatCannotBeReadLeavesTheListsWhenTheyAreMadeAnewAndComesBack(t *testing.T) {
	w := newWorld(t)
	w.open(nil)
	for n := range 3 {
		w.set(jobDoc(n, map[string]any{job.KeyTitle: fmt.Sprint(n)}))
		w.now(docID(n))
	}
	w.fail[docID(1)] = errors.New("damaged")
	check(t, w.Rebuild(context.Background(), func(Progress) {}))
	if got := w.titles(Query{}); fmt.Sprint(got) != "[0 2]" {
		t.Errorf("%q", got)
	}
	delete(w.fail, docID(1))
	must(w.pass(context.Background(), false, func(Progress) {}))
	if got := w.titles(Query{}); fmt.Sprint(got) != "[0 1 2]" {
		t.Errorf("%q", got)
	}
	w.sound()
}

func TestTasksRunOneAtATime(t *testing.T) {
	inBubble(t, func() {
		w := newWorld(t)
		release := make(chan struct{})
		w.start(func(o *Options) {
			o.Load = func(ctx context.Context, doc crdt.DocID) (*Document, error) {
				select {
				case <-release:
				case <-ctx.Done():
				}
				return w.load(ctx, doc)
			}
		})
		defer w.end()
		time.Sleep(time.Second) // it has compared nothing with nothing
		w.set(jobDoc(1, nil))
		if err := w.Start("nothing"); crdt.KindOf(err) != crdt.KindInvalid {
			t.Errorf("a task that there is not: %v", err)
		}
		check(t, w.Start(TaskRebuild))
		time.Sleep(time.Second)
		if err := w.Start(TaskCheck); crdt.KindOf(err) != crdt.KindConflict {
			t.Errorf("a second task: %v", err)
		}
		if st := w.Status(); st.Ready || st.Queued != 1 || st.Lag < 900*time.Millisecond {
			t.Errorf("meanwhile: %+v", st)
		}
		close(release)
		time.Sleep(time.Second)
		if got := w.Task(); got.Running || got.Name != TaskRebuild || got.Done != 1 || got.Error != "" {
			t.Errorf("%+v", got)
		}
		check(t, store.Write(w.store, []store.Op{{Key: orgKeys{"org"}.row(docID(1))}}))
		check(t, w.Start(TaskCheck))
		time.Sleep(time.Second)
		if got := w.Task(); got.Running || got.Found == 0 || len(got.Problems) != got.Found {
			t.Errorf("%+v", got)
		}
	})
}
