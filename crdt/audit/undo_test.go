package audit_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"fieldsync/crdt"
	"fieldsync/crdt/audit"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history/historytest"
	"fieldsync/crdt/job"
)

// undo undoes a change at the office, as dora, and gives the change that did so.
func undo(t *testing.T, o *office, d *device, hash crdt.Hash, at int) (audit.Undone, []byte) {
	t.Helper()
	u, err := o.log().Undo(hash, audit.Stamp{EventID: fmt.Sprint("u", at), At: minute(at), By: "dora", Device: "desk"})
	if err != nil {
		t.Fatal(err)
	}
	raw := d.say(at, audit.UndoMessage(hash), u.Edits)
	d.sync(at, o, "user:dora")
	return u, raw
}

func wantNothingToUndo(t *testing.T, o *office, hash crdt.Hash, left ...audit.Left) {
	t.Helper()
	u, err := o.log().Undo(hash, audit.Stamp{EventID: "none", At: minute(99)})
	if crdt.KindOf(err) != crdt.KindConflict || len(u.Edits) > 0 {
		t.Fatalf("%+v, %v", u, err)
	}
	if diff := gocmp.Diff(left, u.Left); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
}

func oneDevice(t *testing.T) (*office, *device) {
	o := newOffice(t)
	d := newDevice(t, "office-0001")
	d.do(0, newJob())
	d.sync(0, o, "user:dora")
	return o, d
}

func (d *device) make(at int, o *office, edits ...[]crdt.Edit) crdt.Hash {
	d.t.Helper()
	raw := d.do(at, edits...)
	d.sync(at, o, "user:dora")
	return hashOf(raw)
}

