package documents

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store"
	"fieldsync/crdt/wire"
	"fieldsync/server/internal/access"
)

// ofKind makes a document of a kind.
func ofKind(kind string, more ...crdt.Edit) func(*engine.Tx) error {
	return func(tx *engine.Tx) error {
		return tx.Apply(append([]crdt.Edit{{Kind: crdt.EditSet, Path: crdt.Path{job.KeyKind}, Value: kind}}, more...)...)
	}
}

// template makes a template with a uuid, that workers may make jobs from or not.
func template(uuid string, workerCreate bool) func(*engine.Tx) error {
	return ofKind(job.KindTemplate, crdt.Edit{Kind: crdt.EditSet, Path: crdt.Path{job.KeyUUID}, Value: uuid},
		crdt.Edit{Kind: crdt.EditSet, Path: crdt.Path{job.KeyWorkerCreate}, Value: workerCreate})
}

func TestWorkersHaveTheTemplatesAndWhatIsTheirs(t *testing.T) {
	o := open(t)
	tpl, annas, client, site, hers, otto := crdt.DocID{1}, crdt.DocID{2}, crdt.DocID{3}, crdt.DocID{4}, crdt.DocID{5}, crdt.DocID{6}
	o.must(dora, tpl, template("t", true))
	o.must(dora, annas, newJob("anna"))
	o.must(dora, client, ofKind(job.KindClient))
	o.must(dora, site, ofKind(job.KindSite))
	o.must(anna, hers, set("anything", 1))
	foreign := dora
	foreign.Org = "other"
	o.must(foreign, otto, template("x", true))
	demoted := person(access.RoleWorker, "dora") // she made all of them, as a dispatcher
	for name, tt := range map[string]struct {
		p    access.Principal
		want []crdt.DocID
	}{
		"anna":                          {anna, []crdt.DocID{tpl, annas, hers}},
		"ben, who has nothing":          {ben, []crdt.DocID{tpl}},
		"a dispatcher who is a worker":  {demoted, []crdt.DocID{tpl}},
		"a worker without a user":       {access.Principal{ID: "integration:x", Org: org, Role: access.RoleWorker}, []crdt.DocID{tpl}},
		"a director":                    {person(access.RoleDirector, "dick"), []crdt.DocID{tpl, annas, client, site, hers}},
		"nobody that has a role":        {person("gardener", "gus"), nil},
		"another organisation's worker": {access.Principal{ID: "user:anna", Org: "other", User: "anna", Role: access.RoleWorker}, []crdt.DocID{otto}},
	} {
		items, err := o.inventory(o.known(tt.p))
		var got []crdt.DocID
		for _, it := range items {
			got = append(got, it.Doc)
			if a, err := o.Access(tt.p, it.Doc); err != nil || !a.Read {
				t.Errorf("%s may not read %s, which is in the inventory: %v", name, it.Doc, err)
			}
		}
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, tt.want)
		}
	}
}

// plain is a connection of a client that knows nothing of our extension frames.
type plain struct {
	pipe
	t    testing.TB
	link *drive.Link
}

func (o *office) plain(p access.Principal) *plain {
	o.t.Helper()
	c := &plain{pipe: pipe{make(chan []byte, 1000), make(chan struct{})}, t: o.t}
	c.link = o.drive.Connect(c.pipe, o.known(p), false)
	o.t.Cleanup(c.link.Closed)
	if err := c.link.Receive(wire.Append(nil, wire.Join{Sender: "plain", Versions: []string{wire.ProtocolVersion}})); err != nil {
		o.t.Fatal(err)
	}
	return c
}

// syncs reads frames until there was a sync about each of the documents, and gives the documents that others were about.
func (c *plain) syncs(docs ...crdt.DocID) (others []crdt.DocID) {
	c.t.Helper()
	var codec wire.Codec
	late := time.After(20 * time.Second)
	for len(docs) > 0 {
		select {
		case b := <-c.frames:
			f, err := codec.Decode(b)
			if err != nil {
				c.t.Fatal(err)
			}
			if s, ok := f.(wire.Sync); ok {
				if at := slices.Index(docs, s.Doc); at >= 0 {
					docs = slices.Delete(docs, at, at+1)
				} else {
					others = append(others, s.Doc)
				}
			}
		case <-late:
			c.t.Fatalf("never told of %v", docs)
		}
	}
	return others
}

func TestAPlainClientOfAWorkerIsToldOfWhatIsHisWhenItConnectsAndWhenItBecomesHis(t *testing.T) {
	o := open(t)
	tpl, before, bens := crdt.DocID{1}, crdt.DocID{2}, crdt.DocID{3}
	o.must(dora, tpl, template("t", true))
	o.must(dora, before, newJob("anna"))
	o.must(dora, bens, newJob("ben"))
	c := o.plain(anna)
	if others := c.syncs(tpl, before); len(others) > 0 {
		t.Errorf("told of %v, which is not hers", others)
	}
	after, newTpl := crdt.DocID{4}, crdt.DocID{5}
	o.must(dora, crdt.DocID{6}, newJob("ben"))
	o.must(dora, after, newJob())
	o.must(dora, after, edits(job.Assign(job.Assignee{User: "anna"})))
	o.must(dora, newTpl, template("u", false))
	if others := c.syncs(after, newTpl); slices.ContainsFunc(others, func(d crdt.DocID) bool { return d != after }) {
		t.Errorf("told of %v, which is not hers", others)
	}
}

