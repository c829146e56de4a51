package index

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store"
)

// textWorld is a world with a full text on disk.
func textWorld(t *testing.T) (*world, string) {
	w, dir := newWorld(t), filepath.Join(t.TempDir(), "data", "search")
	w.open(func(o *Options) { o.Search = dir })
	return w, dir
}

// known waits until the full text knows all rows.
func (w *world) known() {
	w.t.Helper()
	check(w.t, w.text.caughtUp(context.Background()))
}

// find gives the titles of what a search finds, sorted.
func (w *world) find(q Query) []string { return w.titles(q) }

func TestTextIsFoundWhereverItStands(t *testing.T) {
	w, _ := textWorld(t)
	w.set(jobDoc(1, map[string]any{
		job.KeyTitle: "the job", job.KeySerialNo: "AB-1042", job.KeyExternalID: "ERP77", job.KeyExternalOrderID: "ORD5", job.KeyExternalIDs: map[string]any{"crm": "Kd9"},
		job.KeyDescription: crdt.Text("Heizungspumpe prüfen,\nVentil tauschen"), job.KeyClient: ref("c", "Müller & Söhne"), job.KeySite: ref("s", "Werk Ost"),
		job.KeyAddress:   map[string]any{job.KeyFormatted: "12 Main-Street, Łódź"},
		job.KeyContacts:  map[string]any{"k": map[string]any{job.KeyName: "Ms Ono", job.KeyValue: "+49 171 555"}},
		job.KeyComments:  map[string]any{"c": map[string]any{job.KeyText: "Clé sous le paillasson 修理完了", job.KeyBy: "anna"}},
		job.KeyTerritory: "Nord", job.KeyType: "Wartung", job.KeyTemplate: ref("t", "Jahreswartung"),
		job.KeyStatusLog: map[string]any{"e": map[string]any{job.KeyStatus: "finished", job.KeyNote: "replaced gasket"}},
	}))
	w.set(jobDoc(2, map[string]any{job.KeyTitle: "another", job.KeyDescription: "nothing of it"}))
	w.now(docID(1), docID(2))
	w.known()
	for text, found := range map[string]bool{
		"the job": true, "JOB": true, "ab-1042": true, "1042": true, "erp77": true, "ord5": true, "kd9": true, "heizungspumpe": true, "prufen": true,
		"PRÜFEN ventil": true, "müller": true, "muller sohne": true, "werk ost": true, "main street": true, "lodz": false, "łódź": true, "łodz": true,
		"ono": true, "171": true, "cle sous": true, "修理": true, "完了": true, "nord": true, "wartung": true, "jahreswartung": true, "gasket": true,
		"heiz": true, "ventil heizu": true, "heizu ventil": false, "h": false, "pumpe": false, "nothing": false, "job nothing": false, "１０４２": true,
		"zz": false, "gasket paillasson müll": true,
	} {
		if got := w.find(Query{Text: text}); slices.Contains(got, "the job") != found {
			t.Errorf("%q finds %q; the job: %v", text, got, found)
		}
	}
}

func TestTheFullTextFollowsWhatChanges(t *testing.T) {
	w, _ := textWorld(t)
	one := func(title string) {
		w.set(jobDoc(1, map[string]any{job.KeyTitle: title}))
		w.now(docID(1))
		w.known()
	}
	one("pump")
	one("boiler")
	if got := w.find(Query{Text: "pump"}); len(got) != 0 {
		t.Errorf("a word that was taken out finds %q", got)
	}
	if got := w.find(Query{Text: "boiler"}); len(got) != 1 {
		t.Errorf("a word that was put in finds %q", got)
	}
	d := jobDoc(1, nil)
	d.Kind = "note"
	w.set(d)
	w.now(d.ID)
	w.known()
	n, err := w.text.idx.DocCount()
	if err != nil || n != 0 {
		t.Errorf("%d documents are known, though none is left: %v", n, err)
	}
}

func TestTheBestMatchComesFirstAndPagesGoOn(t *testing.T) {
	w, _ := textWorld(t)
	var docs []crdt.DocID
	for n := range 30 {
		v := map[string]any{job.KeyTitle: fmt.Sprintf("visit %d", n), job.KeyDescription: "about a pump and " + strings.Repeat("other things ", n)}
		if n == 17 {
			v[job.KeyTitle] = "pump"
		}
		w.set(jobDoc(n, v))
		docs = append(docs, docID(n))
	}
	w.now(docs...)
	w.known()
	q := Query{Org: "org", Text: "pump", Limit: 7}
	all := w.all(q)
	if len(all) != 30 || all[0] != docID(17).String() {
		t.Errorf("%d rows, the first is %s", len(all), all[0])
	}
	slices.Sort(all)
	if len(slices.Compact(all)) != 30 {
		t.Error("a row comes twice")
	}
	q.Sort, q.Desc = SortUpdated, true
	newest := w.all(q)
	if len(newest) != 30 || newest[0] != docID(29).String() || newest[29] != docID(0).String() {
		t.Errorf("by change: %d rows, the first is %s", len(newest), newest[0])
	}
}

