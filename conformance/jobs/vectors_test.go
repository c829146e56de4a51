package jobs

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/format"
	"fieldsync/crdt/job"
)

// folder is where the vectors are.
func folder(t *testing.T) string {
	t.Helper()
	root, err := sut.Root()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(root, "conformance", "vectors", "job")
}

func load(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder(t), name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// value is a value of the vectors as the engine takes it.
func value(v any) any {
	switch x := v.(type) {
	case []any:
		out := make([]any, len(x))
		for i := range x {
			out[i] = value(x[i])
		}
		return out
	case map[string]any:
		if ms, ok := x["$time"].(float64); ok {
			return crdt.Timestamp(ms)
		}
		if s, ok := x["$text"].(string); ok {
			return crdt.Text(s)
		}
		if n, ok := x["$counter"].(float64); ok {
			return crdt.Counter(n)
		}
		out := map[string]any{}
		for k, e := range x {
			out[k] = value(e)
		}
		return out
	}
	return v
}

// expect is what a document must come to.
type expect struct {
	Status     string           `json:"status"`
	Standing   []string         `json:"standing"`
	Timestamps map[string]int64 `json:"timestamps"`
	Resolution map[string]any   `json:"resolution"`
	Values     []struct {
		Path  []string `json:"path"`
		Value any      `json:"value"`
	} `json:"values"`
	Clashes []struct {
		Kind   string `json:"kind"`
		Field  string `json:"field"`
		Name   string `json:"name"`
		Values []any  `json:"values"`
	} `json:"clashes"`
}

// through is a value as JSON has it.
func through(t *testing.T, v any) any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// differs holds what a tree says of the status against what is expected; empty where it is the same.
func (e *expect) differs(t *testing.T, tree map[string]any) string {
	t.Helper()
	j, _ := job.Read(tree)
	standing := []string{}
	for _, s := range j.Standing {
		standing = append(standing, s.ID)
	}
	ms := map[string]int64{}
	for name, at := range map[string]crdt.Timestamp{"en_route_at": j.Timestamps.EnRouteAt, "started_at": j.Timestamps.StartedAt,
		"suspended_at": j.Timestamps.SuspendedAt, "finished_at": j.Timestamps.FinishedAt} {
		if at != 0 {
			ms[name] = int64(at)
		}
	}
	var resolution map[string]any
	if j.Resolution != (job.Resolution{}) {
		resolution, _ = through(t, j.Resolution).(map[string]any)
	}
	out := cmp.Diff(e.Status, string(j.Status)) + cmp.Diff(e.Standing, standing) + cmp.Diff(e.Timestamps, ms) + cmp.Diff(e.Resolution, resolution) +
		cmp.Diff(len(e.Standing) > 1, j.InClash)
	plain := engine.Plain(tree)
	for _, v := range e.Values {
		got := plain
		for _, step := range v.Path {
			m, _ := got.(map[string]any)
			got = m[step]
		}
		if diff := cmp.Diff(v.Value, through(t, got)); diff != "" {
			out += fmt.Sprint(v.Path) + diff
		}
	}
	return out
}

func TestTheStatusIsTheOneThatTheVectorsSay(t *testing.T) {
	var cases []struct {
		Name       string         `json:"name"`
		Log        map[string]any `json:"log"`
		Possible   map[string]any `json:"possible_resolutions"`
		Resolution any            `json:"resolution"`
		Expect     expect         `json:"expect"`
	}
	load(t, "status.json", &cases)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			tree := map[string]any{"kind": "job", "status_log": value(c.Log), "possible_resolutions": value(c.Possible), "resolution": value(c.Resolution)}
			if diff := c.Expect.differs(t, tree); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTransitionsAreThoseThatTheVectorsSay(t *testing.T) {
	var cases []struct {
		Standing   []job.Status `json:"standing"`
		Worker     []job.Status `json:"worker"`
		Dispatcher []job.Status `json:"dispatcher"`
	}
	load(t, "transitions.json", &cases)
	seen := map[job.Status]bool{}
	for _, c := range cases {
		var log []job.Event
		for i, s := range c.Standing {
			log = append(log, job.Event{ID: fmt.Sprint("e", i), Status: s})
			seen[s] = true
		}
		o := job.Current(log)
		if diff := cmp.Diff(c.Worker, job.Next(o, job.ClassWorker)); diff != "" {
			t.Errorf("%v, a worker: %s", c.Standing, diff)
		}
		if diff := cmp.Diff(c.Dispatcher, job.Next(o, job.ClassDispatcher)); diff != "" {
			t.Errorf("%v, a dispatcher: %s", c.Standing, diff)
		}
	}
	for _, s := range job.Statuses() {
		if !seen[s] {
			t.Errorf("no vector begins with %s", s)
		}
	}
}

// author is somebody who makes one change.
type author struct {
	ID    string   `json:"id"`
	Actor string   `json:"actor"` // hexadecimal
	After []string `json:"after"` // the changes that he knew; what those knew, too
	Edits []struct {
		Op    string   `json:"op"`
		Path  []string `json:"path"`
		Value any      `json:"value"`
		Text  string   `json:"text"`
	} `json:"edits"`
}

type scenario struct {
	Name    string   `json:"name"`
	Changes []author `json:"changes"`
	Expect  expect   `json:"expect"`
}

func scenarios(t *testing.T) (base author, all []scenario) {
	t.Helper()
	var file struct {
		Base      author     `json:"base"`
		Scenarios []scenario `json:"scenarios"`
	}
	load(t, "changes.json", &file)
	return file.Base, file.Scenarios
}

// change makes the change of an author on a copy of what he knew.
func (a *author) change(t *testing.T, known ...[]byte) []byte {
	t.Helper()
	doc, err := engine.Load(known...)
	if err != nil {
		t.Fatal(err)
	}
	defer doc.Close()
	var actor []byte
	if _, err := fmt.Sscanf(a.Actor, "%x", &actor); err != nil {
		t.Fatal(err)
	}
	raw, err := doc.Edit(engine.Commit{Actor: crdt.ActorID(actor)}, func(tx *engine.Tx) error {
		for _, e := range a.Edits {
			path := make(crdt.Path, len(e.Path))
			for i, step := range e.Path {
				path[i] = step
			}
			edit := crdt.Edit{Path: path}
			switch e.Op {
			case "set":
				edit.Kind, edit.Value = crdt.EditSet, value(e.Value)
			case "delete":
				edit.Kind = crdt.EditDelete
			case "text":
				edit.Kind, edit.Text = crdt.EditSetText, e.Text
			default:
				return fmt.Errorf("no edit %q", e.Op)
			}
			if err := tx.Apply(edit); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || raw == nil {
		t.Fatalf("%s: %d bytes, %v", a.ID, len(raw), err)
	}
	return raw
}

// make makes all changes of a scenario, each knowing what its author knew.
func (s *scenario) make(t *testing.T, base author) map[string][]byte {
	t.Helper()
	made := map[string][]byte{"base": base.change(t)}
	past := map[string][]string{}
	for _, a := range s.Changes {
		for _, id := range append([]string{"base"}, a.After...) {
			for _, id := range append(slices.Clone(past[id]), id) {
				if !slices.Contains(past[a.ID], id) {
					past[a.ID] = append(past[a.ID], id)
				}
			}
		}
		var known [][]byte
		for _, id := range past[a.ID] {
			known = append(known, made[id])
		}
		made[a.ID] = a.change(t, known...)
	}
	return made
}

// orders calls visit with every order of a list.
func orders(list []string, visit func([]string)) {
	var walk func(done, left []string)
	walk = func(done, left []string) {
		if len(left) == 0 {
			visit(done)
		}
		for i := range left {
			walk(append(slices.Clone(done), left[i]), append(slices.Clone(left[:i]), left[i+1:]...))
		}
	}
	walk(nil, list)
}

// deliver applies changes as they come in; one whose dependencies are missing waits for them.
func deliver(t *testing.T, changes ...[]byte) *engine.Doc {
	t.Helper()
	doc, err := engine.New()
	if err != nil {
		t.Fatal(err)
	}
	here := map[crdt.Hash]bool{}
	var waiting [][]byte
	for _, raw := range changes {
		waiting = append(waiting, raw)
		for again := true; again; {
			again = false
			waiting = slices.DeleteFunc(waiting, func(raw []byte) bool {
				c, err := format.DecodeChange(raw, format.DefaultLimits())
				if err != nil {
					t.Fatal(err)
				}
				if slices.ContainsFunc(c.Deps, func(h crdt.Hash) bool { return !here[h] }) {
					return false
				}
				if err := doc.Apply(raw); err != nil {
					t.Fatal(err)
				}
				here[c.Hash], again = true, true
				return true
			})
		}
	}
	if len(waiting) > 0 {
		t.Fatalf("%d changes wait for ever", len(waiting))
	}
	return doc
}

// hold checks the changes of a scenario in every order.
func (s *scenario) hold(t *testing.T, made map[string][]byte) {
	t.Helper()
	ids := []string{"base"}
	for _, a := range s.Changes {
		ids = append(ids, a.ID)
	}
	if len(ids) != len(made) {
		t.Fatalf("%d changes, not %d", len(made), len(ids))
	}
	orders(ids, func(order []string) {
		var raws [][]byte
		for _, id := range order {
			raws = append(raws, made[id])
		}
		doc := deliver(t, raws...)
		defer doc.Close()
		tree, err := doc.Tree()
		if err != nil {
			t.Fatal(err)
		}
		places, err := doc.Clashes()
		if err != nil {
			t.Fatal(err)
		}
		if diff := s.Expect.differs(t, tree) + cmp.Diff(s.clashes(), got(t, job.Clashes(tree, places))); diff != "" {
			t.Fatalf("in the order %v:\n%s", order, diff)
		}
	})
}

type clash struct {
	Kind, Field, Name string
	Values            any
}

func (s *scenario) clashes() []clash {
	out := []clash{}
	for _, c := range s.Expect.Clashes {
		out = append(out, clash{c.Kind, c.Field, c.Name, any(c.Values)})
	}
	return out
}

func got(t *testing.T, clashes []job.Clash) []clash {
	t.Helper()
	out := []clash{}
	for _, c := range clashes {
		values := []any{}
		for _, v := range c.Values {
			values = append(values, through(t, v.Value))
		}
		out = append(out, clash{string(c.Kind), c.Field, c.Name, any(values)})
	}
	return out
}

func TestScenariosEndAsTheVectorsSayInEveryOrderOfDelivery(t *testing.T) {
	base, all := scenarios(t)
	for _, s := range all {
		t.Run(s.Name, func(t *testing.T) { s.hold(t, s.make(t, base)) })
	}
}
