package blobtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"fieldsync/blobs"
)

// Space is the organisation that the suite writes to; it writes to Space + "-2" as well.
const Space blobs.Space = "org-1"

// AtOnce is the test of many who send one file at once.
const AtOnce = "receivers of one file at once all succeed"

// Run runs the suite, without the tests that are named. open gives a new, empty store to each test.
func Run(t *testing.T, open func(t *testing.T) blobs.Store, without ...string) {
	for name, test := range map[string]func(*testing.T, blobs.Store){
		"what is received is read back, of every size":             roundTrip,
		"a second identical receive reads nothing and is no error": receiveTwice,
		"a wrong hash leaves nothing":                              wrongHash,
		"a lying length leaves nothing":                            lyingLength,
		"a sender that fails leaves nothing":                       failingSender,
		"a cancelled receive leaves nothing":                       cancelled,
		AtOnce:                                                     concurrent,
		"a wrong and a right sender at once: the right one wins":   goodAgainstBad,
		"ranges are the file's bytes":                              ranges,
		"what is not there is not found":                           absent,
		"a bad space or name is refused by every verb":             badNames,
		"organisations do not share names":                         spaces,
		"removing takes the name away, twice is no error":          remove,
		"listing goes through all files in order, page by page":    list,
		"the cancelled caller gets the context's error":            cancelledReads,
	} {
		if !slices.Contains(without, name) {
			t.Run(name, func(t *testing.T) { test(t, open(t)) })
		}
	}
}

// Bytes makes n bytes that look random and are the same for the same seed.
func Bytes(seed uint64, n int) []byte {
	data := make([]byte, n)
	rng := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16)})
	_, _ = rng.Read(data) // never fails
	return data
}

// Put receives data under its own name and fails the test if it cannot.
func Put(t testing.TB, s blobs.Destination, space blobs.Space, data []byte) blobs.Ref {
	t.Helper()
	ref := blobs.RefOf(data)
	if _, err := blobs.Receive(t.Context(), s, space, ref, int64(len(data)), bytes.NewReader(data)); err != nil {
		t.Fatalf("Receive: %v", err)
	}
	return ref
}

// mustBeAbsent is asked by a context that is still alive.
func mustBeAbsent(t *testing.T, s blobs.Store, ref blobs.Ref) {
	t.Helper()
	if info, err := s.Stat(context.Background(), Space, ref); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("Stat of what was refused: %+v, %v", info, err)
	}
	if _, err := read(s, Space, ref, 0, -1); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("reading what was refused: %v", err)
	}
	items, err := s.List(context.Background(), Space, blobs.Ref{}, blobs.MaxList)
	if err != nil || len(items) != 0 {
		t.Errorf("List after a refusal: %v, %v", items, err)
	}
}

func read(s blobs.Fetcher, space blobs.Space, ref blobs.Ref, offset, length int64) ([]byte, error) {
	r, err := s.OpenRange(context.Background(), space, ref, offset, length)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func roundTrip(t *testing.T, s blobs.Store) {
	for i, size := range []int{0, 1, 511, 64 << 10, blobs.CopyBuffer, blobs.CopyBuffer + 1, 3 << 20} {
		data := Bytes(uint64(i), size)
		ref := blobs.RefOf(data)
		// One byte at a time and data together with io.EOF are both allowed to a reader.
		src := iotest.DataErrReader(bytes.NewReader(data))
		if size < 1000 {
			src = iotest.OneByteReader(bytes.NewReader(data))
		}
		created, err := blobs.Receive(t.Context(), s, Space, ref, int64(size), src)
		if err != nil || !created {
			t.Fatalf("%d bytes: created %v, %v", size, created, err)
		}
		info, err := s.Stat(t.Context(), Space, ref)
		if err != nil || info.Size != int64(size) || info.Created.IsZero() {
			t.Errorf("%d bytes: Stat %+v, %v", size, info, err)
		}
		got, err := blobs.ReadAll(t.Context(), s, Space, ref, 4<<20)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes: read %d bytes back, %v", size, len(got), err)
		}
	}
}

func receiveTwice(t *testing.T, s blobs.Store) {
	data := Bytes(1, 100_000)
	ref := Put(t, s, Space, data)
	created, err := blobs.Receive(t.Context(), s, Space, ref, int64(len(data)), iotest.ErrReader(errors.New("read although it is there")))
	if err != nil || created {
		t.Errorf("second receive: created %v, %v", created, err)
	}
}

func wrongHash(t *testing.T, s blobs.Store) {
	for _, size := range []int{1, 1000, 2 << 20} {
		data := Bytes(2, size)
		ref := blobs.RefOf(data)
		data[size-1] ^= 1
		_, err := blobs.Receive(t.Context(), s, Space, ref, int64(size), bytes.NewReader(data))
		if !errors.Is(err, blobs.ErrMismatch) {
			t.Errorf("%d wrong bytes: %v", size, err)
		}
		mustBeAbsent(t, s, ref)
	}
	if _, err := blobs.Receive(t.Context(), s, Space, blobs.RefOf([]byte("x")), 0, strings.NewReader("")); !errors.Is(err, blobs.ErrMismatch) {
		t.Errorf("nothing under the name of something: %v", err)
	}
}

