package index

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
)

// fill makes jobs of many sorts, more than a page holds.
func (w *world) fill() {
	var docs []crdt.DocID
	for n := range 60 {
		users := [][]string{{"anna", "ben"}, {"anna"}, {"ben"}, {}}[n%4]
		w.set(jobDoc(n, map[string]any{
			job.KeyAssignees: assigned(users...), job.KeyScheduledAt: crdt.Timestamp(n % 7 * 1000), job.KeyTerritory: []string{"north", "south"}[n%2],
			job.KeySkills: map[string]any{"gas": n%3 == 0}, job.KeyStatusLog: statusLog(job.Statuses()[n%5]), job.KeyCreatedAt: crdt.Timestamp(n + 1),
			job.KeyExternalID: []string{"X", "Y"}[n/30], job.KeyType: []string{"repair", "visit", "check"}[n%3],
		}))
		docs = append(docs, docID(n))
	}
	w.now(docs...)
}

func TestARowUnderSeveralValuesIsGivenOnceAndTotalsAreRightOrNotGiven(t *testing.T) {
	w := newWorld(t)
	w.open(nil)
	w.fill()
	given := 0
	for _, q := range []Query{
		{}, {Assignees: []string{"anna", "ben"}}, {Assignees: []string{"anna"}}, {Assignees: []string{"anna"}, Unassigned: true}, {Unassigned: true},
		{Territories: []string{"north"}}, {Territories: []string{"north", "south"}}, {Territories: []string{"north"}, Types: []string{"repair"}},
		{Territories: []string{"north"}, Assignees: []string{"ben"}}, {Territories: []string{"north"}, Skills: []string{"gas"}},
		{Territories: []string{"north"}, ScheduledFrom: 1000, ScheduledTo: 5000}, {ScheduledFrom: 1000}, {CreatedTo: 40}, {UpdatedSince: 1_700_000_000_010},
		{ExternalID: "X"}, {Statuses: []job.Status{job.Started, job.Published}}, {Reader: "ben"}, {Reader: "ben", Territories: []string{"south"}},
		{Statuses: []job.Status{job.Started}, Assignees: []string{"anna", "ben"}, Unassigned: true}, {Clash: true}, {Skills: []string{"gas"}},
	} {
		for _, by := range []Sort{SortScheduled, SortUpdated, SortCreated} {
			for _, desc := range []bool{false, true} {
				q.Org, q.Sort, q.Desc, q.Limit, q.Total = "org", by, desc, 4, true
				want := w.naive(q)
				if got := w.all(q); !slices.Equal(got, want) {
					t.Errorf("%+v:\n got %v\nwant %v", q, got, want)
				}
				first := must(w.Query(t.Context(), q))
				if first.Total >= 0 {
					given++
				}
				if first.Total >= 0 && first.Total != len(want) {
					t.Errorf("%+v: a total of %d; there are %d", q, first.Total, len(want))
				}
				if first.Next != "" {
					second := q
					second.Cursor = first.Next
					if p := must(w.Query(t.Context(), second)); p.Total >= 0 && p.Total != len(want) {
						t.Errorf("%+v: a total of %d on the second page; there are %d", q, p.Total, len(want))
					}
				}
			}
		}
	}
	if given < 60 {
		t.Errorf("only %d totals were given", given)
	}
}

