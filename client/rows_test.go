package client

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"fieldsync/crdt"
	"fieldsync/crdt/engine"
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

func TestARowIsMadeBesideItsDocumentAndNotByTheFirstList(t *testing.T) {
	c := cacheFolder(t, 0)
	var ids []crdt.DocID
	for n := range 5 {
		ids = append(ids, planned(t, c, fmt.Sprint("p", n), time.Hour, job.Published))
	}
	if err := c.Change(t.Context(), ids[0], func(tx *engine.Tx) error {
		return tx.Apply(crdt.Edit{Kind: crdt.EditSet, Path: crdt.Path{"title"}, Value: "Another"})
	}); err != nil {
		t.Fatal(err)
	}
	c.rowsMade(t.Context())
	for n, id := range ids {
		heads, err := c.Heads(id)
		if err != nil {
			t.Fatal(err)
		}
		row, fresh, err := c.row(id, heads)
		if err != nil || fresh != nil {
			t.Errorf("the row of job %d was not there: %v", n, err)
		}
		if want := []string{"Another", "p1", "p2", "p3", "p4"}[n]; row.Label != want || row.Status != job.Published || !row.IsJob || len(row.Attachments) != 1 {
			t.Errorf("job %d: %+v", n, row)
		}
		doc, _, err := c.load(id)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := doc.Tree()
		doc.Close()
		if diff := cmp.Diff(rowOf(tree), row, cmpopts.IgnoreFields(Row{}, "Form", "ID")); err != nil || diff != "" {
			t.Errorf("job %d (-the engine +the row): %v %s", n, err, diff)
		}
	}
}

func BenchmarkARow(b *testing.B) {
	c := cacheFolder(b, 0)
	edits, err := job.New(job.Draft{Plan: job.Plan{Title: "a"}, First: job.Event{ID: "made", Status: job.Published, HappenedAt: 1}})
	if err != nil {
		b.Fatal(err)
	}
	id, err := c.Create(b.Context(), edits...)
	if err != nil {
		b.Fatal(err)
	}
	for n := range 30 {
		if _, err := c.Comment(b.Context(), id, fmt.Sprint("As long as remarks are, this one is number ", n)); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("history", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := c.read(id); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("engine", func(b *testing.B) {
		for b.Loop() {
			doc, _, err := c.load(id)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := doc.Tree(); err != nil {
				b.Fatal(err)
			}
			doc.Close()
		}
	})
}

func TestTheRowOfANewDocumentIsInItsWrite(t *testing.T) {
	c := cacheFolder(t, 0)
	c.rowMaker.idle = make(chan struct{}) // nobody makes rows behind the writes
	id := planned(t, c, "p", time.Hour, job.Published)
	heads, err := c.Heads(id)
	if err != nil {
		t.Fatal(err)
	}
	if row, fresh, err := c.row(id, heads); err != nil || fresh != nil || row.Label != "p" {
		t.Errorf("the row was not there: %v, %+v", err, row)
	}
}
