package notify

import (
	"context"
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store/memstore"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/documents"
	"fieldsync/server/internal/egress"
	"fieldsync/server/internal/notify/transport"
	"fieldsync/server/internal/notify/webpush"
	"fieldsync/server/pushtest"

	"github.com/google/uuid"
)

const org = "acme"

// world is an organisation with a clock that the test moves, and a push service that decrypts.
type world struct {
	*Notifier
	t       *testing.T
	store   *memstore.Store
	svc     *documents.Service
	clock   time.Time
	service *pushtest.Service
	people  *people
	gone    func()
}

// people are who is there.
type people struct {
	roles map[string]access.Role
	out   map[string]bool // credentials that let nobody in
	zone  *time.Location
}

func (p *people) StillIn(user, credential string) (access.Principal, error) {
	if p.out[credential] || p.roles[user] == "" {
		return access.Principal{}, crdt.Errorf(crdt.KindUnauthenticated, "signed out")
	}
	return p.principal(user), nil
}

func (p *people) principal(user string) access.Principal {
	return access.Principal{ID: "user:" + user, Org: org, User: user, Role: p.roles[user], Device: "device-" + user, Credential: "cred-" + user}
}

func (p *people) NameAndRole(_, user string) (string, access.Role) {
	return strings.ToUpper(user[:1]) + user[1:], p.roles[user]
}

func (p *people) Workday(string) (*time.Location, int) { return p.zone, 20 * 60 }

