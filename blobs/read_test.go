package blobs_test

import (
	"bytes"
	"errors"
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