func TestChangesAreUndoneOneAfterTheOtherAndAgain(t *testing.T) {
	o, d := oneDevice(t)
	var made []crdt.Hash
	titles := []string{"Boiler leaks", "B", "C", "D"}
	for n, title := range titles[1:] {
		made = append(made, d.make(n+1, o, set(title, job.KeyTitle)))
	}
	var undos []crdt.Hash
	for n := len(made) - 1; n >= 0; n-- {
		_, raw := undo(t, o, d, made[n], 20-n)
		undos = append(undos, hashOf(raw))
		if got := d.get(job.KeyTitle); got != titles[n] {
			t.Fatalf("after undoing %q the title is %v", titles[n+1], got)
		}
	}
	for n := len(undos) - 1; n >= 0; n-- {
		undo(t, o, d, undos[n], 40-n)
		if got, want := d.get(job.KeyTitle), titles[len(titles)-1-n]; got != want {
			t.Fatalf("after undoing the undo the title is %v, not %q", got, want)
		}
	}
	e, err := o.log().Entry(undos[0])
	if err != nil || e.Undoes != made[2] {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestUndoLeavesWhatOthersWroteSince(t *testing.T) {
	o, d := oneDevice(t)
	item := d.get(job.KeyChecklist, "i1")
	did := d.make(1, o, set("B", job.KeyTitle), set(int64(30), job.KeyScheduledDuration), must(job.AddComment(job.Comment{ID: "c1", Text: "Hello", By: "dora"})),
		must(job.AddComment(job.Comment{ID: "c2", Text: "Bye", By: "dora"})), del(job.KeyChecklist, "i1"))
	d.make(2, o, set("C", job.KeyTitle), splice(5, 0, " all", job.KeyComments, "c1", job.KeyText))
	u, raw := undo(t, o, d, did, 3)
	want := []audit.Left{{Path: crdt.Path{"title"}, Why: audit.LeftChanged}, {Path: crdt.Path{"comments", "c1"}, Why: audit.LeftChanged}}
	if diff := gocmp.Diff(want, u.Left); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	if d.get(job.KeyTitle) != "C" || d.get(job.KeyComments, "c1", job.KeyText) != crdt.Text("Hello all") {
		t.Error("what was written since is gone")
	}
	if d.get(job.KeyComments, "c2") != nil || d.get(job.KeyScheduledDuration) != nil {
		t.Error("what the change added is still there")
	}
	if diff := gocmp.Diff(item, d.get(job.KeyChecklist, "i1")); diff != "" || item == nil {
		t.Errorf("the deleted item has not come back: %s", diff)
	}
	var left []audit.Left
	for _, path := range []crdt.Path{{"title"}, {"scheduled_duration"}, {"comments", "c1"}, {"comments", "c2"}, {"checklist", "i1"}} {
		left = append(left, audit.Left{Path: path, Why: audit.LeftChanged})
	}
	wantNothingToUndo(t, o, did, left...)
	undo(t, o, d, hashOf(raw), 4)
	if d.get(job.KeyTitle) != "C" || d.get(job.KeyComments, "c2", job.KeyText) != crdt.Text("Bye") || d.get(job.KeyChecklist, "i1") != nil {
		t.Error("undoing the undo has not done the change again")
	}
}

// What comes back comes with what somebody wrote into it who did not know that it was gone.
func TestADeletedEntryComesBackWithWhatWasWrittenIntoItMeanwhile(t *testing.T) {
	o, d := oneDevice(t)
	d.make(1, o, must(job.AddComment(job.Comment{ID: "c1", Text: "Hello", By: "anna"})))
	anna := newDevice(t, "phone-0001")
	anna.sync(1, o, "user:anna")
	gone := d.make(2, o, del(job.KeyComments, "c1"))
	anna.do(2, splice(5, 0, " there", job.KeyComments, "c1", job.KeyText))
	anna.sync(3, o, "user:anna")
	d.sync(3, o, "user:dora")
	undo(t, o, d, gone, 4)
	if got := d.get(job.KeyComments, "c1", job.KeyText); got != crdt.Text("Hello there") {
		t.Errorf("the comment reads %v", got)
	}
}

func TestUndoneTextComesBackAtItsPlace(t *testing.T) {
	o, d := oneDevice(t)
	d.make(1, o, set(crdt.Text("one two three four"), job.KeyDescription))
	edit := d.make(2, o, splice(4, 4, "2 ", job.KeyDescription), splice(0, 3, "😀", job.KeyDescription))
	if got := d.get(job.KeyDescription); got != crdt.Text("😀 2 three four") {
		t.Fatalf("%q", got)
	}
	d.make(3, o, splice(2, 0, "and ", job.KeyDescription), splice(18, 0, "!", job.KeyDescription))
	_, raw := undo(t, o, d, edit, 4)
	if got := d.get(job.KeyDescription); got != crdt.Text("one and two three four!") {
		t.Errorf("the text reads %q", got)
	}
	undo(t, o, d, hashOf(raw), 5)
	if got := d.get(job.KeyDescription); got != crdt.Text("😀 and 2 three four!") {
		t.Errorf("and then %q", got)
	}
}

func TestAClashLosesTheSideThatIsUndone(t *testing.T) {
	o, d := oneDevice(t)
	other := newDevice(t, "phone-0001")
	other.sync(0, o, "user:anna")
	mine := d.make(1, o, set("from the office", job.KeyTitle))
	other.do(1, set("from the phone", job.KeyTitle))
	theirs := hashOf(other.made[0])
	other.sync(2, o, "user:anna")
	d.sync(2, o, "user:dora")
	for _, hash := range []crdt.Hash{mine, theirs} {
		fork := newDevice(t, "fork-"+crdt.ActorID(hash.String()[:4]))
		fork.sync(2, o, "user:dora")
		u, err := o.log().Undo(hash, audit.Stamp{})
		if err != nil {
			t.Fatal(err)
		}
		fork.do(3, u.Edits)
		want := "from the phone"
		if hash == theirs {
			want = "from the office"
		}
		all, err := fork.d.Conflicts(job.KeyTitle)
		if err != nil || len(all) != 1 || all[0].Value != want {
			t.Errorf("%+v stand there, want %q (%v)", all, want, err)
		}
	}
}

func TestAnUndoneStatusIsFollowedByTheOneBefore(t *testing.T) {
	o, d := oneDevice(t)
	press := func(at int, id string, s job.Status) crdt.Hash {
		raw := d.press(at, id, s, "anna")
		d.sync(at, o, "user:anna")
		return hashOf(raw)
	}
	press(1, "e1", job.Published)
	started := press(2, "e2", job.Started)
	j := d.job()
	raw := d.do(3, must(job.AddEvent(job.Event{ID: "e3", Status: job.Finished, HappenedAt: minute(3), By: "anna", After: j.Tips(), Note: "all dry", Resolution: "done"})),
		set("finished", "note"))
	d.sync(3, o, "user:anna")
	finished := hashOf(raw)

	if u, err := o.log().Undo(started, audit.Stamp{EventID: "x"}); crdt.KindOf(err) != crdt.KindConflict || len(u.Edits) > 0 {
		t.Errorf("a status that does not stand was undone: %+v, %v", u, err)
	}
	_, undone := undo(t, o, d, finished, 4)
	j = d.job()
	want := job.Event{ID: "u4", Status: job.Started, HappenedAt: minute(4), By: "dora", Device: "desk", After: []string{"e3"}}
	if diff := gocmp.Diff([]job.Event{want}, j.Standing); diff != "" || d.get("note") != nil {
		t.Errorf("standing (-want +got):\n%s", diff)
	}
	wantNothing := func(hash crdt.Hash, stamp audit.Stamp, kind crdt.Kind) {
		t.Helper()
		if u, err := o.log().Undo(hash, stamp); crdt.KindOf(err) != kind || len(u.Edits) > 0 {
			t.Errorf("%+v, %v", u, err)
		}
	}
	wantNothing(finished, audit.Stamp{EventID: "x"}, crdt.KindConflict)
	wantNothing(hashOf(undone), audit.Stamp{EventID: "e3"}, crdt.KindInvalid)
	wantNothing(hashOf(undone), audit.Stamp{}, crdt.KindInvalid)
	undo(t, o, d, hashOf(undone), 5)
	j = d.job()
	want = job.Event{ID: "u5", Status: job.Finished, HappenedAt: minute(5), By: "dora", Device: "desk", After: []string{"u4"}, Note: "all dry", Resolution: "done"}
	if diff := gocmp.Diff([]job.Event{want}, j.Standing); diff != "" || d.get("note") != "finished" {
		t.Errorf("standing after the undo was undone (-want +got):\n%s", diff)
	}
	if len(j.Log) != 6 {
		t.Errorf("the log has %d entries", len(j.Log))
	}
}

func TestUndoOfAStatusInAClashLeavesTheOtherSide(t *testing.T) {
	o, d := oneDevice(t)
	anna := newDevice(t, "phone-0001")
	anna.sync(0, o, "user:anna")
	raw := anna.press(1, "fin", job.Finished, "anna")
	d.press(1, "can", job.Cancelled, "dora")
	d.sync(2, o, "user:dora")
	anna.sync(2, o, "user:anna")
	d.sync(3, o, "user:dora")
	if j := d.job(); j.Status != job.Finished || !j.Clash() {
		t.Fatalf("%+v", j.Outcome)
	}
	undo(t, o, d, hashOf(raw), 4)
	if j := d.job(); j.Status != job.Cancelled {
		t.Errorf("%+v", j.Outcome)
	}
}

func TestWhatMadeADocumentAndTheStatusLogAreNotUndone(t *testing.T) {
	o, d := oneDevice(t)
	wantNothingToUndo(t, o, o.h.Hash(0))
	rewritten := d.make(1, o, set("paused", job.KeyStatusLog, "e0", job.KeyStatus))
	wantNothingToUndo(t, o, rewritten, audit.Left{Path: crdt.Path{"status_log", "e0", "status"}, Why: audit.LeftFixed})
	deleted := d.make(2, o, del(job.KeyStatusLog, "e0"))
	wantNothingToUndo(t, o, deleted, audit.Left{Path: crdt.Path{"status_log", "e0"}, Why: audit.LeftFixed})
	if _, err := o.log().Undo(crdt.Hash{1}, audit.Stamp{}); crdt.KindOf(err) != crdt.KindNotFound {
		t.Errorf("undoing what is not here: %v", err)
	}
	in := d.make(3, o, set(map[string]any{"k": "v"}, "box"))
	inside := d.make(4, o, set("w", "box", "k"))
	d.make(5, o, del("box"))
	wantNothingToUndo(t, o, inside, audit.Left{Path: crdt.Path{"box"}, Why: audit.LeftGone})
	wantNothingToUndo(t, o, in, audit.Left{Path: crdt.Path{"box"}, Why: audit.LeftChanged})
}

func TestWhatIsTooMuchOrTooLargeIsNotUndone(t *testing.T) {
	o, d := oneDevice(t)
	var edits []crdt.Edit
	for n := range 2_001 {
		edits = append(edits, set(int64(n), fmt.Sprint("k", n))...)
	}
	many := d.make(1, o, edits)
	if _, err := o.log().Undo(many, audit.Stamp{}); crdt.KindOf(err) != crdt.KindTooLarge {
		t.Errorf("a change to 2,001 places: %v", err)
	}
	d.make(2, o, set(strings.Repeat("x", 1<<20+1), "large"), set("small", "other"))
	gone := d.make(3, o, del("large"), del("other"))
	u, _ := undo(t, o, d, gone, 4)
	if diff := gocmp.Diff([]audit.Left{{Path: crdt.Path{"large"}, Why: audit.LeftTooLarge}}, u.Left); diff != "" || d.get("other") != "small" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
}

func TestWhatAChangeEditedAndThenDeletedComesBackAsItWas(t *testing.T) {
	o, d := oneDevice(t)
	d.make(1, o, set(map[string]any{"k": "v", "t": crdt.Text("text")}, "box"))
	both := d.make(2, o, set("w", "box", "k"), splice(0, 2, "n", "box", "t"), del("box"))
	u, _ := undo(t, o, d, both, 3)
	if diff := gocmp.Diff(map[string]any{"k": "v", "t": crdt.Text("text")}, d.get("box")); diff != "" || len(u.Left) > 0 {
		t.Errorf("left %v, the box:\n%s", u.Left, diff)
	}
}

// Other clients put several characters, or none, into one element.
func TestATextOfUnusualElementsIsUndoneToo(t *testing.T) {
	for _, texts := range [][]string{{"many😀", "b", "c"}, {"a", "", "b", "c"}, {"a", "e\u0301", "b"}} {
		r := rand.New(rand.NewPCG(1, 1))
		w := historytest.NewWriter("a", r)
		text := w.Do(historytest.Op{Key: "t", Action: format.ActionMakeText})
		var elems []historytest.ID
		behind := historytest.ID{}
		for _, s := range texts {
			behind = w.Do(historytest.Op{Object: text, Elem: behind, InSeq: true, Insert: true, Action: format.ActionSet, Value: format.StringValue(s)})
			elems = append(elems, behind)
		}
		w.Commit()
		w.Do(historytest.Op{Object: text, Elem: elems[1], InSeq: true, Action: format.ActionDelete})
		w.Do(historytest.Op{Object: text, Elem: elems[2], InSeq: true, Insert: true, Action: format.ActionSet, Value: format.StringValue("more")})
		w.Commit()
		w.Do(historytest.Op{Object: text, Elem: elems[0], InSeq: true, Insert: true, Action: format.ActionSet, Value: format.StringValue("!")})
		w.Commit()
		h := admit(t, w.Changes)
		d := load(t, h)
		defer d.Close()
		want := texts[0] + "!" + strings.Join(texts[1:], "")
		if _, c := undone(t, h, d, w.Changes[1].Hash, "undoer"); c == nil {
			t.Fatal("nothing was undone")
		}
		if got, err := d.Get("t"); err != nil || got != crdt.Text(want) {
			t.Errorf("the text reads %q, not %q (%v)", got, want, err)
		}
	}
}

// Who writes the same once more, as other clients do, means it.
func TestUndoLeavesWhatSomebodyWroteOnceMore(t *testing.T) {
	w := historytest.NewWriter("a", nil)
	for _, v := range []string{"A", "B", "B"} {
		w.Do(historytest.Op{Key: "k", Action: format.ActionSet, Value: format.StringValue(v)})
		w.Commit()
	}
	h := admit(t, w.Changes)
	u, err := audit.New(h, audit.Options{}).Undo(w.Changes[1].Hash, audit.Stamp{})
	if crdt.KindOf(err) != crdt.KindConflict || len(u.Left) != 1 || u.Left[0].Why != audit.LeftChanged {
		t.Errorf("%+v, %v", u, err)
	}
}
