package replicatest

import (
	"crypto/sha256"
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/syncproto"
	"fieldsync/crdt/wire"
)

// liar is a peer that speaks frames, and means nothing by them. He remembers what he heard, and says it again, altered.
type liar struct {
	sim   *Sim
	who   who
	end   *end
	heard []wire.Frame
	said  int
	named map[crdt.Hash]bool // heads that he spoke of, and changes that he sent: these he knows
	alias bool               // he calls himself anna
}

// maxHeard bounds what a liar remembers.
const maxHeard = 12

func (l *liar) call() {
	s := l.sim
	if l.end != nil || !s.server.up {
		return
	}
	a, b := &end{liar: l}, &end{node: s.server, who: l.who}
	s.pair(a, b)
	l.end = a
	s.server.hubStep(replica.Opened{Conn: b.id, Principal: b.who})
	l.say(wire.Join{Sender: crdt.PeerID(l.who.name), Versions: []string{wire.ProtocolVersion},
		Metadata: wire.PeerMetadata{StorageID: "nowhere", Fieldsync: s.rand.IntN(2)}})
}

func (l *liar) lost() { l.end, l.alias = nil, false }

func (l *liar) hear(data []byte) {
	f, err := wire.Decode(data)
	if err != nil {
		l.sim.broken("the liar is sent what is no frame: %v", err)
		return
	}
	if l.heard = append(l.heard, f); len(l.heard) > maxHeard {
		l.heard = l.heard[1:]
	}
}

func (l *liar) say(f wire.Frame) {
	if l.end == nil {
		return
	}
	l.said++
	if m, ok := f.(wire.Sync); ok {
		if msg, err := syncproto.Decode(m.Data, syncproto.Limits{}); err == nil {
			for _, h := range msg.Heads {
				l.named[h] = true
			}
			for _, part := range msg.Changes {
				for chunk, err := range format.Split(part, format.DefaultLimits()) {
					if err != nil {
						break
					}
					l.named[chunk.Hash] = true
				}
			}
		}
	}
	l.sim.stats.Lies++
	l.end.push(wire.Append(nil, f), f)
}

// lie says something.
func (l *liar) lie() {
	s := l.sim
	if l.end == nil {
		l.call()
		return
	}
	doc := s.docs[s.rand.IntN(len(s.docs))]
	if s.chance(5) {
		doc = crdt.DocID{1, byte(s.rand.IntN(4))}
	}
	me, server := crdt.PeerID(l.who.name), s.server.cfg.PeerID
	sync := func(m *syncproto.Message) {
		l.say(wire.Sync{Request: s.chance(20), Doc: doc, Sender: me, Target: server, Data: syncproto.Append(nil, m)})
	}
	switch s.rand.IntN(12) {
	case 0:
		l.say(wire.Sync{Doc: doc, Sender: me, Target: server, Data: l.junk(1 + s.rand.IntN(60))})
	case 1: // heads and needs of nothing
		sync(&syncproto.Message{Version: syncproto.V1, Heads: l.hashes(3), Need: l.hashes(3)})
	case 2: // heads that exist, as if he held them, and others
		sync(&syncproto.Message{Version: syncproto.V2, Heads: l.mixed(doc), Need: l.mixed(doc),
			Have: []syncproto.Have{{LastSync: l.mixed(doc), Bloom: syncproto.NewBloom(s.rand.IntN(9))}}})
	case 3: // everything again, please
		sync(&syncproto.Message{Version: syncproto.V2, Heads: nil, Have: []syncproto.Have{{}}, Flags: syncproto.NewFlags(syncproto.FlagSyncReset)})
	case 4: // changes that were altered, with the checksum mended
		if raw := l.someChange(doc); raw != nil {
			bad := slices.Clone(raw)
			for range 1 + s.rand.IntN(3) {
				bad[12+s.rand.IntN(len(bad)-12)] ^= byte(1 << s.rand.IntN(8))
			}
			mend(bad)
			sync(&syncproto.Message{Version: syncproto.V1, Heads: l.mixed(doc), Changes: [][]byte{bad}})
		}
	case 5: // true changes, claimed to be news, and junk behind them
		if raw := l.someChange(doc); raw != nil {
			sync(&syncproto.Message{Version: syncproto.V2, Heads: l.hashes(2), Changes: [][]byte{append(slices.Clone(raw), l.junk(9)...)}})
		}
	case 6: // what was heard, said back; sync messages under his own name
		if len(l.heard) > 0 {
			f := l.heard[s.rand.IntN(len(l.heard))]
			if m, ok := f.(wire.Sync); ok {
				m.Sender, m.Target = me, server
				f = m
			}
			l.say(f)
		}
	case 7, 8:
		l.say(wire.CatchUp{Sender: me, Target: server, Ranges: l.ranges(), Done: s.chance(20), Sketch: l.symbols(), Want: s.rand.Uint64N(300), Push: s.chance(50)})
	case 9:
		l.say(wire.Ephemeral{Doc: doc, Sender: crdt.PeerID("anna"), Target: server, Count: s.rand.Uint64N(9), Session: "s", Data: []byte{0xf6}})
	case 10:
		switch s.rand.IntN(4) {
		case 0:
			l.say(wire.Peer{Sender: me, Target: server, Version: wire.ProtocolVersion})
		case 1:
			l.alias = true
			l.say(wire.Join{Sender: "anna", Versions: []string{wire.ProtocolVersion}, Metadata: wire.PeerMetadata{Fieldsync: 1}})
		case 2:
			l.say(wire.Refused{Doc: doc, Sender: me, Target: server, Code: crdt.RefusedMalformed, Change: l.hashes(1)[0], Retry: true})
		case 3:
			l.say(wire.DocUnavailable{Doc: doc, Sender: me, Target: server})
		}
	case 11:
		l.end.end()
	}
}

