package wire

import (
	"bytes"
	"testing"

	"fieldsync/crdt"

	"github.com/fxamacker/cbor/v2"
)

func testDoc(n byte) crdt.DocID { return crdt.DocID{0: 0x17, 6: 0x40, 8: 0x80, 15: n} }

// hotFrame is a sync frame of about 300 bytes in the shape in which cbor-x writes it.
func hotFrame() []byte {
	f := Append(nil, Sync{Doc: testDoc(1), Sender: "peer-k3j2h4k2", Target: "server-0a1b2c3d", Data: bytes.Repeat([]byte{7}, 160)})
	return append([]byte{0xb9, 0, 5}, f[1:]...)
}

func BenchmarkDecodeSync(b *testing.B) {
	data := hotFrame()
	b.Run("codec", func(b *testing.B) {
		var c Codec
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.Decode(data); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("plain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Decode(data); err != nil {
				b.Fatal(err)
			}
		}
	})
	// The alternative that docs/adr/0002-cbor-decoding.md rejects, with every limit set.
	b.Run("fxamacker", func(b *testing.B) {
		mode := fxamackerMode(b)
		type frame struct {
			Type     string          `cbor:"type"`
			Sender   string          `cbor:"senderId"`
			Target   string          `cbor:"targetId"`
			Doc      string          `cbor:"documentId"`
			Data     []byte          `cbor:"data"`
			Count    float64         `cbor:"count"`
			Session  string          `cbor:"sessionId"`
			Metadata cbor.RawMessage `cbor:"peerMetadata"`
			Versions cbor.RawMessage `cbor:"supportedProtocolVersions"`
		}
		b.ReportAllocs()
		for b.Loop() {
			var f frame
			if err := mode.Unmarshal(data, &f); err != nil {
				b.Fatal(err)
			}
			if _, err := crdt.ParseDocID(f.Doc); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func fxamackerMode(tb testing.TB) cbor.DecMode {
	mode, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, MaxNestedLevels: MaxDepth, MaxArrayElements: 1 << 16, MaxMapPairs: 1 << 16,
		IndefLength: cbor.IndefLengthAllowed, TagsMd: cbor.TagsAllowed, UTF8: cbor.UTF8RejectInvalid,
	}.DecMode()
	if err != nil {
		tb.Fatal(err)
	}
	return mode
}

func BenchmarkAppendSync(b *testing.B) {
	f := Sync{Doc: testDoc(1), Sender: "server-0a1b2c3d", Target: "peer-k3j2h4k2", Data: bytes.Repeat([]byte{7}, 160)}
	var c Codec
	var frame Frame = f
	buf := make([]byte, 0, 512)
	b.Run("codec", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			buf = c.Append(buf[:0], frame)
		}
	})
	b.Run("prefix of a shared frame", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			buf = AppendSyncPrefix(buf[:0], f.Sender, f.Target, false)
		}
	})
}

func BenchmarkParseDocID(b *testing.B) {
	text := testDoc(1).String()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := crdt.ParseDocID(text); err != nil {
			b.Fatal(err)
		}
	}
}
