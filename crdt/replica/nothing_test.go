package replica

import (
	"encoding/binary"
	"math/rand/v2"
	"reflect"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/history"
	"fieldsync/crdt/history/historytest"
	"fieldsync/crdt/syncproto"
	"fieldsync/crdt/wire"
)

func TestLittleIsKeptOfWhatAPeerNamesOfADocumentThatDoesNotExist(t *testing.T) {
	d, err := Open(crdt.DocID{1}, &Config{PeerID: "server"}, Loaded{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Step(aMoment, Attach{Peer: PeerInfo{Conn: 1, Doc: crdt.DocID{1}, Remote: "peer", Principal: anybody{}}}); err != nil {
		t.Fatal(err)
	}
	for round := range 2 { // the second time nothing is asked any more
		many := make([]crdt.Hash, syncproto.DefaultMaxHashes)
		for i := range many {
			binary.BigEndian.PutUint64(many[i][:], uint64(round*len(many)+i+1))
		}
		have := syncproto.Have{LastSync: many}
		data := syncproto.Append(nil, &syncproto.Message{Version: syncproto.V1, Heads: many, Need: many, Have: []syncproto.Have{have, have}})
		if _, err := d.Step(aMoment, Receive{Conn: 1, Msg: &wire.Sync{Doc: d.ID(), Sender: "peer", Data: data}}); err != nil {
			t.Fatal(err)
		}
		if kept := hashesIn(reflect.ValueOf(d.peers[0]).Elem()); kept > 4*maxHeadsOfNothing {
			t.Errorf("%d hashes are kept", kept)
		}
	}
}

// hashesIn counts the hashes in all slices that a value leads to.
func hashesIn(v reflect.Value) (n int) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			n = hashesIn(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			n += hashesIn(v.Field(i))
		}
	case reflect.Slice:
		if v.Type().Elem() == reflect.TypeFor[crdt.Hash]() {
			return v.Cap()
		}
		for i := range v.Len() {
			n += hashesIn(v.Index(i))
		}
	}
	return n
}

// A document that many people wrote to at once comes into being all the same where there was none.
func TestADocumentOfManyHeadsTravelsToWhereItDoesNotExist(t *testing.T) {
	id := crdt.DocID{1}
	var ends [2]*Document
	for i := range ends {
		d, err := Open(id, &Config{PeerID: "x", History: history.DefaultLimits()}, Loaded{})
		if err != nil {
			t.Fatal(err)
		}
		ends[i] = d
	}
	from, to := ends[0], ends[1]
	var raws [][]byte
	for i := range 3 * maxHeadsOfNothing {
		w := historytest.NewWriter(crdt.ActorID(binary.BigEndian.AppendUint64(make([]byte, 8), uint64(i))), rand.New(rand.NewPCG(2, uint64(i))))
		raws = append(raws, w.Edit(1).Raw)
	}
	var wires [2][][]byte // what has been sent to each
	step := func(end int, ev Event) {
		t.Helper()
		send := func(out []Out) {
			for _, o := range out {
				if o.Shared != nil {
					wires[1-end] = append(wires[1-end], append(wire.AppendSyncPrefix(nil, "x", "x", false), o.Shared...))
				}
			}
		}
		b, err := ends[end].Step(aMoment, ev)
		if err != nil {
			t.Fatal(err)
		}
		send(b.Send)
		for len(b.Persist) > 0 {
			send(ends[end].Release(b.After))
			if b, err = ends[end].Step(aMoment, Stored{}); err != nil {
				t.Fatal(err)
			}
			send(b.Send)
		}
	}
	step(0, Append{Author: "all", Raws: raws})
	if len(from.Heads()) < 2*maxHeadsOfNothing {
		t.Fatalf("%d heads", len(from.Heads()))
	}
	step(1, Attach{Peer: PeerInfo{Conn: 1, Doc: crdt.DocID{1}, Local: "x", Remote: "x", Principal: anybody{}}})
	step(0, Attach{Peer: PeerInfo{Conn: 1, Doc: crdt.DocID{1}, Local: "x", Remote: "x", Principal: anybody{}, Dialed: true}, Announce: true})
	for n := 0; len(wires[0])+len(wires[1]) > 0; n++ {
		if n > 100 {
			t.Fatal("they do not come to an end")
		}
		for end := range ends {
			if len(wires[end]) == 0 {
				continue
			}
			var codec wire.Codec
			f, err := codec.Decode(wires[end][0])
			if err != nil {
				t.Fatal(err)
			}
			wires[end] = wires[end][1:]
			m := f.(wire.Sync)
			step(end, Receive{Conn: 1, Msg: &m})
		}
	}
	if !to.Heads().Equal(from.Heads()) {
		t.Errorf("%d heads came of %d", len(to.Heads()), len(from.Heads()))
	}
}
