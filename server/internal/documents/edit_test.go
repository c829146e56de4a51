package documents

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/format"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"

	"github.com/google/go-cmp/cmp"
)

// created makes a job through the service.
func (o *office) created(as access.Principal, assignees ...string) (crdt.DocID, crdt.Heads) {
	o.t.Helper()
	d := job.Draft{Plan: job.Plan{Title: "a job"}, First: job.Event{ID: "first", Status: job.Published}}
	for _, u := range assignees {
		d.Assignees = append(d.Assignees, job.Assignee{User: u, Edit: true})
	}
	edits, err := job.New(d)
	if err != nil {
		o.t.Fatal(err)
	}
	id, heads, err := o.Create(o.t.Context(), as, CreateOptions{}, edits)
	if err != nil {
		o.t.Fatal(err)
	}
	return id, heads
}

func TestAnEditIsDurableUnderItsAuthorAndGivesTheHeadsAfterIt(t *testing.T) {
	o := open(t)
	id, created := o.created(dora)
	heads, err := o.Edit(t.Context(), dora, id, EditOptions{If: created}, set("title", "changed"))
	if err != nil {
		t.Fatal(err)
	}
	rec, err := drive.ReadRecord(o.store, id)
	if err != nil || !rec.Heads.Equal(heads) || heads.Equal(created) {
		t.Fatalf("record %v, edit %v, before %v (%v)", rec.Heads, heads, created, err)
	}
	c, err := o.Load(t.Context(), dora, id)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if title, err := c.Doc.Get("title"); err != nil || title != "changed" || !c.Heads.Equal(heads) {
		t.Errorf("title %v, heads %v (%v)", title, c.Heads, err)
	}
	h, arrivals, err := c.History()
	if err != nil || h.Len() != 2 || len(arrivals) != 2 || arrivals[0] == 0 || arrivals[1] < arrivals[0] {
		t.Fatalf("history of %d changes, arrivals %v (%v)", h.Len(), arrivals, err)
	}
	for i := range h.Len() {
		if h.Author(i) != "acme/user:dora" {
			t.Errorf("change %d is %s's", i, h.Author(i))
		}
	}
	same, err := o.Edit(t.Context(), dora, id, EditOptions{}, set("title", "changed"))
	if err != nil || !same.Equal(heads) {
		t.Errorf("an edit that changes nothing gives %v (%v)", same, err)
	}
}

