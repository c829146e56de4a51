package index

import (
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"fieldsync/conformance/figures"
	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store"
	"fieldsync/crdt/store/badgerstore"
)

var benchJobs = flag.Int("index.jobs", 100_000, "jobs of the organisation that the benchmarks of lists read")

var benchReport = flag.String("index.report", "", "file with the markers that the table of lists is written between; empty: none is")

// Sizes of the organisation.
const (
	benchWorkers     = 200
	benchTerritories = 20
	benchClients     = 5_000
	benchTemplates   = 40
	benchMinute      = 60_000
)

// benchJob is the n-th job: of each status, worker and place as many as an office has that keeps its old jobs.
func benchJob(n int) *Document {
	status := job.Finished
	switch n % 20 {
	case 0, 1:
		status = job.Published
	case 2:
		status = job.Scheduled
	case 3:
		status = job.Started
	case 4:
		status = job.Cancelled
	case 5:
		status = job.Paused
	}
	at := crdt.Timestamp(1_767_225_600_000 + int64(n)*5*benchMinute)
	mix := int(uint32(n)*2654435761) % 1_000_003 //nolint:gosec // spread
	site := mix % (2 * benchClients)
	client := site / 2
	log := map[string]any{}
	after := []any{}
	for i, s := range []job.Status{job.Scheduled, job.Published, status} {
		id := fmt.Sprintf("%08x-ev%d", n, i)
		log[id] = map[string]any{job.KeyStatus: string(s), job.KeyHappenedAt: at - crdt.Timestamp(benchMinute*(3-i)), job.KeyBy: "office", job.KeyAfter: after}
		after = []any{id}
	}
	d := jobDoc(n, map[string]any{
		job.KeyUUID: fmt.Sprintf("%08x-0000-4000-8000-%012x", mix, n), job.KeySerialNo: fmt.Sprintf("2026-%06d", n),
		job.KeyExternalID: fmt.Sprintf("ERP-%d", n), job.KeyExternalOrderID: fmt.Sprintf("ORD-%d", n/2),
		job.KeyTitle:       fmt.Sprintf("%s the %s of unit %d", benchWord(mix, "Replace", "Inspect", "Clean", "Install"), benchWord(mix/4, "pump", "boiler", "meter", "filter", "valve"), mix%900),
		job.KeyDescription: crdt.Text(fmt.Sprintf("Customer reports noise from the %s. Bring part %d, call before arrival; gate code at the reception of building %d.", benchWord(mix/20, "compressor", "fan", "motor"), mix%5_000, mix%300)),
		job.KeyTemplate:    ref(fmt.Sprintf("%08x-0000-4000-9000-00000000000t", mix%benchTemplates), fmt.Sprintf("Template %d", mix%benchTemplates)),
		job.KeyClient:      ref(fmt.Sprintf("%08x-0000-4000-9000-00000000000c", client), fmt.Sprintf("Client number %d Ltd", client)),
		job.KeySite:        ref(fmt.Sprintf("%08x-0000-4000-9000-00000000000s", site), fmt.Sprintf("Site %d", site)),
		job.KeyTerritory:   fmt.Sprintf("Territory %d", mix%benchTerritories), job.KeyType: benchWord(mix, "repair", "visit", "installation"),
		job.KeyAddress:     map[string]any{job.KeyFormatted: fmt.Sprintf("%d Harbour Street, Building %d, 4%04d Hamburg", mix%200, mix%9, mix%9999), job.KeyGeolocation: map[string]any{job.KeyLatitude: 53.5 + float64(mix%1000)/1e4, job.KeyLongitude: 9.9 + float64(mix%1000)/1e4}},
		job.KeyScheduledAt: at, job.KeyScheduledDuration: map[string]any{job.KeyMinutes: int64(60 + 30*(mix%4))},
		job.KeySkills:    map[string]any{benchWord(mix, "gas", "water", "power"): true},
		job.KeyAssignees: assigned(benchWorker(mix % benchWorkers)), job.KeyStatusLog: log,
		job.KeyComments: map[string]any{"c1": map[string]any{job.KeyText: "called, nobody answered", job.KeyBy: "office"}},
	})
	d.First, d.Last = at-100*benchMinute, at-crdt.Timestamp(benchMinute*(mix%5000))
	d.Changes, d.Heads = 12, headsOf(d)
	return d
}

