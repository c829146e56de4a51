package syncproto

import (
	"bytes"
	"slices"
	"testing"

	"fieldsync/crdt"
)

func mustGenerate(t *testing.T, p *Peer, g Graph, opt GenerateOptions) Plan {
	t.Helper()
	plan, ok := p.Generate(g, opt)
	if !ok {
		t.Fatal("nothing to say")
	}
	return plan
}

func TestALastSyncThatWeLostIsAnsweredOnceWithAllThatWeHold(t *testing.T) {
	g := grown(20)
	p := NewPeer(Options{})
	m := Message{Version: V1, Heads: []crdt.Hash{testHash(-1)}, Have: []Have{{LastSync: []crdt.Hash{testHash(-2)}, Bloom: NewBloom(1)}}}
	p.Receive(g, &m)
	plan := mustGenerate(t, p, g, GenerateOptions{})
	if len(plan.LastSync) != 0 || len(plan.Bloom) != 20 || len(plan.Changes) != 0 || !slices.Equal(plan.Need, m.Heads) {
		t.Fatalf("not a reset: %+v", plan)
	}
	p.Receive(g, &m) // still so: what helps now is to send what its filter lacks
	if plan := mustGenerate(t, p, g, GenerateOptions{}); len(plan.Changes) != 20 {
		t.Fatalf("%d of 20 changes", len(plan.Changes))
	}
}

func TestWhoSaysThatItHoldsWhatWeHoldIsNotToldSo(t *testing.T) {
	a, b := grown(3), grown(3)
	x, y := newEnd(a, Options{}), newEnd(b, Options{})
	settle(t, x, y, handful)
	raw := testChange(a.Heads(), 99) // reaches both by another way
	a.admit(raw)
	b.admit(raw)
	y.p.Receive(b, &Message{Version: V1, Heads: a.Heads(), Have: []Have{{LastSync: a.Heads()}}})
	if plan, ok := y.p.Generate(b, GenerateOptions{}); ok {
		t.Fatalf("an acknowledgement was acknowledged: %+v", plan)
	}
}

func TestAPushIsAcknowledgedAlsoWhenThePeerSpeaksAgainBeforeWeDo(t *testing.T) {
	a, b := grown(3), grown(3)
	x, y := newEnd(a, Options{}), newEnd(b, Options{})
	settle(t, x, y, handful)
	raw := testChange(a.Heads(), 99)
	a.admit(raw)
	push := Message{Version: V1, Heads: a.Heads(), Have: []Have{{LastSync: b.Heads()}}, Changes: [][]byte{raw}}
	b.admit(raw)
	y.p.Receive(b, &push)
	// Nothing is said while the change is not durable. Meanwhile the peer answers something older, as automerge 3 does.
	y.p.Receive(b, &Message{Version: V1, Heads: a.Heads(), Have: push.Have})
	if plan := mustGenerate(t, y.p, b, GenerateOptions{}); !plan.Heads.Equal(a.Heads()) {
		t.Fatalf("not an acknowledgement: %+v", plan)
	}
	if plan, ok := y.p.Generate(b, GenerateOptions{}); ok {
		t.Fatalf("acknowledged twice: %+v", plan)
	}
}

