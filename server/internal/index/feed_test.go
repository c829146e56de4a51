package index

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store"
	"fieldsync/crdt/store/memstore"

	"pgregory.net/rapid"
)

func TestTheFeedGivesEachDocumentOnceInTheOrderOfItsLastRow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.open(nil)
		var order []crdt.DocID
		gone := map[crdt.DocID]bool{}
		at := uint64(0)
		known := map[crdt.DocID]uint64{} // changes of the state that a reader has seen
		read := func() {
			for {
				events, err := w.Since(context.Background(), "org", at, rapid.IntRange(1, 3).Draw(t, "limit"))
				check(t, err)
				if len(events) == 0 {
					return
				}
				for _, ev := range events {
					if ev.Seq <= at {
						t.Fatalf("%d after %d", ev.Seq, at)
					}
					at = ev.Seq
					if known[ev.Doc] = 0; ev.After != nil {
						known[ev.Doc] = ev.After.Version
						var r Row
						if err := json.Unmarshal(ev.JSON, &r); err != nil || r.Version != ev.After.Version {
							t.Fatalf("%s is not %+v", ev.JSON, ev.After)
						}
					}
				}
			}
		}
		for range rapid.IntRange(1, 30).Draw(t, "edits") {
			d := drawJob(t, rapid.IntRange(0, 6).Draw(t, "job"))
			d.Org = "org"
			if rapid.IntRange(0, 5).Draw(t, "leaves") == 0 {
				d.Kind = "note"
			}
			was := w.docs[d.ID]
			w.set(d)
			w.now(d.ID)
			if d.Kind == "note" && (was == nil || was.Kind == "note") {
				continue // it was not there, and is not
			}
			order = append(slices.DeleteFunc(order, func(o crdt.DocID) bool { return o == d.ID }), d.ID)
			gone[d.ID] = d.Kind == "note"
			if rapid.IntRange(0, 3).Draw(t, "read") == 0 {
				read()
			}
		}
		events := must(w.Since(context.Background(), "org", 0, 0))
		if len(events) != len(order) {
			t.Fatalf("%d events of %d documents", len(events), len(order))
		}
		for i, ev := range events {
			if ev.Doc != order[i] || (ev.After == nil) != gone[ev.Doc] {
				t.Fatalf("event %d is of %s, gone %v; want %s, %v", i, ev.Doc, ev.After == nil, order[i], gone[order[i]])
			}
		}
		read()
		for doc, d := range w.docs {
			if d.Kind == job.Kind && known[doc] != d.Changes {
				t.Fatalf("a reader knows state %d of %s, which is at %d", known[doc], doc, d.Changes)
			}
		}
		if _, err := w.Since(context.Background(), "org", at+1, 0); !errors.Is(err, ErrResync) {
			t.Fatalf("from a place where it has never been: %v", err)
		}
		if other := must(w.Since(context.Background(), "other", 0, 0)); len(other) > 0 {
			t.Fatal("another organisation's feed has rows")
		}
	})
}

