package idempotency

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/crdt/store/memstore"

	"github.com/google/go-cmp/cmp"
)

// day is a keeper whose clock the test moves.
type day struct {
	*Keeper
	t     *testing.T
	store *memstore.Store
	clock time.Time
}

func open(t *testing.T) *day {
	d := &day{t: t, store: memstore.New(memstore.Options{}), clock: time.UnixMilli(1_000_000)}
	d.reopen()
	return d
}

// reopen is a restart of the server.
func (d *day) reopen() {
	d.t.Helper()
	k, err := New(d.store, func() time.Time { return d.clock })
	if err != nil {
		d.t.Fatal(err)
	}
	d.Keeper = k
}

func (d *day) begin(owner, key, request string) (*Answer, *Ticket, error) {
	var r [32]byte
	copy(r[:], request)
	return d.Begin(owner, key, r)
}

// do answers a request under a key.
func (d *day) do(owner, key, request, body string) *Ticket {
	d.t.Helper()
	_, ticket, err := d.begin(owner, key, request)
	if err != nil || ticket == nil {
		d.t.Fatalf("begin %s %s: %v", owner, key, err)
	}
	if err := ticket.Done(Answer{Status: 201, Header: map[string]string{"Etag": "x"}, Body: []byte(body)}); err != nil {
		d.t.Fatal(err)
	}
	return ticket
}

// kept counts what is stored.
func (d *day) kept() (n int) {
	if err := d.store.Scan(store.API(kindAnswer), nil, func(_, _ []byte) error { n++; return nil }); err != nil {
		d.t.Fatal(err)
	}
	if err := d.store.Scan(store.API(kindExpires), nil, func(_, _ []byte) error { n++; return nil }); err != nil {
		d.t.Fatal(err)
	}
	return n
}

func TestAnAnswerIsGivenAgainForADayAlsoAfterARestart(t *testing.T) {
	d := open(t)
	first := d.do("acme/anna", "k", "request", "made")
	d.clock = d.clock.Add(Keep - time.Millisecond)
	for range 2 {
		got, ticket, err := d.begin("acme/anna", "k", "request")
		if err != nil || ticket != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&Answer{Status: 201, Header: map[string]string{"Etag": "x"}, Body: []byte("made")}, got); diff != "" {
			t.Error(diff)
		}
		d.reopen()
	}
	d.clock = d.clock.Add(time.Millisecond)
	got, ticket, err := d.begin("acme/anna", "k", "request")
	if err != nil || got != nil {
		t.Fatalf("after a day: %v %v", got, err)
	}
	if ticket.ID("job") != first.ID("job") {
		t.Error("the ids of a key change with a restart")
	}
}

func TestAKeyBelongsToOnePrincipalAndOneRequest(t *testing.T) {
	d := open(t)
	a := d.do("acme/anna", "k", "request", "made")
	if _, _, err := d.begin("acme/anna", "k", "another"); !errors.Is(err, ErrReused) {
		t.Errorf("another request: %v", err)
	}
	b := d.do("acme/ben", "k", "another", "made")
	c := d.do("acme/anna", "k2", "request", "made")
	if a.ID("job") == b.ID("job") || a.ID("job") == c.ID("job") || a.ID("job") == a.ID("event") {
		t.Error("ids are the same for different principals, keys or purposes")
	}
	if other := open(t).do("acme/anna", "k", "request", "made"); other.ID("job") == a.ID("job") {
		t.Error("another server foresees the ids")
	}
}

func TestARequestUnderWayIsNotBegunTwiceAndAnAbandonedOneIs(t *testing.T) {
	d := open(t)
	_, ticket, err := d.begin("acme/anna", "k", "request")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.begin("acme/anna", "k", "request"); !errors.Is(err, ErrUnderWay) {
		t.Errorf("%v", err)
	}
	ticket.Abandon()
	d.do("acme/anna", "k", "request", "made")
}

func TestOfManyAtOnceOneIsDone(t *testing.T) {
	d := open(t)
	var mu sync.Mutex
	done := 0
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			answer, ticket, err := d.begin("acme/anna", "k", "request")
			if err != nil || answer != nil {
				return
			}
			mu.Lock()
			done++
			mu.Unlock()
			if err := ticket.Done(Answer{Status: 200}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if done != 1 {
		t.Errorf("done %d times", done)
	}
}

func TestWhatHasExpiredIsForgottenAndOnlyThat(t *testing.T) {
	d := open(t)
	for i := range sweepBatch + 10 {
		d.do("acme/anna", fmt.Sprint("old", i), "r", "")
	}
	d.do("acme/anna", "renewed", "r", "first")
	d.clock = d.clock.Add(Keep)
	d.do("acme/anna", "renewed", "r", "second")
	d.do("acme/ben", "new", "r", "")
	if err := d.Sweep(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := d.kept(); n != 4 {
		t.Errorf("%d entries are left, want an answer and its expiry of two keys", n)
	}
	if a, _, err := d.begin("acme/anna", "renewed", "r"); err != nil || a == nil || string(a.Body) != "second" {
		t.Errorf("the renewed answer: %v %v", a, err)
	}
	if diff := cmp.Diff(map[string]int{"acme/anna": 1, "acme/ben": 1, "acme": 2}, d.counts); diff != "" || d.total != 2 {
		t.Errorf("counted %d: %s", d.total, diff)
	}
}

func TestKeysAreBounded(t *testing.T) {
	d := open(t)
	for _, bad := range []string{"", "a b", "é", "a\n", strings.Repeat("k", MaxKeyBytes+1)} {
		if _, _, err := d.begin("acme/anna", bad, "r"); !errors.Is(err, ErrKey) {
			t.Errorf("key %q: %v", bad, err)
		}
	}
	_, ticket, err := d.begin("acme/anna", "large", "r")
	if err != nil {
		t.Fatal(err)
	}
	if err := ticket.Done(Answer{Body: make([]byte, MaxAnswer+1)}); err != nil || d.kept() != 0 {
		t.Errorf("a large answer is kept (%v)", err)
	}
	d.counts["acme/anna"] = maxPerOwner
	if _, _, err := d.begin("acme/anna", "k", "r"); crdt.KindOf(err) != crdt.KindBusy {
		t.Errorf("too many keys: %v", err)
	}
	if _, _, err := d.begin("acme/ben", "k", "r"); err != nil {
		t.Errorf("one's keys count against another: %v", err)
	}
	d.counts["acme"] = maxPerOrg
	if _, _, err := d.begin("acme/cleo", "k", "r"); crdt.KindOf(err) != crdt.KindBusy {
		t.Errorf("an organisation uses up everybody's: %v", err)
	}
	if _, _, err := d.begin("rival/rita", "k", "r"); err != nil {
		t.Errorf("one organisation's keys count against another's: %v", err)
	}
}
