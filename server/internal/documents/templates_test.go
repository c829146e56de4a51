package documents

import (
	"log/slog"
	"sync/atomic"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store"
	"fieldsync/crdt/store/memstore"
)

// viewed is a store that counts how often it was looked into.
type viewed struct {
	store.Store
	views atomic.Int64
}

func (v *viewed) View(fn func(store.Reader) error) error {
	v.views.Add(1)
	return v.Store.View(fn)
}

// A refused first change costs the worker nothing, so it must not cost the server a walk through all templates.
func TestTheTemplatesAreReadOnceUntilTheyChange(t *testing.T) {
	st := &viewed{Store: memstore.New(memstore.Options{})}
	s, err := New(Options{Store: st, Metrics: silent{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	o := &office{s, t, st}
	template := func(uuid string, offered bool) func(*engine.Tx) error {
		return func(tx *engine.Tx) error {
			return tx.Apply(crdt.Edit{Kind: crdt.EditSet, Path: crdt.Path{job.KeyKind}, Value: job.KindTemplate},
				crdt.Edit{Kind: crdt.EditSet, Path: crdt.Path{job.KeyUUID}, Value: uuid},
				crdt.Edit{Kind: crdt.EditSet, Path: crdt.Path{job.KeyWorkerCreate}, Value: offered})
		}
	}
	first, second := crdt.DocID{1}, crdt.DocID{2}
	o.must(dora, first, template("t-1", true))
	has := func(want map[string]bool) {
		t.Helper()
		for name, there := range want {
			if got := s.workerTemplate(org, name); got != there {
				t.Errorf("template %q: %v", name, got)
			}
		}
	}
	all := map[string]bool{"t-1": true, first.String(): true, "t-2": false, second.String(): false, "": false}
	has(all)
	views := st.views.Load()
	for range 100 {
		has(all)
	}
	if s.workerTemplate("other", "t-1") {
		t.Error("another organisation's template")
	}
	if n := st.views.Load() - views; n != 1 { // for the other organisation
		t.Errorf("the templates were read %d times more", n)
	}
	o.must(dora, second, template("t-2", true))
	has(map[string]bool{"t-1": true, "t-2": true, second.String(): true})
	o.must(dora, first, set(job.KeyWorkerCreate, false))
	has(map[string]bool{"t-1": false, first.String(): false, "t-2": true})
	views = st.views.Load()
	o.must(dora, crdt.DocID{3}, newJob("anna"))
	o.must(anna, crdt.DocID{3}, remark("a job has nothing to do with it"))
	has(map[string]bool{"t-2": true})
	if s.templates.known[org] == nil {
		t.Errorf("a job's change has the templates read again (%d)", st.views.Load()-views)
	}
}
