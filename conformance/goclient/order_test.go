package goclient

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"slices"
	"testing"

	"fieldsync/client"
	"fieldsync/conformance/internal/phone"
	"fieldsync/conformance/internal/slowlink"
	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt"
	"fieldsync/crdt/job"
)

func TestOn2GTheStatusIsOnTheServerFirstThenTheTextAndNothingOfAFile(t *testing.T) {
	addr, _ := startServer(t, t.TempDir(), "")
	office := open(t, t.TempDir(), addr, sut.Dispatcher)
	var texts []crdt.DocID
	for n := range 6 {
		texts = append(texts, published(t, office, fmt.Sprint("Text ", n)))
	}
	status := published(t, office, "Status")
	synced(t, office)
	link, there := over(t, addr, slowlink.Direct)
	anna := open(t, t.TempDir(), there, sut.WorkerAnna)
	synced(t, anna)

	// Without a network: long texts first, a photo, and last of all a status.
	if err := link.Set(slowlink.None); err != nil {
		t.Fatal(err)
	}
	for _, id := range texts {
		raw := make([]byte, 12_000) // two seconds of the line, and nothing compresses it
		_, _ = rand.Read(raw)       // it never fails
		if _, err := anna.Comment(t.Context(), id, base64.StdEncoding.EncodeToString(raw)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := anna.Attach(t.Context(), status, noise(t, 60_000), ""); err != nil {
		t.Fatal(err)
	}
	if err := anna.SetStatus(t.Context(), status, client.StatusChange{Status: job.EnRoute}); err != nil {
		t.Fatal(err)
	}

	events := phone.Run(t, office)
	await(t, events, "the office is in step", func(ev client.Event) bool { return ev.Kind == client.EventSynced })
	if err := link.Set(slowlink.GPRS); err != nil {
		t.Fatal(err)
	}
	link.ResetCounts()
	report := make(chan client.Report, 1)
	failed := make(chan error, 1)
	go func() {
		r, err := anna.Sync(t.Context())
		report <- r
		failed <- err
	}()
	var order []crdt.DocID // as others saw it: what they see is durable
	for len(order) < len(texts)+1 {
		ev := await(t, events, "what the phone sends", func(ev client.Event) bool { return ev.Kind == client.EventChanged && ev.Remote > 0 })
		if !slices.Contains(order, ev.Doc) {
			order = append(order, ev.Doc)
		}
	}
	if order[0] != status {
		t.Errorf("the status came after %d texts", slices.Index(order, status))
	}
	if r, err := <-report, <-failed; err != nil || r.Sent != len(texts)+2 || r.FilesHeld != 1 || !r.Finished {
		t.Errorf("%+v, %v", r, err)
	}
	if c := link.Counts()[slowlink.KindFile]; c != (slowlink.Count{}) {
		t.Errorf("of files %+v moved", c)
	}
}
