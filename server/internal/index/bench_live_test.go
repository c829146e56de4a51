package index

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store/badgerstore"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/documents"
)

// nobody counts what a Service tells.
type nobody struct{}

func (nobody) FrameReceived(string, int)          {}
func (nobody) FrameSent(string, int)              {}
func (nobody) FrameIgnored(string)                {}
func (nobody) FrameDropped()                      {}
func (nobody) Refused(crdt.RefusalCode, int)      {}
func (nobody) ChangesAdmitted(int)                {}
func (nobody) SnapshotBuilt(time.Duration, error) {}
func (nobody) DocumentDamaged()                   {}

var office = access.Principal{ID: "user:office", User: "office", Org: "org", Role: access.RoleDispatcher}

// realJob makes a document of the n-th job.
func realJob(tb testing.TB, s *documents.Service, n int) crdt.DocID {
	draft := job.Draft{SerialNo: fmt.Sprintf("R-%d", n), First: job.Event{ID: "first", Status: job.Published, By: "office"}, ScheduledAt: crdt.Timestamp(1_767_225_600_000 + n), Assignees: []job.Assignee{{User: benchWorker(n % benchWorkers), Edit: true}}}
	draft.Title, draft.Description = fmt.Sprintf("Replace the pump of unit %d", n), "Customer reports noise. Bring the new part, call before arrival; gate code at the reception."
	draft.Client, draft.Territory = job.Ref{UUID: fmt.Sprint(n % 100), Name: "Client Ltd"}, job.Ref{Name: "north"}
	edits, err := job.New(draft)
	if err != nil {
		tb.Fatal(err)
	}
	doc, _, err := s.Create(tb.Context(), office, documents.CreateOptions{}, edits)
	if err != nil {
		tb.Fatal(err)
	}
	return doc
}

func edit(tb testing.TB, s *documents.Service, doc crdt.DocID, title string) {
	if _, err := s.Edit(tb.Context(), office, doc, documents.EditOptions{}, func(tx *engine.Tx) error {
		return tx.Set(crdt.Path{job.KeyTitle}, title)
	}); err != nil {
		tb.Fatal(err)
	}
}

// BenchmarkEditToList measures how long after an edit is acknowledged the list shows it, with 100,000 other rows in the store.
func BenchmarkEditToList(b *testing.B) {
	w, _ := benchIndex(b)
	w.end()
	opt := w.options(func(o *Options) { o.Load = FromStore(w.store, documents.NewRoom()) })
	w.Index = must(Open(opt)) // comparing would find that there are no documents of the other rows
	s := must(documents.New(documents.Options{Store: w.store, Metrics: nobody{}, Log: slog.New(slog.DiscardHandler), OnChange: w.Changed}))
	b.Cleanup(s.Close)
	doc := realJob(b, s, 0)
	sub := w.Subscribe("org")
	defer sub.Close()
	var took []float64
	for n := range b.N {
		title := fmt.Sprintf("title %d of %d", n, b.N)
		edit(b, s, doc, title)
		acknowledged := time.Now()
		for ev := range sub.C {
			if ev.After.Title == title {
				break
			}
		}
		took = append(took, float64(time.Since(acknowledged))/1e6)
	}
	slices.Sort(took)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(took[b.N/2], "ms")
	b.ReportMetric(took[b.N*99/100], "ms-p99")
}

// BenchmarkRebuild makes the rows of documents anew, words included: documents a second.
func BenchmarkRebuild(b *testing.B) {
	const docs = 2_000
	dir := b.TempDir()
	st, err := badgerstore.Open(badgerstore.Options{Dir: filepath.Join(dir, "store")})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { check(b, st.Close()) }()
	s := must(documents.New(documents.Options{Store: st, Metrics: nobody{}, Log: slog.New(slog.DiscardHandler)}))
	var all sync.WaitGroup
	for part := range 16 {
		all.Go(func() {
			for n := part; n < docs; n += 16 {
				doc := realJob(b, s, n)
				for i := range 4 {
					edit(b, s, doc, fmt.Sprintf("title %d", i))
				}
			}
		})
	}
	all.Wait()
	s.Close()
	x := must(Open(Options{Store: st, Load: FromStore(st, documents.NewRoom()), Search: filepath.Join(dir, "search"), Log: slog.New(slog.DiscardHandler)}))
	defer func() { check(b, x.Close()) }()
	b.ResetTimer()
	for range b.N {
		check(b, x.Rebuild(b.Context(), func(Progress) {}))
	}
	b.ReportMetric(float64(docs*b.N)/b.Elapsed().Seconds(), "documents/s")
}

// BenchmarkMemory measures what an index over 100,000 rows takes after all lists were read.
func BenchmarkMemory(b *testing.B) {
	w, _ := benchIndex(b)
	for range b.N {
		for n := range benchVariants {
			for _, q := range benchQueries {
				query := q.query(n)
				query.Org = "org"
				must(w.Query(b.Context(), query))
			}
		}
	}
	debug.FreeOSMemory()
	b.ReportMetric(anonymous(b), "MB")
}

// anonymous is the process's own memory in MB.
func anonymous(b *testing.B) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0 // not here
	}
	m := regexp.MustCompile(`RssAnon:\s+(\d+) kB`).FindSubmatch(status)
	if m == nil {
		b.Fatal("no RssAnon")
	}
	kb, err := strconv.Atoi(string(m[1]))
	if err != nil {
		b.Fatal(err)
	}
	return float64(kb) / 1024
}
