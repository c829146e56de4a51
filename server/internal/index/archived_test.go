package index

import (
	"testing"

	"fieldsync/crdt/job"
)

func TestWhatIsNoLongerOfferedIsListedOnlyWhereThatIsAskedFor(t *testing.T) {
	w := newWorld(t)
	w.open(nil)
	for i, name := range []string{"b", "a", "d", "c"} {
		values := map[string]any{job.KeyKind: job.KindTemplate, job.KeyName: name}
		if i%2 == 0 {
			values[job.KeyArchived] = true
		}
		d := jobDoc(i, values)
		d.Kind = job.KindTemplate
		w.set(d)
		w.now(d.ID)
	}
	for _, c := range []struct {
		archived bool
		limit    int
		want     int
	}{{false, 0, 2}, {true, 0, 4}, {false, 1, 2}, {true, 1, 4}} {
		q := Query{Org: jobDoc(0, nil).Org, Kind: job.KindTemplate, Archived: c.archived, Limit: c.limit, Total: true}
		page := must(w.Query(t.Context(), q))
		if page.Total != c.want {
			t.Errorf("archived %v, pages of %d: %d in all, want %d", c.archived, c.limit, page.Total, c.want)
		}
		if got := w.all(q); len(got) != c.want {
			t.Errorf("archived %v, pages of %d: %v", c.archived, c.limit, got)
		}
	}
	d := jobDoc(0, map[string]any{job.KeyKind: job.KindTemplate, job.KeyName: "b"})
	d.Kind = job.KindTemplate
	w.set(d)
	w.now(d.ID)
	if got := w.all(Query{Org: d.Org, Kind: job.KindTemplate}); len(got) != 3 {
		t.Errorf("offered again: %v", got)
	}
	w.sound()
}
