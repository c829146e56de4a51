package goclient

import (
	"path/filepath"
	"slices"
	"testing"

	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt/store"
	"fieldsync/crdt/store/badgerstore"
)

// The server's acknowledgement may be lost: a client that is killed in that moment has the change, and does not know that the
// server has it. A comparison that finds both equal is as good.
func TestWhatAComparisonFindsEqualIsSent(t *testing.T) {
	addr, _ := startServer(t, t.TempDir(), "")
	dir := t.TempDir()
	c := open(t, dir, addr, sut.Dispatcher)
	newJob(t, c, "Pump")
	synced(t, c)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	forgetAcknowledgements(t, dir)
	c = open(t, dir, "", "")
	if u, err := c.Unsent(t.Context()); err != nil || u.Changes != 1 {
		t.Fatalf("the test did not make it forget: %+v, %v", u, err)
	}
	synced(t, c)
	if u, err := c.Unsent(t.Context()); err != nil || u.Changes != 0 {
		t.Errorf("after the comparison: %+v, %v", u, err)
	}
}

func forgetAcknowledgements(t *testing.T, dir string) {
	t.Helper()
	st, err := badgerstore.Open(badgerstore.Options{Dir: filepath.Join(dir, "store"), Profile: badgerstore.Small})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	var ops []store.Op
	if err := st.Scan(store.DocsPrefix(), nil, func(key, _ []byte) error {
		if store.ParseKey(key).Family == store.FamilyPeer {
			ops = append(ops, store.Op{Key: slices.Clone(key)})
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := store.Write(st, ops); err != nil {
		t.Fatal(err)
	}
}