// Filters on two values that stand together look at nothing but the rows of both.
func TestFiltersThatStandAsAPairPassNoRowsBy(t *testing.T) {
	w := newWorld(t)
	w.open(nil)
	var docs []crdt.DocID
	for n := range 120 {
		w.set(jobDoc(n, map[string]any{
			job.KeyTerritory: []string{"north", "south"}[n%2], job.KeyType: []string{"repair", "visit", "check"}[n/2%3], job.KeyTemplate: ref(fmt.Sprint(n/2%5), "Template"),
			job.KeyStatusLog: statusLog(job.Statuses()[n%5]), job.KeyScheduledAt: crdt.Timestamp(n),
		}))
		docs = append(docs, docID(n))
	}
	w.now(docs...)
	for _, q := range []Query{
		{Territories: []string{"north"}, Types: []string{"repair"}}, {Territories: []string{"north"}, Templates: []string{"3"}},
		{Territories: []string{"north", "south"}, Types: []string{"repair", "check"}}, {Territories: []string{"south"}, Types: []string{"visit"}, Sort: SortUpdated},
	} {
		q.Org, q.Total, q.Limit = "org", true, 5
		want := w.naive(q)
		p := must(w.Query(t.Context(), q))
		if got := w.all(q); !slices.Equal(got, want) || p.Total != len(want) {
			t.Errorf("%+v:\n got %v, a total of %d\nwant %v", q, got, p.Total, want)
		}
		if q.Sort == "" && p.Looked != len(p.Rows) {
			t.Errorf("%+v: %d rows were looked at for %d", q, p.Looked, len(p.Rows))
		}
		for i, raw := range p.Rows {
			if !strings.Contains(string(raw), p.Docs[i].String()) {
				t.Errorf("%+v: row %d is not of document %s", q, i, p.Docs[i])
			}
		}
		if len(p.Docs) != len(p.Rows) || len(p.Rows) != 5 {
			t.Errorf("%+v: %d rows of %d documents", q, len(p.Rows), len(p.Docs))
		}
	}
	w.sound()
}

func TestSitesAreListedByTheirClientAndSearched(t *testing.T) {
	w, _ := textWorld(t)
	var docs []crdt.DocID
	for n := range 12 {
		d := jobDoc(n, map[string]any{job.KeyKind: job.KindSite, job.KeyName: []string{"Depot", "Office"}[n/6], job.KeyClient: ref([]string{"c1", "c2"}[n%2], "Client")})
		d.Kind = job.KindSite
		if n == 11 {
			d.Kind, d.Tree[job.KeyKind] = job.KindClient, job.KindClient
		}
		w.set(d)
		docs = append(docs, d.ID)
	}
	w.now(docs...)
	w.known()
	for want, q := range map[int]Query{
		11: {}, 6: {Clients: []string{"c1"}}, 5: {Clients: []string{"c2"}}, 3: {Clients: []string{"c1"}, Text: "depot"}, 0: {Clients: []string{"c3"}}, 1: {Kind: job.KindClient},
	} {
		q.Org, q.Limit, q.Total = "org", 2, true
		if q.Kind == "" {
			q.Kind = job.KindSite
		}
		if got := w.all(q); len(got) != want {
			t.Errorf("%+v: %d rows; want %d", q, len(got), want)
		}
		if p := must(w.Query(t.Context(), q)); p.Total >= 0 && p.Total != want {
			t.Errorf("%+v: a total of %d; want %d", q, p.Total, want)
		}
	}
	w.sound()
}

func TestOneOrganisationsRowsAreNoneOfAnothers(t *testing.T) {
	w := newWorld(t)
	w.open(nil)
	w.fill()
	for _, d := range slices.Collect(maps.Values(w.docs)) {
		c := *d
		c.ID[0] ^= 0xff
		c.Org, c.Changes = "other", 0
		w.set(&c)
		w.now(c.ID)
	}
	inside := map[string]bool{}
	for _, id := range w.all(Query{Org: "org"}) {
		inside[id] = true
	}
	for _, q := range []Query{{}, {Assignees: []string{"anna"}}, {Reader: "anna"}, {Territories: []string{"north"}, Sort: SortUpdated}, {ExternalID: "X"}, {SerialNo: "none"}, {Sort: SortSerial, Desc: true}} {
		q.Org = "other"
		rows := w.all(q)
		if slices.ContainsFunc(rows, func(id string) bool { return inside[id] }) {
			t.Errorf("%+v gives rows of another organisation", q)
		}
		if len(rows) == 0 && q.SerialNo == "" {
			t.Errorf("%+v gives nothing", q)
		}
	}
	for doc, d := range w.docs {
		switch _, err := w.Get("org", doc); {
		case d.Org == "org" && err != nil:
			t.Errorf("its own row: %v", err)
		case d.Org != "org" && crdt.KindOf(err) != crdt.KindNotFound:
			t.Errorf("a row of %s: %v", d.Org, err)
		}
	}
}

