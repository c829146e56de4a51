package goclient

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fieldsync/client"
	"fieldsync/crdt/job"
)

// A photo stays on the phone until the server has it, however small the budget; then it makes room, and is got again when somebody looks at it.
// What others attach is fetched ahead if the budget has room for it.
func TestFilesStayUntilTheyAreSentAndThenWithinTheBudget(t *testing.T) {
	addr, _ := startServer(t, t.TempDir(), "")
	office := open(t, t.TempDir(), addr, "demo-dispatcher")
	phone, err := client.Open(client.Options{Dir: t.TempDir(), StallAfter: 5 * time.Second, FilesBudget: 2000})
	if err != nil {
		t.Fatal(err)
	}
	defer phone.Close()
	if _, err := phone.Login(t.Context(), addr, "demo-worker-anna"); err != nil {
		t.Fatal(err)
	}
	id := newJob(t, office, "Pump", "anna")
	if err := office.SetStatus(t.Context(), id, client.StatusChange{Status: job.Published}); err != nil {
		t.Fatal(err)
	}
	file := func(c *client.Client, name string, size int) job.Attachment {
		t.Helper()
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(strings.Repeat(name, size/len(name))), 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := c.Attach(t.Context(), id, path, "")
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	small, large := file(office, "small.txt", 1800), file(office, "large.txt", 9000)
	synced(t, office)
	synced(t, phone)
	if err := phone.SetStatus(t.Context(), id, client.StatusChange{Status: job.Started}); err != nil {
		t.Fatal(err)
	}
	synced(t, phone)
	if !phone.Has(t.Context(), small) || phone.Has(t.Context(), large) {
		t.Errorf("fetched ahead: small %v, large %v", phone.Has(t.Context(), small), phone.Has(t.Context(), large))
	}
	photo := file(phone, "photo.bin", 90_000)
	if !phone.Has(t.Context(), photo) {
		t.Error("the photo is not here, and nowhere else")
	}
	synced(t, phone)
	if phone.Has(t.Context(), photo) || !phone.Has(t.Context(), small) {
		t.Errorf("after the sync: photo %v, small %v", phone.Has(t.Context(), photo), phone.Has(t.Context(), small))
	}
	var got bytes.Buffer
	if err := phone.Fetch(t.Context(), id, photo.ID, &got); err != nil || int64(got.Len()) != photo.Size {
		t.Errorf("%d bytes, %v", got.Len(), err)
	}
}