func benchWord(n int, words ...string) string { return words[n%len(words)] }

func benchWorker(n int) string { return fmt.Sprintf("7f3e9a%04d", n) }

// benchFill writes the rows of all jobs, past the documents: what is measured are lists.
func benchFill(tb testing.TB, x *Index, jobs int) {
	const group = 24 // about as much as a transaction of the store takes
	for n := 0; n < jobs; n += group {
		var rows []made
		for i := n; i < min(n+group, jobs); i++ {
			d := benchJob(i)
			der := must(derive(d))
			rows = append(rows, made{doc: d.ID, derived: &der, org: d.Org, digest: d.digest(), changes: d.Changes})
		}
		if err := x.put(rows); err != nil {
			tb.Fatal(err)
		}
	}
}

// benchQueries are the lists that are measured; the n-th of each differs from those before.
var benchQueries = []struct {
	name  string
	query func(n int) Query
}{
	{"status and assignee", func(n int) Query {
		return Query{Statuses: []job.Status{job.Finished}, Assignees: []string{benchWorker(n % benchWorkers)}, Desc: true}
	}},
	{"open jobs of an assignee", func(n int) Query {
		return Query{Statuses: []job.Status{job.Scheduled, job.Published, job.EnRoute, job.Started, job.Paused}, Assignees: []string{benchWorker(n % benchWorkers)}}
	}},
	{"territory", func(n int) Query {
		return Query{Territories: []string{fmt.Sprintf("Territory %d", n%benchTerritories)}}
	}},
	{"territory with its total", func(n int) Query {
		return Query{Territories: []string{fmt.Sprintf("Territory %d", n%benchTerritories)}, Total: true}
	}},
	{"time window", func(n int) Query {
		from := crdt.Timestamp(1_767_225_600_000 + int64(n*7919%*benchJobs)*5*benchMinute)
		return Query{ScheduledFrom: from, ScheduledTo: from + 24*60*benchMinute}
	}},
	{"time window and status", func(n int) Query {
		from := crdt.Timestamp(1_767_225_600_000 + int64(n*7919%*benchJobs)*5*benchMinute)
		return Query{ScheduledFrom: from, ScheduledTo: from + 30*24*60*benchMinute, Statuses: []job.Status{job.Published}}
	}},
	{"client", func(n int) Query {
		return Query{Clients: []string{fmt.Sprintf("%08x-0000-4000-9000-00000000000c", n%benchClients)}}
	}},
	{"what a worker may see", func(n int) Query { return Query{Reader: benchWorker(n % benchWorkers), Desc: true} }},
	{"changed last", func(n int) Query {
		return Query{Sort: SortUpdated, Desc: true, Statuses: []job.Status{job.Statuses()[n%7]}}
	}},
	{"territory, status and type", func(n int) Query {
		return Query{Territories: []string{fmt.Sprintf("Territory %d", n%benchTerritories)}, Types: []string{"repair"}, Statuses: []job.Status{job.Finished}}
	}},
	{"territory and template", func(n int) Query {
		return Query{Territories: []string{fmt.Sprintf("Territory %d", n%benchTerritories)}, Templates: []string{fmt.Sprintf("%08x-0000-4000-9000-00000000000t", n%benchTemplates)}}
	}},
	{"territory and two types, newest first " + beside, func(n int) Query {
		return Query{Territories: []string{fmt.Sprintf("Territory %d", n%benchTerritories)}, Types: []string{"repair", "visit"}, Desc: true}
	}},
	{"assignee and type " + beside, func(n int) Query {
		return Query{Assignees: []string{benchWorker(n % benchWorkers)}, Types: []string{"repair"}}
	}},
	{"by serial number", func(n int) Query { return Query{Sort: SortSerial, Statuses: []job.Status{job.Statuses()[n%7]}} }},
	{"an assignee, changed last", func(n int) Query {
		return Query{Assignees: []string{benchWorker(n % benchWorkers)}, Sort: SortUpdated, Desc: true}
	}},
	{"what a worker may see, changed last", func(n int) Query {
		return Query{Reader: benchWorker(n % benchWorkers), Sort: SortUpdated, Desc: true}
	}},
	{"territory, changed last", func(n int) Query {
		return Query{Territories: []string{fmt.Sprintf("Territory %d", n%benchTerritories)}, Sort: SortUpdated, Desc: true}
	}},
	{"made last", func(n int) Query {
		return Query{Sort: SortCreated, Desc: true, Statuses: []job.Status{job.Statuses()[n%7]}}
	}},
	{"an assignee, by serial number", func(n int) Query {
		return Query{Assignees: []string{benchWorker(n % benchWorkers)}, Sort: SortSerial}
	}},
	{"what a worker may see, made last", func(n int) Query {
		return Query{Reader: benchWorker(n % benchWorkers), Sort: SortCreated, Desc: true}
	}},
	{"finished jobs of an assignee, by serial number", func(n int) Query {
		return Query{Assignees: []string{benchWorker(n % benchWorkers)}, Statuses: []job.Status{job.Finished}, Sort: SortSerial}
	}},
	{"published jobs of an assignee, by serial number (sorted)", func(n int) Query {
		return Query{Assignees: []string{benchWorker(n % benchWorkers)}, Statuses: []job.Status{job.Published}, Sort: SortSerial}
	}},
	{"finished and cancelled jobs of a territory", func(n int) Query {
		return Query{Territories: []string{fmt.Sprintf("Territory %d", n%benchTerritories)}, Statuses: []job.Status{job.Finished, job.Cancelled}, Desc: true}
	}},
	{"external id", func(n int) Query { return Query{ExternalID: fmt.Sprintf("ERP-%d", n*7919%*benchJobs)} }},
	{"serial number", func(n int) Query { return Query{SerialNo: fmt.Sprintf("2026-%06d", n*7919%*benchJobs)} }},
	{"full text, a rare word", func(n int) Query { return Query{Text: fmt.Sprintf("part %d", n*31%5_000)} }},
	{"full text, two common words", func(n int) Query { return Query{Text: "boiler compressor"} }},
	{"full text of an assignee", func(n int) Query { return Query{Text: "pump noi", Assignees: []string{benchWorker(n % benchWorkers)}} }},
}

