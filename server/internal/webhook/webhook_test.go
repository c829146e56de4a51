package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/crdt/store/memstore"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/egress"

	"github.com/google/uuid"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const org = "acme"

var erp = access.Principal{Org: org, ID: "integration:erp"}

// office is the hooks of an organisation, with a clock that the test moves, and a receiver.
type office struct {
	*Webhooks
	t     *testing.T
	store *memstore.Store
	clock time.Time

	mu       sync.Mutex
	answer   func(n int) int // status of the n-th request, from 1; nil: 200
	requests []request
	receiver *httptest.Server
	seq      uint64
}

type request struct {
	header http.Header
	body   []byte
}

func open(t *testing.T) *office {
	o := &office{t: t, store: memstore.New(memstore.Options{}), clock: time.Now()}
	o.receiver = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		o.mu.Lock()
		o.requests = append(o.requests, request{r.Header, b})
		status := 200
		if o.answer != nil {
			status = o.answer(len(o.requests))
		}
		o.mu.Unlock()
		w.WriteHeader(status)
		fmt.Fprintf(w, "status %d", status)
	}))
	t.Cleanup(o.receiver.Close)
	o.reopen()
	return o
}

func (o *office) reopen() {
	o.t.Helper()
	allowed, err := egress.ParseAllowed([]string{"127.0.0.1"})
	if err != nil {
		o.t.Fatal(err)
	}
	o.Webhooks, err = New(Options{Store: o.store, Allowed: allowed, Log: slog.New(slog.DiscardHandler), Version: "1",
		Now: func() time.Time { return o.clock }, Random: func() float64 { return 0.5 }})
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) hook(events ...string) (Hook, string) {
	o.t.Helper()
	h, secret, err := o.Create(uuid.New(), erp, Draft{URL: o.receiver.URL, Events: events, Active: true})
	if err != nil {
		o.t.Fatal(err)
	}
	return h, secret
}

// happen queues an event, durably.
func (o *office) happen(event string) {
	o.t.Helper()
	o.seq++
	ops, err := o.Enqueue([]Event{{Org: org, Sequence: o.seq, Type: event, At: crdt.Timestamp(o.clock.UnixMilli()), Data: fmt.Appendf(nil, `{"sequence":%d}`, o.seq)}})
	if err != nil {
		o.t.Fatal(err)
	}
	if err := store.Write(o.store, ops); err != nil {
		o.t.Fatal(err)
	}
	o.Written(org)
}

// step does what is due for a hook now, once.
func (o *office) step(h Hook) time.Time {
	o.t.Helper()
	next, err := o.deliver(context.Background(), h.ID)
	if err != nil {
		o.t.Fatal(err)
	}
	return next
}

// settled steps, moving the clock to whatever is next, until nothing is, or the clock has passed an end.
func (o *office) settled(h Hook, end time.Time) {
	o.t.Helper()
	for {
		next := o.step(h)
		if next.IsZero() || next.After(end) {
			return
		}
		if next.After(o.clock) {
			o.clock = next
		}
	}
}

func (o *office) sequences() (out []int) {
	for _, r := range o.requests {
		var b struct {
			Data struct{ Sequence int }
		}
		if err := json.Unmarshal(r.body, &b); err != nil {
			o.t.Fatal(err)
		}
		out = append(out, b.Data.Sequence)
	}
	return out
}

func (o *office) queued(h Hook) (n int) {
	if err := o.store.Scan(hookPrefix(kindQueue, h.ID), nil, func(_, _ []byte) error { n++; return nil }); err != nil {
		o.t.Fatal(err)
	}
	return n
}

