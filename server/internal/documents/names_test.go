package documents

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
	"fieldsync/crdt/store/memstore"
	"fieldsync/server/internal/access"
)

// sealed is an office of two organisations with ids of their own, and what it logs.
func sealed(t *testing.T) (*office, map[string]access.Namespace, *bytes.Buffer) {
	names := map[string]access.Namespace{}
	for i, o := range []string{org, "rival"} {
		n, err := access.NewNamespace(bytes.Repeat([]byte{byte(i + 1)}, access.NamespaceKeyBytes))
		if err != nil {
			t.Fatal(err)
		}
		names[o] = n
	}
	var log bytes.Buffer
	st := memstore.New(memstore.Options{})
	s, err := New(Options{Store: st, Metrics: silent{}, Log: slog.New(slog.NewTextHandler(&log, nil)),
		Namespace: func(org string) (access.Namespace, error) {
			if n, ok := names[org]; ok {
				return n, nil
			}
			return access.Namespace{}, crdt.Errorf(crdt.KindNotFound, "no such organisation")
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return &office{s, t, st}, names, &log
}

func rivals(p access.Principal) access.Principal { p.Org = "rival"; return p }

func jobEdits(t *testing.T, title string) []crdt.Edit {
	t.Helper()
	e, err := job.New(job.Draft{Plan: job.Plan{Title: title}, Assignees: []job.Assignee{{User: "anna", Edit: true}}, First: job.Event{ID: "first", Status: job.Published, HappenedAt: 1, By: "dora"}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestTwoOrganisationsMakeADocumentEachUnderOneID(t *testing.T) {
	o, names, log := sealed(t)
	doc := crdt.DocID{1}
	made := map[string]crdt.Heads{}
	for i, p := range []access.Principal{dora, rivals(dora)} {
		if _, err := o.Heads(p, doc); !errors.Is(err, ErrNoDocument) {
			t.Errorf("before %s has made it: %v", p.Org, err)
		}
		id, heads, err := o.Create(t.Context(), p, CreateOptions{ID: doc}, jobEdits(t, p.Org+"'s"))
		if err != nil || id != doc {
			t.Fatalf("%d: %v, %v", i, id, err)
		}
		if _, _, err := o.Create(t.Context(), p, CreateOptions{ID: doc}, jobEdits(t, "again")); !errors.Is(err, ErrExists) {
			t.Errorf("a second time: %v", err)
		}
		made[p.Org] = heads
		if rec := o.record(names[p.Org].Inner(doc)); rec.Org != p.Org {
			t.Errorf("%s's record says %+v", p.Org, rec)
		}
	}
	for _, p := range []access.Principal{dora, rivals(dora)} {
		for _, who := range []access.Principal{p, {ID: "user:anna", Org: p.Org, Role: access.RoleWorker, User: "anna"}} {
			if h, err := o.Heads(who, doc); err != nil || !h.Equal(made[p.Org]) {
				t.Errorf("heads of %s: %v", p.Org, err)
			}
			if knew, err := o.KnewOf(who, doc); err != nil || !knew {
				t.Errorf("%s knows: %v, %v", who.ID, knew, err)
			}
			items, err := o.inventory(o.known(who))
			if err != nil || len(items) != 1 || items[0].Doc != doc {
				t.Errorf("the inventory of %s: %v, %v", p.Org, items, err)
			}
		}
		c, err := o.Load(t.Context(), p, doc)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := c.Doc.Tree()
		if err != nil || tree["title"] != p.Org+"'s" || c.ID != doc {
			t.Errorf("%s reads %v of %v, %v", p.Org, tree["title"], c.ID, err)
		}
		c.Close()
		heads, err := o.Edit(t.Context(), p, doc, EditOptions{}, func(tx *engine.Tx) error {
			return tx.Set(crdt.Path{job.KeyAttachments, "a1"}, map[string]any{"sha256": sumOf(p.Org[:1])})
		})
		if err != nil {
			t.Fatal(err)
		}
		made[p.Org] = heads
		refs, err := o.FileRefs(t.Context(), p.Org, doc)
		if err != nil || len(refs) != 1 || refs[0].SHA256 != sumOf(p.Org[:1]) {
			t.Errorf("files of %s: %v, %v", p.Org, refs, err)
		}
	}
	// What is refused is logged under the id that its author knows, and the other organisation's stays as it is.
	_, err := o.Edit(t.Context(), rivals(anna), doc, EditOptions{}, func(tx *engine.Tx) error { return tx.Set(crdt.Path{"title"}, "mine") })
	var refusal *crdt.Refusal
	if !errors.As(err, &refusal) {
		t.Fatalf("a worker's title: %v", err)
	}
	o.notice(names["rival"].Inner(doc), replica.Refused{Author: principal{Principal: rivals(anna)}.Author(), Refusal: *refusal})
	if !strings.Contains(log.String(), doc.String()) || strings.Contains(log.String(), names["rival"].Inner(doc).String()) {
		t.Errorf("the log: %s", log)
	}
	for _, p := range []access.Principal{dora, rivals(dora)} {
		if h, err := o.Heads(p, doc); err != nil || !h.Equal(made[p.Org]) {
			t.Errorf("at last, heads of %s: %v", p.Org, err)
		}
	}
	if _, err := o.Access(access.Principal{ID: "user:x", Org: "nowhere", Role: access.RoleOwner}, doc); crdt.KindOf(err) != crdt.KindUnavailable {
		t.Errorf("whose ids cannot be told: %v", err)
	}
}

// The operator is told of documents by the ids that people know, also where only the store's is at hand.
func TestTheLogNamesDocumentsAsTheirOrganisationsDo(t *testing.T) {
	o, names, log := sealed(t)
	doc := crdt.DocID{7}
	inner := names[org].Inner(doc)
	o.stored(inner, claims(t, 1))
	if err := store.Write(o.store, []store.Op{{Key: store.DocChange(inner, 0), Value: []byte("damaged")}}); err != nil {
		t.Fatal(err)
	}
	_, edited := o.Edit(t.Context(), dora, doc, EditOptions{}, func(tx *engine.Tx) error { return tx.Set(crdt.Path{"title"}, "x") })
	appended := o.Append(t.Context(), dora, doc, [][]byte{claims(t, 2)})
	_, loaded := o.Load(t.Context(), dora, doc)
	for what, err := range map[string]error{"edit": edited, "append": appended, "load": loaded} {
		if err == nil || strings.Contains(err.Error(), inner.String()) {
			t.Errorf("%s: %v", what, err)
		}
	}
	o.notice(inner, replica.SnapshotFailed{Err: errors.New("no snapshot")})
	said := log.String()
	for _, line := range []string{"document damaged", "snapshot not taken"} {
		_, rest, found := strings.Cut(said, line)
		rest, _, _ = strings.Cut(rest, "\n")
		if !found || !strings.Contains(rest, "org="+org) || !strings.Contains(rest, "doc="+doc.String()) {
			t.Errorf("%q: the log says %s", line, said)
		}
	}
	if strings.Contains(said, inner.String()) {
		t.Errorf("the log has an inner id: %s", said)
	}
	// Of what has no record nobody knows more.
	o.notice(crdt.DocID{9}, replica.SnapshotFailed{Err: errors.New("no snapshot")})
	if rest := strings.TrimPrefix(log.String(), said); !strings.Contains(rest, "inner="+crdt.DocID{9}.String()) || strings.Contains(rest, "doc=") {
		t.Errorf("of a document that is not there: %s", rest)
	}
}

func TestATemplateIsNamedByTheIDThatItsOrganisationKnows(t *testing.T) {
	o, names, _ := sealed(t)
	doc := crdt.DocID{1}
	edits, err := job.NewTemplate(job.Template{Name: "Pump", WorkerCreate: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.Create(t.Context(), dora, CreateOptions{ID: doc}, edits); err != nil {
		t.Fatal(err)
	}
	if !o.workerTemplate(org, doc.String()) || o.workerTemplate(org, names[org].Inner(doc).String()) || o.workerTemplate("rival", doc.String()) {
		t.Error("a template is found by another id, or elsewhere")
	}
}
