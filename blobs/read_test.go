package blobs_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"fieldsync/blobs"
	"fieldsync/blobs/blobtest"
	"fieldsync/blobs/memblob"
)

func TestReadAllIsBoundedAndVerified(t *testing.T) {
	s := memblob.New(0)
	data := blobtest.Bytes(1, 1000)
	ref := blobtest.Put(t, s, "org", data)
	if _, err := blobs.ReadAll(t.Context(), s, "org", ref, 999); !errors.Is(err, blobs.ErrTooLarge) {
		t.Errorf("over the caller's limit: %v", err)
	}
	if got, err := blobs.ReadAll(t.Context(), s, "org", ref, 1000); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	s.Corrupt("org", ref, 999)
	if got, err := blobs.ReadAll(t.Context(), s, "org", ref, 1000); !errors.Is(err, blobs.ErrMismatch) || got != nil {
		t.Errorf("damaged: %d bytes, %v", len(got), err)
	}
	if _, err := blobs.ReadAll(t.Context(), s, "org", blobs.RefOf(nil), 1000); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("absent: %v", err)
	}
}

func TestASeekerIsTheFileFromAnyPlace(t *testing.T) {
	s := memblob.New(0)
	data := blobtest.Bytes(1, 1000)
	ref := blobtest.Put(t, s, "org", data)
	f := blobs.NewSeeker(t.Context(), s, "org", ref, 1000)
	defer f.Close()
	for _, c := range []struct {
		offset int64
		whence int
		at     int64
	}{{500, io.SeekStart, 500}, {-10, io.SeekEnd, 990}, {0, io.SeekStart, 0}, {5, io.SeekCurrent, 15}, {10, io.SeekEnd, 1010}} {
		at, err := f.Seek(c.offset, c.whence)
		if err != nil || at != c.at {
			t.Fatalf("Seek(%d, %d): %d, %v", c.offset, c.whence, at, err)
		}
		got := make([]byte, 10)
		n, err := io.ReadFull(f, got)
		if want := data[min(at, 1000):min(at+10, 1000)]; !bytes.Equal(got[:n], want) || (len(want) < 10) != errors.Is(err, io.EOF) {
			t.Errorf("at %d: %d bytes, %v", at, n, err)
		}
	}
	if _, err := f.Seek(-1, io.SeekStart); !errors.Is(err, blobs.ErrInvalid) {
		t.Errorf("before the beginning: %v", err)
	}
	whole := blobs.NewVerifier(s).Open(t.Context(), "org", ref, blobs.Info{Size: 1000})
	if _, err := whole.Seek(1, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if _, err := whole.Read(make([]byte, 1)); !errors.Is(err, blobs.ErrInvalid) {
		t.Errorf("a verified file from its middle: %v", err)
	}
}

func TestAVerifierRemembersVersionsAndNotFailures(t *testing.T) {
	s := memblob.New(0)
	data := blobtest.Bytes(1, 1000)
	ref := blobtest.Put(t, s, "org", data)
	v := blobs.NewVerifier(s)
	for range 3 {
		if info, err := v.Check(t.Context(), "org", ref); err != nil || info.Size != 1000 {
			t.Fatal(info, err)
		}
	}
	if s.Opened() != 1 {
		t.Errorf("read %d times", s.Opened())
	}
	// Stored anew: another version, checked anew.
	if err := s.Remove(t.Context(), "org", ref); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Check(t.Context(), "org", ref); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("removed: %v", err)
	}
	blobtest.Put(t, s, "org", data)
	s.Corrupt("org", ref, 0)
	for range 2 {
		if _, err := v.Check(t.Context(), "org", ref); !errors.Is(err, blobs.ErrMismatch) {
			t.Errorf("damaged: %v", err)
		}
	}
}