func TestAMessageIsSignedAsTheStandardSays(t *testing.T) {
	o := open(t)
	h, secret := o.hook("job.finished")
	check := func(secret string, r request) error {
		t.Helper()
		wh, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		return wh.Verify(r.body, r.header)
	}
	o.happen("job.finished")
	o.happen("job.created") // not asked for
	o.settled(h, o.clock.Add(time.Hour))
	if len(o.requests) != 1 {
		t.Fatalf("%d messages", len(o.requests))
	}
	if err := check(secret, o.requests[0]); err != nil {
		t.Error(err)
	}
	var b map[string]any
	if err := json.Unmarshal(o.requests[0].body, &b); err != nil || b["type"] != "job.finished" || b["timestamp"] == "" || b["data"] == nil {
		t.Errorf("%s (%v)", o.requests[0].body, err)
	}
	_, renewed, err := o.Rotate(erp, h.ID)
	if err != nil || renewed == secret {
		t.Fatal(err)
	}
	o.happen("job.finished")
	o.settled(h, o.clock)
	for _, s := range []string{secret, renewed} {
		if err := check(s, o.requests[1]); err != nil {
			t.Errorf("while both count: %v", err)
		}
	}
	now := time.Now()
	o.clock = now.Add(rotationGrace)
	o.happen("job.finished")
	o.settled(h, o.clock)
	wh, _ := standardwebhooks.NewWebhook(secret)
	if err := wh.VerifyIgnoringTimestamp(o.requests[2].body, o.requests[2].header); err == nil {
		t.Error("the old secret counts for ever")
	}
	wh, _ = standardwebhooks.NewWebhook(renewed)
	if err := wh.VerifyIgnoringTimestamp(o.requests[2].body, o.requests[2].header); err != nil {
		t.Error(err)
	}
}

func TestAFailedMessageComesAgainUnderItsIDUntilItIsTakenAlsoAfterARestart(t *testing.T) {
	o := open(t)
	h, _ := o.hook()
	o.answer = func(n int) int { return []int{500, 404, 302, 200}[min(n, 4)-1] }
	o.happen("job.created")
	began := o.clock
	for o.queued(h) > 0 {
		next := o.step(h)
		if next.After(o.clock) {
			o.clock = next
		}
		o.reopen()
	}
	if len(o.requests) != 4 {
		t.Fatalf("%d attempts", len(o.requests))
	}
	for _, r := range o.requests[1:] {
		if r.header.Get(headerID) != o.requests[0].header.Get(headerID) || string(r.body) != string(o.requests[0].body) {
			t.Error("a repetition is another message")
		}
	}
	if waited := o.clock.Sub(began); waited < schedule[0]+schedule[1]+schedule[2]-time.Second || waited > time.Hour {
		t.Errorf("waited %s in all", waited)
	}
	log, err := o.Deliveries(org, h.ID)
	if err != nil || len(log) != 4 {
		t.Fatal(log, err)
	}
	if !log[0].OK || log[0].Attempt != 4 || log[3].Status != 500 || log[3].Answer != "status 500" || log[3].NextAt == 0 || log[0].NextAt != 0 {
		t.Errorf("%+v", log)
	}
}

func TestAMessageIsGivenUpAfterDaysAndOthersGoOn(t *testing.T) {
	o := open(t)
	h, _ := o.hook()
	poison := ""
	o.answer = func(n int) int {
		id := o.requests[n-1].header.Get(headerID)
		if poison == "" {
			poison = id
		}
		if id == poison {
			return 500
		}
		return 200
	}
	o.happen("job.created")
	o.step(h)
	began := o.clock
	others := 0
	for o.clock.Sub(began) < 5*24*time.Hour {
		o.clock = o.clock.Add(6 * time.Hour)
		o.happen("job.updated")
		others++
		o.settled(h, o.clock)
	}
	o.settled(h, o.clock.Add(time.Hour))
	counts := map[string]int{}
	for _, r := range o.requests {
		counts[r.header.Get(headerID)]++
	}
	if len(counts) != others+1 || counts[poison] != len(schedule)+1 {
		t.Errorf("%d messages, the bad one %d times", len(counts), counts[poison])
	}
	if h, err := o.Get(org, h.ID); err != nil || !h.Active || o.queued(h) != 0 || o.hooks[h.ID].waiting != 0 {
		t.Errorf("%+v, %d queued", h, o.queued(h))
	}
}

func TestAReceiverThatIsDownIsAskedSeldomAndGetsAllInOrderWhenItIsBack(t *testing.T) {
	o := open(t)
	h, _ := o.hook()
	down := true
	o.answer = func(int) int {
		if down {
			return 503
		}
		return 200
	}
	began := o.clock
	for range 50 {
		o.happen("job.created")
		o.settled(h, o.clock)
		o.clock = o.clock.Add(10 * time.Minute)
	}
	if n, hours := len(o.requests), o.clock.Sub(began).Hours(); float64(n) > 6*hours+10 {
		t.Errorf("asked %d times in %.0f hours", n, hours)
	}
	down, o.requests = false, nil
	back := o.clock
	o.settled(h, o.clock.Add(48*time.Hour))
	got := o.sequences()
	if !slices.IsSorted(got[1:]) || len(got) != 50 { // the first one is whatever was due
		t.Errorf("%v", got)
	}
	if o.clock.Sub(back) > 11*time.Minute {
		t.Errorf("the last came %s after it was back", o.clock.Sub(back))
	}
}

