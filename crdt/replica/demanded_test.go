package replica_test

import (
	"errors"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/syncproto"
	"fieldsync/crdt/wire"
)

// demanding is a server's document with changes and no snapshot, of which a peer that holds nothing of it has just asked.
func demanding(t *testing.T, changes int, v syncproto.Version) (*byHand, replica.Batch) {
	t.Helper()
	d := newByHand(t)
	for range changes {
		d.add()
		d.step(replica.Stored{})
	}
	d.step(replica.Attach{Peer: replica.PeerInfo{Conn: 1, Doc: crdt.DocID{1}, Remote: "phone", Principal: someone{}, Extensions: 1}})
	data := syncproto.Append(nil, &syncproto.Message{Version: v})
	return d, d.step(replica.Receive{Conn: 1, Msg: &wire.Sync{Request: true, Doc: d.ID(), Sender: "phone", Data: data}})
}

// told is the message in a batch's only frame.
func told(t *testing.T, out []replica.Out) syncproto.Message {
	t.Helper()
	if len(out) != 1 {
		t.Fatalf("%d frames", len(out))
	}
	f, err := wire.Decode(append(wire.AppendSyncPrefix(nil, "server", "phone", false), out[0].Shared...))
	if err != nil {
		t.Fatal(err)
	}
	m, err := syncproto.Decode(f.(wire.Sync).Data, syncproto.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func isChunk(m syncproto.Message) bool {
	return len(m.Changes) == 1 && m.Changes[0][8] == 0 // magic and checksum, then the type: a document
}

func TestWhoHoldsNothingGetsASnapshotThatIsMadeForHimAndStored(t *testing.T) {
	d, b := demanding(t, 5, syncproto.V2)
	if b.Build == nil || len(b.Send) > 0 {
		t.Fatalf("build %v, %d frames", b.Build, len(b.Send))
	}
	b = d.step(replica.Built{Chunk: snapshotOf(t, b.Build.Raws)})
	if len(b.Persist) != 1 || len(b.Send)+len(b.After) > 0 {
		t.Fatalf("%d writes, %d frames", len(b.Persist), len(b.Send))
	}
	if b = d.step(replica.Stored{}); !isChunk(told(t, b.Send)) {
		t.Error("he gets the changes")
	}
}

func TestWhereNoSnapshotCanBeHadHeGetsTheChangesAtOnce(t *testing.T) {
	for _, c := range []struct {
		name    string
		changes int
		v       syncproto.Version
		after   func(*byHand) replica.Batch
	}{
		{"he reads no document chunks", 5, syncproto.V1, nil},
		{"it would not pay", 3, syncproto.V2, nil},
		{"it would take too long", 1001, syncproto.V2, nil},
		{"building fails", 5, syncproto.V2, func(d *byHand) replica.Batch { return d.step(replica.Built{Err: errors.New("no memory")}) }},
		{"others are waiting", 5, syncproto.V2, func(d *byHand) replica.Batch { return d.step(replica.Built{Err: replica.ErrBuildLater}) }},
		{"it cannot be stored", 5, syncproto.V2, func(d *byHand) replica.Batch {
			d.step(replica.Built{Chunk: snapshotOf(d.t, d.raws())})
			return d.step(replica.StoreFailed{Err: errors.New("full")})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, b := demanding(t, c.changes, c.v)
			if (b.Build != nil) != (c.after != nil) {
				t.Fatalf("build: %v", b.Build != nil)
			}
			if c.after != nil {
				b = c.after(d)
			}
			if m := told(t, b.Send); len(m.Changes) == 0 || isChunk(m) {
				t.Errorf("%d entries", len(m.Changes))
			}
		})
	}
}

// raws are all changes.
func (d *byHand) raws() (out [][]byte) {
	h, _, _ := d.View()
	for i := range h.Len() {
		out = append(out, h.Raw(i))
	}
	return out
}

func TestASnapshotThatThereWasNoTimeForIsMadeWhenTheDocumentIsQuiet(t *testing.T) {
	d, _ := demanding(t, 5, syncproto.V2)
	if b := d.step(replica.Built{Err: replica.ErrBuildLater}); len(b.Notify) > 0 {
		t.Errorf("it counts as a failure: %v", b.Notify)
	}
	d.now = d.now.Add(time.Minute)
	if b := d.step(replica.Tick{Build: true}); b.Build == nil {
		t.Error("it is never made")
	}
}
