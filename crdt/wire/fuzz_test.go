package wire

import (
	"bytes"
	"errors"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

// FuzzDecode holds that no input makes Decode panic or allocate out of proportion, that what Append writes decodes to the same frame,
// and that an independent CBOR reader calls every frame that is taken well-formed.
func FuzzDecode(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(unhex(f, v.Hex))
	}
	f.Add([]byte(object("type", typeCatchUp, "senderId", "a", "d", raw{cborTrue}, "x", make([]byte, 32), "r", []any{
		[]any{[]byte{}, make([]byte, 16), 3, make([]byte, 16), make([]byte, itemSize)}})))
	f.Add([]byte(object("type", typeRefused, "senderId", "a", "documentId", make([]byte, 16), "code", "x", "change", make([]byte, 32), "retry", raw{cborTrue})))
	f.Add(Append(nil, CatchUp{Sender: "a", Ranges: []Range{{Count: 3}}, Sketch: make([]Symbol, 3), Push: true}))
	f.Add(Append(nil, Bundle{Sender: "a", Target: "b", Frames: [][]byte{Append(nil, Leave{Sender: "a"}), {}}}))
	mode := fxamackerMode(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		var frame Frame
		var err error
		if got, limit := allocated(func() { frame, err = Decode(data) }), uint64(16<<10+allocationFactor*len(data)); got > limit {
			t.Fatalf("%d bytes of input allocated %d", len(data), got)
		}
		var codec Codec
		other, otherErr := codec.Decode(data)
		if (err == nil) != (otherErr == nil) {
			t.Fatalf("without a codec %v, with one %v", err, otherErr)
		}
		if err != nil {
			return
		}
		if wf := mode.Wellformed(data); wf != nil && !isLimit(wf) {
			t.Fatalf("taken, but not well-formed: %v", wf)
		}
		if _, unknown := frame.(Unknown); unknown {
			return
		}
		first := Append(nil, frame)
		if !bytes.Equal(first, codec.Append(nil, other)) {
			t.Fatal("Append differs with a codec")
		}
		bundled, err := codec.Decode(AppendBundled(nil, frame))
		if m, ok := bundled.(Sync); ok {
			m.Target = frame.(Sync).Target
			bundled = m
		}
		if err != nil || !bytes.Equal(first, Append(nil, bundled)) {
			t.Fatalf("of %#v a bundle has %#v, %v", frame, bundled, err)
		}
		again, err := codec.Decode(first)
		if err != nil {
			t.Fatalf("what Append wrote of %#v is refused: %v", frame, err)
		}
		if !bytes.Equal(first, Append(nil, again)) {
			t.Fatalf("%#v became %#v", frame, again)
		}
	})
}

// isLimit tells an error about the other reader's own limits, which are not ours.
func isLimit(err error) bool {
	var (
		deep  *cbor.MaxNestedLevelError
		long  *cbor.MaxArrayElementsError
		broad *cbor.MaxMapPairsError
	)
	return errors.As(err, &deep) || errors.As(err, &long) || errors.As(err, &broad)
}

// FuzzDecodeEarly holds that of a header nothing is taken but a join and a catch-up, and that these are what EncodeEarly made.
func FuzzDecodeEarly(f *testing.F) {
	join := Append(nil, Join{Sender: "phone", Versions: []string{ProtocolVersion}})
	compare := Append(nil, CatchUp{Sender: "phone", Ranges: []Range{{Count: 3}}, Sketch: make([]Symbol, 48)})
	good, _ := EncodeEarly([][]byte{join, compare})
	f.Add(good)
	f.Add("")
	f.Add("," + good)
	f.Add(good + ",")
	f.Fuzz(func(t *testing.T, value string) {
		frames, err := DecodeEarly([]string{value})
		if err != nil {
			return
		}
		if len(value) > MaxEarly || len(frames) != EarlyFrames {
			t.Fatalf("%d frames of %d bytes", len(frames), len(value))
		}
		again, ok := EncodeEarly(frames)
		if other, err := DecodeEarly([]string{again}); !ok || err != nil || !bytes.Equal(other[0], frames[0]) || !bytes.Equal(other[1], frames[1]) {
			t.Fatalf("%q became %q: %v", value, again, err)
		}
	})
}