func TestAHookThatFailsForGoodIsDisabledWithTheReason(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		after  time.Duration
		reason string
	}{
		"gone": {410, 0, "410"}, "failing": {500, giveUpAfter, "five days"},
	} {
		t.Run(name, func(t *testing.T) {
			o := open(t)
			h, _ := o.hook()
			o.answer = func(int) int { return c.status }
			began := o.clock
			for i := 0; i < 10_000 && h.Active; i++ {
				o.happen("job.created")
				o.settled(h, o.clock)
				o.clock = o.clock.Add(time.Hour)
				h, _ = o.Get(org, h.ID)
			}
			if h.Active || !strings.Contains(h.Reason, c.reason) || o.queued(h) != 0 {
				t.Fatalf("%+v, %d queued", h, o.queued(h))
			}
			if got := o.clock.Sub(began); got < c.after || got > c.after+24*time.Hour {
				t.Errorf("after %s", got)
			}
			before := len(o.requests)
			o.happen("job.created")
			o.settled(h, o.clock.Add(time.Hour))
			if len(o.requests) != before || o.queued(h) != 0 {
				t.Error("it is still told of events")
			}
			o.answer = nil
			if h, err := o.Update(erp, h.ID, func(d *Draft) { d.Active = true }); err != nil || !h.Active || h.Reason != "" {
				t.Fatalf("%+v %v", h, err)
			}
			o.happen("job.created")
			o.settled(h, o.clock)
			if len(o.requests) != before+1 {
				t.Errorf("%d messages after it was made active again", len(o.requests)-before)
			}
		})
	}
}

func TestAHookThatIsTooFarBehindIsDisabled(t *testing.T) {
	o := open(t)
	h, _ := o.hook()
	o.hooks[h.ID].waiting = maxWaiting
	o.happen("job.created")
	o.settled(h, o.clock)
	if h, _ := o.Get(org, h.ID); h.Active || h.Reason == "" || o.queued(h) != 0 || len(o.requests) != 0 {
		t.Errorf("%+v, %d queued, %d sent", h, o.queued(h), len(o.requests))
	}
}

func TestEachOrganisationHearsOfItselfAndAMutedOwnerHearsNothing(t *testing.T) {
	o := open(t)
	mine, _ := o.hook()
	theirs, _, err := o.Create(uuid.New(), access.Principal{Org: "rival", ID: "user:rita"}, Draft{URL: o.receiver.URL, Active: true})
	if err != nil {
		t.Fatal(err)
	}
	ops, err := o.Enqueue([]Event{
		{Org: org, Sequence: 1, Type: "job.updated", Data: []byte("{}"), Mutes: func(owner string) bool { return owner == "integration:erp" }},
		{Org: org, Sequence: 2, Type: "job.updated", Data: []byte("{}"), Mutes: func(owner string) bool { return owner == "integration:other" }},
	})
	if err != nil || len(ops) != 1 {
		t.Fatalf("%d writes (%v)", len(ops), err)
	}
	if _, err := o.Get(org, theirs.ID); crdt.KindOf(err) != crdt.KindNotFound {
		t.Errorf("another's hook: %v", err)
	}
	if err := o.Delete(access.Principal{Org: "rival"}, mine.ID); crdt.KindOf(err) != crdt.KindNotFound {
		t.Errorf("another's hook is deleted: %v", err)
	}
	if got := o.List(org); len(got) != 1 || got[0].ID != mine.ID {
		t.Errorf("%+v", got)
	}
}

