package access_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fieldsync/conformance/internal/author"
	"fieldsync/conformance/internal/light"
	"fieldsync/crdt"

	"github.com/fxamacker/cbor/v2"
)

// probe is a frame about a document that says or asks something; offers says that it claims to hold it, brings that a change comes along.
type probe struct {
	name   string
	offers bool
	brings bool
	send   func(p *peer, doc string, heads []light.Hash, raw []byte) error
}

func probes() []probe {
	sync := func(kind string, m light.SyncMessage) func(*peer, string, []light.Hash, []byte) error {
		return func(p *peer, doc string, heads []light.Hash, raw []byte) error {
			for _, list := range []*[]light.Hash{&m.Heads, &m.Need} {
				if len(*list) > 0 {
					*list = heads
				}
			}
			if len(m.Have) > 0 && len(m.Have[0].LastSync) > 0 {
				m.Have = []light.Have{{LastSync: heads}}
			}
			if len(m.Changes) > 0 {
				m.Changes = [][]byte{raw}
			}
			return p.SendSync(kind, doc, &m)
		}
	}
	frame := func(f map[string]any) func(*peer, string, []light.Hash, []byte) error {
		return func(p *peer, doc string, heads []light.Hash, _ []byte) error {
			all := map[string]any{"senderId": p.PeerID, "targetId": p.ServerID, "documentId": doc}
			for k, v := range f {
				all[k] = v
			}
			b, err := cbor.Marshal(all)
			if err != nil {
				return err
			}
			return p.SendRaw(b)
		}
	}
	some, none := []light.Hash{{}}, []light.Have{{}}
	return []probe{
		{"request", false, false, sync("request", light.SyncMessage{Have: none})},
		{"sync", false, false, sync("sync", light.SyncMessage{Have: none})},
		{"sync without have", false, false, sync("sync", light.SyncMessage{})},
		{"sync that asks for a change", false, false, sync("sync", light.SyncMessage{Need: some, Have: none})},
		{"sync that leans on a change", false, false, sync("sync", light.SyncMessage{Have: []light.Have{{LastSync: some}}})},
		{"sync of the newer version", false, false, sync("sync", light.SyncMessage{V2: true, Have: none, Flags: []byte{0x02, 0x84}})},
		{"sync with its heads", true, false, sync("sync", light.SyncMessage{Heads: some, Have: none})},
		{"sync with a change of it", true, true, sync("sync", light.SyncMessage{Heads: some, Have: none, Changes: [][]byte{{}}})},
		{"doc-unavailable", false, false, frame(map[string]any{"type": "doc-unavailable"})},
		{"ephemeral", false, false, frame(map[string]any{"type": "ephemeral", "count": 1, "sessionId": "s", "data": []byte{0xf6}})},
		{"fieldsync-refused", false, false, frame(map[string]any{"type": "fieldsync-refused", "code": "not-allowed", "change": make([]byte, 32)})},
		{"remote-heads-changed", false, false, frame(map[string]any{"type": "remote-heads-changed", "newHeads": map[string]any{}})},
		{"remote-subscription-change", false, false, frame(map[string]any{"type": "remote-subscription-change", "add": []string{"x"}})},
		{"a frame of tomorrow", false, false, frame(map[string]any{"type": "tomorrow"})},
	}
}

// answers sends a probe, and gives the frames that come until a question about the same document is answered behind it.
func (w *world) answers(who string, ext bool, pr probe, doc string, heads []light.Hash, raw []byte) ([]string, error) {
	p, err := w.dial(who, ext)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	if err := pr.send(p, doc, heads, raw); err != nil {
		return nil, err
	}
	// It is asked about twice: the second answer is behind whatever the probe brought about.
	for range 2 {
		if err := p.SendSync("request", doc, &light.SyncMessage{Have: []light.Have{{}}}); err != nil {
			return nil, err
		}
	}
	var out []string
	p.SetReadDeadline(time.Now().Add(watchdog))
	for unavailable := 0; unavailable < 2; {
		f, err := p.Read()
		if err != nil {
			return out, err
		}
		if f.DocumentID != doc && strings.HasPrefix(who, "wanda") {
			continue // what a worker is told of by himself
		}
		line := fmt.Sprintf("%s %x %x %q", f.Type, f.Data, f.Change, f.Detail)
		for _, h := range heads {
			line = strings.ReplaceAll(line, fmt.Sprintf("%x", h), "<head>")
		}
		out = append(out, strings.ReplaceAll(line, doc, "<doc>"))
		if f.Type == "doc-unavailable" {
			unavailable++
		}
		if f.Type == "sync" && pr.offers {
			unavailable++ // taken up: a question behind it is answered by a sync
		}
	}
	return out, nil
}