func berlin(t *testing.T) *time.Location {
	l, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

type silent struct{ documents.Metrics }

func (silent) Refused(crdt.RefusalCode, int)      {}
func (silent) ChangesAdmitted(int)                {}
func (silent) SnapshotBuilt(time.Duration, error) {}

func newWorld(t *testing.T) *world {
	w := &world{t: t, store: memstore.New(memstore.Options{}), service: pushtest.New()}
	t.Cleanup(w.service.Close)
	w.people = &people{roles: map[string]access.Role{"dora": access.RoleDispatcher, "anna": access.RoleWorker, "ben": access.RoleWorker}, out: map[string]bool{}, zone: berlin(t)}
	w.clock = time.Now().In(w.people.zone) // a token's times are looked at by the service's own clock
	w.reopen()
	t.Cleanup(func() { w.gone() })
	return w
}

// reopen is a start over what the store holds.
func (w *world) reopen() {
	w.t.Helper()
	if w.gone != nil {
		w.gone()
	}
	allowed, err := egress.ParseAllowed([]string{"127.0.0.1"})
	if err != nil {
		w.t.Fatal(err)
	}
	by := map[string]transport.Transport{ServiceWebPush: webpush.New(webpush.Options{Client: egress.NewClient(allowed), Contact: "mailto:push@example.org",
		Key: func(public []byte) *ecdsa.PrivateKey { return w.Key(public) }})}
	w.Notifier, err = New(Options{Store: w.store, Room: documents.NewRoom(), People: w.people, Transports: by, Allowed: allowed,
		Now: func() time.Time { return w.clock }, Random: func() float64 { return 0.5 }})
	if err != nil {
		w.t.Fatal(err)
	}
	n := w.Notifier
	w.svc, err = documents.New(documents.Options{Store: w.store, Metrics: silent{}, Log: slog.New(slog.DiscardHandler), OnStore: n.OnStore, OnChange: n.OnChange})
	if err != nil {
		w.t.Fatal(err)
	}
	w.gone = w.svc.Close
}

// device has a person's device subscribe.
func (w *world) device(user string) *pushtest.Browser {
	w.t.Helper()
	b := w.service.Subscribe()
	if _, err := w.Subscribe(w.people.principal(user), Draft{Service: ServiceWebPush, Target: target(w.t, b)}); err != nil {
		w.t.Fatal(err)
	}
	return b
}

func target(t testing.TB, b *pushtest.Browser) transport.Target {
	t.Helper()
	key, err := base64.RawURLEncoding.DecodeString(b.P256dh)
	if err != nil {
		t.Fatal(err)
	}
	auth, err := base64.RawURLEncoding.DecodeString(b.Auth)
	if err != nil {
		t.Fatal(err)
	}
	return transport.Target{Endpoint: b.Endpoint, P256dh: key, Auth: auth}
}

// at is an hour of the clock's day.
func (w *world) at(hour int) crdt.Timestamp {
	d := w.clock.In(w.people.zone)
	return stamp(time.Date(d.Year(), d.Month(), d.Day(), hour, 0, 0, 0, w.people.zone))
}

// job is a published job for some people, made by dora.
func (w *world) job(title string, assigned ...string) crdt.DocID {
	w.t.Helper()
	d := job.Draft{UUID: uuid.NewString(), ScheduledAt: w.at(13), First: job.Event{ID: uuid.NewString(), Status: job.Published, By: "dora"}}
	d.Title = title
	for i, user := range assigned {
		d.Assignees = append(d.Assignees, job.Assignee{User: user, Edit: i == 0})
	}
	edits, err := job.New(d)
	if err != nil {
		w.t.Fatal(err)
	}
	doc, _, err := w.svc.Create(context.Background(), w.people.principal("dora"), documents.CreateOptions{}, edits)
	if err != nil {
		w.t.Fatal(err)
	}
	return doc
}

// edit makes a change as somebody.
func (w *world) edit(doc crdt.DocID, user string, opt documents.EditOptions, edits ...crdt.Edit) {
	w.t.Helper()
	if _, err := w.svc.Edit(context.Background(), w.people.principal(user), doc, opt, func(tx *engine.Tx) error { return tx.Apply(edits...) }); err != nil {
		w.t.Fatal(err)
	}
}

func put(value any, path ...any) crdt.Edit {
	return crdt.Edit{Kind: crdt.EditSet, Path: path, Value: value}
}

func remove(path ...any) crdt.Edit { return crdt.Edit{Kind: crdt.EditDelete, Path: path} }

// work does all that is due now: it reads what changed and sends, until nothing is.
func (w *world) work() {
	w.t.Helper()
	w.heard()
	for {
		if docs, _ := w.takeMarked(); len(docs) > 0 {
			w.derived(docs...)
			continue
		}
		s, _, ok := w.take()
		if !ok {
			return
		}
		w.settleAll([]result{w.send(context.Background(), s)})
	}
}

// derived tells jobs apart, which must not fail.
func (w *world) derived(docs ...crdt.DocID) {
	w.t.Helper()
	for doc, err := range w.deriveAll(docs...) {
		if !errors.Is(err, errNoMark) {
			w.t.Fatal(doc, err)
		}
	}
}

// heard waits until the durability of all marks was heard of.
func (w *world) heard() {
	for w.unheard() {
		runtime.Gosched()
	}
}

// unheard tells whether a mark was given of whose durability nothing was heard yet.
func (w *world) unheard() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for doc := range w.expected {
		if _, heard := w.marked.at[doc]; !heard {
			return true
		}
	}
	return false
}

// later moves the clock in steps of a second, and does what becomes due.
func (w *world) later(d time.Duration) {
	w.t.Helper()
	for range d / time.Second {
		w.clock = w.clock.Add(time.Second)
		w.work()
	}
}

// words are the notices that a device got, in order.
func words(t *testing.T, b *pushtest.Browser) (out []string) {
	t.Helper()
	for _, m := range b.Messages() {
		var p payload
		if err := json.Unmarshal(m.Payload, &p); err != nil {
			t.Fatalf("%s: %v", m.Payload, err)
		}
		out = append(out, strings.ReplaceAll(p.Title+": "+p.Body, "\n", " / "))
	}
	return out
}

// tryJob makes a job that does not become durable.
func (w *world) tryJob(title, user string) {
	w.t.Helper()
	d := job.Draft{UUID: uuid.NewString(), First: job.Event{ID: uuid.NewString(), Status: job.Published, By: "dora"}, Assignees: []job.Assignee{{User: user, Edit: true}}}
	d.Title = title
	edits, err := job.New(d)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if _, _, err := w.svc.Create(ctx, w.people.principal("dora"), documents.CreateOptions{}, edits); err == nil {
		w.t.Fatal("a job whose write failed was made")
	}
}
