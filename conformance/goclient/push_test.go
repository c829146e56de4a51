package goclient

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"fieldsync/client"
	"fieldsync/conformance/internal/slowlink"
	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/server"
	"fieldsync/server/pushtest"
)

// subscription asks the server whether anna's device is told of changes.
func subscription(t *testing.T, addr string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/api/v1/push/subscription", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+sut.WorkerAnna)
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// published is a job of anna's that the office has sent out.
func published(t *testing.T, office *client.Client, title string) crdt.DocID {
	t.Helper()
	id := newJob(t, office, title, "anna")
	if err := office.SetStatus(t.Context(), id, client.StatusChange{Status: job.Published}); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestAPushHasThePhoneSyncAndASignOutEndsIt(t *testing.T) {
	service := pushtest.New()
	defer service.Close()
	addr, _ := startServerWith(t, server.Config{Data: t.TempDir(), PushAllow: []string{"127.0.0.1"}, PushCalm: 10 * time.Millisecond}, "")
	office := open(t, t.TempDir(), addr, sut.Dispatcher)
	synced(t, office)
	link, there := over(t, addr, slowlink.Direct)
	anna := open(t, t.TempDir(), there, sut.WorkerAnna)
	synced(t, anna)

	phone := service.Subscribe()
	if err := anna.RegisterPush(t.Context(), client.PushTarget{Service: client.PushWeb, Endpoint: phone.Endpoint, P256dh: phone.P256dh, Auth: phone.Auth, Silent: true}); err != nil {
		t.Fatal(err)
	}
	if p, err := anna.Push(); err != nil || p.Told.IsZero() || p.Failed != "" {
		t.Fatalf("the server was not told: %+v, %v", p, err)
	}
	for n := range 12 {
		published(t, office, "Another "+string(rune('a'+n)))
	}
	wanted := published(t, office, "The one of the push")
	came := service.Came()
	synced(t, office)
	about := func() (crdt.DocID, bool) {
		for _, m := range phone.Messages() {
			var p struct {
				Job         string
				Sync        bool
				Title, Body string
			}
			if err := json.Unmarshal(m.Payload, &p); err != nil || !p.Sync || p.Title != "" || p.Body != "" {
				t.Fatalf("not a silent message: %s, %v", m.Payload, err)
			}
			if id, err := crdt.ParseDocID(p.Job); err == nil && id == wanted {
				return id, true
			}
		}
		return crdt.DocID{}, false
	}
	id, found := about()
	for late := time.After(patience); !found; id, found = about() {
		select {
		case <-came:
		case <-late:
			t.Fatalf("no push for the job among %d; %v", len(phone.Messages()), service.Wrong())
		}
		came = service.Came()
	}

	if err := link.Set(slowlink.GPRS); err != nil {
		t.Fatal(err)
	}
	anna.PushReceived(id)
	r, err := anna.RunFor(t.Context(), time.Minute)
	if err != nil || r.NewJobs != 13 {
		t.Fatalf("%+v, %v", r, err)
	}
	if v, err := anna.View(wanted); err != nil || v.Job.Title != "The one of the push" {
		t.Errorf("%q, %v", v.Job.Title, err)
	}

	if status := subscription(t, addr); status != http.StatusOK {
		t.Errorf("the server answers %d", status)
	}
	if err := anna.Logout(); err != nil {
		t.Fatal(err)
	}
	if status := subscription(t, addr); status != http.StatusNotFound {
		t.Errorf("after the sign-out the server answers %d", status)
	}
	if err := service.Wrong(); err != nil {
		t.Error(err)
	}
}
