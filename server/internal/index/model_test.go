package index

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/job"

	"pgregory.net/rapid"
)

// drawJob draws a job of few values, so that queries find some and not others.
func drawJob(t *rapid.T, n int) *Document {
	pick := func(name string, from ...string) string { return rapid.SampledFrom(from).Draw(t, name) }
	v := map[string]any{}
	set := func(key, value string) {
		if value != "" {
			v[key] = value
		}
	}
	set(job.KeySerialNo, pick("serial", "", "A-1", "A-10", "A-9", "b-7", "7"))
	set(job.KeyExternalID, pick("external", "", "", "X1", "X2"))
	set(job.KeyExternalOrderID, pick("order", "", "", "O1"))
	set(job.KeyType, pick("type", "", "repair", "visit"))
	set(job.KeyTerritory, pick("territory", "", "north", "south"))
	for _, key := range []string{job.KeyClient, job.KeySite, job.KeyTemplate} {
		if u := pick(key, "", "1", "2", "3"); u != "" {
			v[key] = ref(u, "name "+u)
		}
	}
	if s := pick("status", "", "published", "started", "finished", "cancelled", "later-version"); s != "" {
		v[job.KeyStatusLog] = statusLog(job.Status(s))
		if rapid.Bool().Draw(t, "clash") {
			sub(v[job.KeyStatusLog])["e2"] = map[string]any{job.KeyStatus: "published", job.KeyHappenedAt: crdt.Timestamp(5)}
		}
	}
	users := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"anna", "ben", "cleo"}), 0, 2, rapid.ID[string]).Draw(t, "assignees")
	v[job.KeyAssignees] = assigned(users...)
	if rapid.Bool().Draw(t, "scheduled") {
		v[job.KeyScheduledAt] = crdt.Timestamp(1000 * rapid.IntRange(1, 6).Draw(t, "at"))
	}
	if rapid.Bool().Draw(t, "dated") {
		v[job.KeyCreatedAt] = crdt.Timestamp(rapid.IntRange(1, 5).Draw(t, "created"))
	}
	skills := map[string]any{}
	for _, s := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"gas", "height"}), rapid.ID[string]).Draw(t, "skills") {
		skills[s] = true
	}
	v[job.KeySkills] = skills
	if id := pick("crm", "", "", "7"); id != "" {
		v[job.KeyExternalIDs] = map[string]any{"crm": id}
	}
	d := jobDoc(n, v)
	d.Org = pick("org", "org", "org", "other")
	d.Creator = pick("creator", "user:office", "user:anna", "integration:k")
	d.CreatorReads = rapid.Bool().Draw(t, "creator reads")
	d.Last = crdt.Timestamp(rapid.IntRange(1, 8).Draw(t, "arrived"))
	if rapid.IntRange(0, 9).Draw(t, "conflict") == 0 {
		d.Readers = append(d.Readers, "ben")
	}
	return d
}

