package job_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
)

// failer is what *testing.T and *rapid.T have in common.
type failer interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// author is a dispatcher whose ids count up.
func author(prefix string) job.Author {
	n := 0
	return job.Author{User: "dora", Class: job.ClassDispatcher, Now: 1_790_000_000_000, NewID: func() string {
		n++
		return fmt.Sprint(prefix, n)
	}}
}

// copyOf is somebody's copy of a document.
type copyOf struct {
	t     failer
	doc   *engine.Doc
	actor crdt.ActorID
}

func open(t failer, actor string, changes ...[]byte) *copyOf {
	t.Helper()
	doc, err := engine.Load(changes...)
	if err != nil {
		t.Fatal(err)
	}
	return &copyOf{t: t, doc: doc, actor: crdt.ActorID(actor)}
}

func (c *copyOf) close() { c.doc.Close() }

// edit makes one change; nil where nothing changed.
func (c *copyOf) edit(edits ...crdt.Edit) []byte {
	c.t.Helper()
	raw, err := c.doc.Edit(engine.Commit{Actor: c.actor}, func(tx *engine.Tx) error { return tx.Apply(edits...) })
	if err != nil {
		c.t.Fatalf("edits %s: %v", show(edits), err)
	}
	return raw
}

func (c *copyOf) apply(changes ...[]byte) {
	c.t.Helper()
	if err := c.doc.Apply(changes...); err != nil {
		c.t.Fatal(err)
	}
}

func (c *copyOf) tree() map[string]any {
	c.t.Helper()
	tree, err := c.doc.Tree()
	if err != nil {
		c.t.Fatal(err)
	}
	return tree
}

// form is the JSON form of what the document is.
func (c *copyOf) form() map[string]any {
	c.t.Helper()
	return formOf(c.t, c.tree())
}

func formOf(t failer, tree map[string]any) map[string]any {
	t.Helper()
	var v any
	var problems []job.Problem
	switch job.KindOf(tree) {
	case job.Kind:
		v, problems = read(job.Read(tree))
	case job.KindTemplate:
		v, problems = read(job.ReadTemplate(tree))
	case job.KindClient:
		v, problems = read(job.ReadClient(tree))
	case job.KindSite:
		v, problems = read(job.ReadSite(tree))
	}
	if len(problems) > 0 {
		t.Fatalf("problems %v", problems)
	}
	return decoded(t, v)
}

func read[T any](v T, problems []job.Problem) (any, []job.Problem) { return v, problems }

func (c *copyOf) job() job.Job {
	j, _ := job.Read(c.tree())
	return j
}

// decoded is a value as a client gets it: through JSON.
func decoded(t failer, v any) map[string]any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func parsed(t failer, text string) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return out
}

func must(t failer) func(edits []crdt.Edit, err error) []crdt.Edit {
	return func(edits []crdt.Edit, err error) []crdt.Edit {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return edits
	}
}

// made is a document of a new job, by its JSON form.
func made(t failer, actor string, form map[string]any) *copyOf {
	t.Helper()
	d, errs := job.Parse(job.Draft{}, form, author("made"))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	c := open(t, actor)
	c.edit(must(t)(job.New(d))...)
	return c
}

func show(edits []crdt.Edit) string {
	out := ""
	for _, e := range edits {
		out += fmt.Sprintf("\n  %d %s = %#v %q", e.Kind, e.Path, e.Value, e.Text)
	}
	return out
}

func same(t failer, want, got any, format string, args ...any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s:\n%s", fmt.Sprintf(format, args...), diff)
	}
}

var _ = []failer{(*testing.T)(nil), (*rapid.T)(nil)}

func theJob(c *copyOf) *job.Job {
	j := c.job()
	return &j
}

var (
	ignorePositions = cmp.Options{cmpopts.IgnoreFields(job.Field{}, "Position"), cmpopts.IgnoreFields(job.Item{}, "Position"),
		cmpopts.IgnoreFields(job.PossibleResolution{}, "Position"), cmpopts.IgnoreFields(job.Contact{}, "Position")}
	emptyIsNil = cmpopts.EquateEmpty()
)
