package documents

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/history"
	"fieldsync/crdt/job"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
	"fieldsync/crdt/store/memstore"
	"fieldsync/server/internal/access"
)

const org = "acme"

func person(role access.Role, user string) access.Principal {
	return access.Principal{ID: "user:" + user, Org: org, Role: role, User: user}
}

var (
	dora = person(access.RoleDispatcher, "dora")
	anna = person(access.RoleWorker, "anna")
	ben  = person(access.RoleWorker, "ben")
)

// silent counts nothing.
type silent struct{ Metrics }

func (silent) FrameReceived(string, int)          {}
func (silent) FrameSent(string, int)              {}
func (silent) FrameIgnored(string)                {}
func (silent) FrameDropped()                      {}
func (silent) DocumentDamaged()                   {}
func (silent) Refused(crdt.RefusalCode, int)      {}
func (silent) ChangesAdmitted(int)                {}
func (silent) SnapshotBuilt(time.Duration, error) {}

// office is a service with a store.
type office struct {
	*Service
	t     testing.TB
	store store.Store
}

func open(t testing.TB) *office {
	st := memstore.New(memstore.Options{})
	s, err := New(Options{Store: st, Metrics: silent{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return &office{s, t, st}
}

// Read reads a document with its values, whoever may read it.
func (o *office) Read(ctx context.Context, doc crdt.DocID) (*Copy, error) {
	return opened(ctx)(o.read(ctx, doc))
}

// known is a person as the drive sees him.
func (o *office) known(p access.Principal) replica.Principal {
	o.t.Helper()
	who, err := o.Principal(p)
	if err != nil {
		o.t.Fatal(err)
	}
	return who
}

// actorOf is the actor that a person writes under in these tests.
func actorOf(p access.Principal) crdt.ActorID {
	id := demoID(p.ID)
	return crdt.ActorID(id[:])
}

// draft makes a change on the document as a drive holds it.
func draft(t testing.TB, d *drive.Drive, doc crdt.DocID, actor crdt.ActorID, edit func(*engine.Tx) error) []byte {
	t.Helper()
	var raws [][]byte
	if err := d.Inspect(context.Background(), doc, func(d *replica.Document) error {
		h, _, err := d.View()
		for i := range h.Len() {
			raws = append(raws, slices.Clone(h.Raw(i)))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	copied, err := engine.Load(raws...)
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	raw, err := copied.Edit(engine.Commit{Actor: actor, Time: 1}, edit)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// edit makes a change as a person and appends it.
func (o *office) edit(p access.Principal, doc crdt.DocID, edit func(*engine.Tx) error) error {
	o.t.Helper()
	return o.Append(context.Background(), p, doc, [][]byte{draft(o.t, o.drive, doc, actorOf(p), edit)})
}

func (o *office) must(p access.Principal, doc crdt.DocID, edit func(*engine.Tx) error) {
	o.t.Helper()
	if err := o.edit(p, doc, edit); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) record(doc crdt.DocID) access.Record {
	o.t.Helper()
	stored, err := drive.ReadRecord(o.store, doc)
	if err != nil {
		o.t.Fatal(err)
	}
	rec, err := access.DecodeRecord(stored.Meta)
	if err != nil {
		o.t.Fatal(err)
	}
	return rec
}

// listedFor are the documents in a user's list.
func (o *office) listedFor(org, user string) (docs []crdt.DocID) {
	o.t.Helper()
	prefix, err := store.UserDocs(org, user)
	if err != nil {
		o.t.Fatal(err)
	}
	if err := o.store.Scan(prefix, nil, func(key, _ []byte) error {
		docs = append(docs, store.ParseKey(key).Doc)
		return nil
	}); err != nil {
		o.t.Fatal(err)
	}
	return docs
}

// wantLists checks in whose lists a document stands, of those of everybody in these tests.
func (o *office) wantLists(doc crdt.DocID, users ...string) {
	o.t.Helper()
	for _, user := range []string{everybody, "dora", "anna", "ben"} {
		if got, want := slices.Contains(o.listedFor(org, user), doc), slices.Contains(users, user); got != want {
			o.t.Errorf("in the list of %q: %v; want %v", user, got, want)
		}
	}
}

func edits(list []crdt.Edit, err error) func(*engine.Tx) error {
	return func(tx *engine.Tx) error {
		if err != nil {
			return err
		}
		return tx.Apply(list...)
	}
}

// newJob makes a job assigned to users.
func newJob(users ...string) func(*engine.Tx) error {
	d := job.Draft{Plan: job.Plan{Title: "Boiler"}, First: job.Event{ID: "first", Status: job.Published, HappenedAt: 1, By: "dora"}}
	for _, u := range users {
		d.Assignees = append(d.Assignees, job.Assignee{User: u, Edit: true})
	}
	return edits(job.New(d))
}

func set(key string, value any) func(*engine.Tx) error {
	return func(tx *engine.Tx) error { return tx.Set(crdt.Path{key}, value) }
}

// remark adds a comment that nobody signed.
func remark(text string) func(*engine.Tx) error {
	return edits(job.AddComment(job.Comment{ID: text, Text: text}))
}

// phone is a person's own replica, connected to an office.
type phone struct {
	*drive.Drive
	t       testing.TB
	changed chan struct{}
}

type anybody string

func (a anybody) Author() history.Author { return history.Author(a) }

// pipe carries what one end queues to the other, in order.
type pipe struct {
	frames chan []byte
	ended  chan struct{}
}

func (p pipe) Queue(head, tail []byte, _ bool) bool {
	p.frames <- slices.Concat(head, tail)
	return true
}

func (p pipe) Close(replica.Close) {}

func (p pipe) carry(to *drive.Link) {
	for {
		select {
		case f := <-p.frames:
			if to.Receive(f) != nil {
				return
			}
		case <-p.ended:
			return
		}
	}
}

func (o *office) connect(p access.Principal) *phone {
	ph := &phone{t: o.t, changed: make(chan struct{}, 1)}
	joined := make(chan struct{}, 1)
	ph.Drive = drive.New(drive.Config{
		Replica: &replica.Config{PeerID: crdt.PeerID("phone-" + p.User), StorageID: "storage-" + p.User, History: history.DefaultLimits()},
		Store:   memstore.New(memstore.Options{}), Log: slog.New(slog.DiscardHandler),
		OnNotice: func(crdt.DocID, replica.Notice) {
			select {
			case ph.changed <- struct{}{}:
			default:
			}
		},
		OnJoined: func(replica.Joined) { joined <- struct{}{} },
	})
	up, down := pipe{make(chan []byte, 1000), make(chan struct{})}, pipe{make(chan []byte, 1000), make(chan struct{})}
	server, client := o.drive.Connect(down, o.known(p), false), ph.Connect(up, anybody(o.t.Name()), true)
	go up.carry(server)
	go down.carry(client)
	o.t.Cleanup(func() {
		server.Closed()
		client.Closed()
		close(up.ended)
		close(down.ended)
		ph.Close()
	})
	<-joined
	return ph
}

func heads(t testing.TB, d *drive.Drive, doc crdt.DocID) (out crdt.Heads) {
	t.Helper()
	if err := d.Inspect(context.Background(), doc, func(d *replica.Document) error { out = d.Heads(); return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

// until waits for what the phone's notices bring about.
func (p *phone) until(what string, ok func() bool) {
	p.t.Helper()
	watchdog := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-p.changed:
		case <-watchdog:
			p.t.Fatalf("never: %s", what)
		}
	}
}