// benchVariants is how many different lists of each sort are measured.
const benchVariants = 64

func benchIndex(b *testing.B) (*world, string) {
	dir := os.Getenv("INDEX_BENCH_DIR")
	if dir == "" {
		dir = b.TempDir()
	}
	w := newWorld(b)
	opened := func() {
		s, err := badgerstore.Open(badgerstore.Options{Dir: filepath.Join(dir, "store")})
		if err != nil {
			b.Fatal(err)
		}
		w.store = s
		w.Index = must(Open(w.options(func(o *Options) { o.Search = filepath.Join(dir, "search") })))
	}
	opened()
	if last := must(w.Last("org")); last == 0 {
		must(w.pass(b.Context(), false, func(Progress) {}))
		started := time.Now()
		benchFill(b, w.Index, *benchJobs)
		b.Logf("%d rows a second into the store", int(float64(*benchJobs)/time.Since(started).Seconds()))
		started = time.Now()
		check(b, w.text.caughtUp(b.Context()))
		b.Logf("%.1f s more until the full text had caught up", time.Since(started).Seconds())
		// The rows of each page once more, as neighbours: what a bare range read of them is measured on. A single row has no neighbours to
		// be among: the range read of it is where the row is.
		for i, q := range benchQueries {
			for n := range benchVariants {
				query := q.query(n)
				query.Org = "org"
				var ops []store.Op
				page := must(w.Query(b.Context(), query))
				if len(page.Rows) == 1 {
					continue
				}
				for r, raw := range page.Rows {
					ops = append(ops, store.Op{Key: binary.BigEndian.AppendUint32(benchRange(i, n), uint32(r)), Value: raw}) //nolint:gosec // small
				}
				check(b, store.Write(w.store, ops))
			}
		}
		w.end()
		check(b, w.store.Close()) // into tables, as rows that are not new
		opened()
	}
	b.Cleanup(func() {
		w.end()
		check(b, w.store.Close())
	})
	return w, dir
}

func benchRange(query, n int) []byte {
	return binary.BigEndian.AppendUint32(fmt.Appendf(nil, "zz%02d", query), uint32(n)) //nolint:gosec // small
}

