package memstore_test

import (
	"errors"
	"fmt"
	"testing"

	"fieldsync/crdt/store"
	"fieldsync/crdt/store/memstore"
	"fieldsync/crdt/store/storetest"
)

func TestMemstorePassesTheAcceptanceSuite(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Open {
		s := memstore.New(memstore.Options{})
		return func(testing.TB) store.Store {
			s.Reopen()
			return s
		}
	})
}

func put(key string) []store.Op { return []store.Op{{Key: []byte(key), Value: []byte("v")}} }

func has(s *memstore.Store, key string) bool {
	_, err := s.Get([]byte(key))
	return err == nil
}

func TestWhatIsNotSyncedIsNeitherSeenNorAcknowledgedAndIsLostInACrash(t *testing.T) {
	s := memstore.New(memstore.Options{Manual: true})
	var acked []string
	for _, key := range []string{"a", "b", "c"} {
		s.Submit(put(key), func(err error) { acked = append(acked, fmt.Sprint(key, err)) })
	}
	if s.Pending() != 3 || has(s, "a") || acked != nil {
		t.Fatalf("before Sync: %d pending, acknowledged %q", s.Pending(), acked)
	}
	if n := s.Sync(2); n != 2 || fmt.Sprint(acked) != "[a<nil> b<nil>]" || !has(s, "b") || has(s, "c") {
		t.Fatalf("after Sync(2) = %d: acknowledged %q", n, acked)
	}
	if lost := s.Crash(); lost != 1 {
		t.Errorf("the crash lost %d batches", lost)
	}
	if n := s.Sync(-1); n != 0 || len(acked) != 2 || has(s, "c") || !has(s, "a") {
		t.Errorf("after the crash: synced %d, acknowledged %q", n, acked)
	}
}

func TestAFaultFailsItsBatchAsAWhole(t *testing.T) {
	s := memstore.New(memstore.Options{Fault: func(n int, _ []store.Op) error {
		if n == 2 {
			return store.ErrFull
		}
		return nil
	}})
	for i, want := range []error{nil, store.ErrFull, nil} {
		if err := store.Write(s, append(put(fmt.Sprint("a", i)), put(fmt.Sprint("b", i))...)); !errors.Is(err, want) {
			t.Errorf("batch %d: %v", i, err)
		}
		if has(s, fmt.Sprint("a", i)) != (want == nil) || has(s, fmt.Sprint("b", i)) != (want == nil) {
			t.Errorf("batch %d: parts of it were written", i)
		}
	}
}
