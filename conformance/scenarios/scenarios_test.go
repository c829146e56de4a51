package scenarios

import (
	"encoding/json"
	"flag"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fieldsync/client"
	"fieldsync/conformance/internal/author"
	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
)

var (
	seed = flag.Uint64("scenarios.seed", 20261125, "another seed gives other scenarios")
	many = flag.Int("scenarios.n", 200, "how many scenarios are played")
)

// Two people work on a job without a network, and come back in either order. The server, by its API and as a stranger reads it, the Go
// client and automerge-repo come to the same status and the same values; and all that anybody did is in the job, or was refused
// with a reason that he is told: by the server, and what he did afterwards is made anew.
func TestPeopleWhoWorkWithoutANetworkAgreeAndLoseNothing(t *testing.T) {
	playAll(t, *many, true)
}

// The same where the phone knows the rules, and lets nobody begin what would be refused.
func TestPeopleWhosePhonesKnowTheRulesAgreeAndLoseNothing(t *testing.T) {
	playAll(t, min(*many, 60), false)
}

func playAll(t *testing.T, many int, unchecked bool) {
	w := newWorld(t, unchecked)
	var scenarios []*scenario
	for n := range many {
		scenarios = append(scenarios, generate(*seed, n))
	}
	w.scenarios = scenarios
	w.makeJobs(scenarios)
	half := len(scenarios) / 2
	w.play(scenarios[:half], true)
	w.play(scenarios[half:], false)
	tally := map[string]int{}
	w.judge(scenarios, half, tally)
	t.Log(tally)
	for theme := range numThemes {
		for p := range numPairings {
			if theme == bothDescribe && p == goInTheOffice || many < 100 {
				continue
			}
			if name := fmt.Sprint(theme, ", ", p); tally[name] == 0 {
				t.Errorf("no scenario of %s", name)
			}
		}
	}
	by := "refused by the server"
	if !unchecked {
		by = "refused by the phone"
	}
	for _, what := range []string{"finished against cancelled", by, "withdrawn", "clashes"} {
		if tally[what] < many/40 {
			t.Errorf("only %d times: %s", tally[what], what)
		}
	}
}

// makeJobs makes a job for each scenario, and brings it to everybody who plays in it.
func (w *world) makeJobs(scenarios []*scenario) {
	edits, err := newJob(w.users[dora])
	if err != nil {
		w.t.Fatal(err)
	}
	for _, s := range scenarios {
		if s.doc, err = w.clients[dora].Create(w.t.Context(), edits...); err != nil {
			w.t.Fatal(err)
		}
	}
	w.sync(dora)
	w.sync(anna)
	w.js.do("find", map[string]any{"copies": copies(scenarios, nil)}, nil)
}

// ref names a copy of automerge-repo's.
type ref struct {
	Who   string   `json:"who"`
	Doc   string   `json:"doc"`
	Heads []string `json:"heads,omitempty"`
}

func copies(scenarios []*scenario, wanted func(*scenario) bool) []ref {
	out := []ref{}
	for _, s := range scenarios {
		if wanted == nil || wanted(s) {
			out = append(out, ref{Who: s.js.who, Doc: s.doc.String()})
		}
	}
	return out
}

// loses tells whether the worker loses the job, and with it what others do.
func (s *scenario) loses() bool {
	return s.pairing != bothInTheOffice && (s.golang.does("reassign") || s.js.does("reassign"))
}

// play lets all work apart, and come back.
func (w *world) play(scenarios []*scenario, goFirst bool) {
	w.line.Cut()
	w.js.do("disconnected", nil, nil)
	type act struct {
		ref
		Actions []action `json:"actions"`
	}
	var acts []act
	for _, s := range scenarios {
		acts = append(acts, act{ref{Who: s.js.who, Doc: s.doc.String()}, s.js.acts})
		w.work(s)
	}
	var made struct{ Made [][]string }
	w.js.do("act", map[string]any{"acts": acts}, &made)
	for i, s := range scenarios {
		s.js.hashes = made.Made[i]
	}
	if goFirst {
		w.sync(dora)
		w.sync(anna)
	}
	if err := w.line.Heal(); err != nil {
		w.t.Fatal(err)
	}
	w.js.do("connected", nil, nil)
	// Who has lost the job meanwhile delivers, and is told nothing.
	late := func(s *scenario) bool { return goFirst && s.pairing == goInTheOffice && s.loses() }
	w.js.do("acknowledged", map[string]any{"copies": copies(scenarios, func(s *scenario) bool { return !late(s) })}, nil)
	for _, s := range scenarios {
		if late(s) {
			w.await(s.doc, s.js.hashes)
		}
	}
	w.sync(dora)
	w.sync(anna)
	w.sync(dora) // what she has brought
}

