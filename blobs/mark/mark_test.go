package mark_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"fieldsync/blobs"
	"fieldsync/blobs/blobtest"
	"fieldsync/blobs/mark"
	"fieldsync/blobs/memblob"
)

func secret() (s mark.Secret) {
	_, _ = rand.Read(s[:]) // never fails
	return s
}

func TestAMarkedStoreIsABlobStoreAndAStage(t *testing.T) {
	blobtest.Run(t, func(*testing.T) blobs.Store { return mark.New(memblob.New(0), secret(), &blobtest.Book{}, nil) })
	blobtest.RunStage(t, func(*testing.T) blobtest.Staged { return mark.New(memblob.New(0), secret(), &blobtest.Book{}, nil) })
}

// large is a file of two and a half blocks, and a bit.
func large(seed uint64) []byte { return blobtest.Bytes(seed, 5*mark.Block/2+7) }

// opened is a file of a store, to be read from any place if anywhere.
func opened(t *testing.T, s *mark.Store, ref blobs.Ref, anywhere bool) (*mark.File, error) {
	t.Helper()
	info, err := s.Stat(t.Context(), "org", ref)
	if err != nil {
		t.Fatal(err)
	}
	f, err := s.Open(t.Context(), "org", ref, info, anywhere)
	if err == nil {
		t.Cleanup(func() { f.Close() })
	}
	return f, err
}

func marksOf(t *testing.T, b *blobtest.Book, ref blobs.Ref) []byte {
	t.Helper()
	marks, err := b.Marks("org", ref)
	if err != nil {
		t.Fatal(err)
	}
	return marks
}

