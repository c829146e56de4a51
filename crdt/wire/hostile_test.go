package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"fieldsync/crdt"

	"github.com/google/go-cmp/cmp"
)

// raw is CBOR that is put into a test's map as it is.
type raw []byte

func encodeValue(dst []byte, v any) []byte {
	switch v := v.(type) {
	case raw:
		return append(dst, v...)
	case string:
		return appendText(dst, v)
	case []byte:
		return appendBytes(dst, v)
	case int:
		return appendHead(dst, majorUint, uint64(v))
	case float64:
		return binary.BigEndian.AppendUint64(append(dst, 0xfb), math.Float64bits(v))
	case []any:
		dst = appendHead(dst, majorArray, uint64(len(v)))
		for _, e := range v {
			dst = encodeValue(dst, e)
		}
		return dst
	}
	panic(fmt.Sprintf("%T", v))
}

// object encodes keys and values in the order given.
func object(kv ...any) raw {
	dst := appendHead(nil, majorMap, uint64(len(kv)/2))
	for _, v := range kv {
		dst = encodeValue(dst, v)
	}
	return dst
}

var (
	null      = raw{cborNull}
	undefined = raw{cborUndefined}
)

func nested(initial byte, depth int) raw {
	return append(bytes.Repeat([]byte{initial}, depth), 0)
}

func many(n int, v any) []any {
	out := make([]any, n)
	for i := range out {
		out[i] = v
	}
	return out
}