// work lets the Go client's side of a scenario act: it has no connection, unless it syncs.
func (w *world) work(s *scenario) {
	c, x := w.clients[s.golang.who], &s.golang
	for _, a := range x.acts {
		before, err := c.Heads(s.doc)
		if err != nil {
			w.t.Fatal(err)
		}
		err = c.Change(w.t.Context(), s.doc, func(tx *engine.Tx) error { return do(tx, a, w.users[x.who]) })
		if crdt.KindOf(err) == crdt.KindForbidden {
			x.hashes, x.told = append(x.hashes, ""), append(x.told, err.Error())
			continue
		}
		if err != nil {
			w.t.Fatalf("%s: %s: %v", s, a.Do, err)
		}
		heads, err := c.Heads(s.doc)
		if err != nil || len(heads) != 1 || heads.Equal(before) {
			w.t.Fatalf("%s: %s made %v (%v)", s, a.Do, heads, err)
		}
		x.hashes, x.told = append(x.hashes, heads[0].String()), append(x.told, "")
	}
}

// shown is what a job comes to for automerge-repo, by the rules in jobrules.mjs.
type shown struct {
	Status     string
	Standing   []string
	Timestamps map[string]int64
	Tree       any
	Clashes    []struct {
		Kind, Field, Name string
		Values            []any
	}
}

