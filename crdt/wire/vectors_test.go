package wire

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"fieldsync/crdt"

	"github.com/google/go-cmp/cmp"
)

// view is a frame as automerge-repo's decoder shows it, in JSON terms: the shape of the vectors' "frame".
func view(t *testing.T, f Frame) map[string]any {
	t.Helper()
	data := func(b []byte) any { return map[string]any{"hex": hex.EncodeToString(b)} }
	texts := func(list []crdt.StorageID) any {
		out := []any{}
		for _, s := range list {
			out = append(out, string(s))
		}
		return out
	}
	meta := func(m PeerMetadata) any {
		out := map[string]any{}
		if m.StorageID != "" {
			out["storageId"] = string(m.StorageID)
		}
		if m.Ephemeral != nil {
			out["isEphemeral"] = *m.Ephemeral
		}
		return out
	}
	switch f := f.(type) {
	case Join:
		versions := []any{}
		for _, v := range f.Versions {
			versions = append(versions, v)
		}
		return map[string]any{"type": "join", "senderId": string(f.Sender), "peerMetadata": meta(f.Metadata), "supportedProtocolVersions": versions}
	case Peer:
		return map[string]any{"type": "peer", "senderId": string(f.Sender), "targetId": string(f.Target),
			"peerMetadata": meta(f.Metadata), "selectedProtocolVersion": f.Version}
	case Sync:
		typ := "sync"
		if f.Request {
			typ = "request"
		}
		return map[string]any{"type": typ, "documentId": f.Doc.String(), "senderId": string(f.Sender), "targetId": string(f.Target), "data": data(f.Data)}
	case DocUnavailable:
		return map[string]any{"type": "doc-unavailable", "documentId": f.Doc.String(), "senderId": string(f.Sender), "targetId": string(f.Target)}
	case Ephemeral:
		return map[string]any{"type": "ephemeral", "documentId": f.Doc.String(), "senderId": string(f.Sender), "targetId": string(f.Target),
			"count": float64(f.Count), "sessionId": f.Session, "data": data(f.Data)}
	case Leave:
		return map[string]any{"type": "leave", "senderId": string(f.Sender)}
	case Error:
		return map[string]any{"type": "error", "senderId": string(f.Sender), "targetId": string(f.Target), "message": f.Message}
	case RemoteSubscriptionChange:
		out := map[string]any{"type": "remote-subscription-change", "senderId": string(f.Sender), "targetId": string(f.Target)}
		if f.Add != nil {
			out["add"] = texts(f.Add)
		}
		if f.Remove != nil {
			out["remove"] = texts(f.Remove)
		}
		return out
	case RemoteHeadsChanged:
		heads := map[string]any{}
		for id, h := range f.NewHeads {
			list := []any{}
			for _, head := range h.Heads {
				list = append(list, crdt.FormatHead(head))
			}
			heads[string(id)] = map[string]any{"heads": list, "timestamp": float64(h.Timestamp)}
		}
		return map[string]any{"type": "remote-heads-changed", "documentId": f.Doc.String(), "senderId": string(f.Sender),
			"targetId": string(f.Target), "newHeads": heads}
	}
	t.Fatalf("no view of %T", f)
	return nil
}

type vector struct {
	From  string         `json:"from"`
	Name  string         `json:"name"`
	Hex   string         `json:"hex"`
	Frame map[string]any `json:"frame"`
}

func vectors(tb testing.TB) []vector {
	tb.Helper()
	file, err := os.Open("../../conformance/vectors/wire/automerge-repo-2.5.6.jsonl")
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	var out []vector
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var v vector
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			tb.Fatal(err)
		}
		out = append(out, v)
	}
	if len(out) < 20 {
		tb.Fatalf("only %d vectors", len(out))
	}
	return out
}

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestFramesOfAutomergeRepoDecodeToWhatItsOwnDecoderSees(t *testing.T) {
	var codec Codec
	types := map[string]bool{}
	for _, v := range vectors(t) {
		t.Run(v.From+" "+v.Name, func(t *testing.T) {
			data := unhex(t, v.Hex)
			for range 2 { // the second time from the codec's tables
				f, err := codec.Decode(data)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(v.Frame, view(t, f)); diff != "" {
					t.Error(diff)
				}
				plain, err := Decode(data)
				if err != nil || !cmp.Equal(plain, f) {
					t.Errorf("with a codec %v, without %v, %v", f, plain, err)
				}
				if !bytes.Equal(Append(nil, f), codec.Append(nil, f)) {
					t.Error("Append differs with a codec")
				}
				again, err := Decode(Append(nil, f))
				if err != nil || !cmp.Equal(again, f) {
					t.Errorf("after Append and Decode: %v, %v; want %v", again, err, f)
				}
			}
			types[v.Frame["type"].(string)] = true
		})
	}
	if len(types) != 10 {
		t.Errorf("the vectors show %d of the protocol's 10 frame types", len(types))
	}
}