func TestDecodeIsLenientWhereClientsDiffer(t *testing.T) {
	doc := testDoc(5)
	sync := Sync{Doc: doc, Sender: "a", Target: "b", Data: []byte{1}}
	ephemeral := func(count uint64) Frame {
		return Ephemeral{Doc: doc, Sender: "a", Target: "b", Count: count, Session: "s", Data: []byte{0}}
	}
	count := func(v any) raw {
		return object("type", "ephemeral", "senderId", "a", "targetId", "b", "documentId", doc.String(), "sessionId", "s", "data", []byte{0}, "count", v)
	}
	fields := []any{"type", "sync", "senderId", "a", "targetId", "b", "documentId", doc.String(), "data", []byte{1}}
	definite := object(fields...)
	indefinite := append(append(raw{0xbf}, definite[1:]...), cborBreak)
	no := false
	tests := []struct {
		name string
		in   raw
		want Frame
	}{
		{"16-bit map length", append(raw{0xb9, 0, 5}, definite[1:]...), sync},
		{"32-bit map length", append(raw{0xba, 0, 0, 0, 5}, definite[1:]...), sync},
		{"64-bit map length", append(raw{0xbb, 0, 0, 0, 0, 0, 0, 0, 5}, definite[1:]...), sync},
		{"indefinite map", indefinite, sync},
		{"type last", object("data", []byte{1}, "documentId", doc.String(), "targetId", "b", "senderId", "a", "type", "sync"), sync},
		{"unknown keys of every kind", object(append(fields, "z", null, "zz", object("a", 1), 7, []any{1, 2}, "i", raw{0x5f, 0x41, 1, 0x41, 2, 0xff},
			"j", raw{0x7f, 0x61, 'a', 0xff}, "k", raw{0x9f, 1, 0xff}, "t", raw{0xc2, 0x41, 1}, "n", raw{0x20}, "f", 1.5, "s", raw{0xf8, 0x20})...), sync},
		{"keys that a catch-up had once", object("type", typeCatchUp, "senderId", "a", "targetId", "b", "s", "org", "x", make([]byte, 17), "d", raw{cborTrue}),
			CatchUp{Sender: "a", Target: "b", Done: true}},
		{"tagged byte string", object("type", "sync", "senderId", "a", "targetId", "b", "documentId", doc.String(), "data", raw{0xd8, 64, 0x41, 1}), sync},
		{"document id as bytes", object("type", "sync", "senderId", "a", "targetId", "b", "documentId", doc[:], "data", []byte{1}), sync},
		{"document id as UUID", object("type", "sync", "senderId", "a", "targetId", "b", "data", []byte{1},
			"documentId", "17000000-0000-4000-8000-000000000005"), sync},
		{"no target", object("type", "sync", "senderId", "a", "documentId", doc[:], "data", []byte{1}), Sync{Doc: doc, Sender: "a", Data: []byte{1}}},
		{"count as float64", count(3.0), ephemeral(3)},
		{"count as float32", count(raw{0xfa, 0x40, 0x40, 0, 0}), ephemeral(3)},
		{"count as float16", count(raw{0xf9, 0x42, 0x00}), ephemeral(3)},
		{"count as long integer", count(raw{0x1b, 0, 0, 0, 0, 0, 0, 0, 3}), ephemeral(3)},
		{"count at the limit", count(float64(MaxNumber)), ephemeral(MaxNumber)},
		{"count -0", count(math.Copysign(0, -1)), ephemeral(0)},
		{"join with nothing but a sender", object("type", "join", "senderId", "a"), Join{Sender: "a", Versions: []string{"1"}}},
		{"join with undefined", object("type", "join", "senderId", "a", "peerMetadata", object("storageId", undefined, "isEphemeral", null, "x", 1),
			"supportedProtocolVersions", undefined), Join{Sender: "a", Versions: []string{"1"}}},
		{"samod's metadata", object("type", "join", "senderId", "a", "metadata", object("isEphemeral", raw{cborFalse}, "fieldsync", 1.0)),
			Join{Sender: "a", Versions: []string{"1"}, Metadata: PeerMetadata{Ephemeral: &no, Fieldsync: 1}}},
		{"peer without metadata", object("type", "peer", "senderId", "a", "targetId", "b", "selectedProtocolVersion", "1"), Peer{Sender: "a", Target: "b", Version: "1"}},
		{"error with nothing", object("type", "error"), Error{}},
		{"unknown type", object("type", "from-the-future", "data", 1, "senderId", null), Unknown{Type: "from-the-future"}},
		{"subscription with null", object("type", "remote-subscription-change", "senderId", "a", "add", null, "remove", []any{"x"}),
			RemoteSubscriptionChange{Sender: "a", Remove: []crdt.StorageID{"x"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Decode(tt.in)
			if err != nil || !cmp.Equal(got, tt.want) {
				t.Errorf("%#v, %v; want %#v", got, err, tt.want)
			}
		})
	}
}

func TestDecodeRefusesWhatIsMalformedOrOverALimit(t *testing.T) {
	doc := testDoc(5).String()
	badSum := strings.Replace(doc, doc[3:4], map[bool]string{true: "z", false: "y"}[doc[3] != 'z'], 1)
	sync := func(kv ...any) raw {
		base := map[string]any{"type": "sync", "senderId": "a", "targetId": "b", "documentId": doc, "data": []byte{1}}
		order := []string{"type", "senderId", "targetId", "documentId", "data"}
		var all []any
		for i := 0; i < len(kv); i += 2 {
			delete(base, kv[i].(string))
			if kv[i+1] != nil {
				all = append(all, kv[i], kv[i+1])
			}
		}
		for _, k := range order {
			if v, ok := base[k]; ok {
				all = append(all, k, v)
			}
		}
		return object(all...)
	}
	ephemeral := func(count any) raw {
		return object("type", "ephemeral", "senderId", "a", "documentId", doc, "sessionId", "s", "data", []byte{0}, "count", count)
	}
	catchUp := func(ranges any) raw { return object("type", typeCatchUp, "senderId", "a", "r", ranges) }
	digest := make([]byte, 16)
	long := func(n int) string { return strings.Repeat("x", n) }
	heads := func(v any) raw {
		return object("type", "remote-heads-changed", "senderId", "a", "documentId", doc, "newHeads", v)
	}
	head := crdt.FormatHead(crdt.Hash{1})
	tests := []struct {
		name string
		in   []byte
		kind crdt.Kind
	}{
		{"nothing", nil, crdt.KindInvalid},
		{"a sketch that is cut", object("type", typeCatchUp, "senderId", "a", "k", make([]byte, symbolSize+1)), crdt.KindInvalid},
		{"a sketch that is too long", object("type", typeCatchUp, "senderId", "a", "k", make([]byte, symbolSize*(MaxSymbols+1))), crdt.KindTooLarge},
		{"keys that are cut", object("type", typeCatchUp, "senderId", "a", "y", make([]byte, keySize-1)), crdt.KindInvalid},
		{"too many keys", object("type", typeCatchUp, "senderId", "a", "y", make([]byte, keySize*(MaxKeys+1))), crdt.KindTooLarge},
		{"items that are cut", object("type", typeCatchUp, "senderId", "a", "i", make([]byte, itemSize-1)), crdt.KindInvalid},
		{"more items than a frame may hold, in two places", object("type", typeCatchUp, "senderId", "a", "i", make([]byte, itemSize),
			"r", []any{[]any{[]byte{}, []byte{}, 0, make([]byte, 16), make([]byte, itemSize*MaxItems)}}), crdt.KindTooLarge},
		{"a number of symbols that is none", object("type", typeCatchUp, "senderId", "a", "m", -1), crdt.KindInvalid},
		{"null, which ends automerge-repo's process", raw{0xf6}, crdt.KindInvalid},
		{"array", raw{0x80}, crdt.KindInvalid},
		{"empty map", raw{0xa0}, crdt.KindInvalid},
		{"map that claims 2^64-1 entries", raw{0xbb, 255, 255, 255, 255, 255, 255, 255, 255}, crdt.KindTooLarge},
		{"map that claims one entry more than there is", append(raw{0xa6}, sync()[1:]...), crdt.KindInvalid},
		{"map that claims fewer entries than there are", append(raw{0xa4}, sync()[1:]...), crdt.KindInvalid},
		{"indefinite map without its break", append(raw{0xbf}, sync()[1:]...), crdt.KindInvalid},
		{"indefinite map with a key and no value", append(append(raw{0xbf}, sync()[1:]...), 0x61, 'q', 0xff), crdt.KindInvalid},
		{"65 entries", object(append([]any{"type", "leave", "senderId", "a"}, many(126, 1)...)...), crdt.KindTooLarge},
		{"65 entries, indefinite", append(append(raw{0xbf}, bytes.Repeat([]byte{1, 1}, 65)...), 0xff), crdt.KindTooLarge},
		{"bytes behind the frame", append(sync(), 0), crdt.KindInvalid},
		{"frame over MaxFrame", make([]byte, MaxFrame+1), crdt.KindTooLarge},
		{"byte string that claims 2^63", append(raw{0xa1, 0x64, 'd', 'a', 't', 'a'}, 0x5b, 0x80, 0, 0, 0, 0, 0, 0, 0), crdt.KindInvalid},
		{"byte string that claims 4 GB", append(raw{0xa1, 0x64, 'd', 'a', 't', 'a'}, 0x5a, 255, 255, 255, 255), crdt.KindInvalid},
		{"array that claims 2^63 entries", append(raw{0xa1, 0x61, 'q'}, 0x9b, 0x80, 0, 0, 0, 0, 0, 0, 0), crdt.KindInvalid},
		{"nested arrays", sync("q", nested(0x81, 100000)), crdt.KindTooLarge},
		{"nested indefinite arrays", sync("q", nested(0x9f, 100000)), crdt.KindTooLarge},
		{"nested maps", sync("q", nested(0xa1, 100000)), crdt.KindTooLarge},
		{"nested tags", sync("q", nested(0xc1, 100000)), crdt.KindTooLarge},
		{"nested in a key", append(append(raw{0xa1}, nested(0x81, 100000)...), 0), crdt.KindTooLarge},
		{"reserved initial byte", sync("q", raw{0x1c}), crdt.KindInvalid},
		{"indefinite integer", sync("q", raw{0x1f}), crdt.KindInvalid},
		{"break as a value", sync("q", raw{0xff}), crdt.KindInvalid},
		{"reserved simple value", sync("q", raw{0xf8, 0x1f}), crdt.KindInvalid},
		{"chunk of another kind", sync("q", raw{0x5f, 0x61, 'a', 0xff}), crdt.KindInvalid},
		{"indefinite chunk in a string", sync("q", raw{0x5f, 0x5f, 0xff, 0xff}), crdt.KindInvalid},
		{"key that is not UTF-8", append(raw{0xa1, 0x61}, 0xff, 0), crdt.KindInvalid},
		{"text that is not UTF-8", sync("senderId", raw{0x61, 0xff}), crdt.KindInvalid},
		{"unknown text that is not UTF-8", sync("q", raw{0x61, 0xff}), crdt.KindInvalid},
		{"text in pieces that is not UTF-8", sync("q", raw{0x7f, 0x61, 0xff, 0xff}), crdt.KindInvalid},
		{"known key twice", append(append(raw{0xa6}, sync()[1:]...), object("data", []byte{2})[1:]...), crdt.KindInvalid},
		{"known key twice, once null", append(append(raw{0xa6}, sync()[1:]...), object("data", null)[1:]...), crdt.KindInvalid},
		{"no type", sync("type", nil), crdt.KindInvalid},
		{"type null", sync("type", null), crdt.KindInvalid},
		{"type empty", sync("type", ""), crdt.KindInvalid},
		{"type a number", sync("type", 1), crdt.KindInvalid},
		{"type too long", sync("type", long(MaxTypeName+1)), crdt.KindTooLarge},
		{"no sender", sync("senderId", nil), crdt.KindInvalid},
		{"empty sender", sync("senderId", ""), crdt.KindInvalid},
		{"sender a byte string", sync("senderId", []byte("a")), crdt.KindInvalid},
		{"sender in pieces", sync("senderId", raw{0x7f, 0x61, 'a', 0xff}), crdt.KindInvalid},
		{"sender too long", sync("senderId", long(crdt.MaxPeerID+1)), crdt.KindTooLarge},
		{"target too long", sync("targetId", long(crdt.MaxPeerID+1)), crdt.KindTooLarge},
		{"no document", sync("documentId", nil), crdt.KindInvalid},
		{"document id with a wrong checksum", sync("documentId", badSum), crdt.KindInvalid},
		{"document id too long", sync("documentId", long(65)), crdt.KindTooLarge},
		{"document id of 64 characters", sync("documentId", strings.Repeat("1", 64)), crdt.KindInvalid},
		{"document id of other characters", sync("documentId", "0OIl"), crdt.KindInvalid},
		{"document id empty", sync("documentId", ""), crdt.KindInvalid},
		{"document id of 15 bytes", sync("documentId", make([]byte, 15)), crdt.KindInvalid},
		{"document id of 17 bytes", sync("documentId", make([]byte, 17)), crdt.KindTooLarge},
		{"document id a number", sync("documentId", 1), crdt.KindInvalid},
		{"no data", sync("data", nil), crdt.KindInvalid},
		{"empty data, on which JavaScript throws", sync("data", []byte{}), crdt.KindInvalid},
		{"data as text", sync("data", "a"), crdt.KindInvalid},
		{"data in pieces", sync("data", raw{0x5f, 0x41, 1, 0xff}), crdt.KindInvalid},
		{"data with another tag", sync("data", raw{0xd8, 65, 0x41, 1}), crdt.KindInvalid},
		{"data tagged twice", sync("data", raw{0xd8, 64, 0xd8, 64, 0x41, 1}), crdt.KindInvalid},
		{"count NaN", ephemeral(math.NaN()), crdt.KindInvalid},
		{"count infinite", ephemeral(math.Inf(1)), crdt.KindInvalid},
		{"count half infinite", ephemeral(raw{0xf9, 0x7c, 0}), crdt.KindInvalid},
		{"count half NaN", ephemeral(raw{0xf9, 0x7e, 0}), crdt.KindInvalid},
		{"count 1e300", ephemeral(1e300), crdt.KindInvalid},
		{"count 2^53", ephemeral(float64(1 << 53)), crdt.KindInvalid},
		{"count 2^64-1", ephemeral(raw{0x1b, 255, 255, 255, 255, 255, 255, 255, 255}), crdt.KindInvalid},
		{"count with a fraction", ephemeral(1.5), crdt.KindInvalid},
		{"count negative", ephemeral(raw{0x20}), crdt.KindInvalid},
		{"count a negative float", ephemeral(-1.0), crdt.KindInvalid},
		{"count a boolean", ephemeral(raw{cborTrue}), crdt.KindInvalid},
		{"count a big integer", ephemeral(raw{0xc2, 0x41, 1}), crdt.KindInvalid},
		{"count missing", ephemeral(null), crdt.KindInvalid},
		{"ephemeral over its limit", object("type", "ephemeral", "senderId", "a", "documentId", doc, "sessionId", "s", "count", 1, "data", make([]byte, MaxEphemeral+1)), crdt.KindTooLarge},
		{"ephemeral without a session", object("type", "ephemeral", "senderId", "a", "documentId", doc, "count", 1, "data", []byte{0}), crdt.KindInvalid},
		{"join without a sender", object("type", "join"), crdt.KindInvalid},
		{"metadata an array", object("type", "join", "senderId", "a", "peerMetadata", []any{}), crdt.KindInvalid},
		{"metadata key twice", object("type", "join", "senderId", "a", "peerMetadata", object("storageId", "x", "storageId", "y")), crdt.KindInvalid},
		{"storage id too long", object("type", "join", "senderId", "a", "peerMetadata", object("storageId", long(MaxStorageID+1))), crdt.KindTooLarge},
		{"isEphemeral a number that ends like true", object("type", "join", "senderId", "a", "peerMetadata", object("isEphemeral", raw{0x18, 0xf5})), crdt.KindInvalid},
		{"fieldsync negative", object("type", "join", "senderId", "a", "peerMetadata", object("fieldsync", raw{0x20})), crdt.KindInvalid},
		{"17 versions", object("type", "join", "senderId", "a", "supportedProtocolVersions", many(MaxVersions+1, "1")), crdt.KindTooLarge},
		{"17 versions, indefinite", object("type", "join", "senderId", "a", "supportedProtocolVersions",
			append(append(raw{0x9f}, bytes.Repeat([]byte{0x61, '1'}, MaxVersions+1)...), 0xff)), crdt.KindTooLarge},
		{"versions of numbers", object("type", "join", "senderId", "a", "supportedProtocolVersions", []any{1}), crdt.KindInvalid},
		{"message too long", object("type", "error", "message", long(MaxMessage+1)), crdt.KindTooLarge},
		{"1025 subscriptions", object("type", "remote-subscription-change", "senderId", "a", "add", many(MaxSubscriptions+1, "x")), crdt.KindTooLarge},
		{"257 storages", heads(object(func() (kv []any) {
			for i := range MaxRemoteStorages + 1 {
				kv = append(kv, fmt.Sprint(i), object())
			}
			return kv
		}()...)), crdt.KindTooLarge},
		{"1025 heads over several storages", heads(object("x", object("heads", many(MaxRemoteHeads, head)), "y", object("heads", many(1, head)))), crdt.KindTooLarge},
		{"head with a wrong checksum", heads(object("x", object("heads", []any{doc}))), crdt.KindInvalid},
		{"storage twice", heads(object("x", object(), "x", object())), crdt.KindInvalid},
		{"heads twice", heads(object("x", object("heads", []any{}, "heads", []any{}))), crdt.KindInvalid},
		{"timestamp NaN", heads(object("x", object("timestamp", math.NaN()))), crdt.KindInvalid},
		{"1025 ranges", catchUp(many(MaxRanges+1, []any{[]byte{}, []byte{}, 0, digest, null})), crdt.KindTooLarge},
		{"range of four", catchUp([]any{[]any{[]byte{}, []byte{}, 0, digest}}), crdt.KindInvalid},
		{"range of six", catchUp([]any{[]any{[]byte{}, []byte{}, 0, digest, null, null}}), crdt.KindTooLarge},
		{"indefinite range", catchUp([]any{raw{0x9f, 0xff}}), crdt.KindInvalid},
		{"range with a short digest", catchUp([]any{[]any{[]byte{}, []byte{}, 0, digest[:15], null}}), crdt.KindInvalid},
		{"range with a short end", catchUp([]any{[]any{[]byte{1}, []byte{}, 0, digest, null}}), crdt.KindInvalid},
		{"range with cut items", catchUp([]any{[]any{[]byte{}, []byte{}, 0, digest, make([]byte, 25)}}), crdt.KindInvalid},
		{"more items than MaxItems over two ranges", catchUp([]any{
			[]any{[]byte{}, []byte{}, 0, digest, make([]byte, itemSize*MaxItems)},
			[]any{[]byte{}, []byte{}, 0, digest, make([]byte, itemSize)}}), crdt.KindTooLarge},
		{"refusal without a code", object("type", typeRefused, "senderId", "a", "documentId", doc), crdt.KindInvalid},
		{"refusal of a short hash", object("type", typeRefused, "senderId", "a", "documentId", doc, "code", "x", "change", make([]byte, 31)), crdt.KindInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for name, decode := range map[string]func([]byte) (Frame, error){"plain": Decode, "codec": new(Codec).Decode} {
				f, err := decode(tt.in)
				var typed *crdt.Error
				if f != nil || !errors.As(err, &typed) || typed.Kind != tt.kind {
					t.Errorf("%s: %#v, %v (%v); want an error of kind %v", name, f, err, crdt.KindOf(err), tt.kind)
				}
			}
		})
	}
}

