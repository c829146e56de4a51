package job

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"fieldsync/crdt"
)

func TestEditsThatCannotBeRightAreRefused(t *testing.T) {
	event := Event{ID: "e", Status: Started}
	for name, try := range map[string]func() ([]crdt.Edit, error){
		"job without a first event":   func() ([]crdt.Edit, error) { return New(Draft{}) },
		"job with a nameless user":    func() ([]crdt.Edit, error) { return New(Draft{First: event, Assignees: []Assignee{{}}}) },
		"status that is none":         func() ([]crdt.Edit, error) { return AddEvent(Event{ID: "e", Status: "teleported"}) },
		"event without an id":         func() ([]crdt.Edit, error) { return AddEvent(Event{Status: Started}) },
		"event after itself":          func() ([]crdt.Edit, error) { return AddEvent(Event{ID: "e", Status: Started, After: []string{"e"}}) },
		"attachment without a hash":   func() ([]crdt.Edit, error) { return AddAttachment(Attachment{ID: "a"}) },
		"attachment, upper-case hash": func() ([]crdt.Edit, error) { return AddAttachment(Attachment{ID: "a", SHA256: "AB" + sha[2:]}) },
		"attachment without an id":    func() ([]crdt.Edit, error) { return AddAttachment(Attachment{SHA256: sha}) },
		"attachment, bad preview": func() ([]crdt.Edit, error) {
			return AddAttachment(Attachment{ID: "a", SHA256: sha, PreviewSHA256: "x"})
		},
		"an attachment whose thumbnail has no hash": func() ([]crdt.Edit, error) {
			return AddAttachment(Attachment{ID: "a", SHA256: sha, ThumbnailSHA256: "x"})
		},
		"attachment of minus a byte": func() ([]crdt.Edit, error) { return AddAttachment(Attachment{ID: "a", SHA256: sha, Size: -1}) },
		"comment without a text":     func() ([]crdt.Edit, error) { return AddComment(Comment{ID: "c"}) },
		"comment without an id":      func() ([]crdt.Edit, error) { return AddComment(Comment{Text: "c"}) },
		"assignee without an id":     func() ([]crdt.Edit, error) { return Assign(Assignee{}) },
		"nobody taken off":           func() ([]crdt.Edit, error) { return Unassign("") },
		"status as a field":          func() ([]crdt.Edit, error) { return SetField(KeyStatusLog, "finished") },
		"kind as a field":            func() ([]crdt.Edit, error) { return SetField(KeyKind, "other") },
		"number as a title":          func() ([]crdt.Edit, error) { return SetField(KeyTitle, int64(1)) },
		"number as a description":    func() ([]crdt.Edit, error) { return SetField(KeyDescription, int64(1)) },
		"text as a time":             func() ([]crdt.Edit, error) { return SetField(KeyScheduledAt, "now") },
		"text as a duration":         func() ([]crdt.Edit, error) { return SetField(KeyScheduledDuration, "1h") },
		"negative duration":          func() ([]crdt.Edit, error) { return SetField(KeyScheduledDuration, int64(-1)) },
	} {
		t.Run(name, func(t *testing.T) {
			if edits, err := try(); crdt.KindOf(err) != crdt.KindInvalid || edits != nil {
				t.Errorf("%d edits, error %v", len(edits), err)
			}
		})
	}
}

func TestTheSameDraftGivesTheSameEdits(t *testing.T) {
	d := Draft{UUID: "u", Plan: Plan{Title: "t", Client: Ref{Name: "c"}, ScheduledDuration: Duration{2}}, ScheduledAt: 1, First: Event{ID: "e"}}
	first, err := New(d)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		again, err := New(d)
		if diff := cmp.Diff(first, again); err != nil || diff != "" {
			t.Fatal(err, diff)
		}
	}
}

func TestAnEmptyValueTakesAFieldAway(t *testing.T) {
	for key, empty := range map[string]any{KeyTitle: "", KeySite: nil, KeyScheduledAt: crdt.Timestamp(0), KeyScheduledDuration: int64(0), KeyCreatedAt: nil} {
		edits, err := SetField(key, empty)
		want := []crdt.Edit{{Kind: crdt.EditDelete, Path: crdt.Path{key}}}
		if diff := cmp.Diff(want, edits); err != nil || diff != "" {
			t.Errorf("%s: %v %s", key, err, diff)
		}
	}
	edits, err := SetField(KeyDescription, nil)
	if want := []crdt.Edit{{Kind: crdt.EditSetText, Path: crdt.Path{KeyDescription}}}; err != nil || cmp.Diff(want, edits) != "" {
		t.Errorf("description: %v %v", edits, err)
	}
}
