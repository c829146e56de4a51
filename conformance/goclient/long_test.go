package goclient

import (
	"crypto/rand"
	"encoding/base64"
	"testing"
	"time"

	"fieldsync/client"
	"fieldsync/conformance/internal/phone"
	"fieldsync/conformance/internal/slowlink"
	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
)

// writeMuch makes one change that is nine seconds of EDGE: nothing compresses it.
func writeMuch(t *testing.T, c *client.Client, id crdt.DocID) {
	t.Helper()
	var all []crdt.Edit
	for range 3 {
		raw := make([]byte, 66_000)
		_, _ = rand.Read(raw) // it never fails
		text := base64.StdEncoding.EncodeToString(raw)
		edits, err := job.AddComment(job.Comment{ID: text[:20], Text: text})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, edits...)
	}
	if err := c.Change(t.Context(), id, func(tx *engine.Tx) error { return tx.Apply(all...) }); err != nil {
		t.Fatal(err)
	}
}

// A message that needs longer than the server may keep silent is no silence: it gets over, in either direction, and nobody takes the connection for dead
// meanwhile.
func TestAMessageThatTakesLongGetsOver(t *testing.T) {
	addr, _ := startServer(t, t.TempDir(), "")
	office := open(t, t.TempDir(), addr, sut.Dispatcher)
	up, down := published(t, office, "Up"), published(t, office, "Down")
	synced(t, office)
	link, there := over(t, addr, slowlink.Direct)
	anna, err := client.Open(client.Options{Dir: t.TempDir(), StallAfter: 5 * time.Second, SyncEvery: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = anna.Close() })
	if _, err := anna.Login(t.Context(), there, sut.WorkerAnna); err != nil {
		t.Fatal(err)
	}
	synced(t, anna)
	if err := link.Set(slowlink.EDGE); err != nil {
		t.Fatal(err)
	}
	writeMuch(t, anna, up)
	if r, err := anna.Sync(t.Context()); err != nil || r.Sent != 1 {
		t.Errorf("up: %+v, %v", r, err)
	}
	writeMuch(t, office, down)
	synced(t, office)
	if r, err := anna.Sync(t.Context()); err != nil || r.Received != 1 {
		t.Errorf("down: %+v, %v", r, err)
	}

	// Connected, with a look every second.
	events := phone.Run(t, anna)
	await(t, events, "in step", func(ev client.Event) bool { return ev.Kind == client.EventSynced })
	link.ResetCounts()
	writeMuch(t, office, up)
	synced(t, office)
	await(t, events, "it came", func(ev client.Event) bool { return ev.Kind == client.EventChanged && ev.Doc == up })
	if _, made := link.Connections(); made > 2 { // one for receipts
		t.Errorf("%d connections were made", made)
	}
}
