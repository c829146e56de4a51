package syncproto

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"fieldsync/crdt"
)

// vector is one entry of conformance/vectors/sync.
type vector struct {
	Name, Origin, Hex string
	Heads, Need       []string
	Have              []struct {
		LastSync []string
		Bloom    string
	}
	Changes  []string
	Type     string
	Contains []string
}

func (v *vector) bytes(t testing.TB) []byte { return unhex(t, v.Hex) }

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func loadVectors(t testing.TB) []vector {
	t.Helper()
	files, err := filepath.Glob("../../conformance/vectors/sync/*-messages.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors: %v", err)
	}
	var all []vector
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var some []vector
		if err := json.Unmarshal(raw, &some); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		all = append(all, some...)
	}
	return all
}

func TestMessagesOfOtherImplementationsDecodeAndEncodeToTheSameBytes(t *testing.T) {
	for _, v := range loadVectors(t) {
		t.Run(v.Origin+"/"+v.Name, func(t *testing.T) {
			data := v.bytes(t)
			m, err := Decode(data, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if got := Append(nil, &m); !bytes.Equal(got, data) {
				t.Errorf("encoded again:\n%x\nwant\n%x", got, data)
			}
			sameHashes(t, "heads", m.Heads, v.Heads)
			sameHashes(t, "need", m.Need, v.Need)
			if len(m.Have) != len(v.Have) {
				t.Fatalf("%d have, want %d", len(m.Have), len(v.Have))
			}
			for i, h := range v.Have {
				sameHashes(t, "last sync", m.Have[i].LastSync, h.LastSync)
				if got := m.Have[i].Bloom.Append(nil); !bytes.Equal(got, unhex(t, h.Bloom)) {
					t.Errorf("bloom %x, want %s", got, h.Bloom)
				}
			}
			if len(m.Changes) != len(v.Changes) {
				t.Fatalf("%d changes, want %d", len(m.Changes), len(v.Changes))
			}
			for i, c := range v.Changes {
				if !bytes.Equal(m.Changes[i], unhex(t, c)) {
					t.Errorf("change %d differs", i)
				}
			}
			if want := map[string]Version{"v1": V1, "v2": V2}[v.Type]; m.Version != want {
				t.Errorf("version %d, want %d", m.Version, want)
			}
		})
	}
}

func sameHashes(t *testing.T, what string, got []crdt.Hash, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d, want %d", what, len(got), len(want))
	}
	for i := range got {
		if got[i].String() != want[i] {
			t.Errorf("%s %d is %v, want %s", what, i, got[i], want[i])
		}
	}
}

// A filter that another implementation built over all of its changes must come out of ours, bit for bit.
func TestOurFilterOverTheSameChangesIsTheirs(t *testing.T) {
	compared := 0
	for _, v := range loadVectors(t) {
		if len(v.Have) != 1 || len(v.Have[0].LastSync) != 0 || v.Have[0].Bloom == "" {
			continue
		}
		ours := NewBloom(len(v.Contains))
		for _, s := range v.Contains {
			h, err := crdt.ParseHash(s)
			if err != nil {
				t.Fatal(err)
			}
			ours.Add(h)
		}
		if got := ours.Append(nil); !bytes.Equal(got, unhex(t, v.Have[0].Bloom)) {
			t.Errorf("%s/%s: filter %x, want %s", v.Origin, v.Name, got, v.Have[0].Bloom)
		}
		compared++
	}
	if compared < 6 {
		t.Fatalf("only %d filters compared", compared)
	}
}

func TestFlagsOfEachGenerationAreUnderstood(t *testing.T) {
	for _, c := range []struct {
		raw  string
		v2   bool
		bits FlagBits
	}{
		{"0102", true, 0},                     // cores 0.5.4 to 0.8
		{"0284", true, FlagSupportsSyncReset}, // since 0.9
		{"0286", true, FlagSupportsSyncReset | FlagReadOnly},
		{"01", false, 0},                                   // speaks version 1 only
		{"0284f00301", true, FlagSupportsSyncReset | 0x70}, // the future
		{"", false, 0},
	} {
		data := append(unhex(t, "4200000000"), appendFlags(nil, unhex(t, c.raw))...)
		m, err := Decode(data, Limits{})
		if err != nil {
			t.Fatalf("%s: %v", c.raw, err)
		}
		if m.Flags.SpeaksV2() != c.v2 || m.Flags.Bits() != c.bits {
			t.Errorf("%s: v2 %v bits %#x", c.raw, m.Flags.SpeaksV2(), m.Flags.Bits())
		}
		if got := Append(nil, &m); !bytes.Equal(got, data) {
			t.Errorf("%s: encoded again %x", c.raw, got)
		}
	}
}
