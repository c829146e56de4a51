package engine

import (
	"bytes"
	"os"
	"runtime/debug"
	"strconv"
	"testing"

	"fieldsync/crdt"
)

const benchChanges = 31 // the size of a job in issue 2's figures

// resident is the process's resident memory in bytes, the core's included.
func resident(t testing.TB) int {
	t.Helper()
	debug.FreeOSMemory() // Go's own garbage is not the question
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(string(bytes.Fields(b)[1]))
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

func TestCloseFreesTheCoresMemory(t *testing.T) {
	changes := jobHistory(t, benchChanges)
	round := func() {
		for range 100 {
			d, err := Load(changes...)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := d.JSON(); err != nil {
				t.Fatal(err)
			}
			if _, err := d.Clashes(); err != nil {
				t.Fatal(err)
			}
			if _, err := d.Edit(Commit{Actor: ben}, set(crdt.Path{"x"}, []any{1, "two"})); err != nil {
				t.Fatal(err)
			}
			d.Close()
		}
	}
	round()
	before := resident(t)
	round()
	round()
	// Left open they would be some 48 MB.
	grown := resident(t) - before
	t.Logf("200 documents opened and closed: %d KB more", grown>>10)
	if grown > 8<<20 {
		t.Errorf("200 documents opened and closed left %d KB behind", grown>>10)
	}
}

func BenchmarkLoad(b *testing.B) {
	changes := jobHistory(b, benchChanges)
	chunk, err := Snapshot(changes)
	if err != nil {
		b.Fatal(err)
	}
	for name, in := range map[string][][]byte{"changes": changes, "snapshot": {chunk}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d, err := Load(in...)
				if err != nil {
					b.Fatal(err)
				}
				d.Close()
			}
		})
	}
}

// BenchmarkOpenMemory reports what an open document costs in resident memory.
func BenchmarkOpenMemory(b *testing.B) {
	changes := jobHistory(b, benchChanges)
	const n = 1000
	docs := make([]*Doc, n)
	for b.Loop() {
		before := resident(b)
		for i := range docs {
			d, err := Load(changes...)
			if err != nil {
				b.Fatal(err)
			}
			docs[i] = d
		}
		b.ReportMetric(float64(resident(b)-before)/n, "B/doc")
		for _, d := range docs {
			d.Close()
		}
	}
}

func BenchmarkTree(b *testing.B) {
	d := open(b, jobHistory(b, benchChanges)...)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Tree(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkClashes(b *testing.B) {
	d := open(b, jobHistory(b, benchChanges)...)
	for b.Loop() {
		if _, err := d.Clashes(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEdit(b *testing.B) {
	d := open(b, jobHistory(b, benchChanges)...)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		if _, err := d.Edit(Commit{Actor: ben}, set(crdt.Path{"title"}, int64(i))); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSnapshot(b *testing.B) {
	changes := jobHistory(b, benchChanges)
	raw := 0
	for _, c := range changes {
		raw += len(c)
	}
	chunk, err := Snapshot(changes)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(raw), "B/changes")
	b.ReportMetric(float64(len(chunk)), "B/snapshot")
	for b.Loop() {
		if _, err := Snapshot(changes); err != nil {
			b.Fatal(err)
		}
	}
}
