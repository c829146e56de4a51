package documents

import (
	"context"
	"strings"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/job"
	"fieldsync/crdt/syncproto"
	"fieldsync/crdt/wire"
	"fieldsync/server/internal/access"
)

// hurry is an event of a worker who has edit access.
func hurry(id string) []crdt.Edit {
	list, err := job.AddEvent(job.Event{ID: id, Status: job.Started, HappenedAt: 2, By: "anna"})
	if err != nil {
		panic(err)
	}
	return list
}

// What somebody did with edit access counts until he hears that it was taken from him.
func TestAnEditorIsAViewerOnceHeKnows(t *testing.T) {
	for name, demote := range map[string][]crdt.Edit{
		"demoted":           must(job.Assign(job.Assignee{User: "anna", Edit: false})),
		"taken off":         must(job.Unassign("anna")),
		"another map":       {{Kind: crdt.EditSet, Path: crdt.Path{job.KeyAssignees}, Value: map[string]any{"anna": map[string]any{"edit": false}}}},
		"another entry":     {{Kind: crdt.EditSet, Path: crdt.Path{job.KeyAssignees, "anna"}, Value: map[string]any{"edit": false}}},
		"no flag":           {{Kind: crdt.EditDelete, Path: crdt.Path{job.KeyAssignees, "anna", job.KeyEdit}}},
		"a value, no entry": {{Kind: crdt.EditSet, Path: crdt.Path{job.KeyAssignees, "anna"}, Value: true}},
	} {
		o, doc := open(t), crdt.DocID{1}
		o.must(dora, doc, newJob("anna"))
		before := draft(t, o.drive, doc, actorOf(anna), edits(hurry("e1"), nil))
		o.must(dora, doc, edits(demote, nil))
		knowing := draft(t, o.drive, doc, crdt.ActorID("another phone"), edits(hurry("e2"), nil))
		if err := o.Append(context.Background(), anna, doc, [][]byte{before}); err != nil {
			t.Errorf("%s, what she did before she knew: %v", name, err)
		}
		err := o.Append(context.Background(), anna, doc, [][]byte{knowing})
		late := name == "taken off" // as what she last was
		if late != (err == nil) {
			t.Errorf("%s, what she did when she knew: %v", name, err)
		}
	}
}

func must(list []crdt.Edit, err error) []crdt.Edit {
	if err != nil {
		panic(err)
	}
	return list
}

// A change that comes before the document it belongs to waits for it, and is judged as its author's when that comes: nobody is the
// creator of what another makes, and nobody who was shut out meanwhile gets in by what he left behind.
func TestNobodyGetsIntoADocumentByBeingThereBeforeIt(t *testing.T) {
	foreign := person(access.RoleOwner, "otto")
	foreign.Org = "other"
	for name, tt := range map[string]struct {
		who     access.Principal
		shutOut bool // before the document comes
		in      bool
	}{
		"a worker":                     {ben, false, false},
		"another organisation's owner": {foreign, false, false},
		"a dispatcher":                 {person(access.RoleDispatcher, "carl"), false, true},
		"a dispatcher who has left":    {person(access.RoleDispatcher, "carl"), true, false},
	} {
		o, doc := open(t), crdt.DocID{1}
		elsewhere := open(t)
		elsewhere.must(dora, doc, newJob("anna"))
		first := raws(t, elsewhere, doc)[0]
		second := draft(t, elsewhere.drive, doc, actorOf(tt.who), set(job.KeyTitle, "mine"))
		o.plain(anna).asks(doc) // so that the document stays in memory
		c := o.plain(tt.who)
		c.delivers(doc, second)
		o.waiting(doc, 1)
		if tt.shutOut {
			c.link.Closed()
			o.waiting(doc, 0)
		}
		if err := o.Append(context.Background(), dora, doc, [][]byte{first}); err != nil {
			t.Fatal(err)
		}
		o.waiting(doc, 0)
		o.view(doc, func(h *history.History) {
			if (h.Len() == 2) != tt.in {
				t.Errorf("%s: the document has %d changes", name, h.Len())
			}
		})
		if a, err := o.Access(tt.who, doc); err != nil || a.Exists() != (tt.who.Role == access.RoleDispatcher) {
			t.Errorf("%s has %+v, %v", name, a, err)
		}
	}
}

// asks asks for a document, holding nothing of it.
func (c *plain) asks(doc crdt.DocID) { c.sends(doc, &syncproto.Message{Version: syncproto.V1}) }

// delivers sends a change.
func (c *plain) delivers(doc crdt.DocID, raw []byte) {
	c.t.Helper()
	change, err := format.DecodeChange(raw, format.DefaultLimits())
	if err != nil {
		c.t.Fatal(err)
	}
	c.sends(doc, &syncproto.Message{Version: syncproto.V1, Heads: crdt.Heads{change.Hash}, Changes: [][]byte{raw}})
}

