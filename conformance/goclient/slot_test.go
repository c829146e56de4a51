package goclient

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fieldsync/client"
	"fieldsync/conformance/internal/slowlink"
	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt/job"
)

// over makes a network of a class before a server, and gives the address before it.
func over(t *testing.T, server string, class slowlink.Class) (*slowlink.Link, string) {
	t.Helper()
	link := slowlink.New(class)
	t.Cleanup(link.Close)
	addr, err := link.Open("", strings.TrimPrefix(server, "http://"), false)
	if err != nil {
		t.Fatal(err)
	}
	return link, "http://" + addr
}

func noise(t *testing.T, bytes int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "noise.bin")
	data := make([]byte, bytes)
	_, _ = rand.Read(data) // it never fails
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestASlotEndsWithWhatItHadTimeForAndTheNextOneGoesOn(t *testing.T) {
	addr, _ := startServer(t, t.TempDir(), "")
	office := open(t, t.TempDir(), addr, sut.Dispatcher)
	id := newJob(t, office, "Far away", "anna")
	if err := office.SetStatus(t.Context(), id, client.StatusChange{Status: job.Published}); err != nil {
		t.Fatal(err)
	}
	if _, err := office.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	link, there := over(t, addr, slowlink.Direct)
	anna := open(t, t.TempDir(), there, sut.WorkerAnna)
	if _, err := anna.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	// 2 MB at 1.5 Mbit/s: more than the slot has time for.
	if _, err := anna.Attach(t.Context(), id, noise(t, 2_000_000), ""); err != nil {
		t.Fatal(err)
	}
	if err := anna.SetStatus(t.Context(), id, client.StatusChange{Status: job.EnRoute}); err != nil {
		t.Fatal(err)
	}
	if err := link.Set(slowlink.UMTS); err != nil {
		t.Fatal(err)
	}
	link.ResetCounts()
	var sent int64
	for slots := 0; ; slots++ {
		r, err := anna.RunFor(t.Context(), 6*time.Second)
		if err != nil {
			t.Fatalf("slot %d: %v", slots, err)
		}
		u, err := anna.Unsent(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if r.Finished {
			if slots == 0 {
				t.Fatal("2 MB went over 3G in six seconds: the slot shows nothing")
			}
			break
		}
		if slots == 0 && u.Changes > 0 {
			t.Errorf("%d changes wait behind a file", u.Changes)
		}
		now := int64(0)
		for _, f := range u.Files {
			now += f.Sent
		}
		if now < sent {
			t.Errorf("slot %d: the server had %d bytes of the file, and %d before", slots, now, sent)
		}
		if sent = now; slots > 30 {
			t.Fatal("slots without end")
		}
	}
	if up := link.Counts()[slowlink.KindFile].Up; up > 3_000_000 {
		t.Errorf("%d bytes were sent for a file of 2,000,000", up)
	}
	if _, err := office.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if v, err := office.View(id); err != nil || v.Job.Outcome.Status != job.EnRoute {
		t.Errorf("the office sees %v, %v", v.Job.Outcome.Status, err)
	}
}

func TestWhatWasChosenAndWhatIsUrgentSurvivesARestart(t *testing.T) {
	addr, _ := startServer(t, t.TempDir(), "")
	dir := t.TempDir()
	c, err := client.Open(client.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Login(t.Context(), addr, sut.Dispatcher); err != nil {
		t.Fatal(err)
	}
	id, other := newJob(t, c, "Urgent"), newJob(t, c, "Text")
	if _, err := c.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := client.Preferences{WiFiOnly: true, DataSaver: true}
	if err := c.SetPreferences(want); err != nil {
		t.Fatal(err)
	}
	if err := c.SetStatus(t.Context(), id, client.StatusChange{Status: job.Published}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Comment(t.Context(), other, "not urgent"); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c = open(t, dir, "", "")
	if got := c.Preferences(); got != want {
		t.Errorf("%+v", got)
	}
	if l, err := c.Lanes(t.Context()); err != nil || l.Status != 1 || l.Text != 1 || l.Connected {
		t.Errorf("%+v, %v", l, err)
	}
	if r, err := c.Sync(t.Context()); err != nil || !r.Finished {
		t.Fatalf("%+v, %v", r, err)
	}
	if l, err := c.Lanes(t.Context()); err != nil || l.Status+l.Text != 0 {
		t.Errorf("after a sync: %+v, %v", l, err)
	}
}

func TestASlotEndsInTimeAlsoWhereALongTextIsHalfOver(t *testing.T) {
	addr, _ := startServer(t, t.TempDir(), "")
	office := open(t, t.TempDir(), addr, sut.Dispatcher)
	id := published(t, office, "Far away")
	synced(t, office)
	link, there := over(t, addr, slowlink.Direct)
	anna := open(t, t.TempDir(), there, sut.WorkerAnna)
	synced(t, anna)
	writeMuch(t, anna, id) // over half a minute of GPRS
	if err := link.Set(slowlink.GPRS); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	r, err := anna.RunFor(t.Context(), 4*time.Second)
	if took := time.Since(begun); err != nil || r.Finished || r.Sent != 0 || took > 14*time.Second { // a busy machine has ten seconds; the text needs thirty
		t.Errorf("after %v: %+v, %v", took, r, err)
	}
	if err := link.Set(slowlink.Direct); err != nil {
		t.Fatal(err)
	}
	if r := synced(t, anna); r.Sent != 1 {
		t.Errorf("then: %+v", r)
	}
}
