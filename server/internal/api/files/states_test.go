package files_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"fieldsync/blobs"
	"fieldsync/blobs/blobtest"
	"fieldsync/blobs/memblob"
	"fieldsync/crdt"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/api/files"
	"fieldsync/server/internal/auth"
)

func TestStatesFollowFromTheJobAndFromTheStore(t *testing.T) {
	store := memblob.New(0)
	w := newWorld(t, store, nil)
	mux := http.NewServeMux()
	a := api.New(mux, api.Options{
		Require: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				next.ServeHTTP(rw, r.WithContext(auth.WithPrincipal(r.Context(), access.Principal{ID: "anna", Org: "org-1"})))
			})
		},
		Quickly: func(next http.Handler) http.Handler { return next },
	})
	w.handler.RegisterStates(a)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)

	here := blobtest.Put(t, store, "org-1", []byte("here"))
	refs := map[string]blobs.Ref{"promised": blobs.RefOf([]byte("promised")), "arriving": blobs.RefOf([]byte("arriving")),
		"elsewhere": blobs.RefOf([]byte("elsewhere")), "lost": blobs.RefOf([]byte("lost")), "again": blobs.RefOf([]byte("again"))}
	cut := blobtest.Put(t, store, "org-1", []byte("cut"))
	secret := blobtest.Put(t, store, "org-1", []byte("of another job"))
	w.refs[job] = []blobs.Ref{here, refs["promised"], refs["arriving"], refs["elsewhere"], refs["lost"], refs["again"], cut}
	// Named by who knows its hash only: the job does not serve it.
	w.named = []files.Named{{Attachment: "s", Kind: "file", SHA256: secret.String()}, {Attachment: "x", Kind: "preview", SHA256: "no hash"}}
	w.sizes = map[blobs.Ref]int64{refs["lost"]: 4, refs["again"]: 5, cut: 9, here: 4}
	for _, ref := range []blobs.Ref{refs["lost"], refs["again"], cut, here} {
		w.delivered[job.String()+ref.String()] = "anna"
	}
	w.coming = map[blobs.Ref][]files.Arriving{
		refs["arriving"]:  {{Job: job.String(), Offset: 3, Size: 8}, {Job: job.String(), Offset: 5, Size: 8}, {Job: crdt.DocID{9}.String(), Offset: 7, Size: 8}},
		refs["elsewhere"]: {{Job: crdt.DocID{9}.String(), Offset: 7, Size: 9}},
		refs["again"]:     {{Job: job.String(), Offset: 2, Size: 5}},
	}
	answer, text, err := w.do("GET", server.URL+"/api/v1/jobs/"+job.String()+"/files", nil, nil)
	if err != nil || answer.StatusCode != 200 {
		t.Fatalf("%v %s, %v", answer, text, err)
	}
	var got files.States
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&got); err != nil {
		t.Fatal(err)
	}
	want := []files.FileState{
		{"0", "file", here.String(), "here", 4, 4}, {"1", "file", refs["promised"].String(), "promised", 0, 0},
		{"2", "file", refs["arriving"].String(), "arriving", 5, 8}, {"3", "file", refs["elsewhere"].String(), "promised", 0, 0},
		{"4", "file", refs["lost"].String(), "lost", 0, 4}, {"5", "file", refs["again"].String(), "arriving", 2, 5},
		{"6", "file", cut.String(), "lost", 0, 9}, {"s", "file", secret.String(), "promised", 0, 0},
	}
	if !slices.Equal(got.Files, want) || got.More {
		t.Errorf("%+v\nwant %+v", got.Files, want)
	}
	if answer, text, err := w.do("GET", server.URL+"/api/v1/jobs/"+foreign.String()+"/files", nil, nil); err != nil || problemOf(t, answer, text) != "404 not-found" {
		t.Errorf("a job that one may not know: %s %v", text, err)
	}
}