func TestFiltersOfASearchAreNotCrowdedOutByBetterMatchesOfOthers(t *testing.T) {
	w, _ := textWorld(t)
	var docs []crdt.DocID
	for n := range maxFound + 50 {
		v := map[string]any{job.KeyTitle: "pump"}
		if n%100 == 3 {
			v = map[string]any{job.KeyTitle: "visit " + strings.Repeat("of something ", 20), job.KeyDescription: "pump", job.KeyAssignees: assigned("anna"), job.KeyClient: ref("c9", "x"), job.KeyStatusLog: statusLog(job.Started)}
		}
		w.set(jobDoc(n, v))
		docs = append(docs, docID(n))
	}
	for group := range slices.Chunk(docs, 50) {
		w.now(group...)
	}
	w.known()
	want := 11
	for _, q := range []Query{{Assignees: []string{"anna"}}, {Reader: "anna"}, {Clients: []string{"c9"}}, {Statuses: []job.Status{job.Started}}} {
		q.Org, q.Text = "org", "pump"
		if got := w.all(q); len(got) != want {
			t.Errorf("%+v finds %d rows; want %d", q, len(got), want)
		}
	}
	p := must(w.Query(t.Context(), Query{Org: "org", Text: "pump", Limit: MaxLimit}))
	if !p.Partial || p.Total != -1 {
		t.Errorf("more matches than are looked at: partial %v, total %d", p.Partial, p.Total)
	}
	if got := len(w.all(Query{Org: "org", Text: "pump", Limit: MaxLimit})); got < maxFound-50 || got > maxFound+50 {
		t.Errorf("%d rows in all", got) // of equal matches it is open which are among the best, and files that are merged between two pages change it
	}
}

func TestASearchStaysInItsOrganisationAndWithItsReader(t *testing.T) {
	w, _ := textWorld(t)
	var docs []crdt.DocID
	for n, org := range []string{"org", "other", "org2", "or"} {
		d := jobDoc(n, map[string]any{job.KeyTitle: "secretword " + org, job.KeyAssignees: assigned("anna")})
		d.Org = org
		w.set(d)
		docs = append(docs, d.ID)
	}
	w.now(docs...)
	w.known()
	for n, org := range []string{"org", "other", "org2", "or"} {
		for _, text := range []string{"secretword", "secr", "secretword " + org} {
			if got := w.all(Query{Org: org, Text: text}); len(got) != 1 || got[0] != docID(n).String() {
				t.Errorf("%q in %s finds %q", text, org, got)
			}
		}
	}
	for _, q := range []Query{{Org: "nobody", Text: "secretword"}, {Org: "org", Text: "other"}, {Org: "org", Text: "secretword", Reader: "ben"}, {Org: "or", Text: "g\x00secretword"}} {
		if got := w.all(q); len(got) != 0 {
			t.Errorf("%+v finds %q", q, got)
		}
	}
}

func TestTheFullTextIsMadeAgainWhenItIsLostOrDamagedOrBehind(t *testing.T) {
	w, dir := textWorld(t)
	w.set(jobDoc(1, map[string]any{job.KeyTitle: "pump"}))
	w.now(docID(1))
	w.known()
	for name, harm := range map[string]func(){
		"lost":    func() { check(t, os.RemoveAll(dir)) },
		"damaged": func() { check(t, os.WriteFile(filepath.Join(dir, "index_meta.json"), []byte("{"), 0o600)) },
		"torn": func() {
			check(t, filepath.WalkDir(filepath.Join(dir, "store"), func(path string, d os.DirEntry, err error) error {
				if err == nil && strings.HasSuffix(path, ".bolt") {
					err = os.Truncate(path, 100)
				}
				return err
			}))
		},
		"of another layout": func() {
			w.Index = must(Open(w.options(func(o *Options) { o.Search = dir })))
			check(t, w.text.idx.SetInternal(layoutKey, []byte("0")))
			w.end()
		},
		"behind": func() { // rows that were written while there was no full text
			w.Index = must(Open(w.options(nil)))
			w.set(jobDoc(2, map[string]any{job.KeyTitle: "boiler"}))
			w.now(docID(2))
			w.end()
		},
	} {
		w.end()
		harm()
		w.Index = must(Open(w.options(func(o *Options) { o.Search = dir })))
		w.known()
		if got := w.find(Query{Text: "pump"}); len(got) != 1 {
			t.Errorf("%s: %q", name, got)
		}
		if name == "behind" && len(w.find(Query{Text: "boiler"})) != 1 {
			t.Error("what was written meanwhile is not found")
		}
	}
	check(t, w.Rebuild(t.Context(), func(Progress) {}))
	if got := w.find(Query{Text: "pump"}); len(got) != 1 {
		t.Errorf("after a rebuild: %q", got)
	}
}