// What lists of work are sorted by is read in that order: a page costs what it shows, however many rows there are.
func TestAPageInAnOrderThatStandsLooksAtNoMoreThanItShows(t *testing.T) {
	w := newWorld(t)
	w.open(nil)
	var docs []crdt.DocID
	for n := range 300 {
		d := jobDoc(n, map[string]any{
			job.KeyAssignees: assigned("anna"), job.KeyTerritory: "north", job.KeySerialNo: fmt.Sprint("A-", n), job.KeyStatusLog: statusLog(job.Statuses()[n%7]),
			job.KeyScheduledAt: crdt.Timestamp(1_000 * (n * 7919 % 300)),
		})
		if n%3 == 0 {
			d.Tree[job.KeyAssignees], d.Readers, d.Creator = assigned("ben"), nil, "user:anna" // she has made it
		}
		w.set(d)
		docs = append(docs, d.ID)
	}
	for chunk := range slices.Chunk(docs, 20) {
		w.now(chunk...)
	}
	for _, q := range []Query{
		{Assignees: []string{"anna"}, Sort: SortUpdated, Desc: true},
		{Reader: "anna", Sort: SortUpdated, Desc: true},
		{Territories: []string{"north"}, Sort: SortUpdated},
		{Assignees: []string{"anna"}, Sort: SortUpdated, Statuses: []job.Status{job.Started}},
		{Assignees: []string{"anna"}, Sort: SortUpdated, Statuses: []job.Status{job.Cancelled, job.Finished}},
		{Assignees: []string{"anna"}, Sort: SortSerial}, {Reader: "anna", Sort: SortCreated, Desc: true},
		{Sort: SortSerial}, {Sort: SortCreated, Desc: true},
	} {
		q.Org, q.Limit = "org", 20
		p := must(w.Query(t.Context(), q))
		if len(p.Rows) != 20 || p.Looked > 20 {
			t.Errorf("%+v: %d rows of %d that were looked at", q, len(p.Rows), p.Looked)
		}
	}
}

// Opening a range costs as much as reading ten rows: a list of everything is merged from two, of an order that stands as a whole it is one.
func TestAListOfEverythingIsReadFromTwoRanges(t *testing.T) {
	w := newWorld(t)
	w.open(nil)
	for n := range 140 {
		w.set(jobDoc(n, map[string]any{job.KeyAssignees: assigned("anna"), job.KeyTerritory: "north", job.KeyStatusLog: statusLog(job.Statuses()[n%7])}))
		w.now(docID(n))
	}
	for _, c := range []struct {
		q    Query
		want int
	}{
		{Query{Territories: []string{"north"}}, 2},
		{Query{Assignees: []string{"anna"}, Sort: SortUpdated}, 2},
		{Query{Assignees: []string{"anna"}, Sort: SortSerial}, 1},
		{Query{Assignees: []string{"anna"}, Statuses: []job.Status{job.Cancelled, job.Finished}}, 1},
		{Query{Assignees: []string{"anna"}, Statuses: []job.Status{job.Cancelled}}, 1},
	} {
		c.q.Org, c.q.Limit = "org", 10
		f := must(c.q.filter())
		p := must(f.choose(w.store, defaultLimits, false))
		if got := len(p.ranges(f)); got != c.want {
			t.Errorf("%+v is read from %d ranges, not %d", c.q, got, c.want)
		}
	}
}
