package jobs

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
)

// days is how many days of people who work apart are played.
const days = 200

// person is somebody with a copy of the job, who does what the product offers him.
type person struct {
	job.Author
	tree  func() (map[string]any, error)
	write func(edits []crdt.Edit) (changed bool, err error)

	doc *engine.Doc // where the copy is one of the test's own
}

// day is a job that several people work on, now and then without a network. Everything that must not be lost is noted.
type day struct {
	t       *testing.T
	r       *rand.Rand
	people  []*person
	workers []string // who may have the job
	made    [][]byte // in an order in which each has its dependencies
	n       int
	clock   crdt.Timestamp
	events  []string
	entries []crdt.Path // comments and attachments
	tokens  []string    // written into the description
	answers []string    // written into the report's text
	did     []string
}

func (d *day) id(kind string) string {
	d.n++
	return fmt.Sprint(kind, d.n)
}

func (d *day) now() crdt.Timestamp {
	d.clock += crdt.Timestamp(d.r.IntN(3)) * 1000 // clocks often agree
	return 1_790_000_000_000 + d.clock
}

func (d *day) commit(p *person, what string, edits []crdt.Edit, err error) bool {
	d.t.Helper()
	if err != nil {
		d.t.Fatalf("%s, %s: %v", p.User, what, err)
	}
	changed, err := p.write(edits)
	if err != nil {
		d.t.Fatalf("%s, %s: %v", p.User, what, err)
	}
	if changed {
		d.did = append(d.did, p.User+" "+what)
	}
	return changed
}

func (p *person) read(t *testing.T) (map[string]any, *job.Job) {
	t.Helper()
	tree, err := p.tree()
	if err != nil {
		t.Fatal(err)
	}
	j, problems := job.Read(tree)
	if len(problems) > 0 {
		t.Fatalf("problems %v", problems)
	}
	return tree, &j
}

// act lets somebody do one thing that he may do now.
func (d *day) act(p *person) {
	tree, j := p.read(d.t)
	p.Now = d.now()
	patch := func(what string, patch map[string]any) {
		edits, err := job.Patch(tree, patch, p.Author)
		d.commit(p, what, edits, err)
	}
	pick := func(list ...string) string { return list[d.r.IntN(len(list))] }
	switch d.r.IntN(9) {
	case 0, 1, 2:
		next := job.Next(j.Outcome, p.Class)
		if len(next) == 0 {
			return
		}
		e := job.Event{ID: d.id("event"), Status: next[d.r.IntN(len(next))], HappenedAt: p.Now, By: p.User}
		if e.Status == job.Finished {
			e.Resolution, e.Note = pick("r1", "r2"), "a note"
		}
		edits, err := job.SetStatus(j, e, p.Class)
		if d.commit(p, string(e.Status), edits, err) {
			d.events = append(d.events, e.ID)
		}
	case 3:
		edits, err := job.Tick(j, pick("i1", "i2"), d.r.IntN(4) > 0, p.Author)
		d.commit(p, "ticks", edits, err)
	case 4:
		c := job.Comment{ID: d.id("comment"), Text: "Seen.", By: p.User, HappenedAt: p.Now}
		edits, err := job.AddComment(c)
		d.commit(p, "comments", edits, err)
		d.entries = append(d.entries, crdt.Path{job.KeyComments, c.ID})
	case 5:
		if p.Class == job.ClassWorker && !j.ReportOpen() {
			return
		}
		if d.r.IntN(2) == 0 {
			a := job.Attachment{ID: d.id("photo"), SHA256: strings.Repeat("ab", 32), By: p.User, TakenAt: p.Now}
			edits, err := job.Attach(j, a, p.Class)
			d.commit(p, "attaches", edits, err)
			d.entries = append(d.entries, crdt.Path{job.KeyAttachments, a.ID})
			return
		}
		f, _ := j.Field("f1")
		token := "<" + d.id("answer") + ">"
		edits, err := job.Fill(tree, "f1", f.Text()+token, p.Author)
		d.commit(p, "writes into the report", edits, err)
		d.answers = append(d.answers, token)
	case 6:
		if p.Class == job.ClassDispatcher || j.ReportOpen() {
			edits, err := job.Fill(tree, "f2", pick("red", "green"), p.Author)
			d.commit(p, "chooses", edits, err)
		}
	default:
		if p.Class == job.ClassWorker {
			return
		}
		switch d.r.IntN(4) {
		case 0:
			token := "<" + d.id("word") + ">"
			at := d.r.IntN(len([]rune(j.Description)) + 1)
			if strings.Contains(j.Description, "<") { // not into the middle of another's
				at = 0
			}
			text := []rune(j.Description)
			patch("describes", map[string]any{"description": string(slices.Concat(text[:at], []rune(token), text[at:]))})
			d.tokens = append(d.tokens, token)
		case 1:
			patch("renames", map[string]any{"title": pick("A", "B", "C")})
		case 2:
			patch("schedules", map[string]any{"scheduled_at": pick("2026-11-24T09:00:00Z", "2026-11-24T10:00:00Z"), "scheduled_duration": map[string]any{"minutes": float64(d.r.IntN(3) + 1)}})
		case 3:
			if !j.ReportOpen() {
				patch("reassigns", map[string]any{"assignees": []any{pick(d.workers...)}})
			}
		}
	}
}

