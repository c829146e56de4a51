package blobs

import (
	"errors"
	"testing"
)

func TestARunningCheckGoesOnWhereItsStateWasTaken(t *testing.T) {
	data := []byte("the quick brown fox jumps over the lazy dog, more than once, so that a block of 64 bytes is crossed")
	ref := RefOf(data)
	for cut := range len(data) + 1 {
		r, err := NewRunning(ref, int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Write(data[:cut]); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Verify(); (err == nil) != (cut == len(data)) {
			t.Errorf("verified after %d of %d bytes: %v", cut, len(data), err)
		}
		state, err := r.State()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ResumeRunning(ref, int64(len(data)), int64(cut), state)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := again.Write(data[cut:]); err != nil {
			t.Fatal(err)
		}
		if v, err := again.Verify(); err != nil || v.Ref() != ref || v.Size() != int64(len(data)) {
			t.Errorf("resumed at %d: %+v, %v", cut, v, err)
		}
		for _, seen := range []int64{int64(cut) + 1, int64(cut) - 1} {
			if _, err := ResumeRunning(ref, int64(len(data)), seen, state); !errors.Is(err, ErrMismatch) {
				t.Errorf("the state of byte %d taken for that of byte %d: %v", cut, seen, err)
			}
		}
	}
}

func TestARunningCheckVerifiesNothingButTheFile(t *testing.T) {
	ref := RefOf([]byte("right"))
	r, _ := NewRunning(ref, 5)
	if _, err := r.Write([]byte("wrong")); err != nil {
		t.Fatal(err)
	}
	if v, err := r.Verify(); !errors.Is(err, ErrMismatch) || v != nil {
		t.Errorf("wrong bytes: %v, %v", v, err)
	}
	r, _ = NewRunning(ref, 4)
	if _, err := r.Write([]byte("right")); !errors.Is(err, ErrMismatch) || r.Seen() != 0 {
		t.Errorf("more than declared: %v, %d seen", err, r.Seen())
	}
	for _, state := range [][]byte{nil, []byte("short"), make([]byte, 108)} {
		if _, err := ResumeRunning(ref, 5, 0, state); !errors.Is(err, ErrMismatch) {
			t.Errorf("a state of %d bytes: %v", len(state), err)
		}
	}
	if _, err := NewRunning(Ref{}, 5); !errors.Is(err, ErrInvalid) {
		t.Errorf("no name: %v", err)
	}
	if _, err := NewRunning(ref, MaxSize+1); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
}
