package diskblob

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"fieldsync/blobs"
	"fieldsync/blobs/blobtest"
)

var sealKey = bytes.Repeat([]byte{3}, SealKeyLen)

func openSealed(t testing.TB, root string) *Sealed {
	t.Helper()
	s, err := OpenSealed(root, sealKey)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestASealedDiskblobIsABlobStore(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blobs.Store {
		root := filepath.Join(t.TempDir(), "root")
		t.Cleanup(func() { mustBeSwept(t, root) })
		return openSealed(t, root)
	})
}

// sealSizes are around the borders of a chunk.
var sealSizes = []int{0, 1, 100, sealChunk - 1, sealChunk, sealChunk + 1, 2*sealChunk - 1, 2 * sealChunk, 3*sealChunk + 5}

func TestSealedFilesOfEverySizeAreReadBackInEveryRange(t *testing.T) {
	s := openSealed(t, t.TempDir())
	for _, size := range sealSizes {
		data := blobtest.Bytes(uint64(size), size)
		ref := blobtest.Put(t, s, "org", data)
		if info, err := s.Stat(t.Context(), "org", ref); err != nil || info.Size != int64(size) {
			t.Errorf("%d bytes: Stat says %d, %v", size, info.Size, err)
		}
		for _, offset := range sealSizes {
			for _, length := range append(sealSizes, -1) {
				r, err := s.OpenRange(t.Context(), "org", ref, int64(offset), int64(length))
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(r)
				want := data[min(offset, size):]
				if length >= 0 {
					want = want[:min(length, len(want))]
				}
				if err != nil || !bytes.Equal(got, want) {
					t.Fatalf("%d bytes from %d, %d of them: %d came, %v", size, offset, length, len(got), err)
				}
				r.Close()
			}
		}
	}
}

func TestASealedFileShowsNothingAndNoByteOfItCanBeChanged(t *testing.T) {
	root := t.TempDir()
	s := openSealed(t, root)
	data := bytes.Repeat([]byte("door code 4711 "), 10_000)
	ref := blobtest.Put(t, s, "org", data)
	path, err := s.s.path("org", ref)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := os.ReadFile(path)
	if err != nil || bytes.Contains(sealed, []byte("4711")) {
		t.Fatalf("the file is readable, or %v", err)
	}
	other := blobtest.Put(t, s, "org", bytes.ToUpper(data))
	otherPath, _ := s.s.path("org", other)
	renamed, err := os.ReadFile(otherPath)
	if err != nil {
		t.Fatal(err)
	}
	chunk := sealChunk + sealTag
	bent := map[string][]byte{
		"cut in a chunk":            sealed[:len(sealed)-1],
		"cut between two chunks":    sealed[:int(sealHeader)+chunk],
		"cut to nothing":            sealed[:10],
		"longer":                    append(bytes.Clone(sealed), make([]byte, 100)...),
		"another file in its place": renamed,
		"two chunks exchanged":      bytes.Join([][]byte{sealed[:sealHeader], sealed[int(sealHeader)+chunk : int(sealHeader)+2*chunk], sealed[sealHeader : int(sealHeader)+chunk], sealed[int(sealHeader)+2*chunk:]}, nil),
		"not sealed":                data,
	}
	for _, at := range []int{0, 5, int(sealHeader), int(sealHeader) + 1000, int(sealHeader) + chunk - 1, len(sealed) - 1} {
		b := bytes.Clone(sealed)
		b[at] ^= 1
		bent[fmt.Sprint("one bit, at ", at)] = b
	}
	for name, b := range bent {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := blobs.ReadAll(t.Context(), s, "org", ref, 1<<20); !errors.Is(err, blobs.ErrMismatch) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.WriteFile(path, sealed, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := blobs.ReadAll(t.Context(), s, "org", ref, 1<<20); err != nil || !bytes.Equal(got, data) {
		t.Errorf("and as it was: %v", err)
	}
	s.Close()
	wrong, err := OpenSealed(root, bytes.Repeat([]byte{4}, SealKeyLen))
	if err != nil {
		t.Fatal(err)
	}
	defer wrong.Close()
	if _, err := blobs.ReadAll(t.Context(), wrong, "org", ref, 1<<20); !errors.Is(err, blobs.ErrMismatch) {
		t.Errorf("under another key: %v", err)
	}
}

func TestTheSameFileIsNeverSealedAlike(t *testing.T) {
	var seen [][]byte
	for range 2 {
		s := openSealed(t, t.TempDir())
		path, _ := s.s.path("org", blobtest.Put(t, s, "org", []byte("hello")))
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, data)
	}
	if bytes.Equal(seen[0][sealHeader:], seen[1][sealHeader:]) {
		t.Error("the same bytes under the same key")
	}
}