func drawQuery(t *rapid.T) Query {
	some := func(name string, from ...string) []string {
		if rapid.IntRange(0, 6).Draw(t, name+"?") > 0 {
			return nil
		}
		return rapid.SliceOfNDistinct(rapid.SampledFrom(from), 1, 3, rapid.ID[string]).Draw(t, name)
	}
	first := func(list []string) string {
		if len(list) == 0 {
			return ""
		}
		return list[0]
	}
	q := Query{
		Org: rapid.SampledFrom([]string{"org", "other"}).Draw(t, "org"), Reader: first(some("reader", "anna", "ben", "office")),
		Assignees: some("assignee", "anna", "ben", "cleo", "nobody"), Unassigned: rapid.IntRange(0, 9).Draw(t, "unassigned") == 0,
		Clients: some("client", "1", "2", "9"), Sites: some("site", "1", "2"), Templates: some("template", "1", "3"),
		Territories: some("territory", "north", "south"), Types: some("type", "repair", "visit"), Skills: some("skill", "gas", "height"),
		Clash: rapid.IntRange(0, 9).Draw(t, "clash") == 0,
		Sort:  rapid.SampledFrom([]Sort{"", SortScheduled, SortUpdated, SortCreated, SortSerial}).Draw(t, "sort"),
		Desc:  rapid.Bool().Draw(t, "desc"), Limit: rapid.SampledFrom([]int{1, 1, 2, 3, 7}).Draw(t, "limit"), Total: rapid.Bool().Draw(t, "total"),
	}
	for _, s := range some("status", "scheduled", "published", "started", "finished", "cancelled") {
		q.Statuses = append(q.Statuses, job.Status(s))
	}
	switch rapid.IntRange(0, 15).Draw(t, "id") {
	case 0:
		q.ExternalID = rapid.SampledFrom([]string{"X1", "7", "crm:7", "crm:8"}).Draw(t, "external")
	case 1:
		q.ExternalOrderID = "O1"
	case 2:
		q.SerialNo = "A-9"
	}
	when := func(name string, unit int) crdt.Timestamp {
		if rapid.IntRange(0, 7).Draw(t, name+"?") > 0 {
			return 0
		}
		return crdt.Timestamp(unit * rapid.IntRange(1, 6).Draw(t, name))
	}
	q.ScheduledFrom, q.ScheduledTo = when("from", 1000), when("to", 1000)
	q.CreatedFrom, q.CreatedTo, q.UpdatedSince = when("created from", 1), when("created to", 1), when("since", 1)
	return q
}

// naive tells whether a row is one of a query's, without index or header.
func naive(q Query, d *Document, r *Row) bool {
	in := func(list []string, v string) bool { return len(list) == 0 || v != "" && slices.Contains(list, v) }
	assignee := func(u string) bool {
		return slices.ContainsFunc(r.Assignees, func(a job.Assignee) bool { return a.User == u })
	}
	between := func(t, from, to crdt.Timestamp) bool {
		return from == 0 && to == 0 || t != 0 && t >= from && (to == 0 || t < to)
	}
	ids := []string{r.ExternalID}
	for system, id := range r.ExternalIDs {
		ids = append(ids, id, system+":"+id)
	}
	return d.Org == q.Org &&
		(q.Reader == "" || slices.Contains(d.Readers, q.Reader) || d.CreatorReads && d.Creator == "user:"+q.Reader) &&
		(len(q.Statuses) == 0 || slices.Contains(q.Statuses, r.Status)) &&
		(len(q.Assignees) == 0 && !q.Unassigned || q.Unassigned && len(r.Assignees) == 0 || slices.ContainsFunc(q.Assignees, assignee)) &&
		in(q.Clients, r.Client.UUID) && in(q.Sites, r.Site.UUID) && in(q.Templates, r.Template.UUID) &&
		in(q.Territories, r.Territory.Name) && in(q.Types, r.Type) &&
		!slices.ContainsFunc(q.Skills, func(s string) bool { return !slices.Contains(r.Skills, s) }) &&
		(!q.Clash || r.Clash) &&
		(q.ExternalID == "" || slices.Contains(ids, q.ExternalID)) &&
		(q.ExternalOrderID == "" || q.ExternalOrderID == r.ExternalOrderID) && (q.SerialNo == "" || q.SerialNo == r.SerialNo) &&
		between(r.ScheduledAt, q.ScheduledFrom, q.ScheduledTo) && between(r.CreatedAt, q.CreatedFrom, q.CreatedTo) &&
		between(r.UpdatedAt, q.UpdatedSince, 0)
}

// naiveOrder compares two rows as a query sorts them.
func naiveOrder(q Query, a, b *Row) int {
	last := func(t crdt.Timestamp) crdt.Timestamp {
		if t == 0 {
			return 1 << 62
		}
		return t
	}
	var c int
	switch q.Sort {
	case SortUpdated:
		c = cmp.Compare(a.UpdatedAt, b.UpdatedAt)
	case SortCreated:
		c = cmp.Compare(a.CreatedAt, b.CreatedAt)
	case SortSerial:
		rank := func(s string) int { return slices.Index([]string{"", "7", "A-1", "A-9", "A-10", "b-7"}, s) }
		c = cmp.Compare(rank(a.SerialNo), rank(b.SerialNo))
	default:
		c = cmp.Compare(last(a.ScheduledAt), last(b.ScheduledAt))
	}
	if c == 0 {
		x, y := must(crdt.ParseDocID(a.ID)), must(crdt.ParseDocID(b.ID))
		c = bytes.Compare(x[:], y[:])
	}
	if q.Desc {
		return -c
	}
	return c
}

