package syncproto

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"testing"

	"fieldsync/crdt"

	"pgregory.net/rapid"
)

func TestDecodeRefusesWhatLies(t *testing.T) {
	hash := bytes.Repeat([]byte{7}, 32)
	cat := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	bloom := func(b ...byte) []byte { return cat([]byte{0x42, 0, 0, 1, 0, byte(len(b))}, b, []byte{0}) }
	for _, c := range []struct {
		name string
		data []byte
		code crdt.RefusalCode
	}{
		{"nothing", nil, crdt.RefusedMalformed},
		{"another type", []byte{0x41, 0, 0, 0, 0}, crdt.RefusedUnsupported},
		{"cut off", []byte{0x42, 0, 0}, crdt.RefusedMalformed},
		{"a length bomb of heads", []byte{0x42, 0xff, 0xff, 0xff, 0xff, 0x0f, 0}, crdt.RefusedMalformed},
		{"a length of 2^64-1", cat([]byte{0x42}, bytes.Repeat([]byte{0xff}, 9), []byte{1}), crdt.RefusedMalformed},
		{"a length over 64 bits", cat([]byte{0x42}, bytes.Repeat([]byte{0xff}, 9), []byte{2}), crdt.RefusedMalformed},
		{"an overlong length", cat([]byte{0x42, 0x81, 0x00}, hash, []byte{0, 0, 0}), crdt.RefusedMalformed},
		{"a change longer than the message", []byte{0x42, 0, 0, 0, 1, 9, 1}, crdt.RefusedMalformed},
		{"more heads than the limit", cat([]byte{0x42, 0x81, 0x20}, bytes.Repeat(hash, 4097)), crdt.RefusedTooLarge},
		{"more have than the limit", cat([]byte{0x42, 0, 0, 5}, make([]byte, 11)), crdt.RefusedTooLarge},
		{"a filter with no bits per entry", bloom(1, 0, 7, 0), crdt.RefusedMalformed}, // stops automerge cores: % 0
		{"a filter with no probes", bloom(1, 10, 0, 0, 0), crdt.RefusedMalformed},
		{"a filter with no entries but bytes", bloom(0, 10, 7), crdt.RefusedMalformed},
		{"a filter shorter than it says", bloom(100, 10, 7, 0, 0), crdt.RefusedMalformed},
		{"a filter longer than it says", bloom(1, 10, 7, 0, 0, 0), crdt.RefusedMalformed},
		{"a filter that burns time", bloom(1, 10, 0xff, 0xff, 3, 0, 0), crdt.RefusedTooLarge},
		{"a filter of huge entries", bloom(1, 0xff, 0x7f, 7, 0, 0), crdt.RefusedTooLarge},
		{"a filter whose size overflows", bloom(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 10, 7), crdt.RefusedMalformed},
		{"flags without end", cat([]byte{0x42, 0, 0, 0, 0, 65}, make([]byte, 65)), crdt.RefusedTooLarge},
	} {
		_, err := Decode(c.data, Limits{})
		var r *crdt.Refusal
		if !errors.As(err, &r) || r.Code != c.code {
			t.Errorf("%s: %v, want %s", c.name, err, c.code)
		}
	}
	if _, err := Decode(make([]byte, 100), Limits{Message: 99}); crdt.KindOf(err) != crdt.KindTooLarge {
		t.Errorf("over the message limit: %v", err)
	}
}

func TestDecodeIgnoresBytesBehindTheFlags(t *testing.T) {
	m, err := Decode([]byte{0x42, 0, 0, 0, 0, 1, 2, 9, 9, 9}, Limits{})
	if err != nil || !m.Flags.SpeaksV2() {
		t.Fatal(m, err)
	}
}

func TestAFilterFindsAllThatWasAddedAndFewOthers(t *testing.T) {
	const n = 2000
	b := NewBloom(n)
	for i := range n {
		b.Add(testHash(i))
	}
	decoded, err := DecodeBloom(b.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Append(nil)) != b.EncodedLen() {
		t.Error("EncodedLen is wrong")
	}
	wrong := 0
	for i := range n {
		if !decoded.Contains(testHash(i)) {
			t.Fatalf("entry %d is lost", i)
		}
		if decoded.Contains(testHash(n + i)) {
			wrong++
		}
	}
	if wrong == 0 || wrong > n/33 { // one in a hundred, with room for the dice; none at all would mean that nothing is tested
		t.Errorf("%d of %d others are found too", wrong, n)
	}
}

func TestWhatAppendWritesDecodes(t *testing.T) {
	hashes := rapid.SliceOfN(rapid.Map(rapid.Int(), testHash), 0, 5)
	rapid.Check(t, func(t *rapid.T) {
		m := Message{
			Version: rapid.SampledFrom([]Version{V1, V2}).Draw(t, "version"),
			Heads:   hashes.Draw(t, "heads"),
			Need:    hashes.Draw(t, "need"),
			Changes: rapid.SliceOfN(rapid.SliceOf(rapid.Byte()), 0, 4).Draw(t, "changes"),
		}
		for range rapid.IntRange(0, 3).Draw(t, "have") {
			in := hashes.Draw(t, "bloom")
			h := Have{LastSync: hashes.Draw(t, "last sync"), Bloom: NewBloom(len(in))}
			for _, x := range in {
				h.Bloom.Add(x)
			}
			m.Have = append(m.Have, h)
		}
		if rapid.Bool().Draw(t, "flags") {
			m.Flags = NewFlags(FlagBits(rapid.ByteMax(0x7f).Draw(t, "bits")))
		}
		data := Append(nil, &m)
		back, err := Decode(data, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(Append(nil, &back), data) {
			t.Fatal("another message came back")
		}
		if len(back.Heads) != len(m.Heads) || len(back.Need) != len(m.Need) || len(back.Have) != len(m.Have) ||
			len(back.Changes) != len(m.Changes) || back.Flags.Bits() != m.Flags.Bits() || back.Version != m.Version {
			t.Fatalf("%+v became %+v", m, back)
		}
	})
}

func testHash(i int) crdt.Hash {
	return sha256.Sum256(binary.LittleEndian.AppendUint64(nil, uint64(i)))
}
