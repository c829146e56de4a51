package syncproto

import (
	"bytes"
	"errors"
	"testing"

	"fieldsync/crdt"
)

func FuzzDecodeMessage(f *testing.F) {
	for _, v := range loadVectors(f) {
		f.Add(v.bytes(f))
	}
	f.Add([]byte{0x42, 0, 0, 1, 0, 3, 1, 0, 7, 0}) // stops automerge-go
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Decode(data, Limits{})
		if err != nil {
			if refusal := (*crdt.Refusal)(nil); !errors.As(err, &refusal) {
				t.Fatalf("%T", err)
			}
			return
		}
		again := Append(nil, &m)
		if len(again) > len(data) || !bytes.Equal(again, data[:len(again)]) {
			t.Fatalf("%x became %x", data, again)
		}
	})
}

func FuzzBloom(f *testing.F) {
	for _, v := range loadVectors(f) {
		for _, h := range v.Have {
			f.Add(unhex(f, h.Bloom))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := DecodeBloom(data)
		if err != nil {
			return
		}
		if got := b.Append(nil); !bytes.Equal(got, data) {
			t.Fatalf("%x became %x", data, got)
		}
		c := b.clone()
		if !c.IsEmpty() {
			c.Add(testHash(1))
			if !c.Contains(testHash(1)) {
				t.Fatal("what was added is lost")
			}
		}
		b.Contains(testHash(2))
	})
}

// FuzzReceive gives a peer three arbitrary messages and looks that it goes on working for an honest one.
func FuzzReceive(f *testing.F) {
	vectors := loadVectors(f)
	for i := range vectors {
		f.Add(vectors[i].bytes(f), vectors[(i+1)%len(vectors)].bytes(f), vectors[(i+2)%len(vectors)].bytes(f))
	}
	g := grown(50) // nothing is ever admitted to it
	some := Append(nil, &Message{Version: V1, Heads: []crdt.Hash{g.Hash(7), g.Hash(30)}, Need: []crdt.Hash{g.Hash(40)}})
	f.Add(some, some, some)
	f.Fuzz(func(t *testing.T, a, b, c []byte) {
		p := NewPeer(Options{})
		for _, data := range [][]byte{a, b, c} {
			m, err := Decode(data, Limits{})
			if err != nil {
				continue
			}
			p.Receive(g, &m)
			for n := 0; ; n++ {
				plan, ok := p.Generate(g, GenerateOptions{})
				if !ok {
					break
				}
				if n == 3 {
					t.Fatal("more than it can have to say about one message")
				}
				if _, err := Decode(plan.Encode(g, nil), Limits{}); err != nil {
					t.Fatal(err)
				}
			}
		}
		if len(p.shared) > maxSavedHeads {
			t.Fatal("the saved state grows")
		}
		if _, err := Restore(p.Save(), Options{}); err != nil {
			t.Fatal(err)
		}
		// An honest one behind the same connection gets all that it lacks.
		h := newTestGraph()
		x, y := &end{g: g, p: p}, newEnd(h, Options{})
		settle(t, x, y, handful)
		if h.Len() != g.Len() && len(p.sent) == 0 && !p.readOnly {
			t.Fatalf("%d of %d changes", h.Len(), g.Len())
		}
	})
}
