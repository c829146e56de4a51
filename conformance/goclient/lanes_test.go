package goclient

import (
	"crypto/rand"
	"testing"
	"time"

	"fieldsync/client"
	"fieldsync/conformance/internal/phone"
	"fieldsync/conformance/internal/slowlink"
	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt"
)

// awaitEvent waits for an event that is wanted.
func awaitEvent(t *testing.T, events <-chan client.Event, want func(client.Event) bool) client.Event {
	t.Helper()
	late := time.After(2 * patience)
	for {
		select {
		case ev := <-events:
			if want(ev) {
				return ev
			}
		case <-late:
			t.Fatal("it was never heard")
		}
	}
}

func TestTextGoesBeforeAFileThatIsOnItsWay(t *testing.T) {
	addr, _ := startServer(t, t.TempDir(), "")
	link, there := over(t, addr, slowlink.Direct)
	anna := open(t, t.TempDir(), there, sut.Dispatcher)
	id := newJob(t, anna, "With a long report")
	if _, err := anna.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := link.Set(slowlink.UMTS); err != nil { // 1.5 Mbit/s
		t.Fatal(err)
	}
	anna.SetNetwork(client.NetworkWiFi, false)
	if _, err := anna.Attach(t.Context(), id, noise(t, 8<<20-1), ""); err != nil {
		t.Fatal(err)
	}
	events := phone.Run(t, anna)
	awaitEvent(t, events, func(ev client.Event) bool { return ev.Kind == client.EventFile && ev.File.Done > 500_000 })

	// Half a megabyte that nothing compresses takes some three seconds, alone. It is looked at while it crosses, by what has crossed: a machine that is busy makes
	// all of it slower, and looks less often; where it saw nothing of it, there is more to see.
	const text = 500_000
	seen := 0
	for range 10 {
		raw := make([]byte, text)
		_, _ = rand.Read(raw) // it never fails
		before := link.Counts()
		if _, err := anna.Create(t.Context(), crdt.Edit{Kind: crdt.EditSet, Path: crdt.Path{"raw"}, Value: raw}); err != nil {
			t.Fatal(err)
		}
		look := time.NewTicker(10 * time.Millisecond)
		for crossed := int64(0); crossed < text; <-look.C {
			now := link.Counts()
			crossed = now[slowlink.KindSync].Up - before[slowlink.KindSync].Up
			if crossed > text/2 && crossed < text-50_000 {
				seen++
				// What the sockets held goes still; the file's share of the line would be as much as the text.
				if moved := now[slowlink.KindFile].Up - before[slowlink.KindFile].Up; moved > text/4 {
					t.Fatalf("%d bytes of a file moved while %d of text did", moved, crossed)
				}
			}
		}
		look.Stop()
		if seen > 0 {
			break
		}
	}
	if seen == 0 {
		t.Error("the text was never seen on its way")
	}
	done := link.Counts()[slowlink.KindFile].Up
	awaitEvent(t, events, func(ev client.Event) bool {
		return ev.Kind == client.EventFile && link.Counts()[slowlink.KindFile].Up > done+200_000
	})
}
