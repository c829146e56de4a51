package replica

import (
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/syncproto"
	"fieldsync/crdt/wire"
)

func TestAMessageFullOfBadChangesIsNotToldOfWithoutEnd(t *testing.T) {
	d, err := Open(crdt.DocID{1}, &Config{PeerID: "server"}, Loaded{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Step(aMoment, Attach{Peer: PeerInfo{Conn: 1, Doc: crdt.DocID{1}, Remote: "peer", Principal: anybody{}, Extensions: 1}}); err != nil {
		t.Fatal(err)
	}
	bad := make([][]byte, 50_000)
	for i := range bad {
		bad[i] = []byte{0}
	}
	data := syncproto.Append(nil, &syncproto.Message{Version: syncproto.V1, Changes: bad})
	for range 2 { // each message anew
		b, err := d.Step(aMoment, Receive{Conn: 1, Msg: &wire.Sync{Doc: d.ID(), Sender: "peer", Data: data}})
		if err != nil {
			t.Fatal(err)
		}
		counted := 0
		for _, n := range b.Notify {
			if r, ok := n.(Refused); ok {
				counted += max(r.More, 1)
			}
		}
		if n := len(b.Notify); n > maxTold+1 || len(b.Send) > 2*maxTold || counted != len(bad) {
			t.Errorf("%d notices that count %d, %d frames for one message", n, counted, len(b.Send))
		}
	}
}