// meet brings what some have made to all of some others.
func (d *day) meet(people ...*person) {
	for _, p := range people {
		for _, q := range people {
			raws, err := q.doc.Changes()
			if err != nil {
				d.t.Fatal(err)
			}
			if err := p.doc.Apply(raws...); err != nil {
				d.t.Fatal(err)
			}
		}
	}
}

// form is the job that everybody works on.
func (d *day) form() []crdt.Edit {
	d.t.Helper()
	draft, errs := job.Parse(job.Draft{}, map[string]any{
		"title": "Boiler", "description": "Leaks.", "status": "published", "assignees": []any{"anna"},
		"possible_resolutions": map[string]any{"r1": map[string]any{"name": "Done", "successful": true}, "r2": map[string]any{"name": "Nobody there", "note_required": true}},
		"report_fields": map[string]any{"f1": map[string]any{"name": "Remarks", "field_type": "text"},
			"f2": map[string]any{"name": "Colour", "field_type": "pick_list", "options": []any{"red", "green"}}},
		"checklist": map[string]any{"i1": map[string]any{"text": "Gas off"}, "i2": map[string]any{"text": "Gas on"}},
	}, job.Author{User: d.people[0].User, Now: 1_790_000_000_000, NewID: func() string { return d.id("event") }})
	if len(errs) > 0 {
		d.t.Fatal(errs)
	}
	edits, err := job.New(draft)
	if err != nil {
		d.t.Fatal(err)
	}
	return edits
}

func play(t *testing.T, seed uint64) *day {
	d := &day{t: t, r: rand.New(rand.NewPCG(seed, 0)), workers: []string{"anna", "ben", "carl"}}
	for i, who := range []job.Author{{User: "dora", Class: job.ClassDispatcher}, {User: "emil", Class: job.ClassDispatcher}, {User: "anna"}, {User: "ben"}} {
		doc, err := engine.New()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(doc.Close)
		actor := crdt.ActorID([]byte{byte(0x10 + i)})
		d.people = append(d.people, &person{Author: who, tree: doc.Tree, doc: doc, write: func(edits []crdt.Edit) (bool, error) {
			raw, err := doc.Edit(engine.Commit{Actor: actor}, func(tx *engine.Tx) error { return tx.Apply(edits...) })
			if raw != nil {
				d.made = append(d.made, raw)
			}
			return raw != nil, err
		}})
	}
	d.commit(d.people[0], "makes the job", d.form(), nil)
	d.meet(d.people...)
	for range 2 + d.r.IntN(3) { // rounds without a network
		for _, p := range d.people {
			for range d.r.IntN(4) {
				d.act(p)
			}
		}
		d.r.Shuffle(len(d.people), func(i, j int) { d.people[i], d.people[j] = d.people[j], d.people[i] })
		d.meet(d.people[:1+d.r.IntN(len(d.people))]...)
	}
	d.meet(d.people...)
	return d
}

