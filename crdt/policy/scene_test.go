package policy_test

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/history/historytest"
	"fieldsync/crdt/job"
	"fieldsync/crdt/policy"
)

// scene is a document at a server, and the copies of those who write to it.
type scene struct {
	t    *testing.T
	h    *history.History
	all  *historytest.Model
	pens map[string]*pen
	make func(kind, template string) string // Case.MayMake
}

func newScene(t *testing.T) *scene {
	return &scene{t: t, h: history.New(history.DefaultLimits()), all: historytest.NewModel(), pens: map[string]*pen{}}
}

// pen writes changes as one person, on what he has taken over.
type pen struct {
	*historytest.Writer
	js bool // strings are written as texts, as automerge JS 3 does
}

func (s *scene) pen(who string) *pen {
	p := s.pens[who]
	if p == nil {
		p = &pen{Writer: historytest.NewWriter(crdt.ActorID("actor of "+who), rand.New(rand.NewPCG(1, 1)))}
		s.pens[who] = p
	}
	return p
}

// object finds the object at a path of keys, the one that wins; it must be there.
func (p *pen) object(path []string) (id historytest.ID) {
	for _, key := range path {
		v := p.Visible(id, false, key, historytest.ID{})
		if len(v) == 0 {
			panic("nothing at " + key + " of " + strings.Join(path, "/"))
		}
		id = v[len(v)-1].ID
	}
	return id
}

func split(path string) (object []string, key string) {
	steps := strings.Split(path, "/")
	return steps[:len(steps)-1], steps[len(steps)-1]
}

// make makes an object of a type at a path.
func (p *pen) make(path string, action format.Action) historytest.ID {
	object, key := split(path)
	return p.Do(historytest.Op{Object: p.object(object), Key: key, Action: action})
}

// put writes a value at a path: a map[string]any, a []string, or a scalar.
func (p *pen) put(path string, value any) {
	object, key := split(path)
	set := func(v format.Value) {
		p.Do(historytest.Op{Object: p.object(object), Key: key, Action: format.ActionSet, Value: v})
	}
	switch v := value.(type) {
	case map[string]any:
		p.make(path, format.ActionMakeMap)
		for _, k := range slices.Sorted(maps.Keys(v)) {
			p.put(path+"/"+k, v[k])
		}
	case []string:
		list := p.make(path, format.ActionMakeList)
		behind := historytest.ID{}
		for _, s := range v {
			o := historytest.Op{Object: list, Elem: behind, InSeq: true, Insert: true, Action: format.ActionSet, Value: format.StringValue(s)}
			if p.js {
				o.Action, o.Value = format.ActionMakeText, format.Value{}
			}
			behind = p.Do(o)
			if p.js {
				p.write(behind, s)
			}
		}
	case string:
		if p.js {
			p.write(p.make(path, format.ActionMakeText), v)
			return
		}
		set(format.StringValue(v))
	case bool:
		set(format.BoolValue(v))
	case int:
		set(format.IntValue(int64(v)))
	case nil:
		set(format.NullValue())
	default:
		panic("no such value")
	}
}

// write inserts characters at the beginning of a text or list.
func (p *pen) write(text historytest.ID, s string) {
	behind := historytest.ID{}
	for _, c := range s {
		behind = p.Do(historytest.Op{Object: text, Elem: behind, InSeq: true, Insert: true, Action: format.ActionSet, Value: format.StringValue(string(c))})
	}
}

// splice inserts characters at the beginning of the text at a path.
func (p *pen) splice(path, s string) { p.write(p.object(strings.Split(path, "/")), s) }

func (p *pen) del(path string) {
	object, key := split(path)
	p.Do(historytest.Op{Object: p.object(object), Key: key, Action: format.ActionDelete})
}

// try has somebody make a change on all that is there, and gives why the server does not take it.
func (s *scene) try(who string, part job.Part, edit func(p *pen)) *crdt.Refusal {
	s.t.Helper()
	p := s.pen(who)
	p.MergeFrom(s.all, -1)
	return s.deliver(who, part, edit)
}

// deliver does the same on what he has.
func (s *scene) deliver(who string, part job.Part, edit func(p *pen)) *crdt.Refusal {
	s.t.Helper()
	p := s.pen(who)
	edit(p)
	c, err := p.Draft().Build()
	if err != nil {
		s.t.Fatal(err)
	}
	user := who
	if strings.HasPrefix(who, "integration") {
		user = ""
	}
	rules := policy.Case{User: user, Author: somebody{part, s.make}}
	_, err = s.h.Admit(c, history.Author(who), rules.Check)
	if err == nil {
		p.Apply(c)
		s.all.Apply(c)
		return nil
	}
	var refusal *crdt.Refusal
	if !errors.As(err, &refusal) || refusal.Code != crdt.RefusedNotAllowed || refusal.Change != c.Hash {
		s.t.Fatalf("%s is refused for another reason: %v", who, err)
	}
	return refusal
}

func (s *scene) must(who string, part job.Part, edit func(p *pen)) {
	s.t.Helper()
	if r := s.try(who, part, edit); r != nil {
		s.t.Fatalf("%s: %v", who, r)
	}
}

// refused checks that a change is refused with a path and a reason.
func (s *scene) refused(what string, r *crdt.Refusal, path, why string) {
	s.t.Helper()
	if r == nil {
		s.t.Errorf("%s: is taken", what)
	} else if want := path + ": " + why; r.Detail != want {
		s.t.Errorf("%s: refused as %q, not %q", what, r.Detail, want)
	}
}

// somebody is a policy.Author who is named like his user.
type somebody struct {
	part job.Part
	make func(kind, template string) string // nil: he may
}

func (a somebody) Part(*history.Admission) job.Part { return a.part }

func (a somebody) Kind(h *history.History) string { return policy.Winner(h, h.Root(), job.KeyKind) }

func (a somebody) UserOf(who history.Author) string { return string(who) }

func (a somebody) MayMake(kind, template string) string {
	if a.make == nil {
		return ""
	}
	return a.make(kind, template)
}

const (
	planner = job.PartPlanner
	creator = job.PartCreator
	editor  = job.PartEditor
	viewer  = job.PartViewer
)

// aJob is what dora makes.
func aJob(kind string) func(p *pen) {
	return func(p *pen) {
		for _, kv := range []struct {
			key   string
			value any
		}{
			{"kind", kind}, {"title", "Pump"}, {"description", ""},
			{"assignees", map[string]any{"anna": map[string]any{"edit": true}, "ben": map[string]any{"edit": false}}},
			{"status_log", map[string]any{"e1": map[string]any{"status": "published", "by": "dora", "after": []string{}}}},
			{"comments", map[string]any{"c1": map[string]any{"text": "hello", "by": "dora"}}}, {"attachments", map[string]any{}},
			{"checklist", map[string]any{"i1": map[string]any{"text": "valve", "done": false}}},
			{"report_fields", map[string]any{"f1": map[string]any{"name": "pressure", "value": ""}}},
		} {
			p.put(kv.key, kv.value)
		}
	}
}

// office is a scene with a job that dora, a dispatcher, has made.
func office(t *testing.T) *scene {
	t.Helper()
	s := newScene(t)
	s.must("dora", planner, aJob("job"))
	return s
}
