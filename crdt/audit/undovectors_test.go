package audit_test

import (
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/audit"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/history/historytest"
	"fieldsync/crdt/job"
)

// undoVectors are shared with the TypeScript SDK (client/web/sdk/src/rules/undo.test.ts), which undoes without a network by the same rule.
var undoVectors = filepath.Join("..", "..", "conformance", "vectors", "job", "undo.json")

var updateVectors = flag.Bool("update-vectors", false, "write conformance/vectors/job/undo.json anew; review the difference")

type undoVector struct {
	Name    string       `json:"name"`
	Changes [][]byte     `json:"changes"`
	Undo    string       `json:"undo"`
	Error   string       `json:"error,omitempty"` // the kind
	Left    []audit.Left `json:"left,omitempty"`
	After   []byte       `json:"after,omitempty"` // the change that undoes it, made by Go: the values of the document are then those
}

// undoVectorStamp is what the vectors' undone statuses are stamped with.
var undoVectorStamp = audit.Stamp{EventID: "undone", At: minute(60), By: "dora", Device: "desk"}

func vectorOf(t *testing.T, name string, h *history.History, hash crdt.Hash) (v undoVector, ok bool) {
	t.Helper()
	v = undoVector{Name: name, Undo: hash.String()}
	for i := range h.Len() {
		v.Changes = append(v.Changes, slices.Clone(h.Raw(i)))
	}
	u, err := audit.New(h, audit.Options{}).Undo(hash, undoVectorStamp)
	v.Left = u.Left
	if err != nil {
		v.Error = crdt.KindOf(err).String()
		return v, true
	}
	d := load(t, h)
	defer d.Close()
	v.After, err = d.Edit(engine.Commit{Actor: "undoer", Message: audit.UndoMessage(hash)}, func(tx *engine.Tx) error { return tx.Apply(u.Edits...) })
	return v, err == nil // the core cannot name the elements of some texts
}

// jobsUndone are jobs as people work on them.
func jobsUndone(t *testing.T) (out []undoVector) {
	o, d := oneDevice(t)
	anna := newDevice(t, "phone-0001")
	d.make(1, o, must(job.AddComment(job.Comment{ID: "c1", Text: "Hello", By: "anna"})), set(crdt.Text("one two three four"), job.KeyDescription))
	anna.sync(1, o, "user:anna")
	add := func(name string, hash crdt.Hash) {
		if v, ok := vectorOf(t, name, o.h, hash); ok {
			out = append(out, v)
		}
	}
	gone := d.make(2, o, del(job.KeyComments, "c1"))
	anna.do(2, splice(5, 0, " there", job.KeyComments, "c1", job.KeyText))
	anna.sync(3, o, "user:anna")
	add("a deleted comment comes back with what was written into it meanwhile", gone)
	edit := d.make(4, o, splice(4, 4, "2 ", job.KeyDescription), splice(0, 3, "😀", job.KeyDescription))
	d.make(5, o, splice(2, 0, "and ", job.KeyDescription))
	add("a text's part comes back at its place", edit)
	many := d.make(6, o, set("B", job.KeyTitle), set(int64(30), job.KeyScheduledDuration), must(job.AddComment(job.Comment{ID: "c2", Text: "Bye", By: "dora"})), del(job.KeyChecklist, "i1"))
	add("all of a change", many)
	d.make(7, o, set("C", job.KeyTitle))
	add("what others wrote since stays", many)
	started := hashOf(d.press(8, "e1", job.Started, "anna"))
	d.sync(8, o, "user:anna")
	add("a status is followed by the one before", started)
	anna.sync(9, o, "user:anna")
	paused := hashOf(anna.press(9, "e2", job.Paused, "anna"))
	cancelled := hashOf(d.press(9, "e3", job.Cancelled, "dora"))
	anna.sync(10, o, "user:anna")
	d.sync(10, o, "user:dora")
	add("a status in a clash", paused)
	add("the other status in the clash", cancelled)
	add("a status that does not stand any more", started)
	add("the making", o.h.Hash(0))
	mine := d.make(11, o, set("from the office", job.KeyTitle))
	theirs := hashOf(anna.do(11, set("from the phone", job.KeyTitle)))
	anna.sync(12, o, "user:anna")
	add("a clash loses the side that is undone", mine)
	add("a clash loses the other side", theirs)
	return out
}

// TestUndoKeepsTheSharedVectors: what Go makes of each is what stands in the file.
func TestUndoKeepsTheSharedVectors(t *testing.T) {
	if *updateVectors {
		all := jobsUndone(t)
		for seed := range uint64(60) {
			r := rand.New(rand.NewPCG(seed, 31))
			changes := historytest.Document(r, 1+r.IntN(3), 5+r.IntN(12), 1+r.IntN(4)).Changes
			h := admit(t, changes)
			if v, ok := vectorOf(t, "random", h, h.Hash(r.IntN(len(changes)))); ok {
				all = append(all, v)
			}
		}
		b := must(json.MarshalIndent(map[string]any{"origin": "go test ./crdt/audit -run TestUndoKeepsTheSharedVectors -update-vectors", "stamp": undoVectorStamp, "cases": all}, "", " "))
		if err := os.WriteFile(undoVectors, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var file struct{ Cases []undoVector }
	if err := json.Unmarshal(must(os.ReadFile(undoVectors)), &file); err != nil || len(file.Cases) < 50 {
		t.Fatal(len(file.Cases), err)
	}
	for _, want := range file.Cases {
		h := history.New(history.DefaultLimits())
		for _, raw := range want.Changes {
			if _, err := h.Admit(must(format.DecodeChange(raw, format.DefaultLimits())), "by", nil); err != nil {
				t.Fatal(err)
			}
		}
		hash := must(crdt.ParseHash(want.Undo))
		got, ok := vectorOf(t, want.Name, h, hash)
		if a, b := must(json.Marshal(got)), must(json.Marshal(want)); !ok || string(a) != string(b) {
			t.Errorf("%s:\n%s\nwant\n%s", want.Name, a, b)
		}
	}
}