func TestAVerifierForgetsTheOldestFirstAndStaysBounded(t *testing.T) {
	s := memblob.New(0)
	first := blobtest.Put(t, s, "org", []byte("first"))
	v := blobs.NewVerifier(s)
	if _, err := v.Check(t.Context(), "org", first); err != nil {
		t.Fatal(err)
	}
	opened := 1
	more := func(i int) {
		t.Helper()
		ref := blobtest.Put(t, s, "org", binary.BigEndian.AppendUint32(nil, uint32(i)))
		if _, err := v.Check(t.Context(), "org", ref); err != nil {
			t.Fatal(err)
		}
		opened++
	}
	for i := range blobs.MaxRemembered - 1 {
		more(i)
	}
	check := func(again int) {
		t.Helper()
		opened += again
		if _, err := v.Check(t.Context(), "org", first); err != nil || s.Opened() != opened {
			t.Errorf("read %d times, want %d (%v)", s.Opened(), opened, err)
		}
	}
	check(0)
	more(blobs.MaxRemembered)
	check(1)
	check(0)
}

// A whole file is checked by its name once, and then by what was learned there, as strictly: of a file that is wrong nobody gets the end.
func TestAWholeFileIsCheckedEachTimeItLeaves(t *testing.T) {
	data := blobtest.Bytes(1, 1000)
	read := func(v *blobs.Verifier, ref blobs.Ref, info blobs.Info) ([]byte, error) {
		f := v.Open(t.Context(), "org", ref, info)
		defer f.Close()
		return io.ReadAll(struct{ io.Reader }{f})
	}
	for _, at := range []int{0, 500, 999} {
		s := memblob.New(0)
		ref := blobtest.Put(t, s, "org", data)
		v := blobs.NewVerifier(s)
		info, err := s.Stat(t.Context(), "org", ref)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if got, err := read(v, ref, info); err != nil || !bytes.Equal(got, data) {
				t.Fatalf("%d bytes, %v", len(got), err)
			}
		}
		// It rots: the version stays.
		s.Corrupt("org", ref, at)
		for n, by := range []string{"is not what it was", "named", "named"} { // what was learned is not believed twice
			if got, err := read(v, ref, info); !errors.Is(err, blobs.ErrMismatch) || len(got) >= len(data) || !strings.Contains(err.Error(), by) {
				t.Errorf("damaged at %d, reading %d: %d bytes, %v", at, n, len(got), err)
			}
		}
		s.Corrupt("org", ref, at) // the same bit: it is whole again
		if got, err := read(v, ref, info); err != nil || !bytes.Equal(got, data) {
			t.Errorf("whole again: %d bytes, %v", len(got), err)
		}
	}
}

// What was learned of one file says nothing about another, nor about another version.
func TestWhatAVerifierLearnedIsOfOneVersion(t *testing.T) {
	s := memblob.New(0)
	v := blobs.NewVerifier(s)
	right := blobtest.Put(t, s, "org", []byte("right"))
	for _, version := range []string{"1", "2"} {
		f := v.Open(t.Context(), "org", right, blobs.Info{Size: 5, Version: version})
		if got, err := io.ReadAll(f); err != nil || string(got) != "right" {
			t.Fatalf("%q, %v", got, err)
		}
	}
	other := blobtest.Put(t, s, "org", []byte("other"))
	s.Corrupt("org", other, 0)
	if got, err := io.ReadAll(v.Open(t.Context(), "org", other, blobs.Info{Size: 5, Version: "2"})); !errors.Is(err, blobs.ErrMismatch) || len(got) >= 5 {
		t.Errorf("%q, %v", got, err)
	}
	s.Corrupt("org", right, 0)
	if got, err := io.ReadAll(v.Open(t.Context(), "org", right, blobs.Info{Size: 5, Version: "3"})); !errors.Is(err, blobs.ErrMismatch) || len(got) >= 5 {
		t.Errorf("another version: %q, %v", got, err)
	}
}

func TestAVerifierServesManyAtOnce(t *testing.T) {
	s := memblob.New(0)
	v := blobs.NewVerifier(s)
	var wg sync.WaitGroup
	for i := range 20 {
		ref := blobtest.Put(t, s, "org", fmt.Appendf(nil, "file %d", i%4))
		wg.Go(func() {
			if _, err := v.Check(t.Context(), "org", ref); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := s.Opened(); got < 4 || got > 4*blobs.MaxVerifying {
		t.Errorf("read %d times for 4 files", got)
	}
}
