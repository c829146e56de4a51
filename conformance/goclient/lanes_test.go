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
	addr, _ := startServer(t, t.TempDir(), "127.0.0.1:0")
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

	// Half a megabyte that nothing compresses takes some three seconds, alone.
	raw := make([]byte, 500_000)
	_, _ = rand.Read(raw) // it never fails
	files := func() int64 { return link.Counts()[slowlink.KindFile].Up }
	before := files()
	if _, err := anna.Create(t.Context(), crdt.Edit{Kind: crdt.EditSet, Path: crdt.Path{"raw"}, Value: raw}); err != nil {
		t.Fatal(err)
	}
	for {
		u, err := anna.Unsent(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if u.Changes == 0 {
			break
		}
		awaitEvent(t, events, func(client.Event) bool { return true })
	}
	// What the sockets held goes still; the file's share of the line would be as much as the text.
	if moved := files() - before; moved > 250_000 {
		t.Errorf("%d bytes of a file moved while text did", moved)
	}
	awaitEvent(t, events, func(ev client.Event) bool { return ev.Kind == client.EventFile && ev.File.Done > 1_500_000 })
}
