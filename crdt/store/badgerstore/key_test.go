package badgerstore

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"fieldsync/crdt/store"
	"fieldsync/crdt/store/storetest"
)

var testKey = bytes.Repeat([]byte{7}, keyLen)

func openSealed(tb testing.TB, dir string, key []byte) (*Store, error) {
	tb.Helper()
	return Open(Options{Dir: dir, Profile: Small, Reserve: testReserve, GCInterval: -1, Key: key})
}

func TestAStoreWithAKeyPassesTheAcceptanceSuite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Open {
		dir := t.TempDir()
		return func(tb testing.TB) store.Store {
			s, err := openSealed(tb, dir, testKey)
			if err != nil {
				tb.Fatal(err)
			}
			tb.Cleanup(func() { _ = s.Close() })
			return s
		}
	})
}

// What was written stands in no file of the folder, in the log while the store is open, and in the tables and the value log when it is closed.
func TestNothingOfAStoreWithAKeyIsReadable(t *testing.T) {
	for name, key := range map[string][]byte{"with a key": testKey, "without": nil} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s, err := openSealed(t, dir, key)
			if err != nil {
				t.Fatal(err)
			}
			secret := []byte("door code 4711, Mrs Brown")
			large := bytes.Repeat(secret, 2*valueThreshold/len(secret))
			if err := store.Write(s, []store.Op{{Key: append([]byte("k/"), secret...), Value: secret}, {Key: []byte("k/large"), Value: large}}); err != nil {
				t.Fatal(err)
			}
			open := found(t, dir, secret)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			closed := found(t, dir, secret)
			if readable := key == nil; open != readable || closed != readable {
				t.Errorf("readable while it is open: %v, closed: %v", open, closed)
			}
		})
	}
}

// found tells whether some file of a folder holds the bytes.
func found(t *testing.T, dir string, what []byte) bool {
	t.Helper()
	yes := false
	if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		yes = yes || bytes.Contains(data, what)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return yes
}

func TestAStoreIsOpenedWithItsOwnKeyOrNotAtAll(t *testing.T) {
	other := bytes.Repeat([]byte{8}, keyLen)
	for name, c := range map[string]struct{ made, wrong []byte }{
		"another key":              {testKey, other},
		"no key":                   {testKey, nil},
		"a key where there's none": {nil, testKey},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s, err := openSealed(t, dir, c.made)
			if err != nil {
				t.Fatal(err)
			}
			if err := store.Write(s, []store.Op{put("k/1", []byte("one"))}); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := openSealed(t, dir, c.wrong); !errors.Is(err, ErrKey) {
				t.Errorf("opened with the wrong key: %v", err)
			}
			if s, err = openSealed(t, dir, c.made); err != nil {
				t.Fatalf("and then with the right one: %v", err)
			}
			defer s.Close()
			if v, err := s.Get([]byte("k/1")); err != nil || string(v) != "one" {
				t.Errorf("%q, %v", v, err)
			}
		})
	}
	if _, err := openSealed(t, t.TempDir(), []byte("short")); err == nil {
		t.Error("a key of five bytes was taken")
	}
}
