package api

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// receiver is another system that hears of events.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	down   bool
	secret string
	wrong  []string            // why messages were not taken for the server's
	got    map[string][]string // event type -> titles of the jobs
	ids    []string            // of messages that were taken
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{got: map[string][]string{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	b, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.down {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	wh, err := standardwebhooks.NewWebhook(r.secret)
	if err == nil {
		err = wh.Verify(b, req.Header)
	}
	var m struct {
		Type string
		Data struct{ Job struct{ Title string } }
	}
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err != nil {
		r.wrong = append(r.wrong, err.Error())
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.ids = append(r.ids, req.Header.Get("webhook-id"))
	r.got[m.Type] = append(r.got[m.Type], m.Data.Job.Title)
}

// has tells whether an event about a job of this title came.
func (r *receiver) has(event, title string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(r.got[event], title)
}

func TestAReceiverHearsOfJobsSignedAndLosesNothingByACrash(t *testing.T) {
	s := start(t, "--webhook-allow", "127.0.0.1")
	k := s.do("owner", "POST", "apikeys", map[string]any{"name": "ERP", "role": "administrator"})
	s.tokens["erp"] = k.str("secret")
	hers, office := newReceiver(t), newReceiver(t)
	hook := s.valid("erp", "POST", "webhooks", form("url", hers.URL), 201)
	hers.secret = hook.str("secret")
	office.secret = s.valid("ada", "POST", "webhooks", form("url", office.URL, "events", list("job.finished", "job.created")), 201).str("secret")

	a := s.valid("dora", "POST", "jobs", form("title", "One", "assignees", list(form("user", s.ids["anna"], "edit", true)), "status", "published"), 201)
	path := "jobs/" + a.str("id")
	waitFor(t, "job.created", func() bool {
		return hers.has("job.created", "One") && office.has("job.created", "One") && hers.has("job.assigned", "One")
	})
	// What the integration does muted it does not hear of; others do.
	s.valid("erp", "POST", "jobs", form("title", "Quiet"), 201, "Fieldsync-Mute", "true")
	s.valid("erp", "POST", "jobs", form("title", "Loud"), 201)
	waitFor(t, "the loud job", func() bool { return hers.has("job.created", "Loud") && office.has("job.created", "Quiet") })
	if hers.has("job.created", "Quiet") {
		t.Error("the integration hears of what it did muted")
	}

	hers.mu.Lock()
	hers.down = true
	hers.mu.Unlock()
	s.valid("anna", "POST", path+"/status", form("status", "started"), 200)
	s.valid("anna", "POST", path+"/status", form("status", "finished"), 200)
	waitFor(t, "job.finished at the other receiver", func() bool { return office.has("job.finished", "One") }) // so it is queued for both
	waitFor(t, "an attempt that failed", func() bool {
		return strings.Contains(string(s.valid("erp", "GET", "webhooks/"+hook.str("id")+"/deliveries", nil, 200).body), `"status":503`)
	})
	s.Kill()
	hers.mu.Lock()
	hers.down = false
	hers.mu.Unlock()
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "job.finished after the crash", func() bool { return hers.has("job.finished", "One") })
	log := s.valid("erp", "GET", "webhooks/"+hook.str("id")+"/deliveries", nil, 200)
	if !strings.Contains(string(log.body), `"status":503`) || !strings.Contains(string(log.body), `"ok":true`) {
		t.Errorf("the log: %.500s", log.body)
	}
	if len(hers.wrong)+len(office.wrong) > 0 {
		t.Errorf("not taken for the server's: %v %v", hers.wrong, office.wrong)
	}
	if strings.Contains(s.Output(), "whsec_") || strings.Contains(s.Output(), strings.TrimPrefix(hers.secret, "whsec_")) {
		t.Error("a secret stands in the log")
	}
}