// complete fails when something that somebody did is not in the job.
func (d *day) complete(tree map[string]any) {
	d.t.Helper()
	j, _ := job.Read(tree)
	for _, id := range d.events {
		if !slices.ContainsFunc(j.Log, func(e job.Event) bool { return e.ID == id }) {
			d.t.Errorf("the event %s is lost", id)
		}
	}
	for _, p := range d.entries {
		m, _ := tree[p[0].(string)].(map[string]any)
		if m[p[1].(string)] == nil {
			d.t.Errorf("%s is lost", p)
		}
	}
	f, _ := j.Field("f1")
	for _, c := range []struct {
		in     string
		tokens []string
	}{{j.Description, d.tokens}, {f.Text(), d.answers}} {
		for _, token := range c.tokens {
			if !strings.Contains(c.in, token) {
				d.t.Errorf("%s is lost from %q", token, c.in)
			}
		}
	}
}

// answer is what a job comes to, in the words of jobagree.mjs.
type answer struct {
	Status     string
	Standing   []string
	Timestamps map[string]int64
	Resolution map[string]any
	Clashes    []struct {
		Kind, Field, Name string
		Values            []any
	}
	Tree map[string]any
}

func TestPeopleWhoWorkApartAgreeAndLoseNothing(t *testing.T) {
	var requests bytes.Buffer
	played := make([]*day, days)
	clashes, settled := 0, 0
	for i := range played {
		d := play(t, uint64(i))
		played[i] = d
		tree, j := d.people[0].read(t)
		d.complete(tree)
		if j.InClash {
			clashes++
		}
		if slices.ContainsFunc(j.Log, func(e job.Event) bool { return len(e.After) > 1 }) {
			settled++
		}
		if err := json.NewEncoder(&requests).Encode(map[string]any{"changes": d.made}); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d days end in a clash, in %d one was settled; the last made %d changes", clashes, settled, len(played[days-1].made))
	if clashes < days/20 || settled < days/20 {
		t.Errorf("only %d days end in a clash, in %d one was settled", clashes, settled)
	}
	dir, err := sut.NodeModules()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "jobagree.mjs")
	cmd.Dir, cmd.Stdin = dir, &requests
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("node ended with %v:\n%s", err, stderr.String())
	}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 16<<20)
	n := 0
	for ; lines.Scan(); n++ {
		var a answer
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			t.Fatalf("jobagree.mjs printed %q", lines.Text())
		}
		if diff := played[n].differs(a); diff != "" {
			t.Errorf("day %d, %s:\n%s", n, strings.Join(played[n].did, "; "), diff)
		}
	}
	if n != days {
		t.Errorf("%d answers", n)
	}
}

// differs holds an answer against every person's copy, and against one that got the changes backwards.
func (d *day) differs(a answer) string {
	d.t.Helper()
	backwards := slices.Clone(d.made)
	slices.Reverse(backwards)
	late := deliver(d.t, backwards...)
	defer late.Close()
	docs := []*engine.Doc{late}
	for _, p := range d.people {
		docs = append(docs, p.doc)
	}
	for _, doc := range docs {
		tree, err := doc.Tree()
		if err != nil {
			d.t.Fatal(err)
		}
		places, err := doc.Clashes()
		if err != nil {
			d.t.Fatal(err)
		}
		if diff := a.differs(d.t, tree, job.Clashes(tree, places)); diff != "" {
			return diff
		}
	}
	return ""
}

// differs holds what JavaScript says against a document; empty where it is the same.
func (a *answer) differs(t *testing.T, tree map[string]any, clashes []job.Clash) string {
	t.Helper()
	e := expect{Status: a.Status, Standing: a.Standing, Timestamps: a.Timestamps, Resolution: a.Resolution}
	want := []clash{}
	for _, c := range a.Clashes {
		want = append(want, clash{c.Kind, c.Field, c.Name, any(c.Values)})
	}
	return e.differs(t, tree) + cmp.Diff(want, got(t, clashes)) + cmp.Diff(any(a.Tree), through(t, engine.Plain(tree)))
}