func (w *world) naive(q Query) []string {
	type both struct {
		d *Document
		r Row
	}
	var rows []both
	for _, d := range w.docs {
		if der := must(derive(d)); indexed(d.Kind) && naive(q, d, &der.row) {
			rows = append(rows, both{d, der.row})
		}
	}
	slices.SortFunc(rows, func(a, b both) int { return naiveOrder(q, &a.r, &b.r) })
	var out []string
	for _, r := range rows {
		out = append(out, r.r.ID)
	}
	return out
}

func TestAListIsWhatFilteringAndSortingAllRowsWouldGive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.open(nil)
		if rapid.Bool().Draw(t, "small") { // as if there were very many rows
			w.limits = limits{ranges: rapid.IntRange(1, 9).Draw(t, "ranges"), looked: rapid.IntRange(1, 9).Draw(t, "looked"), sorted: rapid.IntRange(1, 9).Draw(t, "sorted"), found: rapid.IntRange(0, 3).Draw(t, "found")}
		}
		for round := range rapid.IntRange(1, 3).Draw(t, "rounds") {
			var changed []crdt.DocID
			for range rapid.IntRange(1, 40).Draw(t, "edits") {
				d := drawJob(t, rapid.IntRange(0, 40).Draw(t, "job"))
				if old := w.docs[d.ID]; old != nil {
					d.Org = old.Org // it never changes
					if round > 0 && rapid.IntRange(0, 9).Draw(t, "leaves") == 0 {
						d.Kind = "something else"
					}
				}
				w.set(d)
				if changed = append(changed, d.ID); rapid.Bool().Draw(t, "flush") {
					w.now(changed...)
					changed = nil
				}
			}
			w.now(changed...)
		}
		for range 8 {
			q := drawQuery(t)
			if got, want := w.all(q), w.naive(q); !slices.Equal(got, want) {
				t.Fatalf("%+v:\n got %v\nwant %v", q, got, want)
			}
			if p := must(w.Query(context.Background(), q)); p.Total >= 0 && p.Total != len(w.naive(q)) {
				t.Fatalf("%+v: total %d; want %d", q, p.Total, len(w.naive(q)))
			}
		}
		w.sound()
	})
}

func TestPagesNeitherRepeatNorSkipRowsThatStayWhileOthersChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.open(nil)
		if rapid.Bool().Draw(t, "small") { // as if there were very many rows
			w.limits = limits{ranges: rapid.IntRange(1, 9).Draw(t, "ranges"), looked: rapid.IntRange(1, 9).Draw(t, "looked"), sorted: rapid.IntRange(1, 9).Draw(t, "sorted"), found: rapid.IntRange(0, 3).Draw(t, "found")}
		}
		for n := range rapid.IntRange(5, 30).Draw(t, "jobs") {
			w.set(drawJob(t, n))
			w.now(docID(n))
		}
		q := drawQuery(t)
		stays := w.naive(q)
		moved := map[string]bool{}
		seen := map[string]int{}
		for {
			p := must(w.Query(context.Background(), q))
			for _, raw := range p.Rows {
				seen[idOf(w.t, raw)]++
			}
			if p.Next == "" {
				break
			}
			q.Cursor = p.Next
			n := rapid.IntRange(0, 40).Draw(t, "moves")
			d := drawJob(t, n)
			if old := w.docs[d.ID]; old != nil {
				d.Org = old.Org
			}
			moved[d.ID.String()] = true
			w.set(d)
			w.now(d.ID)
		}
		for _, id := range stays {
			if !moved[id] && seen[id] != 1 {
				t.Fatalf("%s, which has not changed, was given %d times", id, seen[id])
			}
		}
		for id := range seen {
			if !moved[id] && !slices.Contains(stays, id) {
				t.Fatalf("%s is none of the list's", id)
			}
		}
	})
}