func (l *liar) junk(n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(l.sim.rand.IntN(256))
	}
	if l.sim.chance(70) {
		out[0] = 0x42 + byte(l.sim.rand.IntN(2))
	}
	return out
}

func (l *liar) hashes(n int) []crdt.Hash {
	out := make([]crdt.Hash, n)
	for i := range out {
		copy(out[i][:], l.junk(32))
	}
	return crdt.NewHeads(out...)
}

// mixed gives some hashes that exist, of any node, and perhaps one that does not.
func (l *liar) mixed(doc crdt.DocID) []crdt.Hash {
	var out []crdt.Hash
	if rec, ok := readRecord(l.sim.server.store, doc); ok {
		for _, h := range rec.Heads {
			if l.sim.chance(70) {
				out = append(out, h)
			}
		}
	}
	if l.sim.chance(40) {
		out = append(out, l.hashes(1)...)
	}
	return crdt.NewHeads(out...)
}

func (l *liar) someChange(doc crdt.DocID) []byte {
	loaded, err := readDocument(l.sim.server.store, doc)
	if err != nil || len(loaded.Changes) == 0 {
		return nil
	}
	var some []byte
	if err := replica.DecodeEntry(loaded.Changes[l.sim.rand.IntN(len(loaded.Changes))].Value, func(_ int64, raw []byte) { some = raw }); err != nil {
		return nil
	}
	return some
}

func (l *liar) ranges() []wire.Range {
	s := l.sim
	bound := func() crdt.DocID {
		if s.chance(50) {
			return crdt.DocID{}
		}
		return s.docs[s.rand.IntN(len(s.docs))]
	}
	var out []wire.Range
	for range s.rand.IntN(4) {
		r := wire.Range{From: bound(), To: bound(), Count: s.rand.Uint64N(5)}
		copy(r.Digest[:], l.junk(16))
		if s.chance(40) {
			r.HasItems = true
			for range s.rand.IntN(3) {
				it := wire.Item{Doc: bound()}
				copy(it.Digest[:], l.junk(16))
				r.Items = append(r.Items, it)
			}
		}
		out = append(out, r)
	}
	return out
}

// symbols are a sketch of nothing, or none.
func (l *liar) symbols() []wire.Symbol {
	out := make([]wire.Symbol, max(0, l.sim.rand.IntN(100)-50))
	for i := range out {
		out[i] = wire.Symbol{Keys: l.sim.rand.Uint64(), Check: l.sim.rand.Uint32(), Count: uint16(l.sim.rand.IntN(3))}
	}
	return out
}

// mend makes a change chunk's checksum that of its bytes.
func mend(raw []byte) {
	sum := sha256.Sum256(raw[8:])
	copy(raw[4:8], sum[:4])
}