// Whatever frame somebody sends about another organisation's document, he is answered as about one that does not exist. What becomes of one
// that he makes under its id, TestTheSameIDIsAnotherDocumentInEachOrganisation tells.
func TestOrganisationsAreSealedOnTheWebSocket(t *testing.T) {
	s := newOffice(t)
	s.add("rival", "dispatcher", "dora")
	s.add("rival", "worker", "wanda")
	s.add("rival", "director", "dirk")
	c := s.job("anna", true)
	parsed, err := crdt.ParseHash(c.heads[0])
	if err != nil {
		t.Fatal(err)
	}
	theirs := []light.Hash{light.Hash(parsed)}
	first := s.pen.ask(request{Do: "base", Core: "3", Doc: "elsewhere", Kind: "job", Actors: []string{newActor(), newActor()}, Me: "x"})
	if first.Error != "" {
		t.Fatal(first.Error)
	}
	for _, who := range []string{"dora@rival", "wanda@rival", "dirk@rival"} {
		for _, ext := range []bool{true, false} {
			for _, pr := range probes() {
				if pr.brings && who == "dora@rival" {
					continue // she makes a document of her own by it
				}
				nothing := newDoc()
				unknown := []light.Hash{sha256.Sum256([]byte(nothing))}
				got, err := s.answers(who, ext, pr, c.doc, theirs, first.Changes[0].raw)
				if err != nil {
					t.Fatalf("%s, %s: %v", who, pr.name, err)
				}
				want, err := s.answers(who, ext, pr, nothing, unknown, first.Changes[0].raw)
				if err != nil {
					t.Fatalf("%s, %s, of nothing: %v", who, pr.name, err)
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s, %s: of theirs\n%q\nof nothing\n%q", who, pr.name, got, want)
				}
			}
		}
	}
	// A comparison knows nothing of it, however it is asked.
	id, err := crdt.ParseDocID(c.doc)
	if err != nil {
		t.Fatal(err)
	}
	next := id
	for i := len(next) - 1; i >= 0; i-- {
		if next[i]++; next[i] != 0 {
			break
		}
	}
	for _, who := range []string{"dora@rival", "wanda@rival", "dirk@rival"} {
		for _, r := range []light.Range{{From: id[:], To: next[:], Digest: emptyDigest()}, {From: id[:], To: next[:], Count: 1, Digest: emptyDigest()}, {From: []byte{}, To: []byte{}, Digest: emptyDigest()}} {
			p, err := s.dial(who, true)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Send(&light.Frame{Type: "fieldsync-catch-up", SenderID: p.PeerID, TargetID: p.ServerID, Ranges: []light.Range{r}}); err != nil {
				t.Fatal(err)
			}
			all := p.frames(t, "the comparison is answered", func(f *light.Frame) bool { return f.Type == "fieldsync-catch-up" })
			for _, got := range all[len(all)-1].Ranges {
				if got.Count != 0 || len(got.Items) != 0 {
					t.Errorf("%s: a comparison tells of %d documents", who, got.Count)
				}
			}
			p.Close()
		}
	}
	// Theirs is what it was, and nobody of the others got hold of it.
	got, err := author.Fetch(t.Context(), s.url("dora"), "looker", c.doc)
	if err != nil || len(got.Changes()) != len(c.expected) {
		t.Errorf("their document has %d changes, not %d: %v", len(got.Changes()), len(c.expected), err)
	}
	if _, err := author.Fetch(t.Context(), s.url("dora@rival"), "stranger", c.doc); !errors.Is(err, author.ErrUnavailable) {
		t.Errorf("a stranger finds it: %v", err)
	}
}