func TestAnEmptyPeerOfVersion2GetsTheDocumentChunkAndWhatCameAfter(t *testing.T) {
	g := grown(30)
	for _, c := range []struct {
		flags   *Flags
		want    bool
		changes int
	}{{nil, false, 30}, {NewFlags(0), true, 2}, {&Flags{Raw: []byte{1, 2}}, true, 2}, {&Flags{Raw: []byte{1}}, false, 30}} {
		p := NewPeer(Options{})
		p.Receive(g, &Message{Version: V1, Have: []Have{{}}, Flags: c.flags})
		plan := mustGenerate(t, p, g, GenerateOptions{SnapshotCovers: 28, SnapshotBytes: 100})
		if plan.Snapshot != c.want || len(plan.Changes) != c.changes {
			t.Errorf("flags %v: snapshot %v and %d changes", c.flags, plan.Snapshot, len(plan.Changes))
		}
		if plan.Have {
			t.Errorf("flags %v: a peer that holds nothing is asked for something", c.flags)
		}
		m, err := Decode(plan.Encode(g, g.snapshot(28)), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		h := newTestGraph()
		if h.take(&m); h.Len() != 30 {
			t.Errorf("flags %v: %d of 30 changes came", c.flags, h.Len())
		}
	}
}

func TestAPeerThatHoldsMostIsNotSentTheDocumentChunk(t *testing.T) {
	g := grown(30)
	p := NewPeer(Options{})
	p.Receive(g, &Message{Version: V2, Heads: []crdt.Hash{g.Hash(24)}, Have: []Have{{}}, Need: g.Heads()})
	plan := mustGenerate(t, p, g, GenerateOptions{SnapshotCovers: 30, SnapshotBytes: 1})
	if plan.Snapshot || len(plan.Changes) != 5 {
		t.Fatalf("snapshot %v and %d changes, want the last five changes", plan.Snapshot, len(plan.Changes))
	}
}

func TestSubscribersInOneStateShareOneFrameAndOthersGetTheirOwn(t *testing.T) {
	g := grown(5)
	subscribe := func(heads crdt.Heads) *Peer {
		p := NewPeer(Options{})
		p.Receive(g, &Message{Version: V1, Heads: heads, Have: []Have{{LastSync: heads}}})
		p.Generate(g, GenerateOptions{})
		p.Receive(g, &Message{Version: V1, Heads: g.Heads(), Have: []Have{{LastSync: g.Heads()}}})
		return p
	}
	same := []*Peer{subscribe(g.Heads()), subscribe(crdt.Heads{g.Hash(0)}), subscribe(g.Heads())}
	behind := NewPeer(Options{})
	behind.Receive(g, &Message{Version: V1, Heads: []crdt.Hash{g.Hash(1)}, Have: []Have{{LastSync: []crdt.Hash{g.Hash(1)}}}})
	further := NewPeer(Options{})
	further.Receive(g, &Message{Version: V1, Heads: []crdt.Hash{g.Hash(0)}, Have: []Have{{LastSync: []crdt.Hash{g.Hash(0)}}}})
	g.edit(77)
	var fan Fanout
	var frames [][]byte
	for _, p := range append(same, behind, further) {
		plan := mustGenerate(t, p, g, GenerateOptions{Fanout: &fan})
		frame := fan.Encode(g, &plan, nil)
		if !bytes.Equal(frame, plan.Encode(g, nil)) {
			t.Fatal("the shared frame is another message")
		}
		frames = append(frames, frame)
	}
	for i := range same {
		if &frames[i][0] != &frames[0][0] {
			t.Error("equal plans were encoded twice")
		}
	}
	for i, want := range []int{1, 1, 1, 4, 5} {
		m, err := Decode(frames[i], Limits{})
		if err != nil || len(m.Changes) != want {
			t.Errorf("subscriber %d got %d changes, want %d (%v)", i, len(m.Changes), want, err)
		}
	}
	g.edit(78) // the fanout notices
	plan := mustGenerate(t, same[0], g, GenerateOptions{Fanout: &fan})
	if !plan.Heads.Equal(g.Heads()) || len(plan.Changes) != 1 {
		t.Error("the fanout answers for an older graph")
	}
}

func TestAPeerAssumedInSyncHearsOfTheNextChangeAlone(t *testing.T) {
	a, b := grown(9), grown(9)
	x, y := newEnd(a, Options{}), newEnd(b, Options{})
	x.p.AssumeSynced(a, false)
	y.p.AssumeSynced(b, false)
	if n := settle(t, x, y, handful); n != 0 {
		t.Fatalf("%d messages about nothing", n)
	}
	b.edit(50)
	if n := settle(t, x, y, handful); n != 2 || a.Len() != 10 || y.bytes != len(b.Raw(9)) {
		t.Fatalf("%d messages, %d changes here, %d bytes", n, a.Len(), y.bytes)
	}
}

func TestTheSavedStateIsAutomergesOwn(t *testing.T) {
	g := grown(4)
	p := NewPeer(Options{})
	p.Receive(g, &Message{Version: V1, Heads: g.Heads(), Have: []Have{{}}})
	head := g.Heads()[0]
	want := append([]byte{0x43, 1}, head[:]...)
	if got := p.Save(); !bytes.Equal(got, want) {
		t.Fatalf("%x, want %x", got, want)
	}
	back, err := Restore(want, Options{})
	if err != nil {
		t.Fatal(err)
	}
	// Restored, it sums up nothing that both hold.
	if plan := mustGenerate(t, back, g, GenerateOptions{}); len(plan.Bloom) != 0 || !plan.LastSync.Equal(g.Heads()) {
		t.Fatalf("%+v", plan)
	}
	for _, bad := range [][]byte{nil, {0x42, 0}, {0x43}, {0x43, 1, 2}} {
		if _, err := Restore(bad, Options{}); err == nil {
			t.Errorf("%x was taken", bad)
		}
	}
}

func TestWhatWasRefusedIsNotAskedForAndTheForbiddenAreNotAsked(t *testing.T) {
	g := grown(2)
	refused, other := testHash(-1), testHash(-2)
	heads := crdt.NewHeads(refused, other)
	for name, c := range map[string]struct {
		opt  GenerateOptions
		want crdt.Heads
	}{
		"plain":        {GenerateOptions{}, heads},
		"one refused":  {GenerateOptions{Unwanted: func(h crdt.Hash) bool { return h == refused }}, crdt.NewHeads(other)},
		"no questions": {GenerateOptions{NoQuestions: true}, nil},
	} {
		p := NewPeer(Options{})
		p.Receive(g, &Message{Version: V1, Heads: heads, Have: []Have{{}}})
		if plan := mustGenerate(t, p, g, c.opt); !slices.Equal(plan.Need, c.want) {
			t.Errorf("%s: asks for %v", name, plan.Need)
		}
	}
}

func TestSubscribersWhoDidNotAcknowledgeYetShareTheFrameToo(t *testing.T) {
	g := grown(5)
	var fresh, slow *Peer
	for _, p := range []**Peer{&fresh, &slow} {
		*p = NewPeer(Options{})
		(*p).AssumeSynced(g, false)
	}
	g.edit(60)
	mustGenerate(t, fresh, g, GenerateOptions{})
	mustGenerate(t, slow, g, GenerateOptions{})
	fresh.Receive(g, &Message{Version: V1, Heads: g.Heads(), Have: []Have{{LastSync: g.Heads()}}})
	g.edit(61)
	a, b := mustGenerate(t, fresh, g, GenerateOptions{}), mustGenerate(t, slow, g, GenerateOptions{})
	if !a.Equal(&b) || len(a.Changes) != 1 {
		t.Fatalf("%+v\n%+v", a, b)
	}
}

func TestAPeerThatLostAllItsChangesIsSentThemAgain(t *testing.T) {
	g := grown(6)
	p := NewPeer(Options{})
	p.AssumeSynced(g, false)
	p.Receive(g, &Message{Version: V1, Have: []Have{{LastSync: g.Heads()}}}) // its saved state outlived its changes
	if plan := mustGenerate(t, p, g, GenerateOptions{}); len(plan.Changes) != 6 {
		t.Fatalf("%d of 6 changes", len(plan.Changes))
	}
}

func TestADocumentChunkThatSavesNothingIsNotSentForAPartOfIt(t *testing.T) {
	g := grown(30)
	for size, want := range map[int]bool{1: true, 1 << 20: false} {
		p := NewPeer(Options{})
		p.Receive(g, &Message{Version: V2, Heads: []crdt.Hash{g.Hash(3)}, Have: []Have{{}}, Need: g.Heads()})
		plan := mustGenerate(t, p, g, GenerateOptions{SnapshotCovers: 30, SnapshotBytes: size})
		if plan.Snapshot != want {
			t.Errorf("a chunk of %d bytes: sent %v", size, plan.Snapshot)
		}
	}
}

// What was asked for by name is asked for once. If the answer to it is thrown away, before it was made or after, it is made again: the
// peer would not ask another time.
func TestWhatWasSaidAndNotSentIsSaidAnew(t *testing.T) {
	for _, made := range []bool{false, true} {
		a, b := grown(3), grown(3)
		x, y := newEnd(a, Options{}), newEnd(b, Options{})
		settle(t, x, y, handful)
		news := a.edit(99)
		question := Message{Version: V1, Heads: b.Heads(), Need: []crdt.Hash{news}}
		x.p.Receive(a, &question)
		if made {
			if plan := mustGenerate(t, x.p, a, GenerateOptions{}); len(plan.Changes) != 1 {
				t.Fatalf("not an answer: %+v", plan)
			}
		}
		shared := x.p.SharedHeads()
		x.p.Unsay(a)
		if !x.p.SharedHeads().Equal(shared) {
			t.Error("forgotten what is shared")
		}
		plan := mustGenerate(t, x.p, a, GenerateOptions{})
		if len(plan.Changes) != 1 || a.Hash(plan.Changes[0]) != news || !plan.Heads.Equal(a.Heads()) {
			t.Errorf("made before %v: %+v", made, plan)
		}
		if plan, ok := x.p.Generate(a, GenerateOptions{}); ok {
			t.Errorf("said twice: %+v", plan)
		}
	}
	// Whom nothing was heard of is spoken to as for the first time.
	g := grown(2)
	p := NewPeer(Options{})
	first := mustGenerate(t, p, g, GenerateOptions{})
	p.Unsay(g)
	if again := mustGenerate(t, p, g, GenerateOptions{}); !again.Equal(&first) {
		t.Errorf("%+v, then %+v", first, again)
	}
}
