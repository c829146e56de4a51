package replica_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history/historytest"
	"fieldsync/crdt/replica"
)

// keyAt is the key of a document at heads, as PROTOCOL.md has it.
func keyAt(salt replica.Digest, doc crdt.DocID, heads crdt.Heads) uint64 {
	digest := replica.DigestHeads(heads)
	sum := sha256.Sum256(bytes.Join([][]byte{salt[:], doc[:], digest[:]}, nil))
	return binary.BigEndian.Uint64(sum[:])
}

// guessing attaches a peer of which a comparison has told these keys.
func guessing(d *byHand, conn replica.ConnID, keys ...uint64) replica.Batch {
	return d.step(replica.Attach{Peer: replica.PeerInfo{Conn: conn, Doc: crdt.DocID{7}, Remote: "phone", Principal: someone{}, Extensions: 1},
		Guess: &replica.Guess{Salt: replica.Digest{1}, Keys: keys}, Most: 1 << 20})
}

// Two people write at once and merge, again and again: at each moment the document has one head or two, and whoever was there then is known.
func TestAPeerIsFoundAtAnyOfTheLastHeadsAndGetsWhatCameSince(t *testing.T) {
	d := newByHand(t)
	a, b := d.writer, historytest.NewWriter("other", rand.New(rand.NewPCG(2, 2)))
	var moments []crdt.Heads
	take := func(raw []byte) {
		d.step(replica.Append{Author: "anna", Raws: [][]byte{raw}})
		d.step(replica.Stored{})
		moments = append(moments, d.Heads())
	}
	for range 5 {
		x := a.Edit(2)
		take(x.Raw)
		b.MergeFrom(a.Model, -1)
		x, y := a.Edit(1), b.Edit(1)
		take(x.Raw)
		take(y.Raw)
		take(b.Edit(1).Raw)
		a.MergeFrom(b.Model, -1)
	}
	for i, heads := range moments {
		t.Run(fmt.Sprint("after ", i+1), func(t *testing.T) {
			key := keyAt(replica.Digest{1}, crdt.DocID{7}, heads)
			b := guessing(d, replica.ConnID(i+1), key)
			if len(b.Guessed) != 1 || !b.Guessed[0].Found || b.Guessed[0].Key != key || b.Guessed[0].Conn != replica.ConnID(i+1) || b.Guessed[0].Doc != d.ID() {
				t.Fatalf("%+v", b.Guessed)
			}
			m := told(t, b.Send)
			n := 0
			for _, part := range m.Changes {
				for _, err := range format.Split(part, format.DefaultLimits()) {
					if n++; err != nil {
						t.Fatal(err)
					}
				}
			}
			if want := len(moments) - i - 1; n != want || len(m.Need) > 0 || !crdt.NewHeads(m.Heads...).Equal(d.Heads()) {
				t.Errorf("%d changes, %d asked for; want %d", n, len(m.Need), want)
			}
		})
	}
}

func TestOfAPeerThatIsNotFoundNothingIsSaidUntilItIsKnownWhatItHolds(t *testing.T) {
	long := newByHand(t)
	for range 200 {
		long.add()
		long.step(replica.Stored{})
	}
	h, _, _ := long.View()
	for name, key := range map[string]uint64{
		"at heads that it never had": 7,
		"at heads of long ago":       keyAt(replica.Digest{1}, crdt.DocID{7}, crdt.NewHeads(h.Hash(3))),
		"of another comparison":      keyAt(replica.Digest{2}, crdt.DocID{7}, long.Heads()),
		"of another document":        keyAt(replica.Digest{1}, crdt.DocID{8}, long.Heads()),
	} {
		t.Run(name, func(t *testing.T) {
			defer long.step(replica.Detach{Conn: 1})
			b := guessing(long, 1, key)
			if len(b.Guessed) != 1 || b.Guessed[0].Found || b.Guessed[0].Over || len(b.Send) > 0 {
				t.Fatalf("%+v, %d frames", b.Guessed, len(b.Send))
			}
			peer := replica.PeerInfo{Conn: 1, Doc: crdt.DocID{7}, Remote: "phone", Principal: someone{}, Extensions: 1}
			b = long.step(replica.Attach{Peer: peer, Announce: true})
			if m := told(t, b.Send); len(m.Changes) > 0 || len(m.Have) != 1 {
				t.Error("it is not asked what it holds")
			}
		})
	}
}

// What is much nobody is sent who has not asked for it: he is told that it is there. A byte less, and it comes.
func TestWhatIsTooMuchForAGuessIsToldAndNotSent(t *testing.T) {
	d := newByHand(t)
	d.add()
	d.step(replica.Stored{})
	then := d.Heads()
	h, _, _ := d.View()
	before := h.Bytes()
	for range 2 { // too few for a snapshot
		d.add()
		d.step(replica.Stored{})
	}
	h, _, _ = d.View()
	peer := func(conn replica.ConnID) replica.PeerInfo {
		return replica.PeerInfo{Conn: conn, Doc: crdt.DocID{7}, Remote: "phone", Principal: someone{}, Extensions: 1}
	}
	known := &replica.Guess{Salt: replica.Digest{1}, Keys: []uint64{keyAt(replica.Digest{1}, crdt.DocID{7}, then)}}
	none := &replica.Guess{Salt: replica.Digest{1}}
	for i, c := range []struct {
		name  string
		guess *replica.Guess
		most  int
		comes bool
	}{
		{"who has the beginning", known, h.Bytes() - before, true},
		{"who has the beginning, and a byte too much", known, h.Bytes() - before - 1, false},
		{"who has nothing", none, h.Bytes(), true},
		{"who has nothing, and a byte too much", none, h.Bytes() - 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := peer(replica.ConnID(i + 1))
			b := d.step(replica.Attach{Peer: p, Guess: c.guess, Most: c.most})
			if len(b.Guessed) != 1 || b.Guessed[0].Found != (c.guess == known) || b.Guessed[0].Over {
				t.Fatalf("%+v", b.Guessed)
			}
			if c.guess == none {
				b = d.step(replica.Attach{Peer: p, Announce: true, New: true, Most: c.most})
			}
			if m := told(t, b.Send); (len(m.Changes) > 0) != c.comes || !crdt.NewHeads(m.Heads...).Equal(d.Heads()) {
				t.Errorf("%d parts of changes, heads %v", len(m.Changes), m.Heads)
			}
		})
	}
}
