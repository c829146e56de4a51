package scenarios

import (
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
)

// newJob is what every scenario begins with.
func newJob(user string) ([]crdt.Edit, error) {
	d := job.Draft{Assignees: []job.Assignee{{User: anna, Edit: true}}, First: job.Event{ID: "made", Status: job.Published, HappenedAt: 1, By: user}}
	d.Title, d.Description = "Boiler leaks", description
	d.ReportFields = []job.Field{{ID: "f1", Name: "Pressure", Type: job.FieldNumber}}
	d.Checklist = []job.Item{{ID: "i1", Text: "Close the valve"}, {ID: "i2", Text: "Open it again"}}
	d.Possible = []job.PossibleResolution{{ID: "r1", Name: "Repaired", Successful: true}}
	return job.New(d)
}

// do makes an action's edits, as somebody does who sees what tx reads.
func do(tx *engine.Tx, a action, user string) error {
	tree, err := tx.Get()
	if err != nil {
		return err
	}
	j, _ := job.Read(tree.(map[string]any))
	when := crdt.Timestamp(a.When)
	var edits []crdt.Edit
	set := func(v any, path ...any) {
		edits = append(edits, crdt.Edit{Kind: crdt.EditSet, Path: path, Value: v})
	}
	switch a.Do {
	case "status":
		e := job.Event{ID: a.ID, Status: job.Status(a.Status), HappenedAt: when, By: user, After: j.Tips()}
		if e.Status == job.Finished {
			e.Resolution = "r1"
		}
		edits, err = job.AddEvent(e)
	case "comment":
		edits, err = job.AddComment(job.Comment{ID: a.ID, Text: a.Text, By: user, HappenedAt: when})
	case "attach":
		edits, err = job.AddAttachment(job.Attachment{ID: a.ID, SHA256: a.Text, Size: 1024, MediaType: "image/jpeg", By: user, TakenAt: when})
	case "tick":
		set(true, job.KeyChecklist, a.Item, job.KeyDone)
		set(when, job.KeyChecklist, a.Item, job.KeyDoneAt)
		set(user, job.KeyChecklist, a.Item, job.KeyBy)
	case "fill":
		set(a.Number, job.KeyReportFields, a.Item, job.KeyValue)
	case "describe":
		n, err := tx.Len(job.KeyDescription)
		if err != nil {
			return err
		}
		at := min(a.Index, n)
		return tx.Splice(crdt.Path{job.KeyDescription}, at, min(a.Delete, n-at), a.Text)
	case "rename":
		set(a.Text, job.KeyTitle)
	case "reassign":
		for _, was := range j.Assignees {
			if !slices.Contains(a.Users, was.User) {
				more, err := job.Unassign(was.User)
				if err != nil {
					return err
				}
				edits = append(edits, more...)
			}
		}
		for _, u := range a.Users {
			more, err := job.Assign(job.Assignee{User: u, Edit: true})
			if err != nil {
				return err
			}
			edits = append(edits, more...)
		}
	}
	if err != nil {
		return err
	}
	return tx.Apply(edits...)
}
