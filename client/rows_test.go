package client

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"fieldsync/crdt/job"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
)

func TestARowThatAnOlderVersionCachedIsMadeAgain(t *testing.T) {
	c, err := Open(Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"org":"demo","user":"anna","name":"Anna","role":"worker","device":"d"}`)
	}))
	defer server.Close()
	if _, err := c.Login(t.Context(), server.URL, "token"); err != nil {
		t.Fatal(err)
	}
	edits, err := job.New(job.Draft{ScheduledAt: 1_790_000_000_000, First: job.Event{ID: "made", HappenedAt: 1}})
	if err != nil {
		t.Fatal(err)
	}
	photo, err := job.AddAttachment(job.Attachment{ID: "p", SHA256: strings.Repeat("ab", 32), PreviewSHA256: strings.Repeat("cd", 32), MediaType: "image/jpeg"})
	if err != nil {
		t.Fatal(err)
	}
	id, err := c.Create(t.Context(), append(edits, photo...)...)
	if err != nil {
		t.Fatal(err)
	}
	want, err := c.Jobs(t.Context())
	if err != nil || len(want) != 1 || want[0].Attachments[0].PreviewSHA256 == "" {
		t.Fatalf("%+v, %v", want, err)
	}

	heads, err := c.Heads(id)
	if err != nil {
		t.Fatal(err)
	}
	digest := replica.DigestHeads(heads)
	old := `{"status":"scheduled","scheduled_at":1790000000000,"is_job":true,"attachments":[{"ID":"p","SHA256":"` + strings.Repeat("ab", 32) + `","MediaType":"image/jpeg","PreviewSHA256":"x"}]}`
	if !json.Valid([]byte(old)) {
		t.Fatal(old)
	}
	if err := store.Write(c.store, []store.Op{{Key: store.Local(bookRow, id[:]), Value: append(digest[:], old...)}}); err != nil {
		t.Fatal(err)
	}
	got, err := c.Jobs(t.Context())
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Row{}, "Form")); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if again, err := c.Jobs(t.Context()); err != nil || again[0].Form != rowForm {
		t.Errorf("the new row is not cached: %+v, %v", again, err)
	}
}