// judge compares what all have in the end. The first of the scenarios were those in which Go came back first.
func (w *world) judge(scenarios []*scenario, goFirst int, tally map[string]int) {
	var docs []crdt.DocID
	for _, s := range scenarios {
		docs = append(docs, s.doc)
	}
	server := w.fetch(docs...)
	refs := []ref{}
	var reading []*scenario // by automerge-repo
	for _, s := range scenarios {
		if s.pairing == goInTheOffice && s.loses() {
			continue
		}
		r := ref{Who: s.js.who, Doc: s.doc.String()}
		for _, h := range server[s.doc].Heads() {
			r.Heads = append(r.Heads, h.String())
		}
		slices.Sort(r.Heads)
		refs, reading = append(refs, r), append(reading, s)
	}
	var js struct{ Shows []shown }
	w.js.do("shows", map[string]any{"copies": refs}, &js)
	refused, err := w.clients[anna].Refused(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, s := range scenarios {
		w.t.Run(fmt.Sprint(s.n), func(t *testing.T) {
			v := view{t: t, w: w, s: s, tally: tally}
			v.open(server[s.doc])
			v.complete(server[s.doc], refused)
			v.agree()
			if i := slices.Index(reading, s); i >= 0 {
				v.agreeJS(js.Shows[i])
			}
			if t.Failed() {
				t.Logf("%s; Go came back first: %v", s, s.n < goFirst)
			}
		})
		tally[fmt.Sprint(s.theme, ", ", s.pairing)]++
	}
	for name, c := range w.clients {
		if u, err := c.Unsent(w.t.Context()); err != nil || u.Changes != 0 {
			w.t.Errorf("%s has %d changes unsent (%v)", name, u.Changes, err)
		}
	}
}

// view is a job as the server has it.
type view struct {
	t       *testing.T
	w       *world
	s       *scenario
	tally   map[string]int
	tree    map[string]any
	job     job.Job
	clashes []engine.Clash
}

func (v *view) open(copied *author.Copy) {
	d, err := engine.Load(copied.Raws()...)
	if err != nil {
		v.t.Fatal(err)
	}
	defer d.Close()
	if v.tree, err = d.Tree(); err != nil {
		v.t.Fatal(err)
	}
	if v.clashes, err = d.Clashes(); err != nil {
		v.t.Fatal(err)
	}
	var problems []job.Problem
	if v.job, problems = job.Read(v.tree); len(problems) > 0 {
		v.t.Errorf("problems %v", problems)
	}
	if len(v.clashes) > 0 {
		v.tally["clashes"]++
	}
	if v.job.Clash() && v.job.Status == job.Finished && v.job.Standing[1].Status == job.Cancelled {
		v.tally["finished against cancelled"]++
	}
}

// complete fails where something that somebody did is not on the server, and was not refused.
func (v *view) complete(copied *author.Copy, refused []client.Work) {
	v.t.Helper()
	if lost := missing(copied, v.s.js.hashes); len(lost) > 0 {
		v.t.Errorf("changes of automerge-repo's are lost: %v", lost)
	}
	for _, a := range v.s.js.acts {
		v.done(a, v.s.js.who)
	}
	mayNot := 0
	for k, a := range v.s.golang.acts {
		if a.Do == "describe" && v.s.golang.who == anna { // the description is the office's
			mayNot++
			v.refused(a, k, copied, refused)
			continue
		}
		v.done(a, v.s.golang.who)
	}
	if lost := missing(copied, v.s.golang.hashes); mayNot == 0 && len(lost) > 0 { // what came after a refused change is made anew
		v.t.Errorf("changes of the Go client's are lost: %v", lost)
	}
	if v.s.golang.does("rename") && v.s.js.does("rename") && len(v.alternatives(job.KeyTitle)) != 2 {
		v.t.Errorf("two titles were written, %v stand there", v.alternatives(job.KeyTitle))
	}
}

// done fails where an action has left no trace.
func (v *view) done(a action, who string) {
	v.t.Helper()
	user := v.w.users[who]
	found := false
	switch a.Do {
	case "status":
		found = slices.ContainsFunc(v.job.Log, func(e job.Event) bool {
			return e.ID == a.ID && string(e.Status) == a.Status && e.By == user && e.HappenedAt == crdt.Timestamp(a.When)
		})
	case "comment":
		found = slices.ContainsFunc(v.job.Comments, func(c job.Comment) bool { return c.ID == a.ID && c.Text == a.Text && c.By == user })
	case "attach":
		found = slices.ContainsFunc(v.job.Attachments, func(f job.Attachment) bool { return f.ID == a.ID && f.SHA256 == a.Text && f.By == user })
	case "tick":
		found = slices.ContainsFunc(v.job.Checklist, func(i job.Item) bool { return i.ID == a.Item && i.Done && i.DoneAt != 0 && i.By != "" })
	case "fill":
		f, _ := v.job.Field(a.Item)
		found = f != nil && reflect.DeepEqual(through(v.t, f.Value), any(a.Number))
	case "describe":
		found = strings.Contains(v.job.Description, a.Text)
	case "rename":
		found = slices.Contains(v.alternatives(job.KeyTitle), a.Text)
	case "reassign":
		found = slices.ContainsFunc(v.job.Assignees, func(x job.Assignee) bool { return x.User == a.Users[0] && x.Edit })
		if assigned, _ := v.job.Assigned(anna); assigned {
			found = false
		}
	}
	if !found {
		v.t.Errorf("%s of %s is lost: %+v", a.Do, who, a)
	}
}

// alternatives are the values that stand in a place of the root, as text.
func (v *view) alternatives(key string) (out []string) {
	for _, c := range v.clashes {
		if len(c.Path) == 1 && c.Path[0] == key {
			for _, a := range c.Alternatives {
				out = append(out, fmt.Sprint(a.Value))
			}
		}
	}
	if out == nil {
		out = append(out, fmt.Sprint(v.tree[key]))
	}
	return out
}

// refused fails where a change that nobody may make was made, or is not shown to who tried, with what he wrote and why not.
func (v *view) refused(a action, k int, copied *author.Copy, refused []client.Work) {
	v.t.Helper()
	hash := v.s.golang.hashes[k]
	if v.s.golang.told[k] != "" {
		v.tally["refused by the phone"]++
		return // he knew at once
	}
	v.tally["refused by the server"]++
	if len(missing(copied, []string{hash})) == 0 || strings.Contains(v.job.Description, a.Text) {
		v.t.Errorf("the worker's %q is in the description", a.Text)
	}
	shown := func(d client.Did) bool {
		if d.Path.String() != "/"+job.KeyDescription {
			return false
		}
		for _, s := range d.Splices {
			if strings.Contains(s.Inserted, a.Text) {
				return true
			}
		}
		return false
	}
	for _, w := range refused {
		if w.Doc != v.s.doc {
			continue
		}
		all := slices.Clone(w.Did)
		for _, along := range w.Along {
			all = append(all, along.Did...)
		}
		if slices.ContainsFunc(all, shown) && w.Code != "" && w.Detail != "" {
			return
		}
	}
	v.t.Errorf("the worker is not told why %q is not in the description", a.Text)
}

// agree compares the Go clients' jobs, and the API's, with what a stranger reads.
func (v *view) agree() {
	v.t.Helper()
	for name, c := range v.w.clients {
		if name == anna && v.s.golang.who != anna && v.s.loses() {
			continue // her phone is the other one; this one has lost the job as well
		}
		got, err := c.View(v.s.doc)
		if err != nil {
			v.t.Fatal(err)
		}
		if name == anna && v.s.loses() {
			v.tally["withdrawn"]++
			if got.Withdrawn.IsZero() {
				v.t.Error("the worker is not told that she has lost the job")
			}
			continue
		}
		if name == anna && v.s.pairing == bothInTheOffice && (v.s.golang.does("reassign") || v.s.js.does("reassign")) {
			continue // lost, too
		}
		if diff := cmp.Diff(v.tree, got.Tree); diff != "" {
			v.t.Errorf("the Go client of %s (-server +client):\n%s", name, diff)
		}
		if diff := cmp.Diff(v.job, got.Job); diff != "" {
			v.t.Errorf("the job of %s (-server +client):\n%s", name, diff)
		}
	}
	var api map[string]any
	v.w.api(v.s.doc, &api)
	want := through(v.t, v.job).(map[string]any)
	for key := range want {
		if diff := cmp.Diff(want[key], api[key]); diff != "" {
			v.t.Errorf("the API's %s (-stranger +API):\n%s", key, diff)
		}
	}
}

// agreeJS compares automerge-repo's job with what a stranger reads.
func (v *view) agreeJS(got shown) {
	v.t.Helper()
	standing := []string{}
	for _, e := range v.job.Standing {
		standing = append(standing, e.ID)
	}
	if got.Status != string(v.job.Status) || !slices.Equal(got.Standing, standing) {
		v.t.Errorf("for automerge-repo it is %s by %v, for Go %s by %v", got.Status, got.Standing, v.job.Status, standing)
	}
	if diff := cmp.Diff(through(v.t, engine.Plain(v.tree)), got.Tree); diff != "" {
		v.t.Errorf("automerge-repo (-server +client):\n%s", diff)
	}
	var want, have []string
	for _, c := range job.Clashes(v.tree, v.clashes) {
		values := []any{}
		for _, x := range c.Values {
			values = append(values, through(v.t, x.Value))
		}
		want = append(want, fmt.Sprint(c.Kind, " ", c.Field, values))
	}
	for _, c := range got.Clashes {
		have = append(have, fmt.Sprint(c.Kind, " ", c.Field, c.Values))
	}
	if diff := cmp.Diff(want, have); diff != "" {
		v.t.Errorf("clashes (-Go +automerge-repo):\n%s", diff)
	}
	ms := map[string]int64{}
	for name, at := range map[string]crdt.Timestamp{"en_route_at": v.job.Timestamps.EnRouteAt, "started_at": v.job.Timestamps.StartedAt,
		"suspended_at": v.job.Timestamps.SuspendedAt, "finished_at": v.job.Timestamps.FinishedAt} {
		if at != 0 {
			ms[name] = int64(at)
		}
	}
	if diff := cmp.Diff(ms, got.Timestamps); diff != "" {
		v.t.Errorf("timestamps (-Go +automerge-repo):\n%s", diff)
	}
}

// through is a value as JSON has it.
func through(t *testing.T, v any) (out any) {
	t.Helper()
	text, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}
