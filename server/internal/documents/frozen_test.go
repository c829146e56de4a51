package documents

import (
	"fmt"
	"strings"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
	"fieldsync/server/internal/access"
)

// Odd values in a job, a worker's or a dispatcher's, neither make it unreachable nor keep somebody assigned.
func TestOddAssigneesNeitherHideAJobNorKeepSomebodyAssigned(t *testing.T) {
	for name, odd := range map[string]func(tx *engine.Tx) error{
		"names of 1.5 MB": func(tx *engine.Tx) error {
			for i := range 1500 {
				if err := tx.Set(crdt.Path{job.KeyAssignees, fmt.Sprintf("%01024d", i)}, true); err != nil {
					return err
				}
			}
			return nil
		},
		"five thousand names": func(tx *engine.Tx) error { return thousands(tx, 5000) },
		"as many as fit":      func(tx *engine.Tx) error { return thousands(tx, 4095) },
	} {
		t.Run(name, func(t *testing.T) {
			o := open(t)
			doc := crdt.DocID{1}
			o.must(dora, doc, newJob("anna"))
			if err := o.edit(anna, doc, odd); crdt.KindOf(err) != crdt.KindForbidden {
				t.Fatalf("by a worker: %v", err)
			}
			o.must(dora, doc, odd)
			if a, err := o.Access(dora, doc); err != nil || !a.Read || !a.Write {
				t.Fatalf("the dispatcher has %+v: %v", a, err)
			}
			if a, err := o.Access(anna, doc); err != nil || !a.Read {
				t.Fatalf("the worker, who is still assigned, has %+v: %v", a, err)
			}
			o.must(dora, doc, func(tx *engine.Tx) error { return tx.Delete(crdt.Path{job.KeyAssignees, "anna"}) })
			if a, err := o.Access(anna, doc); err != nil || a.Read || !a.Write {
				t.Errorf("the worker whom the job was taken from has %+v: %v", a, err)
			}
			o.record(doc)
		})
	}
}

func TestAKindThatNobodyKnowsIsOpaqueHoweverLongItIs(t *testing.T) {
	o, doc := open(t), crdt.DocID{1}
	o.must(anna, doc, set(job.KeyKind, strings.Repeat("x", 2<<20)))
	if rec := o.record(doc); !rec.Opaque() || rec.Kind != "" {
		t.Errorf("a kind of %d bytes", len(rec.Kind))
	}
	o.must(anna, doc, set("anything", "else"))
}

func thousands(tx *engine.Tx, n int) error {
	for i := range n {
		if err := tx.Set(crdt.Path{job.KeyAssignees, fmt.Sprintf("a%d", i)}, true); err != nil {
			return err
		}
	}
	return nil
}

func TestARecordOfTheLongestNamesCanBeReadAgain(t *testing.T) {
	names := make([]string, 10_000)
	for i := range names {
		names[i] = fmt.Sprintf("%063d", i)
	}
	rec := access.Record{Org: org, Creator: "user:dora", Kind: "job"}.WithAssignees(names, names).WithAssignees(names[5000:], names[6000:])
	b, err := rec.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := access.DecodeRecord(b); err != nil || !again.Equal(rec) {
		t.Error(err)
	}
}
