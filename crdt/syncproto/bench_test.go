package syncproto

import (
	"testing"

	"fieldsync/crdt"
)

func oneChange(b *testing.B) (*testGraph, []byte) {
	g := grown(1)
	plan := Plan{Version: V1, Heads: g.Heads(), Have: true, LastSync: g.Heads(), Changes: []int{0}}
	return g, plan.Encode(g, nil)
}

func BenchmarkDecodeOneChange(b *testing.B) {
	_, data := oneChange(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(data, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeOneChange(b *testing.B) {
	g, _ := oneChange(b)
	plan := Plan{Version: V1, Heads: g.Heads(), Have: true, LastSync: g.Heads(), Changes: []int{0}}
	b.ReportAllocs()
	for b.Loop() {
		plan.Encode(g, nil)
	}
}

// stillGraph answers Heads from memory, as the naive graph's own would be what is measured.
type stillGraph struct {
	*testGraph
	heads crdt.Heads
}

func (g *stillGraph) Heads() crdt.Heads { return g.heads }

// One live change goes to one of many subscribers, who share a fanout: what a subscriber costs beyond the first.
func BenchmarkGenerateForOneSubscriber(b *testing.B) {
	g := &stillGraph{testGraph: grown(31)}
	g.heads = g.testGraph.Heads()
	p := NewPeer(Options{})
	p.Receive(g, &Message{Version: V1, Heads: g.heads, Have: []Have{{LastSync: g.heads}}})
	p.Generate(g, GenerateOptions{})
	p.Receive(g, &Message{Version: V1, Heads: g.heads, Have: []Have{{LastSync: g.heads}}})
	before := *p
	g.edit(1 << 20)
	g.heads = g.testGraph.Heads()
	var fan Fanout
	b.ReportAllocs()
	for b.Loop() {
		*p = before
		plan, ok := p.Generate(g, GenerateOptions{Fanout: &fan})
		if !ok || len(plan.Changes) != 1 {
			b.Fatal(ok, plan.Changes)
		}
		fan.Encode(g, &plan, nil)
	}
}

// And its acknowledgement, decoded and taken in, which says nothing new.
func BenchmarkReceiveAcknowledgement(b *testing.B) {
	g := &stillGraph{testGraph: grown(31)}
	g.heads = g.testGraph.Heads()
	p := NewPeer(Options{})
	ack := Append(nil, &Message{Version: V1, Heads: g.heads, Have: []Have{{LastSync: g.heads}}})
	var fan Fanout
	b.ReportAllocs()
	for b.Loop() {
		m, err := Decode(ack, Limits{})
		if err != nil {
			b.Fatal(err)
		}
		p.Receive(g, &m)
		p.Generate(g, GenerateOptions{Fanout: &fan})
	}
}
