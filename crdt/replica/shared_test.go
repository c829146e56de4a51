package replica_test

import (
	"slices"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/history"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/syncproto"
	"fieldsync/crdt/wire"
)

// A server that begins by saying that it has more than we do confirms nothing: who waits until both hold the same has to wait on.
func TestWhatAnEarlierConnectionLeftIsNotConfirmedByAServerThatHasMore(t *testing.T) {
	for name, heads := range map[string]func(crdt.Heads) crdt.Heads{
		"the same": func(ours crdt.Heads) crdt.Heads { return ours },
		"more":     func(crdt.Heads) crdt.Heads { return crdt.NewHeads(crdt.Hash{7}) },
	} {
		t.Run(name, func(t *testing.T) {
			made := newByHand(t)
			made.add()
			made.step(replica.Stored{})
			h, _, _ := made.View()
			saved := syncproto.NewPeer(syncproto.Options{})
			saved.AssumeSynced(h, true)
			rec := replica.Record{Heads: made.Heads(), Next: 1, Creator: "anna"}
			d, err := replica.Open(made.ID(), &replica.Config{PeerID: "phone", History: history.DefaultLimits(), KeepSyncStates: true}, replica.Loaded{
				Record: rec.Append(nil), Changes: []replica.PutChange{{Value: replica.AppendEntry(nil, 1, h.Raw(0))}},
				Actors: []replica.PutActor{{Actor: h.Actor(0), Author: "anna"}}, SyncStates: map[string][]byte{"disk": saved.Save()},
			})
			if err != nil {
				t.Fatal(err)
			}
			phone := &byHand{Document: d, t: t, now: made.now}
			phone.step(replica.Attach{Peer: replica.PeerInfo{Conn: 1, Doc: d.ID(), Remote: "server", Principal: someone{}, Storage: "disk", Dialed: true, Extensions: 1}})
			data := syncproto.Append(nil, &syncproto.Message{Version: syncproto.V2, Heads: heads(d.Heads())})
			b := phone.step(replica.Receive{Conn: 1, Msg: &wire.Sync{Doc: d.ID(), Sender: "server", Data: data}})
			confirmed := slices.ContainsFunc(b.Notify, func(n replica.Notice) bool { s, ok := n.(replica.Shared); return ok && s.Same })
			if confirmed != (name == "the same") {
				t.Errorf("confirmed: %v", confirmed)
			}
		})
	}
}