// BenchmarkLists measures pages of 50 rows against a bare range read of the same rows, in turns in one run: medians. First nothing else
// happens; then a hundred jobs a second are edited while others read lists as fast as they can. With -index.report it writes the table.
func BenchmarkLists(b *testing.B) {
	w, dir := benchIndex(b)
	b.Logf("store %d MB, full text %d MB", size(b, filepath.Join(dir, "store"))>>20, size(b, filepath.Join(dir, "search"))>>20)
	var quiet, loaded []listFigures
	b.Run("quiet", func(b *testing.B) { quiet = benchLists(b, w) })
	b.Run("loaded", func(b *testing.B) {
		ctx, stop := context.WithCancel(b.Context())
		var load sync.WaitGroup
		benchLoad(ctx, b, w, &load)
		loaded = benchLists(b, w)
		stop()
		load.Wait()
	})
	if *benchReport != "" {
		if err := figures.Write(*benchReport, "lists", listTable(quiet, loaded)); err != nil {
			b.Fatal(err)
		}
	}
}

// benchLoad edits a hundred jobs a second, and reads lists all the time.
func benchLoad(ctx context.Context, b *testing.B, w *world, load *sync.WaitGroup) {
	load.Go(func() {
		tick := time.NewTicker(time.Second / 100)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			d := benchJob(n * 7919 % *benchJobs)
			d.Last = crdt.Timestamp(1_900_000_000_000 + n)
			d.Changes += uint64(time.Now().UnixMilli()) //nolint:gosec // any number that is greater
			der := must(derive(d))
			if err := w.put([]made{{doc: d.ID, derived: &der, org: d.Org, digest: d.digest(), changes: d.Changes}}); err != nil {
				b.Error(err)
				return
			}
		}
	})
	load.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			query := benchQueries[n%8].query(n)
			query.Org = "org"
			if _, err := w.Query(ctx, query); err != nil && ctx.Err() == nil {
				b.Error(err)
				return
			}
		}
	})
}

// listFigures are what one list cost: medians in µs.
type listFigures struct {
	name             string
	bare, page       float64
	rows, looked, of float64 // of each page; how many were measured
}

func (f *listFigures) ratio() float64 { return f.page / f.bare }

func benchLists(b *testing.B, w *world) (out []listFigures) {
	for i, q := range benchQueries {
		var figures listFigures
		b.Run(q.name, func(b *testing.B) {
			var bare, ours []float64
			rows, looked := 0, 0
			var ranges [][]byte
			for n := range benchVariants {
				query := q.query(n)
				query.Org = "org"
				ranges = append(ranges, benchRange(i, n))
				if page := must(w.Query(context.Background(), query)); len(page.Docs) == 1 {
					ranges[n] = orgKeys{query.Org}.row(page.Docs[0])
				}
			}
			for n := range b.N {
				query := q.query(n % benchVariants)
				query.Org = "org"
				read := func() {
					started := time.Now()
					rows += bareRead(b, w.store, ranges[n%benchVariants])
					bare = append(bare, float64(time.Since(started))/1000)
				}
				if n/benchVariants%2 == 0 { // who comes second finds the processor's caches warm
					read()
				}
				started := time.Now()
				p, err := w.Query(context.Background(), query)
				ours = append(ours, float64(time.Since(started))/1000)
				if err != nil {
					b.Fatal(err)
				}
				looked += p.Looked
				if n/benchVariants%2 == 1 {
					read()
				}
			}
			slices.Sort(bare)
			slices.Sort(ours)
			n := float64(b.N)
			figures = listFigures{q.name, bare[b.N/2], ours[b.N/2], float64(rows) / n, float64(looked) / n, n}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(figures.page, "µs/page")
			b.ReportMetric(ours[b.N*99/100], "µs/page-p99")
			b.ReportMetric(figures.bare, "µs/bare")
			b.ReportMetric(figures.ratio(), "ratio")
			b.ReportMetric(figures.rows, "rows")
			b.ReportMetric(figures.looked, "looked")
		})
		if figures.of > 0 { // else it was not asked for
			out = append(out, figures)
		}
	}
	return out
}

// bareRead reads neighbouring values and keeps them, as a list does.
func bareRead(b *testing.B, s store.Store, prefix []byte) int {
	var rows [][]byte
	if err := s.Scan(prefix, nil, func(_, value []byte) error {
		rows = append(rows, append([]byte{}, value...))
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	return len(rows)
}

func size(tb testing.TB, dir string) (n int64) {
	if err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	}); err != nil {
		tb.Fatal(err)
	}
	return n
}
