package audit_test

import (
	"fmt"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/audit"
	"fieldsync/crdt/job"
)

func TestLateIsWhatArrivedAfterTheAssignmentHadEnded(t *testing.T) {
	assignees := func(m map[string]any) []crdt.Edit { return set(m, job.KeyAssignees) }
	for name, c := range map[string]struct {
		at   int // when anna comes back
		do   func(o *office, dora *device)
		want bool
	}{
		"still assigned": {10, func(o *office, dora *device) {
			dora.do(3, set("t", "title"))
			dora.sync(3, o, "user:dora")
		}, false},
		"taken off before": {10, func(o *office, dora *device) {
			dora.do(3, must(job.Unassign("anna")))
			dora.sync(9, o, "user:dora")
		}, true},
		"in that very minute": {9, func(o *office, dora *device) {
			dora.do(3, must(job.Unassign("anna")))
			dora.sync(9, o, "user:dora")
		}, false},
		"taken off, and put on again": {10, func(o *office, dora *device) {
			dora.do(3, must(job.Unassign("anna")))
			dora.sync(3, o, "user:dora")
			dora.do(4, must(job.Assign(job.Assignee{User: "anna"})))
			dora.sync(4, o, "user:dora")
		}, false},
		"another map of assignees, without her": {10, func(o *office, dora *device) {
			dora.do(3, assignees(map[string]any{"ben": map[string]any{"edit": true}}))
			dora.sync(3, o, "user:dora")
		}, true},
		"another map of assignees, with her": {10, func(o *office, dora *device) {
			dora.do(3, assignees(map[string]any{"anna": map[string]any{"edit": true}}))
			dora.sync(3, o, "user:dora")
		}, false},
		"no map of assignees at all": {10, func(o *office, dora *device) {
			dora.do(3, del(job.KeyAssignees))
			dora.sync(3, o, "user:dora")
		}, true},
		"taken off by somebody who did not know of the other map": {10, func(o *office, dora *device) {
			other := newDevice(o.t, "office-0002")
			other.sync(3, o, "user:dora")
			other.do(3, must(job.Unassign("anna")))
			dora.do(3, assignees(map[string]any{"anna": map[string]any{"edit": true}}))
			dora.sync(3, o, "user:dora")
			other.sync(4, o, "user:dora")
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			dora, anna := newDevice(t, "office-0001"), newDevice(t, "phone-0001")
			dora.do(0, newJob())
			dora.sync(0, o, "user:dora")
			anna.sync(1, o, "user:anna")
			before := anna.press(2, "e1", job.Published, "anna")
			anna.sync(2, o, "user:anna")
			dora.sync(2, o, "user:dora")
			raw := anna.do(2, set("by anna", "note"))
			c.do(o, dora)
			anna.sync(c.at, o, "user:anna")
			l := o.log()
			for hash, want := range map[crdt.Hash]bool{hashOf(raw): c.want, hashOf(before): false} {
				if e, err := l.Entry(hash); err != nil || e.Late != want {
					t.Errorf("late: %v, want %v (%v)", e.Late, want, err)
				}
			}
		})
	}
}

// Who was never assigned made the job himself, or may write for another reason; who is no worker is nowhere to be late; and where arrivals are
// not known, nothing is.
func TestOnlyWorkersWhoHadBeenAssignedAreLate(t *testing.T) {
	o := newOffice(t)
	dora, carl, anna := newDevice(t, "office-0001"), newDevice(t, "phone-0002"), newDevice(t, "phone-0001")
	dora.do(0, newJob())
	dora.sync(0, o, "user:dora")
	anna.sync(0, o, "user:anna")
	dora.do(1, must(job.Unassign("anna")), must(job.Unassign("ben")))
	dora.sync(1, o, "user:dora")
	hers := anna.do(2, set("by anna", "note"))
	anna.sync(3, o, "user:anna")
	carl.sync(4, o, "user:carl")
	carl.do(4, set("by carl", "note"))
	carl.sync(5, o, "user:carl")
	ben := newDevice(t, "phone-0003")
	ben.sync(5, o, "user:ben")
	ben.do(5, set("by ben", "note"))
	ben.sync(5, o, "user:ben")
	dora.do(6, set("by dora", "note"))
	dora.sync(6, o, "user:dora")
	late := ""
	for _, e := range all(t, o.log(), audit.Query{Oldest: true}) {
		late += fmt.Sprintf("%d:%v ", e.Version, e.Late)
	}
	if late != "1:false 2:false 3:true 4:false 5:true 6:false " {
		t.Errorf("late: %s", late)
	}
	if e, err := audit.New(o.h, audit.Options{}).Entry(hashOf(hers)); err != nil || e.Late || e.Arrived != 0 {
		t.Errorf("where nothing is known: %+v, %v", e, err)
	}
}
