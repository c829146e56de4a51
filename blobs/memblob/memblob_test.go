package memblob_test

import (
	"errors"
	"testing"

	"fieldsync/blobs"
	"fieldsync/blobs/blobtest"
	"fieldsync/blobs/memblob"
)

func TestMemblobIsABlobStore(t *testing.T) {
	blobtest.Run(t, func(*testing.T) blobs.Store { return memblob.New(0) })
}

func TestAFaultHitsItsVerbAndEnds(t *testing.T) {
	s := memblob.New(1000)
	broken := errors.New("broken")
	ref := blobtest.Put(t, s, "org", []byte("data"))
	s.Fail(memblob.Stat, broken)
	if _, err := s.Stat(t.Context(), "org", ref); !errors.Is(err, broken) {
		t.Errorf("with the fault: %v", err)
	}
	s.Fail(memblob.Stat, nil)
	if _, err := s.Stat(t.Context(), "org", ref); err != nil {
		t.Errorf("after the fault: %v", err)
	}
}

func TestMemblobIsAStage(t *testing.T) {
	blobtest.RunStage(t, func(*testing.T) blobtest.Staged { return memblob.New(0) })
	blobtest.RunStage(t, func(*testing.T) blobtest.Staged {
		s := memblob.New(0)
		s.SetMinPart(1000)
		return s
	})
}
