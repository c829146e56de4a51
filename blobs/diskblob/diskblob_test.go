package diskblob

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"fieldsync/blobs"
	"fieldsync/blobs/blobtest"
)

func open(t testing.TB, root string) *Store {
	t.Helper()
	s, err := Open(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestDiskblobIsABlobStore(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blobs.Store {
		root := filepath.Join(t.TempDir(), "deep", "root")
		t.Cleanup(func() { mustBeSwept(t, root) })
		return open(t, root)
	})
}

// mustBeSwept checks that no test left anything of a refused file behind.
func mustBeSwept(t *testing.T, root string) {
	t.Helper()
	left, err := os.ReadDir(filepath.Join(root, incoming))
	if err != nil || len(left) != 0 {
		t.Errorf("left in %s: %v, %v", incoming, left, err)
	}
}

func TestAFileStandsWhereTheLayoutSays(t *testing.T) {
	root := t.TempDir()
	s := open(t, root)
	blobtest.Put(t, s, "org", []byte("hello"))
	const sum = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
	path := filepath.Join(root, "org", "2c", sum)
	data, err := os.ReadFile(path)
	if err != nil || string(data) != "hello" {
		t.Errorf("%q, %v", data, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != fileMode {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestOpenSweepsWhatADeadProcessLeft(t *testing.T) {
	root := t.TempDir()
	s := open(t, root)
	if err := os.WriteFile(filepath.Join(root, incoming, "half"), []byte("half a photo"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Close()
	open(t, root)
	mustBeSwept(t, root)
}

func TestARootBelongsToOneProcess(t *testing.T) {
	root := t.TempDir()
	s := open(t, root)
	if _, err := Open(root); !errors.Is(err, blobs.ErrLocked) {
		t.Errorf("a second Open: %v", err)
	}
	s.Close()
	open(t, root)
}

// faultyFile fails at one step.
type faultyFile struct {
	file
	room    int // bytes that fit
	syncErr error
}

func (f *faultyFile) Write(p []byte) (int, error) {
	if len(p) > f.room {
		n, _ := f.file.Write(p[:f.room])
		f.room = 0
		return n, &fs.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
	}
	f.room -= len(p)
	return f.file.Write(p)
}

func (f *faultyFile) Sync() error {
	if f.syncErr != nil {
		return f.syncErr
	}
	return f.file.Sync()
}

func TestAWriteThatFailsAtAnyStepLeavesNothingAndSaysWhy(t *testing.T) {
	const roomy = 1 << 30
	for name, c := range map[string]struct {
		room       int
		sync       error
		create     error
		rename     error
		syncFolder error
		want       error
	}{
		"the disk is full at creation":     {roomy, nil, syscall.ENOSPC, nil, nil, blobs.ErrFull},
		"the disk fills while writing":     {300_000, nil, nil, nil, nil, blobs.ErrFull},
		"the quota ends at fsync":          {roomy, syscall.EDQUOT, nil, nil, nil, blobs.ErrFull},
		"fsync fails":                      {roomy, syscall.EIO, nil, nil, nil, blobs.ErrUnavailable},
		"rename fails":                     {roomy, nil, nil, syscall.EIO, nil, blobs.ErrUnavailable},
		"rename fails for lack of room":    {roomy, nil, nil, syscall.ENOSPC, nil, blobs.ErrFull},
		"the folder's fsync fails":         {roomy, nil, nil, nil, syscall.EIO, blobs.ErrUnavailable},
		"the file system became read-only": {roomy, nil, syscall.EROFS, nil, nil, blobs.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			s := open(t, root)
			healthy := s.disk
			s.disk.create = func(dir string) (file, error) {
				if c.create != nil {
					return nil, &fs.PathError{Op: "open", Path: dir, Err: c.create}
				}
				f, err := healthy.create(dir)
				return &faultyFile{file: f, room: c.room, syncErr: c.sync}, err
			}
			if c.rename != nil {
				s.disk.rename = func(from, to string) error {
					return &os.LinkError{Op: "rename", Old: from, New: to, Err: c.rename}
				}
			}
			if c.syncFolder != nil {
				s.disk.syncDir = func(dir string) error {
					if len(filepath.Base(dir)) == 2 { // the one that is fsynced after the rename
						return c.syncFolder
					}
					return healthy.syncDir(dir)
				}
			}
			data := blobtest.Bytes(1, 600_000)
			ref := blobs.RefOf(data)
			_, err := blobs.Receive(t.Context(), s, "org", ref, int64(len(data)), bytes.NewReader(data))
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if strings.Contains(err.Error(), root) {
				t.Errorf("the error tells where the server keeps its files: %v", err)
			}
			mustBeSwept(t, root)
			if _, err := s.Stat(t.Context(), "org", ref); !errors.Is(err, blobs.ErrNotFound) {
				t.Errorf("Stat after the failure: %v", err)
			}
			s.disk = healthy
			blobtest.Put(t, s, "org", data) // the disk has recovered
		})
	}
}

func TestAWriteIsDurableBeforeItIsNamedAndNamedBeforeItIsAcknowledged(t *testing.T) {
	s := open(t, t.TempDir())
	var steps []string
	healthy := s.disk
	s.disk.create = func(dir string) (file, error) {
		f, err := healthy.create(dir)
		return &tracedFile{f, &steps}, err
	}
	s.disk.rename = func(from, to string) error {
		steps = append(steps, "rename")
		return healthy.rename(from, to)
	}
	s.disk.syncDir = func(dir string) error {
		rel, _ := filepath.Rel(s.root, dir)
		steps = append(steps, "fsync folder "+filepath.ToSlash(rel))
		return healthy.syncDir(dir)
	}
	blobtest.Put(t, s, "org", []byte("hello"))
	got := strings.Join(steps, ", ")
	const want = "write, fsync file, fsync folder ., fsync folder org, rename, fsync folder org/2c"
	if got != want {
		t.Errorf("steps:\n got %s\nwant %s", got, want)
	}
}

type tracedFile struct {
	file
	steps *[]string
}

func (f *tracedFile) Write(p []byte) (int, error) {
	if len(p) > 0 && len(*f.steps) == 0 {
		*f.steps = append(*f.steps, "write")
	}
	return f.file.Write(p)
}

func (f *tracedFile) Sync() error {
	*f.steps = append(*f.steps, "fsync file")
	return f.file.Sync()
}

// TestNobodyIsToldOfANameThatAPowerCutCanTake holds the folder's fsync and asks meanwhile.
func TestNobodyIsToldOfANameThatAPowerCutCanTake(t *testing.T) {
	s := open(t, t.TempDir())
	data := []byte("hello")
	ref := blobs.RefOf(data)
	blobtest.Put(t, s, "org", []byte("hello again")) // so that "org" is there
	renamed, release := make(chan struct{}), make(chan struct{})
	healthy := s.disk
	s.disk.syncDir = func(dir string) error {
		if filepath.Base(dir) == "2c" {
			close(renamed)
			<-release
		}
		return healthy.syncDir(dir)
	}
	go blobs.Receive(context.Background(), s, "org", ref, 5, bytes.NewReader(data))
	<-renamed
	path, _ := s.path("org", ref)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("the test is wrong, the name is not there yet: %v", err)
	}
	if s.commitLock(ref).TryRLock() {
		t.Error("Stat would not wait")
	}
	close(release)
	if _, err := s.Stat(t.Context(), "org", ref); err != nil {
		t.Error(err)
	}
}

func TestALinkOrAFolderUnderANameIsNotAFile(t *testing.T) {
	root := t.TempDir()
	s := open(t, root)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	ref := blobs.RefOf([]byte("hello"))
	path, _ := s.path("org", ref)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, path); err != nil {
		t.Fatal(err)
	}
	if _, err := s.OpenRange(t.Context(), "org", ref, 0, -1); !errors.Is(err, blobs.ErrMismatch) {
		t.Errorf("opening a link: %v", err)
	}
	if items, err := s.List(t.Context(), "org", blobs.Ref{}, 10); err != nil || len(items) != 0 {
		t.Errorf("listing a link: %v, %v", items, err)
	}
}

func TestADamagedFileIsNoticedAndATruncatedOneIsReplaced(t *testing.T) {
	s := open(t, t.TempDir())
	data := blobtest.Bytes(3, 500_000)
	ref := blobtest.Put(t, s, "org", data)
	path, _ := s.path("org", ref)
	damaged := bytes.Clone(data)
	damaged[250_000] ^= 1
	if err := os.WriteFile(path, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if _, err := blobs.Copy(t.Context(), &got, s, "org", ref); !errors.Is(err, blobs.ErrMismatch) || got.Len() >= len(data) {
		t.Errorf("a changed byte: %d bytes copied, %v", got.Len(), err)
	}
	if err := os.Truncate(path, 100); err != nil {
		t.Fatal(err)
	}
	created, err := blobs.Receive(t.Context(), s, "org", ref, int64(len(data)), bytes.NewReader(data))
	if err != nil || !created {
		t.Errorf("sending it again: created %v, %v", created, err)
	}
	if again, err := blobs.ReadAll(t.Context(), s, "org", ref, 1<<20); err != nil || !bytes.Equal(again, data) {
		t.Errorf("after it was sent again: %v", err)
	}
}

func TestDiskblobIsAStage(t *testing.T) {
	blobtest.RunStage(t, func(t *testing.T) blobtest.Staged {
		root := filepath.Join(t.TempDir(), "root")
		t.Cleanup(func() { mustBeSwept(t, root) })
		return open(t, root)
	})
}

func TestARootIsReadBesideItsOwnerAndNotWrittenTo(t *testing.T) {
	root := t.TempDir()
	owner := open(t, root)
	data := []byte("a photo")
	ref := blobtest.Put(t, owner, "org", data)
	r, err := OpenReading(root)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := blobs.ReadAll(t.Context(), r, "org", ref, 100); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%q, %v", got, err)
	}
	_, put := blobs.Receive(t.Context(), r, "org", blobs.RefOf([]byte("x")), 1, strings.NewReader("x"))
	_, note := r.PutNote(t.Context(), "org", "n", nil, "")
	_, begin := r.BeginFile(t.Context(), blobs.Growing{Space: "org", Ref: ref, ID: "x"})
	for verb, err := range map[string]error{"put": put, "note": note, "begin": begin, "remove": r.Remove(t.Context(), "org", ref), "remove a note": r.RemoveNote(t.Context(), "org", "n")} {
		if !errors.Is(err, blobs.ErrDenied) {
			t.Errorf("%s: %v", verb, err)
		}
	}
	if _, err := owner.Stat(t.Context(), "org", ref); err != nil {
		t.Error(err)
	}
	if _, err := OpenReading(filepath.Join(root, "none")); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("a folder that is not there: %v", err)
	}
}
