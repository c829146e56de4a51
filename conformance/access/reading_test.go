package access_test

import (
	"bytes"
	"net/http"
	"slices"
	"testing"
	"time"

	"fieldsync/conformance/internal/light"
	"fieldsync/crdt"
)

// office has what a test of one job needs: a dispatcher who makes it, workers, and a pen.
func newOffice(t *testing.T) *stage {
	w := newWorld(t)
	w.add("acme", "dispatcher", "office", "dora")
	w.add("acme", "worker", "anna", "ben")
	return &stage{world: w, pen: newPen(t), core: "3"}
}

// job makes a job of somebody's.
func (s *stage) job(who string, edit bool) *scene {
	s.t.Helper()
	c := &scene{stage: s, who: who, doc: newDoc(), expected: map[string]bool{}}
	c.name = c.doc
	base := s.pen.ask(request{Do: "base", Core: s.core, Doc: c.name, Kind: "job", Actors: []string{newActor(), newActor()}, Me: s.me("office"), Assignees: map[string]bool{s.me(who): edit}})
	if base.Error != "" {
		s.t.Fatal(base.Error)
	}
	for _, ch := range base.Changes {
		if err := c.takes("office", ch); err != nil {
			s.t.Fatal(err)
		}
	}
	return c
}

// frames reads until a frame is wanted, and gives all that came, that one included.
func (p *peer) frames(t *testing.T, what string, wanted func(*light.Frame) bool) (all []*light.Frame) {
	t.Helper()
	p.SetReadDeadline(time.Now().Add(watchdog))
	for {
		f, err := p.Read()
		if err != nil {
			t.Fatalf("never: %s: %v; came: %s", what, err, show(all))
		}
		if all = append(all, f); wanted(f) {
			return all
		}
	}
}

func show(frames []*light.Frame) (out []string) {
	for _, f := range frames {
		out = append(out, f.Type+" "+f.DocumentID)
	}
	return out
}

// ask asks for a document as somebody who holds nothing of it.
func (p *peer) ask(t *testing.T, doc string) {
	t.Helper()
	if err := p.SendSync("request", doc, &light.SyncMessage{Have: []light.Have{{}}}); err != nil {
		t.Fatal(err)
	}
}

// says sends a word of presence.
func (p *peer) says(t *testing.T, doc string, count uint64) {
	t.Helper()
	if err := p.Send(&light.Frame{Type: "ephemeral", DocumentID: doc, SenderID: p.PeerID, TargetID: p.ServerID, SessionID: "s", Count: count, Data: []byte{0xf6}}); err != nil {
		t.Fatal(err)
	}
}

func isFor(doc, kind string) func(*light.Frame) bool {
	return func(f *light.Frame) bool { return f.DocumentID == doc && f.Type == kind }
}