func TestAnEditOfOtherHeadsThanWereMeantIsNotMade(t *testing.T) {
	o := open(t)
	id, created := o.created(dora)
	now, err := o.Edit(t.Context(), dora, id, EditOptions{}, set("title", "b"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Edit(t.Context(), dora, id, EditOptions{If: created}, set("title", "c")); !errors.Is(err, ErrHeadsDiffer) {
		t.Errorf("%v", err)
	}
	// What arrives between reading and writing counts too.
	_, err = o.Edit(t.Context(), dora, id, EditOptions{If: now}, func(tx *engine.Tx) error {
		o.must(dora, id, set("external_id", "between"))
		return tx.Set(crdt.Path{"title"}, "c")
	})
	if !errors.Is(err, ErrHeadsDiffer) {
		t.Errorf("%v", err)
	}
	c, err := o.Read(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if title, _ := c.Doc.Get("title"); title != "b" {
		t.Errorf("the title is %v", title)
	}
}

func TestEditsAtOnceAllStand(t *testing.T) {
	o := open(t)
	id, _ := o.created(dora)
	var wg sync.WaitGroup
	for i := range 20 {
		as := []access.Principal{dora, person(access.RoleAdministrator, "ada")}[i%2]
		wg.Go(func() {
			if _, err := o.Edit(context.WithoutCancel(t.Context()), as, id, EditOptions{}, set(fmt.Sprint("key", i), "x")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	c, err := o.Read(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range 20 {
		if v, err := c.Doc.Get(fmt.Sprint("key", i)); err != nil || v != "x" {
			t.Errorf("edit %d is lost: %v", i, err)
		}
	}
	if len(o.locks.held) != 0 || len(o.copies) != 1 {
		t.Errorf("%d locks and %d copies are kept", len(o.locks.held), len(o.copies))
	}
}

func TestWhoMayNotReadFindsNoDocumentAndWhoMayOnlyReadIsRefused(t *testing.T) {
	o := open(t)
	id, heads := o.created(dora, "anna")
	rival := access.Principal{ID: "user:rita", Org: "rival", Role: access.RoleOwner, User: "rita"}
	for _, p := range []access.Principal{rival, ben, {}} {
		for what, doc := range map[string]crdt.DocID{"there": id, "not there": demoID("nothing")} {
			if _, err := o.Load(t.Context(), p, doc); !errors.Is(err, ErrNoDocument) {
				t.Errorf("%s loads what is %s: %v", p.ID, what, err)
			}
			if _, err := o.Edit(t.Context(), p, doc, EditOptions{}, set("title", "x")); !errors.Is(err, ErrNoDocument) {
				t.Errorf("%s edits what is %s: %v", p.ID, what, err)
			}
		}
	}
	director := person(access.RoleDirector, "dirk")
	var refused *crdt.Refusal
	if _, err := o.Edit(t.Context(), director, id, EditOptions{}, set("title", "x")); !errors.As(err, &refused) || refused.Code != crdt.RefusedNotAllowed {
		t.Errorf("a director edits: %v", err)
	}
	if rec, _ := drive.ReadRecord(o.store, id); !rec.Heads.Equal(heads) {
		t.Error("a refused edit has changed the document")
	}
	if _, _, err := o.Create(t.Context(), director, CreateOptions{}, []crdt.Edit{{Path: crdt.Path{"a"}, Value: "b"}}); !errors.As(err, &refused) {
		t.Errorf("a director creates: %v", err)
	}
}

func TestADocumentIsCreatedOnceUnderAnID(t *testing.T) {
	o := open(t)
	edits := []crdt.Edit{{Path: crdt.Path{"a"}, Value: "b"}}
	opt := CreateOptions{ID: demoID("mine")}
	if id, _, err := o.Create(t.Context(), dora, opt, edits); err != nil || id != opt.ID {
		t.Fatal(id, err)
	}
	if _, _, err := o.Create(t.Context(), dora, opt, edits); !errors.Is(err, ErrExists) {
		t.Errorf("again: %v", err)
	}
	rival := access.Principal{ID: "user:rita", Org: "rival", Role: access.RoleOwner, User: "rita"}
	if _, _, err := o.Create(t.Context(), rival, opt, edits); err == nil || errors.Is(err, ErrExists) {
		t.Errorf("another organisation is told: %v", err)
	}
	if _, _, err := o.Create(t.Context(), dora, CreateOptions{}, nil); crdt.KindOf(err) != crdt.KindInvalid {
		t.Errorf("a document of nothing: %v", err)
	}
}

// A store that was put back to an earlier state must not lead to two changes of one actor with one number: phones hold the first.
func TestAServerThatStartsAgainWritesUnderOtherActors(t *testing.T) {
	o := open(t)
	id, _ := o.created(dora)
	again, err := New(Options{Store: o.store, Metrics: silent{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	first, second := o.commit(dora, id, EditOptions{}).Actor, again.commit(dora, id, EditOptions{}).Actor
	if first == second || len(first) != 16 {
		t.Errorf("%s and %s", first, second)
	}
	seen := map[crdt.ActorID]bool{first: true}
	for _, c := range []engine.Commit{o.commit(anna, id, EditOptions{}), o.commit(dora, demoID("other"), EditOptions{}), o.commit(access.Principal{Org: "rival", ID: dora.ID}, id, EditOptions{})} {
		if seen[c.Actor] {
			t.Errorf("actor %s is another's", c.Actor)
		}
		seen[c.Actor] = true
	}
	if o.commit(dora, id, EditOptions{}).Actor != first {
		t.Error("the actor changes while the server runs")
	}
}

func TestOnlyWhoMayMuteMutes(t *testing.T) {
	o := open(t)
	id, _ := o.created(dora, "anna")
	last := func() string {
		c, err := o.Read(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		h, _, err := c.History()
		if err != nil {
			t.Fatal(err)
		}
		ch, err := format.DecodeChange(h.Raw(h.Len()-1), format.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		return ch.Message
	}
	add := func(as access.Principal, event string) {
		edits, err := job.AddEvent(job.Event{ID: event, Status: job.Started, HappenedAt: 1})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.Edit(t.Context(), as, id, EditOptions{Mute: true}, func(tx *engine.Tx) error { return tx.Apply(edits...) }); err != nil {
			t.Fatal(err)
		}
	}
	add(dora, "by-dora")
	if m := last(); !Muted(m, dora.Role) {
		t.Errorf("a dispatcher's change says %q", m)
	}
	add(anna, "by-anna")
	if m := last(); m != "" || Muted(MessageMuted, anna.Role) {
		t.Errorf("a worker's change says %q", m)
	}
}

func TestACopysHistoryIsTheSameBehindASnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(t)
		id, _ := o.created(dora, "anna")
		for i := range 60 {
			as := []access.Principal{dora, person(access.RoleAdministrator, "ada")}[i%2]
			if _, err := o.Edit(t.Context(), as, id, EditOptions{}, set("title", fmt.Sprint("title ", i))); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		before, times := pastOf(t, o, id)
		time.Sleep(10 * time.Second) // the document becomes a snapshot
		if _, err := o.store.Get(store.DocSnapshot(id)); err != nil {
			t.Fatalf("no snapshot: %v", err)
		}
		after, again := pastOf(t, o, id)
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("changes: %s", diff)
		}
		if diff := cmp.Diff(times, again); diff != "" {
			t.Errorf("arrivals: %s", diff)
		}
	})
}

// pastOf is each change with its author, and when each arrived, sorted by the hash.
func pastOf(t *testing.T, o *office, id crdt.DocID) (lines []string, times map[string]int64) {
	t.Helper()
	c, err := o.Read(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	h, arrivals, err := c.History()
	if err != nil {
		t.Fatal(err)
	}
	times = map[string]int64{}
	for i := range h.Len() {
		lines = append(lines, h.Hash(i).String()+" "+string(h.Author(i)))
		times[h.Hash(i).String()] = arrivals[i]
	}
	slices.Sort(lines)
	return lines, times
}
