package engine

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
)

func must(edits []crdt.Edit, err error) []crdt.Edit {
	if err != nil {
		panic(err)
	}
	return edits
}

var draft = job.Draft{
	UUID: "0b0e0f0a", SerialNo: "J-17",
	Plan: job.Plan{Title: "Boiler leaks", Description: "Water under the boiler, tenant is at home after three.", Client: job.Ref{Name: "Miller & Sons"},
		Address:           job.Address{Formatted: "Main Street 1", Floor: "2", Location: &job.Location{Latitude: 52.5, Longitude: 13.4}},
		ScheduledDuration: job.Duration{Minutes: 90}},
	ScheduledAt: 1_790_000_000_000, Assignees: []job.Assignee{{User: "anna", Edit: true}, {User: "ben"}},
	First: job.Event{ID: "e0", HappenedAt: 1_789_000_000_000, By: "dispatcher"},
}

// jobHistory makes a job of n changes by two people, as a day's work leaves it.
func jobHistory(t testing.TB, n int) [][]byte {
	t.Helper()
	d := open(t)
	hash := strings.Repeat("5a", 32)
	changes := [][]byte{edit(t, d, anna, func(tx *Tx) error { return tx.Apply(must(job.New(draft))...) })}
	statuses := []job.Status{job.Published, job.EnRoute, job.Started, job.Paused}
	for i := 1; i < n; i++ {
		actor := []crdt.ActorID{anna, ben}[i%2]
		changes = append(changes, edit(t, d, actor, func(tx *Tx) error {
			switch i % 4 {
			case 0:
				return tx.Apply(must(job.AddEvent(job.Event{ID: fmt.Sprint("e", i), Status: statuses[i/4%4], HappenedAt: crdt.Timestamp(1_790_000_000_000 + i*60_000),
					By: "anna", Device: "phone", After: []string{fmt.Sprint("e", i-4)}, Location: &job.Location{Latitude: 52.5, Longitude: 13.4, AccuracyM: 8}}))...)
			case 1:
				return tx.Apply(must(job.AddComment(job.Comment{ID: fmt.Sprint("c", i), Text: "On my way", By: "anna", HappenedAt: 1_790_000_000_000}))...)
			case 2:
				return tx.Apply(must(job.AddAttachment(job.Attachment{ID: fmt.Sprint("p", i), SHA256: hash, Size: 1 << 20, MediaType: "image/jpeg", Name: "leak.jpg", By: "anna"}))...)
			default:
				return tx.Splice(crdt.Path{job.KeyDescription}, i%5, 0, "Bring the 3/4 pipe. ")
			}
		}))
	}
	return changes
}