func lyingLength(t *testing.T, s blobs.Store) {
	data := Bytes(3, 300_000)
	ref := blobs.RefOf(data)
	for _, declared := range []int64{0, 1, int64(len(data)) - 1, int64(len(data)) + 1, 1 << 30} {
		_, err := blobs.Receive(t.Context(), s, Space, ref, declared, bytes.NewReader(data))
		if !errors.Is(err, blobs.ErrMismatch) {
			t.Errorf("%d declared, %d sent: %v", declared, len(data), err)
		}
		mustBeAbsent(t, s, ref)
	}
	if _, err := blobs.Receive(t.Context(), s, Space, ref, -1, bytes.NewReader(data)); !errors.Is(err, blobs.ErrInvalid) {
		t.Errorf("a negative size: %v", err)
	}
	if _, err := blobs.Receive(t.Context(), s, Space, ref, blobs.MaxSize+1, bytes.NewReader(data)); !errors.Is(err, blobs.ErrTooLarge) {
		t.Errorf("over the limit: %v", err)
	}
}

func failingSender(t *testing.T, s blobs.Store) {
	data := Bytes(4, 600_000)
	ref := blobs.RefOf(data)
	broken := errors.New("the sender's radio is gone")
	for _, sent := range []int{0, 1, 500_000, len(data)} { // the last: all bytes, but then no end
		src := io.MultiReader(bytes.NewReader(data[:sent]), iotest.ErrReader(broken))
		_, err := blobs.Receive(t.Context(), s, Space, ref, int64(len(data)), src)
		if !errors.Is(err, broken) || !errors.Is(err, blobs.ErrSource) {
			t.Errorf("after %d bytes: %v", sent, err)
		}
		mustBeAbsent(t, s, ref)
	}
	Put(t, s, Space, data) // and the next attempt is not hindered
}

// cancelAfter cancels once n bytes were read.
type cancelAfter struct {
	io.Reader
	left   int
	cancel func()
}

func (c *cancelAfter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p[:min(len(p), 64<<10)])
	if c.left -= n; c.left <= 0 {
		c.cancel()
	}
	return n, err
}

func cancelled(t *testing.T, s blobs.Store) {
	data := Bytes(5, 2<<20)
	ref := blobs.RefOf(data)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := blobs.Receive(ctx, s, Space, ref, int64(len(data)), &cancelAfter{bytes.NewReader(data), 1 << 20, cancel})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled in the middle: %v", err)
	}
	mustBeAbsent(t, s, ref)
}

func concurrent(t *testing.T, s blobs.Store) {
	data := Bytes(6, 1<<20)
	ref := blobs.RefOf(data)
	var wg sync.WaitGroup
	created := make([]bool, 8)
	for i := range created {
		wg.Go(func() {
			var err error
			created[i], err = blobs.Receive(t.Context(), s, Space, ref, int64(len(data)), bytes.NewReader(data))
			if err != nil {
				t.Errorf("receiver %d: %v", i, err)
			}
			// Whoever was told that it is there can read it.
			if got, err := blobs.ReadAll(t.Context(), s, Space, ref, 2<<20); err != nil || !bytes.Equal(got, data) {
				t.Errorf("receiver %d reads %d bytes, %v", i, len(got), err)
			}
		})
	}
	wg.Wait()
	n := 0
	for _, c := range created {
		if c {
			n++
		}
	}
	if n == 0 {
		t.Error("nobody created it")
	}
}

func goodAgainstBad(t *testing.T, s blobs.Store) {
	good := Bytes(7, 400_000)
	ref := blobs.RefOf(good)
	bad := bytes.Clone(good)
	bad[0] ^= 1
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := blobs.Receive(t.Context(), s, Space, ref, int64(len(good)), bytes.NewReader(good)); err != nil {
				t.Errorf("the right sender: %v", err)
			}
		})
		wg.Go(func() {
			// A wrong sender may come when the file is there: then his bytes are not even looked at.
			created, err := blobs.Receive(t.Context(), s, Space, ref, int64(len(bad)), bytes.NewReader(bad))
			if created || err != nil && !errors.Is(err, blobs.ErrMismatch) {
				t.Errorf("the wrong sender: created %v, %v", created, err)
			}
		})
	}
	wg.Wait()
	if got, err := blobs.ReadAll(t.Context(), s, Space, ref, 1<<20); err != nil || !bytes.Equal(got, good) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func ranges(t *testing.T, s blobs.Store) {
	data := Bytes(8, 100_000)
	ref := Put(t, s, Space, data)
	size := int64(len(data))
	for _, r := range []struct{ offset, length, from, to int64 }{
		{0, -1, 0, size}, {0, 1, 0, 1}, {1, 1, 1, 2}, {5, 0, 5, 5}, {50_000, -1, 50_000, size}, {99_999, 1, 99_999, size},
		{99_999, 100, 99_999, size}, {0, size, 0, size}, {0, size + 1, 0, size}, {size, -1, size, size}, {size + 10, 5, size, size},
	} {
		got, err := read(s, Space, ref, r.offset, r.length)
		if err != nil || !bytes.Equal(got, data[r.from:r.to]) {
			t.Errorf("range %d+%d: %d bytes, %v", r.offset, r.length, len(got), err)
		}
	}
	if _, err := read(s, Space, ref, -1, 5); !errors.Is(err, blobs.ErrInvalid) {
		t.Errorf("a negative offset: %v", err)
	}
}

func absent(t *testing.T, s blobs.Store) {
	mustBeAbsent(t, s, blobs.RefOf([]byte("absent")))
	if _, err := read(s, Space, blobs.RefOf([]byte("absent")), 0, 0); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("an empty range of what is not there: %v", err)
	}
}