// Reading ends with the assignment, on every way on which something of a job comes to somebody: what changes in it, who is there, what is
// asked for by id, what is compared after a reconnect, and the lists and files of the API.
func TestReadingEndsWithTheAssignment(t *testing.T) {
	s := newOffice(t)
	c := s.job("anna", true)
	other := s.job("anna", true)
	dial := func(who string, ext bool) *peer {
		p, err := s.dial(who, ext)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Close)
		return p
	}
	ours, plain, office := dial("anna", true), dial("anna", false), dial("dora", true)
	for _, p := range []*peer{ours, plain, office} {
		p.ask(t, c.doc)
		p.frames(t, "the job comes", isFor(c.doc, "sync"))
	}
	// While it is hers she hears who is there, and is heard.
	office.says(t, c.doc, 1)
	ours.frames(t, "presence reaches anna", isFor(c.doc, "ephemeral"))
	plain.frames(t, "presence reaches anna", isFor(c.doc, "ephemeral"))
	ours.says(t, c.doc, 1)
	office.frames(t, "anna is heard", isFor(c.doc, "ephemeral"))
	plain.frames(t, "anna is heard", isFor(c.doc, "ephemeral"))
	if status, body := s.call(s.people["anna"].token, "GET", "/api/v1/jobs/"+c.doc, nil); status != http.StatusOK {
		t.Errorf("the API, while it is hers: %d %s", status, body)
	}

	a := s.pen.ask(request{Do: "assign", Core: "3", Doc: c.name, Actor: newActor(), Me: s.me("anna")})
	if a.Error != "" {
		t.Fatal(a.Error)
	}
	if err := c.takes("office", a.Changes[0]); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*peer{ours, plain} {
		p.frames(t, "anna is told that it is not there", isFor(c.doc, "doc-unavailable"))
	}
	// From here on nothing of it comes to her. The answer to her question comes behind all that was said before.
	office.says(t, c.doc, 2)
	b := s.pen.ask(request{Do: "edit", Core: "3", Doc: c.name, Edit: "title: set", Actor: newActor(), Me: s.me("office")})
	if err := c.takes("office", b.Changes[0]); b.Error != "" || err != nil {
		t.Fatal(b.Error, err)
	}
	for _, p := range []*peer{ours, plain} {
		p.says(t, c.doc, 2)
		p.ask(t, c.doc)
		for _, f := range p.frames(t, "anna is answered", isFor(c.doc, "doc-unavailable")) {
			if f.DocumentID == c.doc && f.Type != "doc-unavailable" {
				t.Errorf("anna got %s after the job was taken from her", f.Type)
			}
		}
	}
	late := s.pen.ask(request{Do: "edit", Core: "3", Doc: c.name, Edit: "title: delete", Actor: newActor(), Me: s.me("office")})
	if err := c.takes("office", late.Changes[0]); late.Error != "" || err != nil {
		t.Fatal(late.Error, err)
	}
	hash, err := crdt.ParseHash(late.Changes[0].Hash)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range office.frames(t, "the office sees the last edit", func(f *light.Frame) bool {
		m, err := light.ParseSync(f.Data)
		return f.Type == "sync" && err == nil && slices.Contains(m.Heads, light.Hash(hash))
	}) {
		if f.Type == "ephemeral" {
			t.Error("anna is still heard in the job")
		}
	}

	// A new connection finds it on no list: by comparison, and as a client that is told.
	again := dial("anna", true)
	if err := again.Send(&light.Frame{Type: "fieldsync-catch-up", SenderID: again.PeerID, TargetID: again.ServerID, Ranges: []light.Range{{From: []byte{}, To: []byte{}, Digest: emptyDigest()}}}); err != nil {
		t.Fatal(err)
	}
	listed := again.frames(t, "the comparison is answered", func(f *light.Frame) bool { return f.Type == "fieldsync-catch-up" })
	answer := listed[len(listed)-1]
	has := func(doc string) bool {
		id, err := crdt.ParseDocID(doc)
		return err == nil && slices.ContainsFunc(answer.Ranges, func(r light.Range) bool {
			return slices.ContainsFunc(slices.Collect(slices.Chunk(r.Items, 32)), func(item []byte) bool { return bytes.Equal(item[:16], id[:]) })
		})
	}
	if !has(other.doc) || has(c.doc) {
		t.Errorf("compared: her other job %v, the one that was hers %v", has(other.doc), has(c.doc))
	}
	told := dial("anna", false)
	for _, f := range told.frames(t, "she is told of her other job", isFor(other.doc, "sync")) {
		if f.DocumentID == c.doc {
			t.Errorf("she is told of the one that was hers: %s", f.Type)
		}
	}
	if status, body := s.call(s.people["anna"].token, "GET", "/api/v1/jobs/"+c.doc, nil); status != http.StatusNotFound {
		t.Errorf("the API: %d %s", status, body)
	}
	if status, body := s.call(s.people["anna"].token, "GET", "/api/v1/jobs?limit=100", nil); status != http.StatusOK || bytes.Contains(body, []byte(c.doc)) {
		t.Errorf("the API's list: %d %s", status, body)
	}

	// Given back, it comes by itself.
	if err := c.step("office", request{Do: "edit", Doc: c.name, Edit: "assignees/me: set", Me: s.me("anna")}, false); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*peer{ours, plain, told} {
		p.frames(t, "the job comes back", isFor(c.doc, "sync"))
	}
}

// emptyDigest is the digest of no documents: the beginning of the SHA-256 of nothing.
func emptyDigest() []byte {
	return []byte{0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24}
}

// Who may deliver to a job that he may not read learns of nothing but his own: whatever hashes and documents he names.
func TestWhoMayOnlyDeliverLearnsNothing(t *testing.T) {
	s := newOffice(t)
	c := s.job("anna", true)
	before := c.heads
	if err := c.step("office", request{Do: "assign", Doc: c.name, Me: s.me("anna")}, true); err != nil {
		t.Fatal(err)
	}
	p, err := s.dial("anna", true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	known, err := crdt.ParseHash(before[0])
	if err != nil {
		t.Fatal(err)
	}
	mine := light.Hash(known)
	secret, err := crdt.ParseHash(c.heads[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]*light.SyncMessage{
		"asks for a change by name":                {Heads: []light.Hash{mine}, Need: []light.Hash{light.Hash(secret), mine}},
		"says that it has what it once had":        {Heads: []light.Hash{mine}, Have: []light.Have{{LastSync: []light.Hash{mine}}}},
		"says that it shared nothing":              {Heads: []light.Hash{mine}, Have: []light.Have{{}}},
		"names heads that nobody has":              {Heads: []light.Hash{{1}}, Have: []light.Have{{}}},
		"asks for a change that nobody has":        {Heads: []light.Hash{mine}, Need: []light.Hash{{2}}},
		"speaks the newer version of the protocol": {V2: true, Heads: []light.Hash{mine}, Have: []light.Have{{}}, Flags: []byte{0x02, 0x84}},
	} {
		if err := p.SendSync("sync", c.doc, m); err != nil {
			t.Fatal(err)
		}
		p.ask(t, c.doc) // its answer comes behind
		for _, f := range p.frames(t, "an answer", isFor(c.doc, "doc-unavailable")) {
			if f.DocumentID != c.doc || f.Type == "doc-unavailable" {
				continue
			}
			answer, err := light.ParseSync(f.Data)
			if err != nil || f.Type != "sync" {
				t.Errorf("%s: answered %s, %v", name, f.Type, err)
				continue
			}
			named := append(slices.Clone(m.Heads), m.Need...)
			for _, have := range m.Have {
				named = append(named, have.LastSync...)
			}
			said := append(slices.Clone(answer.Heads), answer.Need...)
			for _, have := range answer.Have {
				said = append(said, have.LastSync...)
			}
			if len(answer.Changes) > 0 || slices.ContainsFunc(said, func(h light.Hash) bool { return !slices.Contains(named, h) || h == light.Hash(secret) }) {
				t.Errorf("%s: learns %d changes and of %x", name, len(answer.Changes), said)
			}
		}
	}
}
