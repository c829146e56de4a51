package hostile_test

import (
	"bytes"
	"fmt"
	"testing"

	"fieldsync/conformance/internal/light"
	"fieldsync/conformance/internal/sut"

	"github.com/fxamacker/cbor/v2"
	"github.com/gorilla/websocket"
)

func mustCBOR(v any) []byte {
	b, err := cbor.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// badFrame is what a socket sends, and the code that it is closed with.
type badFrame struct {
	name   string
	joined bool // before it, the client joins as it should
	kind   int  // websocket.BinaryMessage if 0
	frame  func(w *world) []byte
	code   int
}

func badFrames() []badFrame {
	is := func(b ...byte) func(*world) []byte { return func(*world) []byte { return b } }
	of := func(v any) func(*world) []byte { return func(*world) []byte { return mustCBOR(v) } }
	sync := func(data []byte) func(*world) []byte {
		return func(w *world) []byte {
			return mustCBOR(map[string]any{"type": "sync", "documentId": w.doc, "senderId": "x", "targetId": "y", "data": data})
		}
	}
	nested := func(n int, by byte) []byte { return append(bytes.Repeat([]byte{by}, n), 0x01) }
	const protocol, data, big = websocket.CloseProtocolError, websocket.CloseUnsupportedData, websocket.CloseMessageTooBig
	return []badFrame{
		{"CBOR null before join", false, 0, is(0xf6), protocol},
		{"CBOR null", true, 0, is(0xf6), protocol},
		{"an empty message", true, 0, is(), protocol},
		{"a text message", true, websocket.TextMessage, is([]byte(`{"type":"join"}`)...), data},
		{"a text message before join", false, websocket.TextMessage, is([]byte(`hello`)...), data},
		{"a sync before join", false, 0, sync([]byte{0x42, 0, 0, 0, 0}), protocol},
		{"presence before join", false, 0, func(w *world) []byte {
			return mustCBOR(map[string]any{"type": "ephemeral", "documentId": w.doc, "senderId": "x", "targetId": "y", "count": 1, "sessionId": "s", "data": []byte{1}})
		}, protocol},
		{"a join with a version of the future", false, 0, of(map[string]any{"type": "join", "senderId": "x", "supportedProtocolVersions": []string{"99"}}), protocol},
		{"a join without a sender", false, 0, of(map[string]any{"type": "join"}), protocol},
		{"an array", true, 0, is(0x81, 0x01), protocol},
		{"a number", true, 0, is(0x01), protocol},
		{"a map without a type", true, 0, is(0xa0), protocol},
		{"a type twice", true, 0, is(append(append([]byte{0xa2}, bytes.Repeat(append([]byte{0x64}, "type"...), 1)...), append([]byte{0x64, 's', 'y', 'n', 'c', 0x64}, append([]byte("type"), 0x64, 'j', 'o', 'i', 'n')...)...)...), protocol},
		{"reserved CBOR", true, 0, is(0x1c), protocol},
		{"10,000,000 arrays in one another", true, 0, func(*world) []byte {
			return append([]byte{0xa1, 0x61, 'x'}, nested(10_000_000, 0x81)...)
		}, big},
		{"100,000 tags in one another", true, 0, func(*world) []byte { return nested(100_000, 0xc1) }, protocol},
		{"100,000 maps in one another", true, 0, func(*world) []byte {
			return append(append([]byte{0xa1, 0x61, 'x'}, bytes.Repeat([]byte{0xa1, 0x61, 'x'}, 100_000)...), 1)
		}, big},
		{"a map that claims 2^62 entries", true, 0, is(0xbb, 0x40, 0, 0, 0, 0, 0, 0, 0), big},
		{"a string that claims 2^62 bytes", true, 0, is(0xa1, 0x7b, 0x40, 0, 0, 0, 0, 0, 0, 0), protocol},
		{"data that claims 2^40 bytes", true, 0, is(append([]byte{0xa1, 0x64}, append([]byte("data"), 0x5b, 0, 0, 1, 0, 0, 0, 0, 0)...)...), protocol},
		{"an array that claims 2^62 items under an unknown key", true, 0, is(0xa1, 0x61, 'x', 0x9b, 0x40, 0, 0, 0, 0, 0, 0, 0), protocol},
		{"an endless map of nothing", true, 0, func(*world) []byte { return append([]byte{0xbf}, bytes.Repeat([]byte{0x60, 0xf6}, 1<<20)...) }, big},
		{"a frame cut in the middle", true, 0, func(w *world) []byte {
			b := sync(bytes.Repeat([]byte{1}, 100))(w)
			return b[:len(b)/2]
		}, protocol},
		{"bytes behind a frame", true, 0, func(w *world) []byte { return append(sync([]byte{0x42, 0, 0, 0, 0})(w), 0) }, protocol},
		{"a document id with a wrong checksum", true, 0, of(map[string]any{"type": "sync", "documentId": "11111111111111111111111", "senderId": "x", "targetId": "y", "data": []byte{1}}), protocol},
		{"a document id of a megabyte", true, 0, of(map[string]any{"type": "sync", "documentId": string(bytes.Repeat([]byte{'1'}, 1<<20)), "senderId": "x", "targetId": "y", "data": []byte{1}}), big},
		{"a sync without data", true, 0, sync(nil), protocol},
		{"a type name of a megabyte", true, 0, of(map[string]any{"type": string(bytes.Repeat([]byte{'t'}, 1<<20))}), big},
		{"a type that is not UTF-8", true, 0, is(append([]byte{0xa1, 0x64}, append([]byte("type"), 0x62, 0xff, 0xfe)...)...), protocol},
		{"presence of 2 MB", true, 0, func(w *world) []byte {
			return mustCBOR(map[string]any{"type": "ephemeral", "documentId": w.doc, "senderId": "x", "targetId": "y", "count": 1, "sessionId": "s", "data": make([]byte, 2<<20)})
		}, big},
		{"presence with a count of 2^63", true, 0, func(w *world) []byte {
			return mustCBOR(map[string]any{"type": "ephemeral", "documentId": w.doc, "senderId": "x", "targetId": "y", "count": uint64(1 << 63), "sessionId": "s", "data": []byte{1}})
		}, protocol},
		{"100,000 subscriptions", true, 0, of(map[string]any{"type": "remote-subscription-change", "senderId": "x", "targetId": "y", "add": make([]string, 100_000)}), big},
		{"a message of 17 MB", true, 0, func(*world) []byte { return make([]byte, 17<<20) }, big},
		{"catch-up with ranges of nonsense", true, 0, of(map[string]any{"type": "fieldsync-catch-up", "senderId": "x", "targetId": "y", "r": []any{[]any{"a", 1, -1, nil, true}}}), protocol},
		{"catch-up with items that are cut", true, 0, of(map[string]any{"type": "fieldsync-catch-up", "senderId": "x", "targetId": "y",
			"r": []any{[]any{[]byte{}, []byte{}, 1, make([]byte, 16), make([]byte, 33)}}}), protocol},
		{"catch-up with a sketch that is cut", true, 0, of(map[string]any{"type": "fieldsync-catch-up", "senderId": "x", "targetId": "y", "k": make([]byte, 13)}), protocol},
		{"catch-up with a sketch of 1 MB", true, 0, of(map[string]any{"type": "fieldsync-catch-up", "senderId": "x", "targetId": "y", "k": make([]byte, 14<<16)}), big},
		{"catch-up with 100,000 ranges", true, 0, of(map[string]any{"type": "fieldsync-catch-up", "senderId": "x", "targetId": "y", "r": make([]any, 100_000)}), big},
		{"leave", true, 0, of(map[string]any{"type": "leave", "senderId": "x"}), websocket.CloseNormalClosure},
	}
}

func TestBadFramesCloseTheirSocketAndNothingElse(t *testing.T) {
	w := newWorld(t)
	for _, tc := range badFrames() {
		t.Run(tc.name, func(t *testing.T) {
			w := w.in(t)
			series := fmt.Sprintf(`fieldsync_connections_closed_total{code="%d"}`, tc.code)
			before := w.metric(series)
			c := w.dial(sut.Dispatcher, light.Options{NoJoin: !tc.joined})
			kind := tc.kind
			if kind == 0 {
				kind = websocket.BinaryMessage
			}
			_ = c.WebSocket().WriteMessage(kind, tc.frame(w)) // may fail in the middle: the server need not take it all
			if code := w.closeCode(c.Conn); code != tc.code && (code != 0 || tc.code != websocket.CloseMessageTooBig) {
				t.Fatalf("closed with %d, want %d", code, tc.code)
			}
			w.waitMetric(series, before+1)
			w.unharmed()
		})
	}
}

func TestACompressedMessageThatInflatesTo1GBClosesItsSocketOnly(t *testing.T) {
	w := newWorld(t)
	const series = `fieldsync_connections_closed_total{code="1009"}`
	before := w.metric(series)
	c := w.dial(sut.Dispatcher, light.Options{Compress: true})
	out, err := c.WebSocket().NextWriter(websocket.BinaryMessage)
	w.must(err)
	zeros := make([]byte, 1<<20)
	for range 1024 {
		if _, err = out.Write(zeros); err != nil {
			break
		}
	}
	_ = out.Close()
	if sent := c.Traffic.Out.Load(); sent > 4<<20 {
		t.Fatalf("it was not compressed: %d bytes went out", sent)
	}
	w.waitMetric(series, before+1)
	w.unharmed()
}

// Frames that are well-formed but senseless, or of others: the connection stays, and counts them.
func TestSenselessFramesArePassedOver(t *testing.T) {
	w := newWorld(t)
	frame := func(kind string, more map[string]any) map[string]any {
		f := map[string]any{"type": kind, "senderId": "?", "targetId": "nobody", "documentId": w.doc}
		for k, v := range more {
			f[k] = v
		}
		return f
	}
	for _, tc := range []struct {
		name   string
		frame  map[string]any
		reason string // of fieldsync_frames_ignored_total; empty: not counted there
	}{
		{"a type of the future", frame("teleport", map[string]any{"x": 1}), "unknown-type"},
		{"a sync in another's name", frame("sync", map[string]any{"senderId": "somebody", "data": []byte{0x42, 0, 0, 0, 0}}), "wrong-sender"},
		{"presence for a document never asked for", frame("ephemeral", map[string]any{"documentId": newDoc(), "count": 1, "sessionId": "s", "data": []byte{1}}), "presence-elsewhere"},
		{"a peer frame, which servers send", frame("peer", map[string]any{"selectedProtocolVersion": "1"}), "unexpected-peer"},
		{"doc-unavailable", frame("doc-unavailable", nil), ""},
		{"a refusal, which servers send", frame("fieldsync-refused", map[string]any{"code": "too-large", "change": make([]byte, 32)}), ""},
		{"an error", frame("error", map[string]any{"message": "no"}), "unknown-type"},
		{"remote heads", frame("remote-heads-changed", map[string]any{"newHeads": map[string]any{}}), "unknown-type"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := w.in(t)
			client, copied := w.attacker(sut.Dispatcher)
			series := fmt.Sprintf("fieldsync_frames_ignored_total{reason=%q}", tc.reason)
			before := w.metric(series)
			if tc.frame["senderId"] == "?" {
				tc.frame["senderId"] = client.PeerID
			}
			w.must(client.SendRaw(mustCBOR(tc.frame)))
			w.must(client.Edit(copied, "goes on"))
			w.must(client.Until(func() bool { return copied.Unconfirmed() == 0 }))
			if tc.reason != "" {
				w.waitMetric(series, before+1)
			}
			w.unharmed()
		})
	}
}

