package index

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/job"

	"pgregory.net/rapid"
)

func TestWrongQueriesAreRefusedWithTheFieldNamed(t *testing.T) {
	w := newWorld(t)
	w.open(nil)
	many := make([]string, MaxValues+1)
	for i := range many {
		many[i] = strings.Repeat("x", i+1)
	}
	for want, q := range map[string]Query{
		"organisation": {},
		"kind":         {Org: "org", Kind: "note"},
		"limit:":       {Org: "org", Limit: MaxLimit + 1},
		"limit: not":   {Org: "org", Limit: -1},
		"sort:":        {Org: "org", Sort: "title"},
		"sort: only":   {Org: "org", Kind: job.KindClient, Sort: SortScheduled},
		"sort: rel":    {Org: "org", Sort: SortRelevance},
		"status: \"":   {Org: "org", Statuses: []job.Status{"lost"}},
		"status: only": {Org: "org", Kind: job.KindSite, Statuses: []job.Status{job.Started}},
		"assignee":     {Org: "org", Assignees: many},
		"client":       {Org: "org", Clients: []string{""}},
		"territory":    {Org: "org", Territories: []string{strings.Repeat("x", MaxValueBytes+1)}},
		"external_id":  {Org: "org", ExternalID: strings.Repeat("x", MaxValueBytes+1)},
		"text: longer": {Org: "org", Text: strings.Repeat("x", MaxTextRunes+1)},
		"text: holds":  {Org: "org", Text: " -- "},
		"cursor":       {Org: "org", Cursor: "nonsense"},
		"name in a":    {Org: strings.Repeat("o", 256)},
	} {
		_, err := w.Query(t.Context(), q)
		if kind := crdt.KindOf(err); kind != crdt.KindInvalid && kind != crdt.KindTooLarge || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, err := w.Query(t.Context(), Query{Org: "org", Text: "word"}); crdt.KindOf(err) != crdt.KindUnavailable {
		t.Errorf("a search without a full text: %v", err)
	}
}

func TestACursorIsGoodForItsOwnQueryOnlyAndNeverReachesOut(t *testing.T) {
	w := newWorld(t)
	w.open(nil)
	for n := range 12 {
		d := jobDoc(n, map[string]any{job.KeyScheduledAt: crdt.Timestamp(n + 1), job.KeySerialNo: "A", job.KeyAssignees: assigned([]string{"anna", "ben"}[n%2])})
		if n >= 8 {
			d.Org = "other"
		}
		w.set(d)
		w.now(d.ID)
	}
	q := Query{Org: "org", Limit: 2, Assignees: []string{"anna"}}
	next := must(w.Query(t.Context(), q)).Next
	for name, other := range map[string]Query{
		"organisation": {Org: "other", Assignees: q.Assignees},
		"assignee":     {Org: "org", Assignees: []string{"ben"}},
		"reader":       {Org: "org", Assignees: q.Assignees, Reader: "anna"},
		"order":        {Org: "org", Assignees: q.Assignees, Sort: SortUpdated},
		"direction":    {Org: "org", Assignees: q.Assignees, Desc: true},
		"filter":       {Org: "org", Assignees: q.Assignees, Clash: true},
	} {
		other.Cursor = next
		if _, err := w.Query(t.Context(), other); crdt.KindOf(err) != crdt.KindInvalid {
			t.Errorf("the cursor of a list of another %s: %v", name, err)
		}
	}
	q.Limit, q.Cursor = 7, next
	if rows := must(w.Query(t.Context(), q)).Rows; len(rows) != 2 {
		t.Errorf("with another limit the rest is %d rows", len(rows))
	}
	whole := must(base64.RawURLEncoding.DecodeString(next))
	allowed := w.all(Query{Org: "org", Assignees: []string{"anna"}})
	rapid.Check(t, func(r *rapid.T) {
		forged := slices.Clone(whole)
		switch rapid.IntRange(0, 3).Draw(r, "way") {
		case 0:
			forged[rapid.IntRange(0, len(forged)-1).Draw(r, "at")] ^= byte(rapid.IntRange(1, 255).Draw(r, "bit"))
		case 1:
			forged = forged[:rapid.IntRange(0, len(forged)-1).Draw(r, "cut")]
		case 2:
			forged = append(forged, rapid.SliceOfN(rapid.Byte(), 1, 80).Draw(r, "more")...)
		case 3: // any place at all, with the right mark
			forged = append(forged[:1+markLen:1+markLen], rapid.SliceOfN(rapid.Byte(), 8+docLen, 8+docLen).Draw(r, "place")...)
		}
		q := q
		q.Cursor = base64.RawURLEncoding.EncodeToString(forged)
		p, err := w.Query(context.Background(), q)
		if err != nil {
			if crdt.KindOf(err) != crdt.KindInvalid {
				r.Fatalf("%v", err)
			}
			return
		}
		for _, raw := range p.Rows {
			if !slices.Contains(allowed, idOf(r, raw)) {
				r.Fatalf("a forged cursor gives %s", raw)
			}
		}
	})
	byName := Query{Org: "org", Sort: SortSerial, Limit: 2}
	name := must(w.Query(t.Context(), byName)).Next
	for _, forged := range []string{name + "A", name[:len(name)-4], strings.Repeat("A", maxCursor+1), name + "=", " " + name} {
		byName.Cursor = forged
		if _, err := w.Query(t.Context(), byName); crdt.KindOf(err) != crdt.KindInvalid {
			t.Errorf("%q: %v", forged, err)
		}
	}
}

func TestTheWorkOfOnePageIsBounded(t *testing.T) {
	w := newWorld(t)
	w.open(nil)
	w.limits = limits{ranges: 4, looked: 20, sorted: 10, found: 5}
	for n := range 200 {
		w.set(jobDoc(n, map[string]any{
			job.KeyExternalID: "same", job.KeyTerritory: "north", job.KeyStatusLog: statusLog(job.Statuses()[n%7]), job.KeySkills: map[string]any{"gas": true},
			job.KeyAssignees: assigned("anna"), job.KeyScheduledAt: crdt.Timestamp(n%5 + 1),
		}))
	}
	var docs []crdt.DocID
	for n := range 200 {
		docs = append(docs, docID(n))
	}
	w.now(docs...)
	for _, q := range []Query{
		{Skills: []string{"height"}},
		{ExternalID: "same", SerialNo: "none"},
		{ExternalID: "same", Sort: SortCreated},
		{Territories: []string{"north", "south", "east"}, Sort: SortSerial, Desc: true},
		{Assignees: []string{"anna", "ben"}, Sort: SortUpdated, Skills: []string{"height"}},
		{ScheduledFrom: 1, ScheduledTo: 100, Sort: SortCreated},
		{CreatedFrom: 1, CreatedTo: 2},
		{Reader: "anna", Types: []string{"none"}},
	} {
		q.Org, q.Limit = "org", 50
		for pages, more := 0, true; more; pages++ {
			p := must(w.Query(t.Context(), q))
			if p.Looked > 20 {
				t.Fatalf("%+v looks at %d rows for one page", q, p.Looked)
			}
			if q.Cursor, more = p.Next, p.Next != ""; pages > 200 {
				t.Fatalf("%+v has no end", q)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w.limits = defaultLimits
	for n := 200; n < 600; n++ {
		w.set(jobDoc(n, nil))
		docs = append(docs, docID(n))
	}
	w.now(docs...)
	if _, err := w.Query(ctx, Query{Org: "org", Skills: []string{"height"}}); err == nil {
		t.Error("a list that nobody waits for is read to its end")
	}
}

// A peer may write any values into a job.
func TestARowIsBoundedWhateverTheDocumentHolds(t *testing.T) {
	long := strings.Repeat("é\xff", 5_000)
	v := map[string]any{
		job.KeyTitle: long, job.KeySerialNo: long, job.KeyExternalID: long, job.KeyExternalOrderID: long, job.KeyType: long, job.KeyUUID: long, job.KeyFollows: long,
		job.KeyClient: ref(long, long), job.KeySite: ref(long, long), job.KeyTemplate: ref(long, long), job.KeyTerritory: long, job.KeyDescription: crdt.Text(long),
		job.KeyAddress: map[string]any{job.KeyFormatted: long}, job.KeyResolution: long,
	}
	users, skills, ids, log, comments := map[string]any{}, map[string]any{}, map[string]any{}, map[string]any{}, map[string]any{}
	for i := range 400 {
		key := strings.Repeat("k", i%70) + string(rune('a'+i%26)) + strings.Repeat("z", i/70)
		users[key], skills[key], ids[key] = map[string]any{job.KeyEdit: true}, true, long
		log[key] = map[string]any{job.KeyStatus: long, job.KeyNote: long}
		comments[key] = map[string]any{job.KeyText: long}
	}
	v[job.KeyAssignees], v[job.KeySkills], v[job.KeyExternalIDs], v[job.KeyStatusLog], v[job.KeyComments] = users, skills, ids, log, comments
	d := jobDoc(1, v)
	for i := range 4_000 {
		d.Readers = append(d.Readers, strings.Repeat("r", i%60)+string(rune('a'+i%26)))
	}
	w := newWorld(t)
	w.open(nil)
	w.set(d)
	der := must(derive(d))
	if len(der.json) > 32<<10 || len(der.text.head)+len(der.text.body) > 2*maxSearched {
		t.Errorf("a row of %d bytes, a text of %d", len(der.json), len(der.text.head)+len(der.text.body))
	}
	b := &batch{r: w.store, orgs: map[string]bool{}, last: map[string]uint64{}, counts: map[string]*counted{}, held: map[string]*held{}}
	check(t, b.add(made{doc: d.ID, derived: &der, org: d.Org, digest: d.digest(), changes: 1}))
	b.finish()
	if b.bytes > 1_200_000 || len(b.ops) > 1_000 {
		t.Errorf("%d writes of %d bytes: more than one transaction of the store takes", len(b.ops), b.bytes)
	}
	w.now(d.ID)
	if got := w.all(Query{Org: "org"}); len(got) != 1 {
		t.Errorf("%q", got)
	}
	w.sound()
}

func TestHeadersAndRowsReadBackAndDamagedOnesAreFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawJob(t, 1)
		der := must(derive(d))
		der.head.seq = rapid.Uint64().Draw(t, "seq")
		row := storedRow{head: der.head, gen: 3, digest: d.digest(), changes: 9, textSeq: 4, json: der.json}
		b := row.encode()
		got := must(decodeRow(b))
		if string(got.encode()) != string(b) || got.head.seq != der.head.seq || string(got.json) != string(der.json) {
			t.Fatalf("%+v", got)
		}
		cut := b[:rapid.IntRange(0, len(b)-len(row.json)-1).Draw(t, "cut")]
		if _, err := decodeRow(cut); err == nil {
			t.Fatal("half a row is read")
		}
		noise := rapid.SliceOf(rapid.Byte()).Draw(t, "noise")
		_, _ = decodeRow(noise)
		_, _ = decodeSearched(noise)
		_, _ = decodeCounts(noise)
	})
}

func TestNamesSortAsPeopleExpect(t *testing.T) {
	sorted := []string{"", "#1", "2", "007", "7a", "10", "99", "100", "1234567890", "a", "A-2", "a-10", "A-10-1", "B", "é"}
	for i := 1; i < len(sorted); i++ {
		if a, b := sortName(sorted[i-1]), sortName(sorted[i]); string(a) >= string(b) {
			t.Errorf("%q (%x) does not stand before %q (%x)", sorted[i-1], a, sorted[i], b)
		}
	}
	if got := sortName("a\x00b" + strings.Repeat("x", 100)); len(got) > maxNameKey || strings.ContainsRune(string(got), 0) {
		t.Errorf("%q", got)
	}
}
