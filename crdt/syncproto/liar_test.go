package syncproto

import (
	"slices"
	"testing"

	"fieldsync/crdt"
)

// interrogate gives the same message to a peer again and again and counts what comes back.
func interrogate(t *testing.T, g *testGraph, p *Peer, times int, message func(i int) Message) (messages, bytes, changes int) {
	t.Helper()
	for i := range times {
		m := message(i)
		p.Receive(g, &m)
		for {
			plan, ok := p.Generate(g, GenerateOptions{})
			if !ok {
				break
			}
			messages++
			bytes += len(plan.Encode(g, nil))
			changes += len(plan.Changes)
			if messages > 100*times {
				t.Fatal("talks without end to one who only lies")
			}
		}
	}
	return messages, bytes, changes
}

func grown(n int) *testGraph {
	g := newTestGraph()
	for i := range n {
		g.edit(uint64(i))
	}
	return g
}

func fullBloom(n int) Bloom {
	b := NewBloom(n)
	for i := range b.bits {
		b.bits[i] = 0xff
	}
	return b
}

func TestLiarsGetLittleForTheirLies(t *testing.T) {
	const n, times = 300, 5000
	all := func(g *testGraph) []crdt.Hash { return slices.Clone(g.hashes) }
	hello := []Have{{}}
	cases := map[string]struct {
		message              func(g *testGraph, i int) Message
		maxMessages, maxSent int
	}{
		"new unknown heads each time": {func(_ *testGraph, i int) Message {
			return Message{Version: V1, Heads: []crdt.Hash{testHash(-1 - i)}, Have: hello}
		}, maxFruitless + 12, (repeatFactor+1)*n + repeatSlack}, // some bring all changes, till the budget is spent
		"needs unknown hashes": {func(_ *testGraph, i int) Message {
			return Message{Version: V1, Need: []crdt.Hash{testHash(-1 - i)}}
		}, 2, n},
		"needs everything again and again": {func(g *testGraph, i int) Message {
			return Message{Version: V1, Heads: g.Heads(), Need: all(g)}
		}, times, (repeatFactor+1)*n + repeatSlack},
		"is empty, is full, is empty": {func(g *testGraph, i int) Message {
			m := Message{Version: V1, Have: hello}
			if i%2 == 1 {
				m.Heads = g.Heads()
			}
			return m
		}, times, (repeatFactor+1)*n + repeatSlack},
		"asks for a reset each time": {func(g *testGraph, i int) Message {
			return Message{Version: V2, Have: hello, Flags: NewFlags(FlagSyncReset)}
		}, times, (repeatFactor+1)*n + repeatSlack},
		"leans on a last sync that never was": {func(g *testGraph, i int) Message {
			return Message{Version: V1, Heads: []crdt.Hash{testHash(-1)},
				Have: []Have{{LastSync: []crdt.Hash{testHash(-2 - i)}, Bloom: NewBloom(1)}}}
		}, 3, n},
		"a filter full of ones": {func(g *testGraph, i int) Message {
			return Message{Version: V1, Heads: []crdt.Hash{testHash(-1)}, Have: []Have{{Bloom: fullBloom(1000)}}}
		}, 2, 0},
		"the same message for ever": {func(g *testGraph, i int) Message {
			return Message{Version: V1, Heads: []crdt.Hash{g.Hash(0)}, Have: hello, Need: []crdt.Hash{g.Hash(5)}}
		}, 2, n},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := grown(n)
			p := NewPeer(Options{})
			messages, _, sent := interrogate(t, g, p, times, func(i int) Message { return c.message(g, i) })
			if messages > c.maxMessages || sent > c.maxSent {
				t.Errorf("%d lies brought %d messages (at most %d) and %d changes (at most %d)",
					times, messages, c.maxMessages, sent, c.maxSent)
			}
			if len(p.shared) > maxSavedHeads || len(p.sent) > maxSpans || len(p.extra) > DefaultMaxHashes {
				t.Errorf("the state grew: %d shared heads, %d spans, %d extra", len(p.shared), len(p.sent), len(p.extra))
			}
			// Whatever it did, it gets the next change.
			p.Receive(g, &Message{Version: V1, Heads: g.Heads(), Have: []Have{{LastSync: g.Heads()}}})
			p.Generate(g, GenerateOptions{})
			g.edit(1 << 20)
			plan, ok := p.Generate(g, GenerateOptions{})
			if !ok || len(plan.Changes) != 1 {
				t.Errorf("the next change was not pushed: %v %v", ok, plan.Changes)
			}
		})
	}
}

func TestAPeerWhoAsksWithoutEndIsExhausted(t *testing.T) {
	g := grown(10)
	p := NewPeer(Options{})
	if p.Exhausted(g) {
		t.Fatal("at once")
	}
	interrogate(t, g, p, 1000, func(i int) Message {
		return Message{Version: V2, Have: []Have{{}}, Flags: NewFlags(FlagSyncReset)}
	})
	if !p.Exhausted(g) {
		t.Fatal("never")
	}
}

func TestAFilterFullOfOnesHidesNothingFromWhoAsksByName(t *testing.T) {
	a, b := grown(40), newTestGraph()
	p := NewPeer(Options{})
	p.Receive(a, &Message{Version: V1, Heads: []crdt.Hash{testHash(-1)}, Have: []Have{{Bloom: fullBloom(1000)}}})
	for i := a.Len() - 1; i >= 0; i-- {
		p.Receive(a, &Message{Version: V1, Heads: []crdt.Hash{testHash(-1)}, Need: []crdt.Hash{a.Hash(i)}})
		if plan, ok := p.Generate(a, GenerateOptions{}); ok {
			m, err := Decode(plan.Encode(a, nil), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			b.take(&m)
		}
	}
	if b.Len() != a.Len() {
		t.Fatalf("%d of %d changes came", b.Len(), a.Len())
	}
}

// A server may refuse a change for good. The two must fall silent all the same, and the rest must go on.
func TestARefusedChangeDoesNotKeepPeersTalking(t *testing.T) {
	a, b := newTestGraph(), newTestGraph()
	x, y := newEnd(a, Options{}), newEnd(b, Options{})
	a.edit(1)
	settle(t, x, y, handful)
	b.refuse[hashOfTest(testChange(a.Heads(), 2))] = true
	a.edit(2)
	settle(t, x, y, handful)
	a.edit(3) // waits at b for ever
	settle(t, x, y, handful)
	for i := range 20 {
		b.edit(100 + uint64(i))
		if n := settle(t, x, y, handful); n > 4 {
			t.Fatalf("%d messages for one change", n)
		}
	}
	if a.Len() != 23 || b.Len() != 21 {
		t.Fatalf("%d and %d changes", a.Len(), b.Len())
	}
}

func TestAReadOnlyPeerIsSentNoChanges(t *testing.T) {
	a, b := grown(10), grown(20)
	reader, writer := newEnd(a, Options{ReadOnly: true}), newEnd(b, Options{})
	settle(t, reader, writer, handful)
	if writer.bytes != 0 || a.Len() != 10 || !writer.p.TakesNoChanges() {
		t.Fatalf("%d bytes were sent to one who takes none", writer.bytes)
	}
}
