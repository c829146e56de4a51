package marks_test

import (
	"bytes"
	"testing"

	"fieldsync/blobs"
	"fieldsync/crdt/store/memstore"
	"fieldsync/server/internal/marks"
)

func TestMarksAndTheirSecretOutliveTheServer(t *testing.T) {
	s := memstore.New(memstore.Options{})
	book, secret, err := marks.Open(s)
	if err != nil {
		t.Fatal(err)
	}
	ref, large := blobs.RefOf([]byte("a")), bytes.Repeat([]byte("0123456789abcdef"), 10240)
	if got, err := book.Marks("org", ref); err != nil || got != nil {
		t.Errorf("before: %q, %v", got, err)
	}
	for _, keep := range [][]byte{[]byte("marks"), large} {
		if err := book.Keep("org", ref, keep); err != nil {
			t.Fatal(err)
		}
		again, same, err := marks.Open(s)
		if err != nil || same != secret {
			t.Errorf("another secret, %v", err)
		}
		if got, err := again.Marks("org", ref); err != nil || !bytes.Equal(got, keep) {
			t.Errorf("%d bytes of %d, %v", len(got), len(keep), err)
		}
		if got, err := again.Marks("org-2", ref); err != nil || got != nil {
			t.Errorf("another organisation's: %q, %v", got, err)
		}
	}
	if err := book.Keep("org", ref, nil); err != nil {
		t.Fatal(err)
	}
	if got, err := book.Marks("org", ref); err != nil || got != nil {
		t.Errorf("forgotten: %q, %v", got, err)
	}
	if _, other, err := marks.Open(memstore.New(memstore.Options{})); err != nil || other == secret {
		t.Errorf("two stores have one secret: %v", err)
	}
}
