package goclient

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"fieldsync/client"
	"fieldsync/conformance/internal/phone"
	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt/job"
)

// said is what anna's device has last told of itself: what it has not sent; false: nothing yet.
func said(t *testing.T, addr string) (changes, files int, ok bool) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/api/v1/users/anna/devices", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+sut.Dispatcher)
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var all struct {
		Devices []struct {
			Report *struct {
				Unsent struct{ Changes, Files int }
			}
		}
	}
	if err := json.NewDecoder(answer.Body).Decode(&all); err != nil {
		t.Fatal(err)
	}
	for _, d := range all.Devices {
		if d.Report != nil {
			return d.Report.Unsent.Changes, d.Report.Unsent.Files, true
		}
	}
	return 0, 0, false
}

func TestTheOfficeSeesThatWhatWaitedWasSent(t *testing.T) {
	addr, _ := startServer(t, t.TempDir(), "")
	office := open(t, t.TempDir(), addr, sut.Dispatcher)
	id := newJob(t, office, "With a photo", "anna")
	if err := office.SetStatus(t.Context(), id, client.StatusChange{Status: job.Published}); err != nil {
		t.Fatal(err)
	}
	synced(t, office)
	anna := open(t, t.TempDir(), addr, sut.WorkerAnna)
	if err := anna.SetPreferences(client.Preferences{WiFiOnly: true}); err != nil {
		t.Fatal(err)
	}
	phone.Run(t, anna)
	until := func(what string, files int) {
		t.Helper()
		look := time.NewTicker(20 * time.Millisecond)
		defer look.Stop()
		late := time.After(2 * patience)
		for {
			changes, waiting, ok := said(t, addr)
			if ok && changes == 0 && waiting == files {
				return
			}
			select {
			case <-look.C:
			case <-late:
				t.Fatalf("%s: the office sees %d changes and %d files", what, changes, waiting)
			}
		}
	}
	until("at first", 0)
	if _, err := anna.Attach(t.Context(), id, noise(t, 30_000), ""); err != nil {
		t.Fatal(err)
	}
	until("a file waits", 1)
	if err := anna.SetStatus(t.Context(), id, client.StatusChange{Status: job.EnRoute}); err != nil { // which has the connection looked at
		t.Fatal(err)
	}
	anna.SetNetwork(client.NetworkWiFi, false) // and so does this; the file goes
	until("it was sent", 0)
}
