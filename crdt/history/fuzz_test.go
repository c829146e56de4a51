package history_test

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/history/historytest"
)

// FuzzAdmit gives any bytes as a change's body, with the right checksum, to a document, and to the loader, which trusts more.
// Neither may panic, and what is refused leaves no trace. What the cores make of what is admitted is judged in
// conformance/admission.
func FuzzAdmit(f *testing.F) {
	doc := historytest.Document(rand.New(rand.NewPCG(7, 7)), 3, 30, 6)
	for _, c := range doc.Changes {
		_, n := binary.Uvarint(c.Raw[9:])
		f.Add(c.Raw[9+n:])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		hashed := append(binary.AppendUvarint([]byte{1}, uint64(len(body))), body...)
		sum := sha256.Sum256(hashed)
		raw := append(append([]byte{0x85, 0x6f, 0x4a, 0x83}, sum[:4]...), hashed...)

		h := history.New(history.DefaultLimits())
		for _, c := range doc.Changes[:20] {
			if _, err := h.Admit(c, "a", nil); err != nil {
				t.Fatal(err)
			}
		}
		before := fingerprint(h)
		c, err := format.DecodeChange(raw, format.DefaultLimits())
		if err == nil {
			res, err := h.Admit(c, "b", nil)
			switch {
			case err != nil || res.Duplicate:
				if fingerprint(h) != before {
					t.Fatal("a refused change has left traces")
				}
			case len(res.Admitted) > 0:
				if err := h.Truncate(20); err != nil {
					t.Fatal(err)
				}
				if fingerprint(h) != before {
					t.Fatal("an admitted change cannot be taken back")
				}
			}
		}
		history.Load(history.DefaultLimits(), func(yield func(history.Stored, error) bool) {
			for _, c := range doc.Changes[:20] {
				if !yield(history.Stored{Raw: c.Raw, Author: "a"}, nil) {
					return
				}
			}
			yield(history.Stored{Raw: raw, Author: "b"}, nil)
		})
	})
}