func TestEveryPrefixOfAFrameIsRefused(t *testing.T) {
	for _, v := range vectors(t) {
		data := unhex(t, v.Hex)
		for n := range data {
			if f, err := Decode(data[:n]); err == nil {
				t.Fatalf("%s cut to %d of %d bytes gave %#v", v.Name, n, len(data), f)
			}
		}
	}
}

// allocationFactor is how many bytes Decode may allocate for each byte of input. The worst is a range of 22 bytes, which becomes 88,
// in a slice that may have grown; an empty storage id of one byte becomes a string header of 16.
const allocationFactor = 40

func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestDecodeAllocatesASmallMultipleOfTheInput(t *testing.T) {
	inputs := map[string]raw{
		"ranges": object("type", typeCatchUp, "senderId", "a", "r", many(MaxRanges, []any{[]byte{}, []byte{}, 0, make([]byte, 16), null})),
		"ranges, indefinite": object("type", typeCatchUp, "senderId", "a", "r", raw(append(append([]byte{0x9f},
			bytes.Repeat(encodeValue(nil, []any{[]byte{}, []byte{}, 0, make([]byte, 16), null}), MaxRanges)...), 0xff))),
		"range of numbers": object("type", typeCatchUp, "senderId", "a", "r", many(MaxRanges, 0)),
		"items":            object("type", typeCatchUp, "senderId", "a", "r", []any{[]any{[]byte{}, []byte{}, 0, make([]byte, 16), make([]byte, itemSize*MaxItems)}}),
		"a sketch":         object("type", typeCatchUp, "senderId", "a", "k", make([]byte, symbolSize*MaxSymbols)),
		"keys":             object("type", typeCatchUp, "senderId", "a", "y", make([]byte, keySize*MaxKeys)),
		"subscriptions":    object("type", "remote-subscription-change", "senderId", "a", "add", many(MaxSubscriptions, "")),
		"sync of 16 MB":    object("type", "sync", "senderId", "a", "documentId", make([]byte, 16), "data", make([]byte, MaxFrame-100)),
		"skipped":          object("type", "other", "q", many(100000, "x")),
	}
	for name, in := range inputs {
		if got, limit := allocated(func() { _, _ = Decode(in) }), uint64(4096+allocationFactor*len(in)); got > limit {
			t.Errorf("%s: %d bytes of input allocated %d, limit %d", name, len(in), got, limit)
		}
	}
	if got := allocated(func() { _, _ = Decode(inputs["sync of 16 MB"]) }); got > 4096 {
		t.Errorf("a sync frame of 16 MB allocated %d bytes: its data was copied", got)
	}
}