// Sockets that break WebSocket itself.
func TestBrokenWebSocketFramesEndTheirSocketOnly(t *testing.T) {
	w := newWorld(t)
	for _, tc := range []struct {
		name  string
		bytes []byte
	}{
		{"reserved bits", []byte{0xf2, 0x80, 0, 0, 0, 0}},
		{"a frame without a mask", []byte{0x82, 0x01, 0x00}},
		{"a reserved opcode", []byte{0x8b, 0x80, 0, 0, 0, 0}},
		{"a continuation of nothing", []byte{0x80, 0x80, 0, 0, 0, 0}},
		{"a length of 2^63", []byte{0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}},
		{"a ping of 200 bytes", append([]byte{0x89, 0xfe, 0, 200, 0, 0, 0, 0}, make([]byte, 200)...)},
		{"a close of one byte", []byte{0x88, 0x81, 0, 0, 0, 0, 1}},
		{"a close with a code that nobody may send", []byte{0x88, 0x82, 0, 0, 0, 0, 0x03, 0xed}},
		{"deflate that is none", []byte{0xc2, 0x84, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := w.in(t)
			c := w.dial(sut.Dispatcher, light.Options{Compress: true})
			_, err := c.WebSocket().NetConn().Write(tc.bytes)
			w.must(err)
			w.closeCode(c.Conn)
			w.unharmed()
		})
	}
}
