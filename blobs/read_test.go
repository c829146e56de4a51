package blobs_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
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
	f := blobs.NewSeeker(t.Context(), s, "org", ref, 1000, false)
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
	whole := blobs.NewSeeker(t.Context(), s, "org", ref, 1000, true)
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
	for i := range blobs.MaxRemembered - 1 {
		v.Remember("org", blobs.RefOf(binary.BigEndian.AppendUint32(nil, uint32(i))), blobs.Info{})
	}
	check := func(want int) {
		t.Helper()
		if _, err := v.Check(t.Context(), "org", first); err != nil || s.Opened() != want {
			t.Errorf("read %d times, want %d (%v)", s.Opened(), want, err)
		}
	}
	check(1)
	v.Remember("org", blobs.RefOf([]byte("one more")), blobs.Info{})
	check(2)
	check(2)
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
