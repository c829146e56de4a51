package replica_test

import (
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/history"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/syncproto"
	"fieldsync/crdt/wire"
)

type someone struct{}

func (someone) Author() history.Author { return "someone" }

// A document that becomes its snapshot forgets nothing of what a peer has said meanwhile: who speaks of a change that we lack
// is asked for it.
func TestWhatAPeerHasMoreIsAskedForAlsoWhenASnapshotIsStoredMeanwhile(t *testing.T) {
	d := newByHand(t)
	says := func(heads crdt.Heads) replica.Batch {
		data := syncproto.Append(nil, &syncproto.Message{Version: syncproto.V1, Heads: heads, Have: []syncproto.Have{{LastSync: d.Heads()}}})
		return d.step(replica.Receive{Conn: 1, Msg: &wire.Sync{Doc: d.ID(), Sender: "server", Data: data}})
	}
	for range 5 {
		d.add()
		d.step(replica.Stored{})
	}
	d.step(replica.Attach{Peer: replica.PeerInfo{Conn: 1, Doc: crdt.DocID{1}, Remote: "server", Principal: someone{}, Dialed: true}, Announce: true})
	says(d.Heads())
	d.now = d.now.Add(time.Minute)
	b := d.step(replica.Tick{Build: true})
	if b.Build == nil {
		t.Fatal("no snapshot is asked for")
	}
	if b = d.step(replica.Built{Chunk: snapshotOf(t, b.Build.Raws)}); len(b.Persist) == 0 {
		t.Fatal("the snapshot is not stored", b.Notify)
	}
	newer := crdt.NewHeads(crdt.Hash{7})
	if b = says(newer); len(b.Send) > 0 {
		t.Fatal("something is said while a write is out")
	}
	b = d.step(replica.Stored{})
	if len(b.Send) != 1 {
		t.Fatalf("%d frames; want the question for the change", len(b.Send))
	}
	f, err := wire.Decode(append(wire.AppendSyncPrefix(nil, "phone", "server", false), b.Send[0].Shared...))
	if err != nil {
		t.Fatal(err)
	}
	m, err := syncproto.Decode(f.(wire.Sync).Data, syncproto.Limits{})
	if err != nil || !crdt.NewHeads(m.Need...).Equal(newer) {
		t.Errorf("asked for %v, %v", m.Need, err)
	}
}