func (c *plain) sends(doc crdt.DocID, m *syncproto.Message) {
	c.t.Helper()
	if err := c.link.Receive(wire.Append(nil, wire.Sync{Doc: doc, Sender: "plain", Data: syncproto.Append(nil, m)})); err != nil {
		c.t.Fatal(err)
	}
}

// waiting checks how many changes wait for a document.
func (o *office) waiting(doc crdt.DocID, n int) {
	o.t.Helper()
	o.view(doc, func(h *history.History) {
		if h.WaitingCount() != n {
			o.t.Errorf("%d changes wait, not %d", h.WaitingCount(), n)
		}
	})
}

// raws are a document's changes.
func raws(t testing.TB, o *office, doc crdt.DocID) (out [][]byte) {
	t.Helper()
	o.view(doc, func(h *history.History) {
		for i := range h.Len() {
			out = append(out, append([]byte(nil), h.Raw(i)...))
		}
	})
	return out
}

func TestAPolicyAllocatesNothingForEachOperation(t *testing.T) {
	o, doc := open(t), crdt.DocID{1}
	o.must(dora, doc, newJob("anna"))
	o.must(dora, doc, set("report_fields", map[string]any{"f1": map[string]any{"value": crdt.Text("")}}))
	meta, err := o.record(doc).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range []struct {
		p     access.Principal
		path  crdt.Path
		paste string
	}{{dora, crdt.Path{job.KeyDescription}, "x"}, {dora, crdt.Path{job.KeyDescription}, strings.Repeat("x", 500)},
		{anna, crdt.Path{"report_fields", "f1", "value"}, "x"}, {anna, crdt.Path{"report_fields", "f1", "value"}, strings.Repeat("x", 500)}} {
		raw := draft(t, o.drive, doc, actorOf(who.p), func(tx *engine.Tx) error {
			return tx.Apply(crdt.Edit{Kind: crdt.EditSplice, Path: who.path, Text: who.paste})
		})
		c, err := format.DecodeChange(raw, format.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		o.view(doc, func(h *history.History) {
			_, _ = h.Admit(c, o.known(who.p).Author(), func(a *history.Admission) *crdt.Refusal {
				allocs := testing.AllocsPerRun(10, func() {
					if r := o.policy(o.known(who.p), doc, meta)(a); r != nil {
						t.Error(r)
					}
				})
				if most := map[access.Role]float64{access.RoleDispatcher: 6, access.RoleWorker: 30}[who.p.Role]; allocs > most || len(c.Ops) < len(who.paste) {
					t.Errorf("%s, %d operations: %v allocations", who.p.User, len(c.Ops), allocs)
				}
				return &crdt.Refusal{Code: crdt.RefusedNotAllowed}
			})
		})
	}
}

// typing are changes of a character each, in a text of a document.
func typing(t testing.TB, o *office, doc crdt.DocID, actor crdt.ActorID, path crdt.Path, n int) (out []*format.Change) {
	t.Helper()
	copied, err := engine.Load(raws(t, o, doc)...)
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	for i := range n {
		raw, err := copied.Edit(engine.Commit{Actor: actor, Time: 1}, func(tx *engine.Tx) error {
			return tx.Apply(crdt.Edit{Kind: crdt.EditSplice, Path: path, Index: i, Text: "x"})
		})
		if err != nil {
			t.Fatal(err)
		}
		c, err := format.DecodeChange(raw, format.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}

// What a policy costs, beside the admission itself: dispatchers and a worker type in a job of some hundred operations.
func BenchmarkAdmission(b *testing.B) {
	o := open(b)
	doc := crdt.DocID{1}
	o.must(dora, doc, newJob("anna"))
	o.must(dora, doc, set("report_fields", map[string]any{"f1": map[string]any{"value": crdt.Text("")}}))
	base := raws(b, o, doc)
	meta, err := o.record(doc).Encode()
	if err != nil {
		b.Fatal(err)
	}
	for _, who := range []struct {
		name string
		p    access.Principal
		path crdt.Path
	}{{"dispatcher", dora, crdt.Path{job.KeyDescription}}, {"worker", anna, crdt.Path{"report_fields", "f1", "value"}}} {
		changes := typing(b, o, doc, actorOf(person(access.RoleWorker, who.name)), who.path, 200)
		for _, with := range []bool{false, true} {
			name := who.name + "/without"
			if with {
				name = who.name + "/with"
			}
			b.Run(name, func(b *testing.B) {
				b.ReportAllocs()
				var h *history.History
				for i := range b.N {
					if i%len(changes) == 0 {
						b.StopTimer()
						h = history.New(history.DefaultLimits())
						for _, raw := range base {
							c, err := format.DecodeChange(raw, format.DefaultLimits())
							if err == nil {
								_, err = h.Admit(c, "acme/user:dora", nil)
							}
							if err != nil {
								b.Fatal(err)
							}
						}
						b.StartTimer()
					}
					var policy history.Policy
					if with {
						policy = o.policy(o.known(who.p), doc, meta)
					}
					if _, err := h.Admit(changes[i%len(changes)], o.known(who.p).Author(), policy); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
