package format

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fieldsync/crdt"
)

const vectorDir = "../../conformance/vectors"

// vector is what another implementation says about a document that it made.
type vector struct {
	name    string
	doc     []byte
	changes []byte
	Heads   []string
	Count   int
	Changes []struct {
		Hash    string
		Deps    []string
		Actor   string
		Seq     uint64
		StartOp uint64
		Ops     *int
		Time    *int64
	}
}

func loadVectors(tb testing.TB) []vector {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(vectorDir, "*.automerge"))
	if err != nil || len(files) < 30 {
		tb.Fatalf("%d vectors in %s: %v", len(files), vectorDir, err)
	}
	var out []vector
	for _, file := range files {
		base := strings.TrimSuffix(file, ".automerge")
		v := vector{name: filepath.Base(base), doc: readFile(tb, file)}
		if err := json.Unmarshal(readFile(tb, base+".json"), &v); err != nil {
			tb.Fatalf("%s: %v", base, err)
		}
		if v.Changes != nil {
			v.changes = readFile(tb, base+".changes")
		}
		out = append(out, v)
	}
	return out
}

func loadVector(tb testing.TB, name string) vector {
	tb.Helper()
	for _, v := range loadVectors(tb) {
		if v.name == name {
			return v
		}
	}
	tb.Fatalf("no vector %s", name)
	return vector{}
}

func readFile(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// mustSplit gives the chunks of a vector's changes.
func mustSplit(tb testing.TB, data []byte) []Chunk {
	tb.Helper()
	var out []Chunk
	for c, err := range Split(data, DefaultLimits()) {
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}

func hexOf(hashes []crdt.Hash) []string {
	out := make([]string, len(hashes))
	for i, h := range hashes {
		out[i] = h.String()
	}
	return out
}

func TestVectorsDocumentGivesBackEveryChange(t *testing.T) {
	for _, v := range loadVectors(t) {
		t.Run(v.name, func(t *testing.T) {
			doc, err := DecodeDocument(v.doc, DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(v.Heads)
			if got := hexOf(doc.Heads); !slices.Equal(got, v.Heads) && len(v.Heads) > 0 {
				t.Errorf("heads %v, want %v", got, v.Heads)
			}
			if len(doc.Changes) != v.Count {
				t.Fatalf("%d changes, want %d", len(doc.Changes), v.Count)
			}
			byHash := make(map[string]*Change)
			for _, c := range doc.Changes {
				byHash[c.Hash.String()] = c
			}
			chunks := mustSplit(t, v.changes)
			for i, want := range v.Changes {
				c := byHash[want.Hash]
				if c == nil {
					t.Errorf("change %d, %s, is missing", i, want.Hash)
					continue
				}
				slices.Sort(want.Deps)
				if got := hexOf(c.Deps); !slices.Equal(got, want.Deps) && len(want.Deps) > 0 || len(c.Deps) != len(want.Deps) {
					t.Errorf("change %d depends on %v, want %v", i, got, want.Deps)
				}
				if c.Actor.String() != want.Actor || c.Seq != want.Seq {
					t.Errorf("change %d is %s's number %d, want %s's %d", i, c.Actor, c.Seq, want.Actor, want.Seq)
				}
				if want.StartOp != 0 && c.StartOp != want.StartOp || want.Ops != nil && len(c.Ops) != *want.Ops || want.Time != nil && c.Time != *want.Time {
					t.Errorf("change %d has %d operations from %d at %d, want %+v", i, len(c.Ops), c.StartOp, c.Time, want)
				}
				raw := chunks[i].Raw
				if chunks[i].Type == ChunkDeflated {
					if raw, _, err = Inflate(raw, DefaultLimits()); err != nil {
						t.Fatal(err)
					}
				}
				if !bytes.Equal(c.Raw, raw) {
					t.Errorf("change %d has other bytes than the core's", i)
				}
			}
		})
	}
}

func TestVectorsChangesDecodeAndEncodeIdentically(t *testing.T) {
	total, deflated := 0, 0
	for _, v := range loadVectors(t) {
		for i, chunk := range mustSplit(t, v.changes) {
			total++
			if chunk.Type == ChunkDeflated {
				deflated++
			}
			c, err := DecodeChange(chunk.Raw, DefaultLimits())
			if err != nil {
				t.Fatalf("%s change %d: %v", v.name, i, err)
			}
			if c.Hash.String() != v.Changes[i].Hash {
				t.Errorf("%s change %d: hash %s, want %s", v.name, i, c.Hash, v.Changes[i].Hash)
			}
			checkAgreement(t, c, chunk.Raw)
		}
	}
	if total < 1000 || deflated == 0 {
		t.Errorf("%d changes, %d of them deflated: the vectors do not cover enough", total, deflated)
	}
}

// checkAgreement checks that all ways to read an admitted change agree, and that encoding it gives its bytes.
func checkAgreement(t *testing.T, c *Change, raw []byte) {
	t.Helper()
	enc, hash, err := EncodeChange(c)
	if err != nil || hash != c.Hash || !bytes.Equal(enc, c.Raw) {
		t.Errorf("encoding the decoded change gives other bytes, error %v", err)
	}
	trusted, err := DecodeTrusted(raw)
	if err != nil || !equalChanges(trusted, c) {
		t.Errorf("DecodeTrusted differs, error %v", err)
	}
	h, err := DecodeHeader(raw)
	if err != nil || h.Hash != c.Hash || !slices.Equal(h.Deps, c.Deps) || h.Actor != c.Actor || h.Seq != c.Seq || h.StartOp != c.StartOp ||
		h.Time != c.Time || h.Message != c.Message {
		t.Errorf("DecodeHeader gives %+v, error %v", h, err)
	}
	packed := Deflate(c.Raw)
	if len(packed) > len(c.Raw) {
		t.Errorf("Deflate makes %d bytes of %d", len(packed), len(c.Raw))
	}
	again, err := DecodeChange(packed, DefaultLimits())
	if err != nil || !equalChanges(again, c) || !bytes.Equal(again.Raw, c.Raw) {
		t.Errorf("the deflated change differs, error %v", err)
	}
}

func equalChanges(a, b *Change) bool {
	return a.Hash == b.Hash && slices.Equal(a.Deps, b.Deps) && a.Actor == b.Actor && a.Seq == b.Seq && a.StartOp == b.StartOp &&
		a.Time == b.Time && a.Message == b.Message && slices.Equal(a.Others, b.Others) && bytes.Equal(a.Extra, b.Extra) &&
		slices.EqualFunc(a.Ops, b.Ops, func(x, y Op) bool {
			return x.Object == y.Object && x.Elem == y.Elem && x.Key == y.Key && x.InSeq == y.InSeq && x.Insert == y.Insert &&
				x.Action == y.Action && x.Value.Type == y.Value.Type && bytes.Equal(x.Value.Raw, y.Value.Raw) &&
				slices.Equal(x.Pred, y.Pred) && x.Expand == y.Expand && x.MarkName == y.MarkName && x.HasMark == y.HasMark
		})
}

func TestVectorsDocumentWithoutHeadIndexes(t *testing.T) { // as old JavaScript cores wrote them
	v := loadVector(t, "js3-conflicts")
	c := mustSplit(t, v.doc)[0]
	raw, _ := appendChunk(nil, ChunkDocument, c.Body[:len(c.Body)-len(v.Heads)])
	doc, err := DecodeDocument(raw, DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if len(doc.Changes) != v.Count {
		t.Errorf("%d changes, want %d", len(doc.Changes), v.Count)
	}
}