// grow puts a file together from parts of these sizes.
func grow(t *testing.T, s *mark.Store, data []byte, sizes ...int) blobs.Ref {
	t.Helper()
	ref := blobs.RefOf(data)
	f := blobs.Growing{Space: "org", Ref: ref, ID: "a"}
	var err error
	if f.Token, err = s.BeginFile(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	sum, err := blobs.NewRunning(ref, int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var parts []blobs.Part
	at := 0
	for i, size := range append(sizes, len(data)) {
		piece := data[at:min(at+size, len(data))]
		p := blobs.Part{Number: i + 1, Offset: int64(at), Size: int64(len(piece))}
		if p.Tag, err = s.PutPart(t.Context(), f, p, piece); err != nil {
			t.Fatal(err)
		}
		at += len(piece)
		parts = append(parts, p)
	}
	if _, err := sum.Write(data); err != nil {
		t.Fatal(err)
	}
	whole, err := sum.Verify()
	if err == nil {
		err = s.Assemble(t.Context(), f, whole, parts)
	}
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// However a file comes, it has the same marks, and after that nobody hashes it again.
func TestAFileIsMarkedAsItComes(t *testing.T) {
	data := large(1)
	key, want := secret(), []byte(nil)
	for name, c := range map[string]struct {
		come   func(t *testing.T, s *mark.Store) blobs.Ref
		marked bool
	}{
		"as a whole": {func(t *testing.T, s *mark.Store) blobs.Ref { return blobtest.Put(t, s, "org", data) }, true},
		"in parts of blocks": {func(t *testing.T, s *mark.Store) blobs.Ref {
			return grow(t, s, data, mark.Block, mark.Block)
		}, true},
		"in other parts": {func(t *testing.T, s *mark.Store) blobs.Ref { return grow(t, s, data, mark.Block, mark.Block-1) }, false},
		"by another way": {func(t *testing.T, s *mark.Store) blobs.Ref { return blobtest.Put(t, s.Backend, "org", data) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			book := &blobtest.Book{}
			s := mark.New(memblob.New(0), key, book, nil)
			ref := c.come(t, s)
			if got := marksOf(t, book, ref) != nil; got != c.marked {
				t.Errorf("marked: %v", got)
			}
			f, err := opened(t, s, ref, false)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, data) {
				t.Fatalf("%d bytes, %v", len(got), err)
			}
			got := marksOf(t, book, ref)
			if want == nil {
				want = got
			}
			if int64(len(got)) != mark.Size*mark.Count(int64(len(data))) || !bytes.Equal(got, want) {
				t.Errorf("%d bytes of marks, the same: %v", len(got), bytes.Equal(got, want))
			}
			if err := s.Remove(t.Context(), "org", ref); err != nil || marksOf(t, book, ref) != nil {
				t.Errorf("removed: %v, marks: %v", err, marksOf(t, book, ref) != nil)
			}
		})
	}
}

func TestARefusedFileHasNoMarks(t *testing.T) {
	book := &blobtest.Book{}
	s := mark.New(memblob.New(0), secret(), book, nil)
	data := large(1)
	wrong := bytes.Clone(data)
	wrong[len(wrong)-1] ^= 1
	ref := blobs.RefOf(data)
	if _, err := blobs.Receive(t.Context(), s, "org", ref, int64(len(data)), bytes.NewReader(wrong)); !errors.Is(err, blobs.ErrMismatch) {
		t.Fatal(err)
	}
	if marksOf(t, book, ref) != nil {
		t.Error("it is marked")
	}
}

// Marks are those of one secret and one file: others are no use to whoever can change bytes.
func TestMarksAreOfOneSecretAndOneFile(t *testing.T) {
	data, other := large(1), large(2)
	book := &blobtest.Book{}
	s := mark.New(memblob.New(0), secret(), book, nil)
	ref, otherRef := blobtest.Put(t, s, "org", data), blobtest.Put(t, s, "org", other)
	another := mark.New(s.Backend, secret(), book, nil)
	if f, err := opened(t, another, ref, false); err == nil {
		if got, err := io.ReadAll(f); !errors.Is(err, blobs.ErrMismatch) || len(got) != 0 {
			t.Errorf("with another secret: %d bytes, %v", len(got), err)
		}
	}
	if err := book.Keep("org", ref, marksOf(t, book, otherRef)); err != nil {
		t.Fatal(err)
	}
	f, err := opened(t, s, ref, false)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(f); !errors.Is(err, blobs.ErrMismatch) || len(got) != 0 {
		t.Errorf("with another file's marks: %d bytes, %v", len(got), err)
	}
}

// A mark is of a block and its place: whoever changes the order of blocks, and of the marks that lie with parts, gains nothing.
func TestABlockInAnotherPlaceIsAnotherBlock(t *testing.T) {
	data := blobtest.Bytes(1, 2*mark.Block)
	book := &blobtest.Book{}
	s := mark.New(swapping{memblob.New(0)}, secret(), book, nil)
	ref := blobtest.Put(t, s, "org", data)
	marks := marksOf(t, book, ref)
	if err := book.Keep("org", ref, append(bytes.Clone(marks[mark.Size:]), marks[:mark.Size]...)); err != nil {
		t.Fatal(err)
	}
	f, err := opened(t, s, ref, false)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(f); !errors.Is(err, blobs.ErrMismatch) || len(got) != 0 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// swapping gives the second block first.
type swapping struct{ backend }

func (s swapping) OpenRange(ctx context.Context, space blobs.Space, ref blobs.Ref, offset, length int64) (io.ReadCloser, error) {
	body, err := s.backend.OpenRange(ctx, space, ref, offset, length)
	if err != nil {
		return nil, err
	}
	all, err := io.ReadAll(body)
	return io.NopCloser(bytes.NewReader(append(bytes.Clone(all[mark.Block:]), all[:mark.Block]...))), errors.Join(err, body.Close())
}

// What is damaged is not given: with marks no byte of the block, without not the end. What is sent again mends it.
func TestADamagedBlockIsNeverGiven(t *testing.T) {
	data := large(1)
	for _, marked := range []bool{true, false} {
		for _, at := range []int{0, mark.Block - 1, mark.Block, len(data) - 1} {
			mem, book := memblob.New(0), &blobtest.Book{}
			s := mark.New(mem, secret(), book, nil)
			ref := blobtest.Put(t, s, "org", data)
			if !marked {
				if err := book.Keep("org", ref, nil); err != nil {
					t.Fatal(err)
				}
			}
			mem.Corrupt("org", ref, at)
			for range 2 {
				f, err := opened(t, s, ref, false)
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(f)
				if !errors.Is(err, blobs.ErrMismatch) || !errors.Is(f.Err(), blobs.ErrMismatch) || len(got) >= len(data) ||
					marked && !bytes.Equal(got, data[:at-at%mark.Block]) {
					t.Errorf("damaged at %d, marked %v: %d bytes, %v", at, marked, len(got), err)
				}
				// A range that begins in the damaged block, behind the damage.
				f, err = opened(t, s, ref, true)
				if err == nil {
					_, _ = f.Seek(int64(min(at+1, len(data)-1)), io.SeekStart)
					_, err = f.Read(make([]byte, 1))
				}
				if inside := at != mark.Block-1; (inside || !marked) && !errors.Is(err, blobs.ErrMismatch) {
					t.Errorf("damaged at %d, marked %v: a range: %v", at, marked, err)
				}
			}
			if _, err := blobs.Overwrite(t.Context(), s, "org", ref, int64(len(data)), bytes.NewReader(data)); err != nil {
				t.Fatal(err)
			}
			f, err := opened(t, s, ref, false)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, data) {
				t.Errorf("mended: %d bytes, %v", len(got), err)
			}
		}
	}
}

// Another length is another file, whatever the bytes that are there.
func TestAFileOfAnotherLengthIsNotGiven(t *testing.T) {
	data := large(1)
	for _, n := range []int{mark.Block, 2 * mark.Block, len(data) - 1, len(data) + 1} {
		s := mark.New(lying{memblob.New(0), n}, secret(), &blobtest.Book{}, nil)
		ref := blobtest.Put(t, s, "org", data)
		f, err := opened(t, s, ref, false)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(f); !errors.Is(err, blobs.ErrMismatch) || len(got) >= len(data) {
			t.Errorf("%d bytes in the store: %d bytes, %v", n, len(got), err)
		}
	}
}

// lying has files of another length than it says.
type lying struct {
	backend
	length int
}

type backend interface{ mark.Backend }

func (l lying) OpenRange(ctx context.Context, space blobs.Space, ref blobs.Ref, offset, length int64) (io.ReadCloser, error) {
	body, err := l.backend.OpenRange(ctx, space, ref, offset, length)
	if err != nil {
		return nil, err
	}
	all, err := io.ReadAll(body)
	return io.NopCloser(bytes.NewReader(append(all, 0)[:l.length])), errors.Join(err, body.Close())
}

// A file is the same from any place, in pieces of any size: with marks, without, and where the backend answers for it.
func TestAFileIsTheSameFromAnyPlace(t *testing.T) {
	data := large(1)
	kinds := map[string]*mark.Store{}
	for _, kind := range []string{"marked", "attested"} {
		kinds[kind] = mark.New(memblob.New(0), secret(), &blobtest.Book{}, nil)
	}
	ref := blobtest.Put(t, kinds["marked"], "org", data)
	blobtest.Put(t, kinds["attested"].Backend, "org", data)
	rapid.Check(t, func(r *rapid.T) {
		kind := rapid.SampledFrom([]string{"marked", "attested"}).Draw(r, "kind")
		f, err := kinds[kind].Open(t.Context(), "org", ref, blobs.Info{Size: int64(len(data)), Attested: true}, true)
		if err != nil {
			r.Fatal(err)
		}
		defer f.Close()
		for range rapid.IntRange(1, 8).Draw(r, "reads") {
			at := rapid.OneOf(rapid.IntRange(0, len(data)+10), rapid.SampledFrom([]int{0, mark.Block, mark.Block - 1, 2 * mark.Block})).Draw(r, "at")
			if _, err := f.Seek(int64(at), io.SeekStart); err != nil {
				r.Fatal(err)
			}
			p := make([]byte, rapid.OneOf(rapid.IntRange(0, 100), rapid.IntRange(0, 2*mark.Block), rapid.Just(mark.Block)).Draw(r, "length"))
			n, err := io.ReadFull(f, p)
			if want := data[min(at, len(data)):min(at+len(p), len(data))]; !bytes.Equal(p[:n], want) || len(want) == len(p) && err != nil {
				r.Fatalf("%d bytes at %d: %d, %v", len(p), at, n, err)
			}
		}
	})
	f, err := opened(t, kinds["marked"], ref, true)
	if err != nil {
		t.Fatal(err)
	}
	if at, err := f.Seek(-7, io.SeekEnd); err != nil || at != int64(len(data))-7 {
		t.Errorf("%d, %v", at, err)
	}
	if at, err := f.Seek(3, io.SeekCurrent); err != nil || at != int64(len(data))-4 {
		t.Errorf("%d, %v", at, err)
	}
	if _, err := f.Seek(-1, io.SeekStart); !errors.Is(err, blobs.ErrInvalid) {
		t.Errorf("before the beginning: %v", err)
	}
}

func TestWhatIsCheckedByItsNameIsReadFromItsBeginning(t *testing.T) {
	s := mark.New(memblob.New(0), secret(), &blobtest.Book{}, nil)
	ref := blobtest.Put(t, s.Backend, "org", large(1))
	f, err := opened(t, s, ref, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(1, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Read(make([]byte, 1)); !errors.Is(err, blobs.ErrInvalid) {
		t.Errorf("from its middle: %v", err)
	}
}

// Who asks for a part of a file without marks waits for its first reading; there is one for all, and it is the last.
func TestPartsOfAFileWithoutMarksAreReadOnceForAll(t *testing.T) {
	mem := memblob.New(0)
	s := mark.New(mem, secret(), &blobtest.Book{}, nil)
	var wg sync.WaitGroup
	for i := range 20 {
		data := fmt.Appendf(nil, "file %d", i%4)
		ref := blobtest.Put(t, s.Backend, "org", data)
		wg.Go(func() {
			f, err := opened(t, s, ref, true)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := f.Seek(5, io.SeekStart); err != nil {
				t.Error(err)
			}
			if got, err := io.ReadAll(f); err != nil || string(got) != string(data[5:]) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	wg.Wait()
	if got := mem.Opened(); got < 24 || got > 20+4*mark.MaxLearning {
		t.Errorf("the store was opened %d times for 20 ranges of 4 files", got)
	}
}

// A book that fails costs a hash, never a file that came; what is read is refused, as it cannot be known how to check it.
func TestABookThatFailsRefusesNoFileThatComes(t *testing.T) {
	book := &blobtest.Book{}
	s := mark.New(memblob.New(0), secret(), book, nil)
	book.Fail(errors.New("disk on fire"))
	ref := blobtest.Put(t, s, "org", large(1))
	if _, err := opened(t, s, ref, false); err == nil || !strings.Contains(err.Error(), "on fire") {
		t.Errorf("%v", err)
	}
	if err := s.Remove(t.Context(), "org", ref); err != nil {
		t.Error(err)
	}
}
