package replica

import (
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/history"
	"fieldsync/crdt/wire"
)

type anybody struct{}

func (anybody) Author() history.Author { return "anybody" }

var aMoment = time.UnixMilli(1_800_000_000_000)

func joinedHub() *Hub {
	h := NewHub(&Config{PeerID: "server"})
	h.Step(aMoment, Opened{Conn: 1, Principal: anybody{}})
	h.Step(aMoment, Framed{Conn: 1, Frame: wire.Join{Sender: "peer", Metadata: wire.PeerMetadata{Fieldsync: 1}, Versions: []string{"1"}}})
	return h
}

// Each comparison has the caller read all that the principal may see.
func TestAPeerCannotHaveTheInventoryReadAgainAndAgain(t *testing.T) {
	h := joinedHub()
	read, closed := 0, false
	for range 100 {
		b := h.Step(aMoment, Framed{Conn: 1, Frame: wire.CatchUp{Sender: "peer", Done: true}})
		closed = closed || len(b.Close) > 0
		for range b.Compare {
			read++
			h.Step(aMoment, Inventory{Conn: 1, Items: []Item{{Doc: crdt.DocID{1}}}})
		}
	}
	if read == 0 || read > maxComparisons || !closed {
		t.Errorf("the inventory was read %d times; closed: %v", read, closed)
	}
}

func TestTheInventoryOfAComparisonThatFallsSilentIsGivenUp(t *testing.T) {
	h := joinedHub()
	everything := wire.CatchUp{Sender: "peer", Ranges: []wire.Range{{Count: 1}}}
	h.Step(aMoment, Framed{Conn: 1, Frame: everything})
	h.Step(aMoment, Inventory{Conn: 1, Items: []Item{{Doc: crdt.DocID{1}}, {Doc: crdt.DocID{2}}}})
	now := aMoment
	held := func() bool { return h.conns[1].catchup != nil }
	h.Step(now, HubTick{})
	now = now.Add(comparePatience - time.Second)
	h.Step(now, Framed{Conn: 1, Frame: everything}) // it is slow, but goes on
	for range 3 {
		if h.Step(now, HubTick{}); !held() {
			t.Fatal("a peer that goes on is given up")
		}
		now = now.Add(comparePatience / 3)
	}
	if h.Step(now, HubTick{}); held() || len(h.comparing) > 0 {
		t.Error("the inventory is held for a peer that says nothing")
	}
	if b := h.Step(now, Framed{Conn: 1, Frame: everything}); len(b.Compare) != 1 {
		t.Error("it may not begin anew")
	}
}
