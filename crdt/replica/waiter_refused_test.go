package replica_test

import (
	"math/rand/v2"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/history"
	"fieldsync/crdt/history/historytest"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/syncproto"
	"fieldsync/crdt/wire"
)

// named is a principal with a name alone.
type named string

func (n named) Author() history.Author { return history.Author(n) }

// A change that waited, and is refused when its turn comes, is its author's business: whoever delivered what it waited for
// hears nothing of it. It does not wait for longer than he is there.
func TestARefusedChangeThatWaitedIsToldToItsAuthorAlone(t *testing.T) {
	const anna, ben = replica.ConnID(1), replica.ConnID(2)
	for name, gone := range map[string]bool{"he is there": false, "he has gone": true} {
		d, err := replica.Open(crdt.DocID{1}, &replica.Config{PeerID: "here", History: history.DefaultLimits(),
			Policy: func(p replica.Principal, _ crdt.DocID, _ []byte) history.Policy {
				if p == named("ben") {
					return func(*history.Admission) *crdt.Refusal { return &crdt.Refusal{Code: crdt.RefusedNotAllowed} }
				}
				return nil
			}}, replica.Loaded{})
		if err != nil {
			t.Fatal(err)
		}
		h := &byHand{Document: d, t: t}
		h.step(replica.Attach{Peer: replica.PeerInfo{Conn: anna, Doc: crdt.DocID{1}, Remote: "anna", Principal: named("anna"), Extensions: 1}})
		h.step(replica.Attach{Peer: replica.PeerInfo{Conn: ben, Doc: crdt.DocID{1}, Remote: "ben", Principal: named("ben"), Extensions: 1}})
		hers := historytest.NewWriter("anna", rand.New(rand.NewPCG(1, 1)))
		his := historytest.NewWriter("ben", rand.New(rand.NewPCG(1, 2)))
		first := hers.Edit(2)
		his.MergeFrom(hers.Model, -1)
		second := his.Edit(2)
		deliver := func(conn replica.ConnID, from crdt.PeerID, raw []byte, heads ...crdt.Hash) replica.Batch {
			data := syncproto.Append(nil, &syncproto.Message{Version: syncproto.V1, Heads: heads, Changes: [][]byte{raw}})
			return h.step(replica.Receive{Conn: conn, Msg: &wire.Sync{Doc: d.ID(), Sender: from, Data: data}})
		}
		deliver(ben, "ben", second.Raw, second.Hash)
		if gone {
			h.step(replica.Detach{Conn: ben})
		}
		b := deliver(anna, "anna", first.Raw, first.Hash)
		told := map[replica.ConnID]int{}
		for _, o := range b.Send {
			if f, ok := o.Frame.(wire.Refused); ok && f.Change == second.Hash {
				told[o.Conn]++
			}
		}
		noticed := 0
		for _, n := range b.Notify {
			if r, ok := n.(replica.Refused); ok && r.Author == "ben" && r.Refusal.Change == second.Hash {
				noticed++
			}
		}
		if told[anna] != 0 || (told[ben] == 0) != gone || (noticed == 0) != gone {
			t.Errorf("%s: anna was told %d times, ben %d, the caller %d", name, told[anna], told[ben], noticed)
		}
	}
}
