package receipts

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/store/memstore"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/auth"
)

// readers says who may read which document.
type readers map[crdt.DocID][]string

func (r readers) Access(p access.Principal, doc crdt.DocID) (access.Access, error) {
	return access.Access{Read: slices.Contains(r[doc], p.User)}, nil
}

type world struct {
	*testing.T
	s     *Service
	may   readers
	clock time.Time
}

func newWorld(t *testing.T) *world {
	w := &world{T: t, may: readers{}, clock: time.UnixMilli(1_000_000)}
	w.s = New(Options{Store: memstore.New(memstore.Options{}), Documents: w.may, Now: func() time.Time { return w.clock }})
	return w
}

func (w *world) ask(user, device string, x ReceiptExchange) []ReceiptLeft {
	w.Helper()
	ctx := auth.WithPrincipal(w.Context(), access.Principal{ID: "user:" + user, Org: "acme", User: user, Device: device})
	answer, err := w.s.exchange(ctx, &in{x})
	if err != nil {
		w.Fatal(err)
	}
	return answer.Body.Receipts
}

func head(n int) string { return strings.Repeat(fmt.Sprintf("%02x", n), 32) }

var doc = crdt.DocID{1}

func TestReceiptsTellHowFarChangesCame(t *testing.T) {
	w := newWorld(t)
	w.may[doc] = []string{"anna", "dora"}
	id := doc.String()
	if got := w.ask("anna", "phone", ReceiptExchange{Receipts: []Receipt{{Job: id, Heads: []string{head(1)}}}, Ask: []string{id}}); len(got) != 0 {
		t.Errorf("one's own receipt is told: %+v", got)
	}
	w.ask("dora", "browser", ReceiptExchange{Receipts: []Receipt{{Job: id, Heads: []string{head(1)}}}})
	w.clock = w.clock.Add(time.Minute)
	w.ask("dora", "browser", ReceiptExchange{Receipts: []Receipt{{Job: id, Seen: []string{head(1)}}}}) // it says nothing of what it holds
	w.clock = w.clock.Add(time.Minute)
	w.ask("dora", "browser", ReceiptExchange{Receipts: []Receipt{{Job: id, Heads: []string{head(1)}, Seen: []string{head(1)}}}}) // nothing new
	want := []ReceiptLeft{{Job: id, User: "dora", Device: "browser", Heads: []string{head(1)}, At: 1_000_000, Seen: []string{head(1)}, SeenAt: 1_060_000}}
	if got := w.ask("anna", "phone", ReceiptExchange{Ask: []string{id}}); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := w.ask("anna", "tablet", ReceiptExchange{Ask: []string{id}}); len(got) != 2 {
		t.Errorf("another device of one's own is another device: %+v", got)
	}
}

func TestWhoMayNotReadLeavesAndLearnsNothing(t *testing.T) {
	w := newWorld(t)
	w.may[doc] = []string{"anna"}
	id := doc.String()
	w.ask("anna", "phone", ReceiptExchange{Receipts: []Receipt{{Job: id, Heads: []string{head(1)}}}})
	if got := w.ask("ben", "phone-b", ReceiptExchange{Receipts: []Receipt{{Job: id, Heads: []string{head(9)}}}, Ask: []string{id}}); len(got) != 0 {
		t.Errorf("ben learned %+v", got)
	}
	if got := w.ask("anna", "tablet", ReceiptExchange{Ask: []string{id, "no id"}}); len(got) != 1 || got[0].User != "anna" {
		t.Errorf("ben left something: %+v", got)
	}
}

func TestOneLeavesReceiptsUnderOnesOwnNameAlone(t *testing.T) {
	w := newWorld(t)
	w.may[doc] = []string{"anna", "ben"}
	id := doc.String()
	w.ask("anna", "shared", ReceiptExchange{Receipts: []Receipt{{Job: id, Heads: []string{head(1)}, Seen: []string{head(1)}}}})
	w.ask("ben", "shared", ReceiptExchange{Receipts: []Receipt{{Job: id, Heads: []string{head(2)}}}}) // the device was handed on
	got := w.ask("anna", "phone", ReceiptExchange{Ask: []string{id}})
	if len(got) != 1 || got[0].User != "ben" || len(got[0].Seen) != 0 {
		t.Errorf("%+v", got)
	}
	ctx := auth.WithPrincipal(t.Context(), access.Principal{ID: "integration:erp", Org: "acme"})
	if _, err := w.s.exchange(ctx, &in{ReceiptExchange{Ask: []string{id}}}); crdt.KindOf(err) != crdt.KindForbidden {
		t.Errorf("a program with an API key: %v", err)
	}
}

func TestTheReceiptsOfADocumentAreBounded(t *testing.T) {
	w := newWorld(t)
	w.may[doc] = []string{"anna"}
	for n := range 2 * maxDevices {
		w.clock = w.clock.Add(time.Second)
		w.ask("anna", fmt.Sprint("phone-", n), ReceiptExchange{Receipts: []Receipt{{Job: doc.String(), Heads: []string{head(1)}}}})
	}
	got := w.ask("anna", "tablet", ReceiptExchange{Ask: []string{doc.String()}})
	if len(got) != maxDevices || got[0].Device != fmt.Sprint("phone-", 2*maxDevices-1) {
		t.Errorf("%d receipts, the newest of %+v", len(got), got[0])
	}
}

func TestWhatIsNoHashIsNotKept(t *testing.T) {
	w := newWorld(t)
	w.may[doc] = []string{"anna"}
	for _, bad := range []string{"", "xyz", head(1) + "0", "<b>"} {
		w.ask("anna", "phone", ReceiptExchange{Receipts: []Receipt{{Job: doc.String(), Heads: []string{bad}}}})
	}
	if got := w.ask("anna", "tablet", ReceiptExchange{Ask: []string{doc.String()}}); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}