func TestHooksAndLogsAreBounded(t *testing.T) {
	o := open(t)
	h, _ := o.hook()
	for range keptDeliveries + 20 {
		o.happen("job.created")
	}
	o.settled(h, o.clock)
	log, err := o.Deliveries(org, h.ID)
	if err != nil || len(log) != keptDeliveries || log[0].Number != keptDeliveries+19 {
		t.Errorf("%d entries, the newest %d (%v)", len(log), log[0].Number, err)
	}
	for range MaxHooks - 1 {
		o.hook()
	}
	if _, _, err := o.Create(uuid.New(), erp, Draft{URL: o.receiver.URL}); crdt.KindOf(err) != crdt.KindConflict {
		t.Errorf("%v", err)
	}
	for _, d := range []Draft{{URL: "ftp://x"}, {URL: o.receiver.URL, Events: []string{"job.exploded"}}, {URL: o.receiver.URL, Description: strings.Repeat("x", MaxDescription+1)}} {
		if _, err := o.Update(erp, h.ID, func(to *Draft) { *to = d }); crdt.KindOf(err) != crdt.KindInvalid {
			t.Errorf("%+v: %v", d, err)
		}
	}
	o.happen("job.created")
	if err := o.Delete(erp, h.ID); err != nil || o.queued(h) != 0 {
		t.Errorf("%v, %d queued", err, o.queued(h))
	}
	if _, err := o.Deliveries(org, h.ID); crdt.KindOf(err) != crdt.KindNotFound {
		t.Error(err)
	}
}

func TestATestIsSentAtOnceAndLogged(t *testing.T) {
	o := open(t)
	h, secret := o.hook("job.created")
	o.answer = func(int) int { return 500 }
	d, err := o.Test(context.Background(), org, h.ID)
	if err != nil || d.OK || d.Status != 500 || d.Type != EventTest || o.queued(h) != 0 {
		t.Fatalf("%+v %v", d, err)
	}
	wh, _ := standardwebhooks.NewWebhook(secret)
	if err := wh.Verify(o.requests[0].body, o.requests[0].header); err != nil {
		t.Error(err)
	}
	if log, err := o.Deliveries(org, h.ID); err != nil || len(log) != 1 || log[0].Type != EventTest {
		t.Errorf("%+v %v", log, err)
	}
	o.receiver.Close()
	if d, err := o.Test(context.Background(), org, h.ID); err != nil || d.OK || d.Error == "" || strings.Contains(d.Error, "127.0.0.1") {
		t.Errorf("%+v %v", d, err)
	}
}

func TestRunDeliversWhatIsQueuedAndWhatIsLeftOfDeletedHooksIsDropped(t *testing.T) {
	o := open(t)
	h, _ := o.hook()
	gone, _ := o.hook()
	o.happen("job.created")
	o.writing.Lock()
	if err := store.Write(o.store, []store.Op{{Key: hookKey(gone.ID)}}); err != nil { // as if its queue had been filled while it was deleted
		t.Fatal(err)
	}
	o.writing.Unlock()
	o.reopen()
	got := make(chan string, 100)
	o.answer = func(n int) int { got <- o.requests[n-1].header.Get(headerID); return 200 }
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { o.Run(ctx); close(ended) }()
	seen := map[string]bool{<-got: true}
	for range 30 {
		o.happen("job.updated")
		seen[<-got] = true
	}
	for range 30 {
		o.happen("job.updated")
	}
	for range 30 {
		seen[<-got] = true
	}
	cancel()
	<-ended
	if len(seen) != 61 {
		t.Errorf("%d different messages of 61", len(seen))
	}
	if n := o.queued(gone); n != 0 {
		t.Errorf("%d messages are left for a deleted hook", n)
	}
	_ = h
}

// Who can have a company's changes sent elsewhere is answerable for it: each change of a webhook stands in the account log, in the same write.
func TestEachChangeOfAWebhookIsRecorded(t *testing.T) {
	o := open(t)
	var lines []string
	fail := error(nil)
	o.opt.Record = func(by access.Principal, action, subject string, ops ...store.Op) error {
		if fail != nil {
			return fail
		}
		lines = append(lines, by.ID+" "+action+" "+subject)
		return store.Write(o.opt.Store, ops)
	}
	h, _, err := o.Create(uuid.New(), erp, Draft{URL: o.receiver.URL, Active: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Update(erp, h.ID, func(d *Draft) { d.Description = "books" }); err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.Rotate(erp, h.ID); err != nil {
		t.Fatal(err)
	}
	fail = errors.New("the disk is away")
	if err := o.Delete(erp, h.ID); !errors.Is(err, fail) {
		t.Errorf("what cannot be recorded: %v", err)
	}
	if _, err := o.Get(org, h.ID); err != nil {
		t.Errorf("is done all the same: %v", err)
	}
	fail = nil
	if err := o.Delete(erp, h.ID); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, action := range []string{"created", "changed", "secret_rotated", "deleted"} {
		want = append(want, erp.ID+" webhook."+action+" "+h.ID)
	}
	if !slices.Equal(lines, want) {
		t.Errorf("recorded: %q", lines)
	}
}
