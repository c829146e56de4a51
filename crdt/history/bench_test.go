package history_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/history/historytest"
)

// job is a document as the service has them by the thousand: made by a dispatcher with some twenty fields, then status
// events (a map of six fields each), report fields and a comment from two phones. Actors are 16 random bytes.
func job(tb testing.TB, changes int, seed uint64) []*format.Change {
	tb.Helper()
	r := rand.New(rand.NewPCG(seed, 31))
	name := func() crdt.ActorID {
		b := make([]byte, 16)
		for i := range b {
			b[i] = byte(r.IntN(256))
		}
		return crdt.ActorID(b)
	}
	ws := []*historytest.Writer{historytest.NewWriter(name(), r), historytest.NewWriter(name(), r), historytest.NewWriter(name(), r)}
	str := func(s string) format.Value { return format.StringValue(s) }
	set := func(w *historytest.Writer, object historytest.ID, key string, v format.Value) {
		w.Do(historytest.Op{Object: object, Key: key, Action: format.ActionSet, Value: v})
	}
	newMap := func(w *historytest.Writer, object historytest.ID, key string) historytest.ID {
		return w.Do(historytest.Op{Object: object, Key: key, Action: format.ActionMakeMap})
	}
	var root historytest.ID
	d := ws[0]
	for _, key := range []string{"kind", "number", "title", "description", "address", "contact", "phone", "scheduled_at", "duration"} {
		set(d, root, key, str("some "+key+" of a job"))
	}
	report, log, comments := newMap(d, root, "report"), newMap(d, root, "status_log"), newMap(d, root, "comments")
	assignees := newMap(d, root, "assignees")
	newMap(d, root, "attachments")
	newMap(d, root, "checklist")
	set(d, assignees, "user-anna", format.BoolValue(true))
	set(d, assignees, "user-ben", format.BoolValue(true))
	out := []*format.Change{d.Commit()}
	all := historytest.NewModel()
	all.Apply(out[0])
	for n := 1; n < changes; n++ {
		w := ws[r.IntN(len(ws))]
		if r.IntN(10) > 0 {
			w.MergeFrom(all, -1)
		} else if len(w.Changes) == 0 {
			w.MergeFrom(all, 1)
		}
		switch r.IntN(4) {
		case 0:
			e := newMap(w, log, fmt.Sprintf("%016x", r.Uint64()))
			set(w, e, "status", str("started"))
			set(w, e, "happened_at", format.TimestampValue(1_800_000_000_000+int64(n)))
			set(w, e, "by", str("user-anna"))
			set(w, e, "device", str("0123456789abcdef"))
			newMap(w, e, "after")
		case 1:
			c := newMap(w, comments, fmt.Sprintf("%016x", r.Uint64()))
			set(w, c, "text", str("The valve in the cellar leaks, a new one is ordered."))
			set(w, c, "by", str("user-ben"))
		default:
			set(w, report, fmt.Sprintf("field_%d", r.IntN(12)), str("a value that was typed in"))
		}
		c := w.Commit()
		all.Apply(c)
		out = append(out, c)
	}
	return out
}

func load(tb testing.TB, changes []*format.Change) *history.History {
	h, err := history.Load(history.DefaultLimits(), func(yield func(history.Stored, error) bool) {
		for _, c := range changes {
			if !yield(history.Stored{Raw: c.Raw, Author: "user-anna"}, nil) {
				return
			}
		}
	})
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkMemory reports what open documents take, their changes' bytes included: of 31 changes as loaded, of 31 changes
// as they grew by admission, and of 5,000.
func BenchmarkMemory(b *testing.B) {
	for _, c := range []struct {
		name            string
		changes, copies int
		open            func(testing.TB, []*format.Change) *history.History
	}{
		{"loaded-31", 31, 1000, load},
		{"admitted-31", 31, 1000, func(tb testing.TB, changes []*format.Change) *history.History {
			h := history.New(history.DefaultLimits())
			admitAll(b, h, changes)
			return h
		}},
		{"loaded-5000", 5000, 5, load},
	} {
		b.Run(c.name, func(b *testing.B) {
			changes := job(b, c.changes, 1)
			var ops, raw int
			for b.Loop() {
				all := make([]*history.History, c.copies)
				before := heapInUse()
				for i := range all {
					all[i] = c.open(b, changes)
				}
				after := heapInUse()
				ops, raw = all[0].NumOps(), all[0].Bytes()
				each := float64(after-before) / float64(c.copies)
				b.ReportMetric(each, "B/doc")
				b.ReportMetric(each/float64(c.changes), "B/change")
				b.ReportMetric((each-float64(raw))/float64(ops), "index-B/op")
				b.ReportMetric(float64(raw)/float64(c.changes), "raw-B/change")
				runtime.KeepAlive(all)
			}
		})
	}
}

// BenchmarkAdmit admits a document's changes one by one; ns and allocations are those of one change, decoded before.
func BenchmarkAdmit(b *testing.B) {
	changes := job(b, 1000, 1)
	b.ReportAllocs()
	h := history.New(history.DefaultLimits())
	for i := 0; b.Loop(); i++ {
		if i%len(changes) == 0 {
			h = history.New(history.DefaultLimits())
		}
		if _, err := h.Admit(changes[i%len(changes)], "user-anna", nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLoad loads a document of 31 changes from bytes.
func BenchmarkLoad(b *testing.B) {
	changes := job(b, 31, 1)
	b.ReportAllocs()
	for b.Loop() {
		load(b, changes)
	}
}

// BenchmarkAdmitManyHeads is the hostile case: every change is concurrent to almost all others, by as many actors, and
// depends on two of them.
func BenchmarkAdmitManyHeads(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	var changes []*format.Change
	top := uint64(0)
	for n := range 4000 {
		c := historytest.Change{Actor: historytest.ActorID(n), Seq: 1, StartOp: top + 1, Ops: []historytest.Op{{Key: "k", Action: format.ActionMakeMap}}}
		if n > 2 {
			x, y := changes[r.IntN(n)], changes[r.IntN(n)]
			c.Deps = crdt.NewHeads(x.Hash, y.Hash)
			c.Ops[0].Object = historytest.ID{Counter: x.StartOp, Actor: x.Actor}
			if x.StartOp%50 == 0 {
				c.Ops[0].Object = historytest.ID{}
			}
		}
		top++
		built, err := c.Build()
		if err != nil {
			b.Fatal(err)
		}
		changes = append(changes, built)
	}
	b.ReportAllocs()
	h := history.New(history.DefaultLimits())
	for i := 0; b.Loop(); i++ {
		if i%len(changes) == 0 {
			h = history.New(history.DefaultLimits())
		}
		h.Admit(changes[i%len(changes)], "eve", nil)
	}
}
