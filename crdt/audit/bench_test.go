package audit

import (
	"fmt"
	"io"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history/historytest"
)

// busyJob is a job of so many changes, a quarter of them status events of a map with four values.
func busyJob(b *testing.B, changes int) *Log {
	c := newChain(b)
	log, comments := c.next("office"), c.next("office")
	comments.Counter++
	c.add("office", nil, historytest.Op{Key: "status_log", Action: format.ActionMakeMap}, historytest.Op{Key: "comments", Action: format.ActionMakeMap},
		put("kind", "job"), put("title", "Boiler leaks"))
	title := historytest.ID{Counter: 4, Actor: "office"}
	for k := 1; k < changes; k++ {
		actor := []crdt.ActorID{"office", "phone"}[k%2]
		id := c.next(actor)
		in := func(key, v string) historytest.Op {
			o := put(key, v)
			o.Object = id
			return o
		}
		switch k % 4 {
		case 0:
			c.add(actor, nil, historytest.Op{Object: log, Key: fmt.Sprint("e", k), Action: format.ActionMakeMap},
				in("status", "started"), in("by", "anna"), in("device", "phone"), in("note", "as it was"))
		case 1:
			c.add(actor, nil, historytest.Op{Object: comments, Key: fmt.Sprint("c", k), Action: format.ActionMakeMap}, in("text", "On my way"))
		default:
			c.add(actor, nil, put("title", fmt.Sprint("Boiler leaks ", k), title))
			title = id
		}
	}
	return New(c.h, Options{Arrived: func(i int) int64 { return int64(i) }})
}

func BenchmarkPageOfAJob(b *testing.B) {
	l := busyJob(b, 300)
	b.ReportAllocs()
	for b.Loop() {
		l = New(l.h, l.o)
		if page, err := l.Page(Query{}); err != nil || len(page.Entries) != 50 {
			b.Fatal(len(page.Entries), err)
		}
	}
}

func BenchmarkPageOf20000Keystrokes(b *testing.B) {
	for _, people := range []int{1, 2} {
		h := typed(b, 20_000, people).h
		for name, q := range map[string]Query{"each": {}, "folded": {Fold: true}} {
			b.Run(fmt.Sprintf("people=%d/%s", people, name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if page, err := New(h, Options{}).Page(q); err != nil || len(page.Entries) == 0 {
						b.Fatal(len(page.Entries), err)
					}
				}
			})
		}
	}
}

func BenchmarkUndoInAJob(b *testing.B) {
	l := busyJob(b, 300)
	hash := l.h.Hash(299)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := New(l.h, l.o).Undo(hash, Stamp{EventID: "x"}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkExportOf20000Keystrokes(b *testing.B) {
	h := typed(b, 20_000, 1).h
	b.ReportAllocs()
	for b.Loop() {
		if err := New(h, Options{}).Export(io.Discard, crdt.DocID{}); err != nil {
			b.Fatal(err)
		}
	}
}