func TestCodecGivesTheSameTextsWhenDocumentsShareASlot(t *testing.T) {
	var codec Codec
	for n := range 3 {
		for i := range 4 * cacheSize {
			doc := crdt.DocID{0: byte(i), 1: byte(i >> 8), 15: byte(i)}
			f := DocUnavailable{Doc: doc, Sender: "a", Target: "b"}
			data := codec.Append(nil, f)
			if !bytes.Equal(data, Append(nil, f)) {
				t.Fatalf("round %d, document %d: Append differs with a codec", n, i)
			}
			got, err := codec.Decode(data)
			if err != nil || got != f {
				t.Fatalf("round %d, document %d: %v, %v", n, i, got, err)
			}
		}
	}
}

func TestASyncSuffixBehindAnyPrefixIsAWholeFrame(t *testing.T) {
	data := []byte{0x42, 1, 2, 3}
	suffix := AppendSyncSuffix(nil, testDoc(9), data)
	for _, request := range []bool{false, true} {
		for _, target := range []crdt.PeerID{"a", "bb", ""} {
			got, err := Decode(append(AppendSyncPrefix(nil, "server", target, request), suffix...))
			want := Sync{Request: request, Doc: testDoc(9), Sender: "server", Target: target, Data: data}
			if err != nil || !cmp.Equal(got, Frame(want)) {
				t.Errorf("%v, %v; want %v", got, err, want)
			}
		}
	}
}

func TestSyncDataIsPartOfTheInputNotACopy(t *testing.T) {
	in := hotFrame()
	f, err := Decode(in)
	if err != nil {
		t.Fatal(err)
	}
	data := f.(Sync).Data
	in[len(in)-1] ^= 0xff
	if data[len(data)-1] != in[len(in)-1] {
		t.Error("Data was copied")
	}
	if cap(data) != len(data) {
		t.Error("appending to Data would write into the input")
	}
}

func TestExtensionFramesSurviveTheWire(t *testing.T) {
	yes := true
	frames := []Frame{
		Join{Sender: "c", Versions: []string{"1"}, Metadata: PeerMetadata{StorageID: "s", Ephemeral: &yes, Fieldsync: ExtensionVersion}},
		Peer{Sender: "s", Target: "c", Version: "1"},
		Refused{Doc: testDoc(1), Sender: "s", Target: "c", Code: crdt.RefusedBadSeq},
		Refused{Doc: testDoc(1), Sender: "s", Target: "c", Code: crdt.RefusedStoreFailed, Change: crdt.Hash{1}, Detail: "disk", Retry: true},
		CatchUp{Sender: "s", Target: "c"},
		CatchUp{Sender: "s", Target: "c", Done: true, Ranges: []Range{
			{Count: 2, Digest: [16]byte{9}},
			{From: testDoc(1), To: testDoc(2), Count: 1, Items: []Item{{Doc: testDoc(1), Digest: [16]byte{3}}}, HasItems: true},
			{From: testDoc(2), Count: 1 << 40, HasItems: true, Items: []Item{}},
		}},
		CatchUp{Sender: "s", Target: "c", Sketch: []Symbol{{Keys: 1 << 63, Check: 1 << 31, Count: 1 << 15}, {}}, Ranges: []Range{{Count: 1}}},
		CatchUp{Sender: "s", Want: 192},
		CatchUp{Sender: "s", Target: "c", Done: true, Mine: []Item{{Doc: testDoc(1), Digest: [16]byte{3}}, {Doc: testDoc(2)}}, Yours: []uint64{1, 1 << 63}},
		Leave{Sender: "x"},
		Error{Message: UnsupportedVersion},
		RemoteHeadsChanged{Doc: testDoc(1), Sender: "a", Target: "b", NewHeads: map[crdt.StorageID]RemoteHeads{
			"y": {Heads: crdt.NewHeads(crdt.Hash{2}, crdt.Hash{1}), Timestamp: 1}, "x": {Heads: crdt.NewHeads(), Timestamp: 1 << 45}}},
	}
	for _, f := range frames {
		got, err := Decode(Append(nil, f))
		if err != nil || !cmp.Equal(got, f, cmp.Comparer(func(a, b crdt.Heads) bool { return a.Equal(b) })) {
			t.Errorf("%#v came back as %#v, %v", f, got, err)
		}
	}
}
