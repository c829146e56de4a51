package format

import (
	"bytes"
	"slices"

	"fieldsync/crdt"
)

// Document is what a document chunk holds.
type Document struct {
	Heads   crdt.Heads
	Changes []*Change // as stored: each behind its dependencies
}

// DecodeDocument decodes exactly one document chunk into the changes that it was saved from. Each has the hash and the
// Raw bytes that it had as a change chunk, and obeys what DecodeChange would check; and they add up to the heads that the
// document names, so that no byte of them can have been altered unless the heads were too.
//
// The changes share memory with one another and with raw: keeping one keeps all. Errors are *crdt.Refusal.
func DecodeDocument(raw []byte, lim Limits) (*Document, error) {
	c, err := oneChunk(raw, lim.DocumentBytes)
	if err != nil {
		return nil, err
	}
	return c.DecodeDocument(lim)
}

// DecodeDocument is DecodeDocument for a chunk that Split gave, whose hash is not computed a second time.
func (c Chunk) DecodeDocument(lim Limits) (*Document, error) {
	switch c.Type {
	case ChunkDocument:
	case ChunkChange, ChunkDeflated:
		return nil, refuse(crdt.RefusedMalformed, "a change where a document chunk is expected")
	case ChunkBundle:
		return nil, refuse(crdt.RefusedUnsupported, bundleDetail)
	default:
		return nil, refuse(crdt.RefusedUnsupported, "unknown chunk type")
	}
	d := docDecoder{lim: lim, size: len(c.Raw)}
	doc, refusal := d.decode(c.Body)
	if refusal != nil {
		return nil, refusal
	}
	return doc, nil
}

// docDecoder takes one document chunk apart.
type docDecoder struct {
	lim  Limits
	size int // of the chunk, which allocation is in proportion to

	actors    []crdt.ActorID // sorted, so that their indexes sort as they do
	heads     []crdt.Hash    // as they stand
	headIndex []uint64       // which change each head is; none in documents of old JavaScript cores

	changeCols docChangeColumns
	opCols     docOpColumns

	changes []docChange
	deps    []uint32 // indexes of changes; each docChange has a part

	// The changes of actor a, in order, are actorChanges[actorFrom[a]:actorFrom[a+1]].
	actorFrom    []uint32
	actorChanges []uint32

	rows     []docRow
	succ     []docSucc
	bucket   []uint64 // for each change, its rows and the successors that are its operations: see layOut
	ops      []Op     // of all changes, one change behind the other
	preds    []OpID
	delsFrom []docDel
}

// docChange is one row of the change columns.
type docChange struct {
	actor     uint32
	seq       uint64
	maxOp     uint64
	time      int64
	message   string
	extra     []byte
	deps      []uint32
	from, end int // of its part of bucket, then of ops
}

// docRow is one row of the operation columns: its id, the change it belongs to, and its place in ops.
type docRow struct {
	ctr, actor, change, slot uint32
}

// docSucc says that an operation, known by its counter and its change, overwrites a row.
type docSucc struct {
	ctr, change, row uint32
}

// docDel is a deletion, which has no row: its place in ops, and a row that it deletes.
type docDel struct {
	slot, row uint32
}

func (d *docDecoder) decode(body []byte) (*Document, *crdt.Refusal) {
	for _, step := range [...]func(*cursor) *crdt.Refusal{d.readHead, d.readColumns, d.readSuffix} {
		cur := cursor{b: body}
		if err := step(&cur); err != nil {
			return nil, err
		}
		body = body[cur.pos:]
	}
	for _, step := range [...]func() *crdt.Refusal{d.readChanges, d.indexChanges, d.readIDs, d.layOut, d.fillOps} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return d.rebuild()
}

// readHead reads the actors and the heads.
func (d *docDecoder) readHead(cur *cursor) *crdt.Refusal {
	n := cur.uleb()
	if n > uint64(d.lim.DocumentActors) {
		return refuse(crdt.RefusedTooLarge, "more actors than allowed")
	}
	if n > uint64(cur.rest()) {
		return refuse(crdt.RefusedMalformed, "document cut off")
	}
	d.actors = make([]crdt.ActorID, 0, n)
	var before []byte
	for range n {
		a := cur.take(cur.uleb())
		if cur.fail != "" {
			break
		}
		if len(a) == 0 || len(a) > crdt.MaxActorID {
			return refuse(crdt.RefusedBadActor, "an actor id is empty or too long")
		}
		if before != nil && bytes.Compare(before, a) >= 0 {
			return refuse(crdt.RefusedBadActor, "actors are not sorted, or one stands twice")
		}
		before = a
		d.actors = append(d.actors, crdt.ActorID(a))
	}
	n = cur.uleb()
	if n > uint64(d.lim.DocumentHeads) {
		return refuse(crdt.RefusedTooLarge, "more heads than allowed")
	}
	hashes := cur.take(n * 32)
	if cur.fail != "" {
		return refuse(crdt.RefusedMalformed, "document: "+cur.fail)
	}
	d.heads = make([]crdt.Hash, n)
	for i := range d.heads {
		copy(d.heads[i][:], hashes[i*32:])
	}
	return nil
}

// readSuffix reads the indexes of the heads, which may be missing.
func (d *docDecoder) readSuffix(cur *cursor) *crdt.Refusal {
	if cur.done() {
		return nil
	}
	d.headIndex = make([]uint64, len(d.heads))
	for i := range d.headIndex {
		d.headIndex[i] = cur.uleb()
	}
	if cur.fail != "" || !cur.done() {
		return refuse(crdt.RefusedMalformed, "document: what follows the columns is not one index for each head")
	}
	return nil
}

// checkHeads checks that the changes add up to the document's heads, and gives those.
func (d *docDecoder) checkHeads(changes []*Change) (crdt.Heads, *crdt.Refusal) {
	named := make([]bool, len(changes))
	for _, i := range d.deps {
		named[i] = true
	}
	var derived []crdt.Hash
	for i, c := range changes {
		if !named[i] {
			derived = append(derived, c.Hash)
		}
	}
	heads := crdt.NewHeads(derived...)
	if len(d.heads) != len(heads) || !crdt.NewHeads(d.heads...).Equal(heads) {
		return nil, refuse(crdt.RefusedInconsistentDoc, "the heads do not follow from the changes")
	}
	for k, i := range d.headIndex {
		if i >= uint64(len(changes)) || changes[i].Hash != d.heads[k] {
			return nil, refuse(crdt.RefusedInconsistentDoc, "a head's index names another change")
		}
	}
	return heads, nil
}

// changeOf finds the change of an actor that holds the operation with a counter: its first one whose last
// operation is not before.
func (d *docDecoder) changeOf(actor uint64, ctr uint64) (uint32, bool) {
	if actor >= uint64(len(d.actors)) {
		return 0, false
	}
	list := d.actorChanges[d.actorFrom[actor]:d.actorFrom[actor+1]]
	i, _ := slices.BinarySearchFunc(list, ctr, func(change uint32, ctr uint64) int {
		if d.changes[change].maxOp < ctr {
			return -1
		}
		return 1
	})
	if i == len(list) {
		return 0, false
	}
	return list[i], true
}
