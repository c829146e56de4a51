package documents

import (
	"context"
	"slices"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/crdt/replica"
	"fieldsync/server/internal/access"
)

func TestTheListsFollowTheAssignees(t *testing.T) {
	o, doc := open(t), crdt.DocID{1}
	o.must(dora, doc, newJob("anna"))
	o.wantLists(doc, everybody, "anna")
	o.must(dora, doc, edits(job.Assign(job.Assignee{User: "ben"})))
	o.wantLists(doc, everybody, "anna", "ben")
	o.must(anna, doc, remark("no matter"))
	o.wantLists(doc, everybody, "anna", "ben")
	o.must(dora, doc, edits(job.Unassign("anna")))
	o.wantLists(doc, everybody, "ben")
	if got := o.listedFor("other", everybody); len(got) != 0 {
		t.Errorf("in the lists of another organisation: %v", got)
	}
}

func TestTheInventoryIsWhatThePrincipalMaySee(t *testing.T) {
	o := open(t)
	annas, bens := crdt.DocID{1}, crdt.DocID{2}
	o.must(dora, annas, newJob("anna"))
	o.must(dora, bens, newJob("ben"))
	foreigner := dora
	foreigner.Org = "other"
	for name, tt := range map[string]struct {
		p    access.Principal
		want []crdt.DocID
	}{
		"dispatcher":           {dora, []crdt.DocID{annas, bens}},
		"director":             {person(access.RoleDirector, "dick"), []crdt.DocID{annas, bens}},
		"anna":                 {anna, []crdt.DocID{annas}},
		"ben":                  {ben, []crdt.DocID{bens}},
		"a worker without any": {person(access.RoleWorker, "carl"), nil},
		"another organisation": {foreigner, nil},
	} {
		items, err := o.inventory(o.known(tt.p))
		var got []crdt.DocID
		for _, it := range items {
			got = append(got, it.Doc)
			if it.Digest != replica.DigestHeads(heads(t, o.drive, it.Doc)) {
				t.Errorf("%s: the digest of %s is not that of its heads", name, it.Doc)
			}
		}
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, tt.want)
		}
	}
	if items, err := o.inventory(anybody("x")); err != nil || items != nil {
		t.Errorf("somebody who was not let in by an account: %v, %v", items, err)
	}
}

func TestAnAssignedWorkerHearsAtOnceAndWhoIsRemovedHearsNoMoreButMayStillDeliver(t *testing.T) {
	o, doc, marker := open(t), crdt.DocID{1}, crdt.DocID{2}
	hers, his := o.connect(anna), o.connect(ben)
	o.must(dora, doc, newJob())
	o.must(dora, doc, edits(job.Assign(job.Assignee{User: "anna", Edit: true})))
	has := func(p *phone, doc crdt.DocID) func() bool {
		return func() bool { return heads(t, p.Drive, doc).Equal(heads(t, o.drive, doc)) }
	}
	hers.until("anna has the job", has(hers, doc))
	o.must(dora, doc, set("note", "while she listens"))
	hers.until("anna has the note", has(hers, doc))

	known := heads(t, hers.Drive, doc)
	o.must(dora, doc, edits(job.Unassign("anna")))
	o.must(dora, doc, set("note", "not for anna"))
	o.must(dora, marker, newJob("anna", "ben"))
	hers.until("anna has another job", has(hers, marker)) // what was sent before has come too
	his.until("ben has it", has(his, marker))
	if !heads(t, hers.Drive, doc).Equal(known) {
		t.Error("anna heard what was written after she was removed")
	}
	if got := heads(t, his.Drive, doc); len(got) != 0 {
		t.Errorf("ben heard of a job that was never his: %v", got)
	}

	late := draft(t, hers.Drive, doc, actorOf(anna), remark("done before"))
	if err := o.Append(context.Background(), anna, doc, [][]byte{late}); err != nil {
		t.Errorf("what anna did while the job was hers: %v", err)
	}
}

func TestAccessIsByTheRecordOfNow(t *testing.T) {
	o, doc := open(t), crdt.DocID{1}
	want := func(p access.Principal, want access.Access) {
		t.Helper()
		if got, err := o.Access(p, doc); err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", p.ID, got, err, want)
		}
	}
	want(dora, access.Access{})
	o.must(dora, doc, newJob("anna"))
	want(dora, access.Access{Read: true, Write: true})
	want(anna, access.Access{Read: true, Write: true})
	want(ben, access.Access{})
	o.must(dora, doc, edits(job.Unassign("anna")))
	want(anna, access.Access{Write: true})
}

func TestSeedingTheDemonstrationTwiceIsHarmless(t *testing.T) {
	o, ctx := open(t), context.Background()
	now := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	if err := o.SeedDemo(ctx, dora, now); err != nil {
		t.Fatal(err)
	}
	jobs := o.listedFor(org, everybody)
	if want := 3*len(demoJobs()) + len(demoTemplates()); len(jobs) != want {
		t.Fatalf("%d documents; want %d: jobs, their clients and sites, templates", len(jobs), want)
	}
	if got := len(o.listedFor(org, "anna")); got != 3 {
		t.Errorf("anna has %d jobs; want 3", got)
	}
	o.must(anna, o.listedFor(org, "anna")[0], remark("changed by a person"))
	before := map[crdt.DocID]crdt.Heads{}
	for _, doc := range jobs {
		before[doc] = heads(t, o.drive, doc)
	}
	if err := o.SeedDemo(ctx, dora, now.Add(24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if again := o.listedFor(org, everybody); !slices.Equal(again, jobs) {
		t.Errorf("%d jobs after the second time", len(again))
	}
	for doc, want := range before {
		if !heads(t, o.drive, doc).Equal(want) {
			t.Errorf("%s was changed by the second time", doc)
		}
	}
}

func TestTheStorageIDStaysWithTheStore(t *testing.T) {
	o := open(t)
	first, err := storageID(o.store)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := storageID(o.store); err != nil || again != first || len(first) != 36 {
		t.Errorf("%q, then %q, %v", first, again, err)
	}
	if other, _ := storageID(open(t).store); other == first {
		t.Error("two stores have one id")
	}
}