func TestAJobWrittenByItsEditsIsReadBack(t *testing.T) {
	d := open(t)
	edit(t, d, anna, func(tx *Tx) error { return tx.Apply(must(job.New(draft))...) })
	photo := job.Attachment{ID: "p1", SHA256: strings.Repeat("ab", 32), Size: 12, MediaType: "image/jpeg", Name: "p.jpg", Field: "f1", TakenAt: 77, By: "anna",
		Location: &job.Location{Latitude: 1.5, Longitude: 2.5, AccuracyM: 5, CapturedAt: 70, UploadedAt: 80}, PreviewSHA256: strings.Repeat("cd", 32)}
	start := job.Event{ID: "e1", Status: job.Started, HappenedAt: 99, By: "anna", Device: "phone", After: []string{"e0"}, Note: "here", Location: photo.Location}
	comment := job.Comment{ID: "c1", Text: "Hello 😀", By: "ben", HappenedAt: 5}
	for _, edits := range [][]crdt.Edit{
		must(job.AddAttachment(photo)), must(job.AddEvent(start)), must(job.AddComment(comment)),
		must(job.SetField(job.KeyTitle, "New title")), must(job.SetField(job.KeyClient, "")), must(job.SetField(job.KeyDescription, "Short.")),
		must(job.SetField(job.KeyScheduledDuration, int64(30))), must(job.SetField(job.KeyScheduledAt, crdt.Timestamp(5))),
		must(job.Unassign("ben")), must(job.Assign(job.Assignee{User: "carl"})), must(job.Assign(job.Assignee{User: "anna", Edit: false})),
	} {
		edit(t, d, ben, func(tx *Tx) error { return tx.Apply(edits...) })
	}
	tree, err := d.Tree()
	if err != nil {
		t.Fatal(err)
	}
	got, problems := job.Read(tree)
	first := draft.First
	first.Status = job.Scheduled
	want := job.Job{
		Kind: job.Kind, SchemaVersion: job.SchemaVersion, UUID: draft.UUID, SerialNo: draft.SerialNo,
		Plan:        job.Plan{Title: "New title", Description: "Short.", Address: draft.Address, ScheduledDuration: job.Duration{Minutes: 30}},
		ScheduledAt: 5, Log: []job.Event{start, first}, Outcome: job.Outcome{Status: job.Started, Standing: []job.Event{start}},
		Timestamps: job.Timestamps{StartedAt: 99},
		Assignees:  []job.Assignee{{User: "anna"}, {User: "carl"}}, Attachments: []job.Attachment{photo}, Comments: []job.Comment{comment},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" || len(problems) > 0 {
		t.Fatalf("problems %v, diff\n%s", problems, diff)
	}
}

func TestEditsRepairADocumentThatLacksItsMaps(t *testing.T) {
	d := open(t)
	edit(t, d, anna, func(tx *Tx) error {
		return errors.Join(tx.Set(crdt.Path{"kind"}, "job"), tx.Set(crdt.Path{"description"}, "a plain string"))
	})
	edit(t, d, anna, func(tx *Tx) error {
		return tx.Apply(append(must(job.AddEvent(job.Event{ID: "e", Status: job.Cancelled})), must(job.SetField(job.KeyDescription, "text"))...)...)
	})
	wantGet(t, d, crdt.Text("text"), "description")
	tree, _ := d.Tree()
	if j, _ := job.Read(tree); j.Status != job.Cancelled {
		t.Errorf("status %s", j.Status)
	}
}

// Finished offline against cancelled in the office: both replicas say the same, and see the clash until it is settled.
func TestConcurrentStatusesClashTheSameWayOnBothReplicas(t *testing.T) {
	base := edit(t, open(t), anna, func(tx *Tx) error { return tx.Apply(must(job.New(draft))...) })
	phone, office := open(t, base), open(t, base)
	status := func(d *Doc, actor crdt.ActorID, id string, s job.Status) []byte {
		return edit(t, d, actor, func(tx *Tx) error {
			tree, err := tx.Get()
			if err != nil {
				return err
			}
			j, _ := job.Read(tree.(map[string]any))
			return tx.Apply(must(job.AddEvent(job.Event{ID: id, Status: s, After: j.Tips()}))...)
		})
	}
	read := func(d *Doc) job.Outcome {
		tree, err := d.Tree()
		if err != nil {
			t.Fatal(err)
		}
		j, _ := job.Read(tree)
		return j.Outcome
	}
	fin, can := status(phone, crdt.ActorID("phone"), "fin", job.Finished), status(office, crdt.ActorID("office"), "can", job.Cancelled)
	if err := errors.Join(phone.Apply(can), office.Apply(fin)); err != nil {
		t.Fatal(err)
	}
	for _, d := range []*Doc{phone, office} {
		if o := read(d); o.Status != job.Finished || !o.Clash() || o.Standing[1].ID != "can" {
			t.Errorf("outcome %+v", o)
		}
	}
	settled := status(office, crdt.ActorID("office"), "end", job.Cancelled)
	if err := phone.Apply(settled); err != nil {
		t.Fatal(err)
	}
	if o := read(phone); o.Status != job.Cancelled || o.Clash() {
		t.Errorf("after settling: %+v", o)
	}
}