func TestAPlainClientOfADispatcherIsNotToldOfEverything(t *testing.T) {
	o := open(t)
	o.must(dora, crdt.DocID{1}, newJob("anna"))
	c := o.plain(dora)
	o.announcing.working.Wait()
	for len(c.frames) > 0 {
		f, err := new(wire.Codec).Decode(<-c.frames)
		if s, ok := f.(wire.Sync); ok || err != nil {
			t.Errorf("told of %s: %v", s.Doc, err)
		}
	}
}

func TestWorkersMakeJobsAsTheOrganisationSays(t *testing.T) {
	setting := access.WorkerJobs("")
	o := open(t)
	o.opt.WorkerJobs = func(got string) access.WorkerJobs {
		if got != org {
			t.Errorf("asked about %q", got)
		}
		return setting
	}
	o.must(dora, crdt.DocID{1}, template("open", true))
	o.must(dora, crdt.DocID{2}, template("closed", false))
	o.must(dora, crdt.DocID{3}, newJob())
	foreign := dora
	foreign.Org = "other"
	o.must(foreign, crdt.DocID{4}, template("theirs", true))
	from := func(name string) func(*engine.Tx) error {
		return ofKind(job.Kind, crdt.Edit{Kind: crdt.EditSet, Path: crdt.Path{job.KeyTemplate}, Value: map[string]any{job.KeyUUID: name}})
	}
	for _, c := range []struct {
		setting access.WorkerJobs
		name    string
		made    bool
	}{
		{access.WorkerJobsNone, "open", false}, {access.WorkerJobsAny, "", true}, {access.WorkerJobsTemplates, "open", true},
		{access.WorkerJobsTemplates, crdt.DocID{1}.String(), true}, {access.WorkerJobsTemplates, "closed", false},
		{access.WorkerJobsTemplates, crdt.DocID{3}.String(), false}, {access.WorkerJobsTemplates, "theirs", false},
		{access.WorkerJobsTemplates, crdt.DocID{4}.String(), false}, {access.WorkerJobsTemplates, "", false}, {access.WorkerJobsTemplates, "none", false},
	} {
		setting = c.setting
		err := o.edit(anna, crdt.DocID{9, byte(len(o.listedFor(org, everybody)))}, from(c.name))
		if c.made != (err == nil) || err != nil && crdt.KindOf(err) != crdt.KindForbidden {
			t.Errorf("%s, %q: %v", c.setting, c.name, err)
		}
	}
	o.must(dora, crdt.DocID{1}, set(job.KeyWorkerCreate, false))
	if err := o.edit(anna, crdt.DocID{8}, from("open")); err == nil {
		t.Error("from a template that was closed since")
	}
}

// What changes of a worker in one message say of a job that they make is judged before there is a record.
func TestTheChangesThatMakeADocumentAreJudgedTogether(t *testing.T) {
	o, doc := open(t), crdt.DocID{1}
	o.opt.WorkerJobs = func(string) access.WorkerJobs { return access.WorkerJobsAny }
	copied, err := engine.New()
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	var raws [][]byte
	for _, edit := range []func(*engine.Tx) error{ofKind(job.Kind), set(job.KeyTitle, "Leak"), edits(job.Assign(job.Assignee{User: "anna", Edit: true}))} {
		raw, err := copied.Edit(engine.Commit{Actor: actorOf(anna), Time: 1}, edit)
		if err != nil {
			t.Fatal(err)
		}
		raws = append(raws, raw)
	}
	more, err := copied.Edit(engine.Commit{Actor: actorOf(anna), Time: 1}, edits(job.Assign(job.Assignee{User: "ben", Edit: true})))
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Append(context.Background(), anna, doc, append(slices.Clone(raws), more)); crdt.KindOf(err) != crdt.KindForbidden {
		t.Errorf("with another assigned: %v", err)
	}
	if err := o.Append(context.Background(), anna, doc, raws); err != nil {
		t.Error(err)
	}
	if rec := o.record(doc); rec.CreatorRole != access.RoleWorker || !slices.Equal(rec.Editors, []string{"anna"}) {
		t.Errorf("%+v", rec)
	}
}

func TestTheLogKnowsNoPathsOfWhatIsRefused(t *testing.T) {
	o, doc := open(t), crdt.DocID{1}
	o.must(dora, doc, newJob("anna"))
	err := o.edit(anna, doc, set("a key: of Mrs Huber", 1))
	var r *crdt.Refusal
	if !errors.As(err, &r) || r.Detail != "a key: of Mrs Huber: only a dispatcher changes this part of a job" {
		t.Fatal(err)
	}
	if got := loggable(*r); got != "only a dispatcher changes this part of a job" {
		t.Errorf("logged: %q", got)
	}
	if got := loggable(crdt.Refusal{Code: crdt.RefusedBadSeq, Detail: "a: b"}); got != "a: b" {
		t.Errorf("logged: %q", got)
	}
}

// A list that names more than it should, as after a defect, shows nobody what he may not read.
func TestTheInventoryOfAWorkerHoldsNothingThatHeMayNotRead(t *testing.T) {
	o, doc := open(t), crdt.DocID{1}
	o.must(dora, doc, newJob("anna"))
	key, err := store.UserDoc(org, "ben", doc)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Write(o.store, []store.Op{{Key: key, Value: []byte{}}}); err != nil {
		t.Fatal(err)
	}
	if items, err := o.inventory(o.known(ben)); err != nil || len(items) != 0 {
		t.Errorf("%v, %v", items, err)
	}
}