func TestWordsAreAsPeopleTypeThem(t *testing.T) {
	for text, want := range map[string]string{
		"Straße":                 "strasse",
		"ÀÉÎ naïve Åse":          "aei naive ase",
		"AB-12/3_c":              "ab 12 3 c",
		"don’t, o'clock":         "don t o clock",
		"ｆｕｌｌ ﬁne":               "full fine",
		"Жёлтый":                 "желтыи",
		"日本語テスト":                 "日 本 語 テ ス ト",
		"\x00\xff � - … ":        "",
		"ID№5 x²":                "idno5 x2",
		"  a\nb\tc  ":            "a b c",
		strings.Repeat("é", 100): strings.Repeat("e", maxWordBytes),
	} {
		if got := strings.Join(words(text), " "); got != want {
			t.Errorf("%q: %q; want %q", text, got, want)
		}
	}
	if got := len(words(strings.Repeat("a ", 1000))); got != maxWords {
		t.Errorf("a search of a thousand words looks for %d", got)
	}
}

func TestAChangeWithoutNewWordsDoesNotTouchTheFullText(t *testing.T) {
	w, _ := textWorld(t)
	textSeq := func() uint64 { return must(readRow(w.store, orgKeys{"org"}, docID(1))).textSeq }
	w.set(jobDoc(1, map[string]any{job.KeyTitle: "pump"}))
	w.now(docID(1))
	first := textSeq()
	w.set(jobDoc(1, map[string]any{job.KeyTitle: "pump", job.KeyScheduledAt: crdt.Timestamp(5)}))
	w.now(docID(1))
	if got := textSeq(); got != first {
		t.Error("a new time has the words taken in again")
	}
	w.set(jobDoc(1, map[string]any{job.KeyTitle: "pump", job.KeyScheduledAt: crdt.Timestamp(5), job.KeyAssignees: assigned("anna")}))
	w.now(docID(1))
	if got := textSeq(); got == first {
		t.Error("an assignee, whom searches filter by, is not taken in")
	}
}

func TestADamagedRowKeepsNoOtherFromTheFullText(t *testing.T) {
	w := newWorld(t)
	counts := &failures{}
	w.open(func(o *Options) { o.Search, o.Metrics = filepath.Join(t.TempDir(), "search"), counts })
	w.text.mu.Lock() // it stands still until the damage is done
	for n := range 6 {
		w.set(jobDoc(n, map[string]any{job.KeyTitle: fmt.Sprintf("pump %d", n)}))
		w.now(docID(n))
	}
	o := orgKeys{"org"}
	check(t, store.Write(w.store, []store.Op{
		{Key: o.text(docID(1)), Value: []byte{0xff}},
		{Key: o.text(docID(2))},
		{Key: o.row(docID(3)), Value: []byte("no row")},
		{Key: o.feed(1), Value: []byte("no document")}, // of row 0
	}))
	w.text.mu.Unlock()
	w.known()
	if got := w.find(Query{Text: "pump"}); !slices.Equal(got, []string{"pump 4", "pump 5"}) {
		t.Errorf("found: %q", got)
	}
	if counts.n.Load() != 4 {
		t.Errorf("%d damaged rows were counted", counts.n.Load())
	}
	w.set(jobDoc(1, map[string]any{job.KeyTitle: "pump 1 again"}))
	w.now(docID(1))
	w.known()
	if got := w.find(Query{Text: "again"}); !slices.Equal(got, []string{"pump 1 again"}) {
		t.Errorf("after its next change: %q", got)
	}
	if counts.n.Load() != 4 {
		t.Errorf("%d damaged rows were counted in the end", counts.n.Load())
	}
}

// failures counts rows that failed.
type failures struct {
	Metrics
	n atomic.Int64
}

func (f *failures) RowsWritten(int)       {}
func (f *failures) RowLate(time.Duration) {}
func (f *failures) RowFailed()            { f.n.Add(1) }
