package client_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"fieldsync/client"
	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store"
)

var (
	folderKey = bytes.Repeat([]byte{1}, client.KeyLen)
	secret    = []byte("the key lies below the third flower pot")
)

func openWith(t *testing.T, dir string, key []byte) *client.Client {
	t.Helper()
	c, err := client.Open(client.Options{Dir: dir, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// fillFolder puts a job with a secret and a file with one into a folder, and gives the job.
func fillFolder(t *testing.T, c *client.Client) crdt.DocID {
	t.Helper()
	s := httptest.NewServer(&fileServer{})
	t.Cleanup(s.Close)
	if _, err := c.Login(t.Context(), s.URL, "token"); err != nil {
		t.Fatal(err)
	}
	edits, err := job.New(job.Draft{Plan: job.Plan{Title: string(secret)}, First: job.Event{ID: "made", Status: job.Published, HappenedAt: 1}})
	if err != nil {
		t.Fatal(err)
	}
	id, err := c.Create(t.Context(), edits...)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "note.txt")
	if err := os.WriteFile(path, bytes.Repeat(secret, 5000), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Attach(t.Context(), id, path, ""); err != nil {
		t.Fatal(err)
	}
	return id
}

// mustHold checks that a folder holds what fillFolder put there.
func mustHold(t *testing.T, c *client.Client, id crdt.DocID) {
	t.Helper()
	if who, err := c.WhoAmI(); err != nil || who.User != "anna" {
		t.Errorf("%+v, %v", who, err)
	}
	v, err := c.View(id)
	if err != nil || v.Job.Title != string(secret) || len(v.Job.Attachments) != 1 {
		t.Fatalf("%q, %v", v.Job.Title, err)
	}
	var file bytes.Buffer
	if err := c.Fetch(t.Context(), id, v.Job.Attachments[0].ID, &file); err != nil || file.Len() != 5000*len(secret) {
		t.Errorf("%d bytes, %v", file.Len(), err)
	}
	if u, err := c.Unsent(t.Context()); err != nil || u.Changes != 2 || len(u.Files) != 1 {
		t.Errorf("unsent: %+v, %v", u, err)
	}
}

// readable gives the files of a folder in which one of the texts stands.
func readable(t *testing.T, dir string, texts ...[]byte) (found []string) {
	t.Helper()
	if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, text := range texts {
			if bytes.Contains(data, text) {
				found = append(found, path)
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return found
}

func TestAnEncryptedFolderShowsNothingAndOpensWithItsKeyAlone(t *testing.T) {
	dir := t.TempDir()
	c := openWith(t, dir, folderKey)
	id := fillFolder(t, c)
	mustHold(t, c, id)
	texts := [][]byte{secret, []byte(`"token"`), []byte("anna")}
	if found := readable(t, dir, texts...); len(found) > 0 {
		t.Errorf("readable while it is open: %v", found)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if found := readable(t, dir, texts...); len(found) > 0 {
		t.Errorf("readable when it is closed: %v", found)
	}
	for name, x := range map[string]struct {
		key  []byte
		want error
	}{"no key": {nil, client.ErrKeyNeeded}, "another key": {bytes.Repeat([]byte{2}, client.KeyLen), client.ErrWrongKey}} {
		if _, err := client.Open(client.Options{Dir: dir, Key: x.key}); !errors.Is(err, x.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := client.Open(client.Options{Dir: dir, Key: []byte("short")}); crdt.KindOf(err) != crdt.KindInvalid {
		t.Errorf("a short key: %v", err)
	}
	mustHold(t, openWith(t, dir, folderKey), id)
}

func TestAFolderInTheClearIsReadableSoThatTheTestAboveCanFail(t *testing.T) {
	dir := t.TempDir()
	fillFolder(t, openWith(t, dir, nil))
	if len(readable(t, dir, secret)) == 0 || len(readable(t, dir, []byte(`"token"`))) == 0 {
		t.Error("the secrets are not found where they must be")
	}
}

func TestAFolderInTheClearIsEncryptedWhenItIsOpenedWithAKey(t *testing.T) {
	dir := t.TempDir()
	c := openWith(t, dir, nil)
	id := fillFolder(t, c)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	// A crash in the middle of an earlier attempt left this.
	if err := os.MkdirAll(filepath.Join(dir, "sealed", "store"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "sealed", "account.json"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	c = openWith(t, dir, folderKey)
	mustHold(t, c, id)
	if found := readable(t, dir, secret, []byte(`"token"`)); len(found) > 0 {
		t.Errorf("still readable: %v", found)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Open(client.Options{Dir: dir}); !errors.Is(err, client.ErrKeyNeeded) {
		t.Errorf("without the key: %v", err)
	}
	mustHold(t, openWith(t, dir, folderKey), id)
}

func TestAFolderOfAnOlderFormatIsBroughtToOurs(t *testing.T) {
	dir := t.TempDir()
	c := openWith(t, dir, nil)
	id := fillFolder(t, c)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "folder.json")); err != nil { // what format 1 had not
		t.Fatal(err)
	}
	c = openWith(t, dir, nil)
	mustHold(t, c, id)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	var f struct{ Format int }
	data, err := os.ReadFile(filepath.Join(dir, "folder.json"))
	if err != nil || json.Unmarshal(data, &f) != nil || f.Format != 2 {
		t.Fatalf("%s, %v", data, err)
	}
	if err := os.Remove(filepath.Join(dir, "folder.json")); err != nil {
		t.Fatal(err)
	}
	mustHold(t, openWith(t, dir, folderKey), id) // both steps at once
}

func TestAFolderOfANewerFormatIsRefusedAndLeftAsItIs(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "folder.json"), []byte(`{"format":3,"more":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, key := range [][]byte{nil, folderKey} {
		if _, err := client.Open(client.Options{Dir: dir, Key: key}); !errors.Is(err, client.ErrNewerFolder) {
			t.Errorf("%v", err)
		}
	}
	if data, err := os.ReadFile(filepath.Join(dir, "folder.json")); err != nil || string(data) != `{"format":3,"more":1}` {
		t.Errorf("%s, %v", data, err)
	}
}

func TestAnEncryptedFolderWithoutItsFolderFileIsNotMadeAnew(t *testing.T) {
	dir := t.TempDir()
	c := openWith(t, dir, folderKey)
	fillFolder(t, c)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "folder.json")); err != nil {
		t.Fatal(err)
	}
	if c, err := client.Open(client.Options{Dir: dir, Key: folderKey}); err == nil {
		t.Error("it was opened", c.Close())
	}
}

func TestAFolderIsOpenInOneProcessAtATime(t *testing.T) {
	dir := t.TempDir()
	openWith(t, dir, folderKey)
	if _, err := client.Open(client.Options{Dir: dir, Key: folderKey}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("%v", err)
	}
}