func TestAppendCutsLongTextsBetweenCharacters(t *testing.T) {
	text := strings.Repeat("ä", MaxMessage)
	for _, f := range []Frame{Error{Message: "x" + text}, Refused{Doc: testDoc(1), Sender: "a", Code: "x", Detail: "x" + text}} {
		got, err := Decode(Append(nil, f))
		if err != nil {
			t.Fatal(err)
		}
		var cut string
		switch g := got.(type) {
		case Error:
			cut = g.Message
		case Refused:
			cut = g.Detail
		}
		if len(cut) != MaxMessage-1 || !strings.HasPrefix("x"+text, cut) {
			t.Errorf("%T: cut to %d bytes", f, len(cut))
		}
	}
}

func TestWellFormedWantsOneValue(t *testing.T) {
	for in, want := range map[string]bool{"00": true, "a16161f6": true, "": false, "0000": false, "5f": false, "81": false, "61ff": false} {
		b, err := hex.DecodeString(in)
		if err != nil {
			t.Fatal(err)
		}
		if WellFormed(b) != want {
			t.Errorf("%q: %v", in, !want)
		}
	}
}

func TestEveryCloseCodeSaysWhatToDo(t *testing.T) {
	// Retrying what is wrong in itself would repeat for ever; giving up on what passes would lose work.
	want := map[crdt.Kind]Advice{
		crdt.KindInternal: AdviceBackoff, crdt.KindInvalid: AdviceStop, crdt.KindNotFound: AdviceStop,
		crdt.KindUnauthenticated: AdviceSignIn, crdt.KindForbidden: AdviceStop, crdt.KindConflict: AdviceStop,
		crdt.KindTooLarge: AdviceStop, crdt.KindBusy: AdviceBackoff, crdt.KindUnavailable: AdviceBackoff, crdt.KindUnsupported: AdviceStop,
	}
	for kind, advice := range want {
		if got := CloseFor(kind).Advice(); got != advice {
			t.Errorf("%v closes with %d, whose advice is %d, not %d", kind, CloseFor(kind), got, advice)
		}
	}
	for code, advice := range map[CloseCode]Advice{CloseGoingAway: AdviceReconnect, CloseSlowReader: AdviceReconnect, CloseJoinTimeout: AdviceReconnect,
		CloseReplaced: AdviceStop, 1006: AdviceBackoff, 1012: AdviceBackoff, 4999: AdviceBackoff, 0: AdviceBackoff} {
		if got := code.Advice(); got != advice {
			t.Errorf("code %d: advice %d, not %d", code, got, advice)
		}
	}
}
