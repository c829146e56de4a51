package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"fieldsync/crdt/store"
)

// rewritten is how many keys rewrite writes: k/000 and on.
const rewritten = 200

// rewrite writes the same keys again and again, all with the same value in one batch, until the function that it gives
// is called.
func rewrite(t *testing.T, s store.Store) (stop func()) {
	round := func(n byte) []store.Op {
		ops := make([]store.Op, rewritten)
		for i := range ops {
			ops[i] = put(fmt.Sprintf("k/%03d", i), []byte{n})
		}
		return ops
	}
	write(t, s, round(0)...)
	stopping, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for n := byte(1); ; n++ {
			select {
			case <-stopping:
				return
			default:
			}
			if err := store.Write(s, round(n)); err != nil {
				t.Errorf("write: %v", err)
				return
			}
		}
	}()
	return func() {
		close(stopping)
		<-stopped
	}
}

func testView(t *testing.T, open Open) {
	s := open(t)
	defer closeStore(t, s)
	write(t, s, put("k/1", []byte("one")), put("k/2", empty()), put("l/1", []byte("other")))
	var kept []byte
	if err := s.View(func(r store.Reader) error {
		if _, err := r.Get([]byte("k/none")); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("get in a view of what is not there: %v", err)
		}
		got, err := r.Get([]byte("k/1"))
		if err != nil || string(got) != "one" {
			t.Fatalf("get in a view: %q, %v", got, err)
		}
		got[0] = 'X'
		if kept, err = r.Get([]byte("k/1")); err != nil || string(kept) != "one" {
			t.Errorf("after its copy was written to: %q, %v", kept, err)
		}
		if got, err := r.Get([]byte("k/2")); err != nil || len(got) != 0 {
			t.Errorf("an empty value in a view: %q, %v", got, err)
		}
		var keys []string
		err = r.Scan([]byte("k/"), []byte("k/1\x00"), func(k, _ []byte) error { keys = append(keys, string(k)); return nil })
		if err != nil || len(keys) != 1 || keys[0] != "k/2" {
			t.Errorf("scan in a view: %q, %v", keys, err)
		}
		visits := 0
		if err := r.Scan(nil, nil, func(_, _ []byte) error { visits++; return store.ErrStop }); err != nil || visits != 1 {
			t.Errorf("scan in a view that was stopped: %v after %d visits", err, visits)
		}
		return nil
	}); err != nil {
		t.Errorf("view: %v", err)
	}
	write(t, s, put("k/1", bytes.Repeat([]byte("y"), 1000)))
	if string(kept) != "one" {
		t.Errorf("a copy that outlived its view: %q", kept)
	}
}

func testViewConsistent(t *testing.T, open Open) {
	s := open(t)
	defer closeStore(t, s)
	defer rewrite(t, s)()
	for range 30 {
		seen := map[byte]int{}
		err := s.View(func(r store.Reader) error {
			for i := range rewritten {
				v, err := r.Get(fmt.Appendf(nil, "k/%03d", i))
				if err != nil {
					return err
				}
				seen[v[0]]++
			}
			return r.Scan([]byte("k/"), nil, func(_, v []byte) error { seen[v[0]]++; return nil })
		})
		if err != nil || len(seen) != 1 {
			t.Errorf("a view saw parts of %d batches: %v, %v", len(seen), seen, err)
		}
	}
}

func testViewKeeps(t *testing.T, open Open) {
	s := open(t)
	defer closeStore(t, s)
	write(t, s, put("k/1", []byte("before")), put("k/2", []byte("there")))
	if err := s.View(func(r store.Reader) error {
		write(t, s, put("k/1", []byte("after")), store.Op{Key: []byte("k/2")}, put("k/3", []byte("new")))
		for key, want := range map[string]string{"k/1": "before", "k/2": "there"} {
			if got, err := r.Get([]byte(key)); err != nil || string(got) != want {
				t.Errorf("%s in a view that began before it was written: %q, %v; want %q", key, got, err, want)
			}
		}
		if got, err := r.Get([]byte("k/3")); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a view saw what was written after it began: %q, %v", got, err)
		}
		wantValue(t, s, "k/1", []byte("after")) // the store itself has gone on
		return nil
	}); err != nil {
		t.Errorf("view: %v", err)
	}
	if got := scan(t, s, "k/", nil); fmt.Sprint(got) != "[k/1=after k/3=new]" {
		t.Errorf("after the view: %q", got)
	}
}

func testViewError(t *testing.T, open Open) {
	s := open(t)
	defer closeStore(t, s)
	write(t, s, put("k/1", empty()))
	other := errors.New("other")
	if err := s.View(func(store.Reader) error { return other }); !errors.Is(err, other) {
		t.Errorf("view: %v", err)
	}
	if err := s.View(func(r store.Reader) error {
		return r.Scan(nil, nil, func(_, _ []byte) error { return other })
	}); !errors.Is(err, other) {
		t.Errorf("view of a scan that failed: %v", err)
	}
	if err := s.View(func(r store.Reader) error {
		_, err := r.Get([]byte("none"))
		return err
	}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("view of a missing key: %v", err)
	}
}