func TestASubscriberHearsOfEachRowWithWhatWasBeforeAndIsEndedWhenItIsTooSlow(t *testing.T) {
	w := newWorld(t)
	w.open(nil)
	sub, other, slow := w.Subscribe("org"), w.Subscribe("other"), w.Subscribe("org")
	defer sub.Close()
	m := must(Query{Org: "org", Statuses: []job.Status{job.Started}}.Matcher())
	w.set(jobDoc(1, map[string]any{job.KeyTitle: "a", job.KeyStatusLog: statusLog(job.Started)}))
	w.now(docID(1))
	w.set(jobDoc(1, map[string]any{job.KeyTitle: "b", job.KeyStatusLog: statusLog(job.Finished)}))
	w.now(docID(1))
	first, second := <-sub.C, <-sub.C
	if first.Before != nil || first.After.Title != "a" || second.Before.Title != "a" || second.After.Title != "b" || second.Seq <= first.Seq {
		t.Errorf("%+v\n%+v", first, second)
	}
	if m.Before(first) || !m.After(first) || !m.Before(second) || m.After(second) {
		t.Error("a list of started jobs is not told when the job comes and goes")
	}
	elsewhere := must(Query{Org: "other", Statuses: []job.Status{job.Started}}.Matcher())
	if elsewhere.After(first) {
		t.Error("another organisation's list is told")
	}
	select {
	case ev := <-other.C:
		t.Errorf("another organisation hears of %+v", ev)
	default:
	}
	for n := range maxUnread {
		w.set(jobDoc(n, nil))
		w.now(docID(n))
		<-sub.C
	}
	seen := 0
	for range slow.C {
		seen++
	}
	if seen != maxUnread {
		t.Errorf("the slow subscriber has read %d events before its end", seen)
	}
	slow.Close() // once more does nothing
	w.end()
	if _, open := <-other.C; open {
		t.Error("a subscription outlives the index")
	}
	late := w.Subscribe("org")
	if _, open := <-late.C; open {
		t.Error("a subscription of an index that has ended")
	}
	w.end()
}

func TestARowAndWhatIsWrittenWithItAreOneWrite(t *testing.T) {
	w := newWorld(t)
	var told []Event
	w.open(func(o *Options) {
		o.OnRow = func(ev Event) []store.Op { return []store.Op{{Key: outboxKey(ev), Value: ev.JSON}} }
		o.OnWritten = func(events []Event) { told = append(told, events...) }
	})
	disk := w.store.(*memstore.Store) //nolint:errcheck,forcetypeassert // newWorld's
	d := jobDoc(1, map[string]any{job.KeyTitle: "pump"})
	d.By = func(from uint64) ([]By, error) { return []By{{"user:anna", fmt.Sprint(from)}}, nil }
	w.set(d)
	disk.SetFault(func(int, []store.Op) error { return errors.New("no") })
	w.now(d.ID)
	if keys := scanAll(t, w.store, "outbox"); len(keys) != 0 || len(told) != 0 {
		t.Errorf("%q is written, %v told, though the row is not", keys, told)
	}
	disk.SetFault(func(_ int, ops []store.Op) error {
		if !slices.ContainsFunc(ops, func(op store.Op) bool { return string(op.Key) == string(orgKeys{"org"}.row(d.ID)) }) {
			t.Error("a write without the row")
		}
		return nil
	})
	w.now(d.ID)
	disk.SetFault(nil)
	if keys := scanAll(t, w.store, "outbox"); len(keys) != 1 {
		t.Errorf("%q", keys)
	}
	if len(told) != 1 || len(told[0].By) != 1 || told[0].By[0] != (By{"user:anna", "0"}) {
		t.Errorf("%+v", told)
	}
	w.now(d.ID) // the same state
	if len(told) != 1 {
		t.Error("a state that has its row is told again")
	}
}

func scanAll(t *testing.T, s store.Store, prefix string) (keys []string) {
	t.Helper()
	check(t, s.Scan([]byte(prefix), nil, func(key, _ []byte) error { keys = append(keys, string(key)); return nil }))
	return keys
}

func TestADamagedRowEndsNoFeed(t *testing.T) {
	w := newWorld(t)
	w.open(nil)
	for n := range 5 {
		w.set(jobDoc(n, map[string]any{job.KeyTitle: fmt.Sprint("job ", n)}))
		w.now(docID(n))
	}
	o := orgKeys{"org"}
	row := must(readRow(w.store, o, docID(3)))
	row.json = []byte("{")
	check(t, store.Write(w.store, []store.Op{
		{Key: o.row(docID(1)), Value: []byte("no row")},
		{Key: o.row(docID(2))},
		{Key: o.row(docID(3)), Value: row.encode()},
		{Key: o.feed(1), Value: []byte("no document")}, // of row 0
	}))
	events := must(w.Since(t.Context(), "org", 0, 0))
	if len(events) != 1 || events[0].Doc != docID(4) {
		t.Errorf("%d events: %+v", len(events), events)
	}
}
