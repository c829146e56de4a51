package syncproto

import (
	"slices"

	"fieldsync/crdt"
)

// Plan is a message to be sent, by reference: it names changes by their index, and its bytes come into being with Encode.
// Its slices may be shared with other plans; nobody writes to them.
type Plan struct {
	Version        Version
	Heads          crdt.Heads
	Need           []crdt.Hash
	Have           bool       // false: an empty have list, which asks for Need alone
	LastSync       crdt.Heads // with Have
	Bloom          []int      // with Have: what the filter is built over; ascending
	Snapshot       bool       // the document chunk goes first; version 2 only
	SnapshotCovers int        // how many changes it holds
	Changes        []int      // ascending, so that dependencies come first; without those in the snapshot
	Flags          PlanFlags
}

// PlanFlags is the flags section of a plan.
type PlanFlags uint8

const (
	flagsAbsent PlanFlags = iota
	flagsNone
	flagsReadOnly
)

func (f PlanFlags) raw() *Flags {
	switch f {
	case flagsNone:
		return NewFlags(FlagSupportsSyncReset)
	case flagsReadOnly:
		return NewFlags(FlagSupportsSyncReset | FlagReadOnly)
	}
	return nil
}

// Equal tells whether both plans have the same bytes, for the same graph and snapshot.
func (p *Plan) Equal(q *Plan) bool {
	return p.Version == q.Version && p.Flags == q.Flags && p.Have == q.Have &&
		p.Snapshot == q.Snapshot && p.SnapshotCovers == q.SnapshotCovers &&
		slices.Equal(p.Changes, q.Changes) && p.Heads.Equal(q.Heads) && p.LastSync.Equal(q.LastSync) &&
		slices.Equal(p.Need, q.Need) && slices.Equal(p.Bloom, q.Bloom)
}

// useSnapshot puts the document chunk in place of the changes that it holds, if most of it is wanted and it is smaller.
func (p *Plan) useSnapshot(g Graph, opt GenerateOptions) {
	covered, _ := slices.BinarySearch(p.Changes, opt.SnapshotCovers)
	if covered == 0 || covered <= g.Len()/3 {
		return
	}
	worth := covered == opt.SnapshotCovers // all of it: a document chunk is several times smaller
	if !worth {
		size := 0
		for _, i := range p.Changes[:covered] {
			size += len(g.Raw(i))
		}
		worth = size > opt.SnapshotBytes
	}
	if worth {
		p.Snapshot, p.SnapshotCovers, p.Changes = true, opt.SnapshotCovers, p.Changes[covered:]
	}
}

// Encode gives the message's bytes. snapshot is the document chunk that GenerateOptions told of; it is read only if
// p.Snapshot is set.
func (p *Plan) Encode(g Graph, snapshot []byte) []byte {
	body := 0
	for _, i := range p.Changes {
		body += len(g.Raw(i))
	}
	if p.Snapshot {
		body += len(snapshot)
	}
	filter := NewBloom(len(p.Bloom))
	for _, i := range p.Bloom {
		filter.Add(g.Hash(i))
	}
	const numbers = 10 // the longest LEB128
	size := 1 + 6*numbers + (len(p.Heads)+len(p.Need)+len(p.LastSync))*len(crdt.Hash{}) + filter.EncodedLen() + body + 3
	if p.Version == V1 {
		size += 4 * len(p.Changes)
	}
	dst := appendPrefix(make([]byte, 0, size), p.Version, p.Heads, p.Need)
	if p.Have {
		dst = append(dst, 1)
		dst = appendHashes(dst, p.LastSync)
		dst = appendUleb(dst, uint64(filter.EncodedLen()))
		dst = filter.Append(dst)
	} else {
		dst = append(dst, 0)
	}
	switch {
	case p.Version == V1:
		dst = appendUleb(dst, uint64(len(p.Changes)))
		for _, i := range p.Changes {
			raw := g.Raw(i)
			dst = appendUleb(dst, uint64(len(raw)))
			dst = append(dst, raw...)
		}
	case body == 0:
		dst = append(dst, 0)
	default:
		dst = append(dst, 1)
		dst = appendUleb(dst, uint64(body))
		if p.Snapshot {
			dst = append(dst, snapshot...)
		}
		for _, i := range p.Changes {
			dst = append(dst, g.Raw(i)...)
		}
	}
	if f := p.Flags.raw(); f != nil {
		dst = appendFlags(dst, f.Raw)
	}
	return dst
}
