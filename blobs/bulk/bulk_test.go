package bulk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"fieldsync/blobs"
	"fieldsync/blobs/blobtest"
	"fieldsync/blobs/memblob"
)

func filled(t *testing.T) (*memblob.Store, []blobs.Ref) {
	t.Helper()
	s := memblob.New(0)
	var refs []blobs.Ref
	for i := range 1100 { // more than a page
		refs = append(refs, blobtest.Put(t, s, blobs.Space(fmt.Sprintf("org-%d", i%2)), fmt.Appendf(nil, "file %d", i)))
	}
	return s, refs
}

func TestVerifyFindsWhatIsDamagedAndGoesOn(t *testing.T) {
	s, refs := filled(t)
	s.Corrupt("org-0", refs[0], 2)
	s.Corrupt("org-1", refs[1099], 2)
	last := Report{}
	r, err := Verify(t.Context(), s, 3, func(p Report) { last = p })
	if err != nil || r.Files != 1100 || r.Total != 1100 || len(r.Damaged) != 2 || len(r.Failed) != 0 || r.OK() || last.Files != 1100 {
		t.Errorf("%d files, %+v, %v", r.Files, r.Damaged, err)
	}
	s.Fail(memblob.Open, blobs.ErrUnavailable)
	if r, err := Verify(t.Context(), s, 3, nil); err != nil || len(r.Failed) != maxListed || r.More != 100 {
		t.Errorf("%d failed and %d more, %v", len(r.Failed), r.More, err)
	}
}

func TestCopyBringsEverythingOverThatIsRightAndIsBegunAgainWhereItBrokeOff(t *testing.T) {
	src, refs := filled(t)
	src.Corrupt("org-0", refs[0], 2)
	dst := memblob.New(0)
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := Copy(ctx, dst, src, 2, func(r Report) {
		if r.Files == 300 {
			cancel()
		}
	}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	r, err := Copy(t.Context(), dst, src, 2, nil)
	if err != nil || r.Files != 1100 || len(r.Damaged) != 1 || r.Skipped < 290 || r.Skipped > 310 {
		t.Errorf("%d files, %d skipped, %+v, %v", r.Files, r.Skipped, r.Damaged, err)
	}
	for i, ref := range refs[1:] {
		got, err := blobs.ReadAll(t.Context(), dst, blobs.Space(fmt.Sprintf("org-%d", (i+1)%2)), ref, 100)
		if err != nil || !bytes.Equal(got, fmt.Appendf(nil, "file %d", i+1)) {
			t.Fatalf("file %d: %q, %v", i+1, got, err)
		}
	}
	if _, err := dst.Stat(t.Context(), "org-0", refs[0]); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("a damaged file was copied: %v", err)
	}
}
