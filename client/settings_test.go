package client

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"fieldsync/client/internal/service"
	"fieldsync/crdt"
	"fieldsync/crdt/job"
)

// A worker is not let make a whole job underground that the server would refuse in the evening.
func TestWhatJobsTheOrganisationHasWorkersMakeIsKnownOffline(t *testing.T) {
	meant, other := &job.Template{Name: "Meter", WorkerCreate: true}, &job.Template{Name: "Heating"}
	for _, c := range []struct {
		name, role, setting string
		from                *job.Template
		may                 bool
	}{
		{"nothing is known", "worker", "", nil, true},
		{"any", "worker", "any", nil, true},
		{"none", "worker", "none", meant, false},
		{"from templates, and from none", "worker", "templates", nil, false},
		{"from templates, and from another one", "worker", "templates", other, false},
		{"from templates, and from one of them", "worker", "templates", meant, true},
		{"a dispatcher", "dispatcher", "none", nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				answer := `{"org":"demo","user":"anna","name":"Anna","role":"ROLE","device":"d"}`
				if r.URL.Path == "/api/v1/organisation" {
					answer = `{"settings":{"photo_location":"keep","worker_jobs":"SETTING"}}`
				}
				_, _ = io.WriteString(w, strings.NewReplacer("ROLE", c.role, "SETTING", c.setting).Replace(answer))
			}))
			defer server.Close()
			dir := t.TempDir()
			one, err := Open(Options{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := one.Login(t.Context(), server.URL, "token"); err != nil {
				t.Fatal(err)
			}
			a, at, err := one.signedIn()
			if err != nil {
				t.Fatal(err)
			}
			api := service.New(at, a.Token)
			one.learn(t.Context(), api)
			api.Close()
			if err := one.Close(); err != nil {
				t.Fatal(err)
			}
			server.Close()

			two, err := Open(Options{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			defer two.Close()
			if err := two.MayMakeJob(c.from); (err == nil) != c.may || err != nil && !errors.Is(err, ErrRules) {
				t.Errorf("%v", err)
			}
			if c.from != nil {
				return
			}
			_, err = two.NewJob(t.Context(), crdt.DocID{}, map[string]any{"title": "Pump"})
			made, derr := two.Documents()
			if (err == nil) != c.may || derr != nil || (len(made) == 1) != c.may {
				t.Errorf("%d documents, %v, %v", len(made), err, derr)
			}
		})
	}
}
