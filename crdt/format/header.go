package format

import (
	"bytes"
	"unicode/utf8"

	"fieldsync/crdt"
)

// Header is what a change says before its operations.
type Header struct {
	Hash    crdt.Hash
	Deps    []crdt.Hash // sorted, without duplicates
	Actor   crdt.ActorID
	Seq     uint64
	StartOp uint64
	Time    int64
	Message string
}

// DecodeHeader reads a change chunk, deflated or not, up to its operations, and checks as much as it reads. It is for
// bytes whose operations were checked before, or will be.
func DecodeHeader(raw []byte) (Header, error) {
	lim := DefaultLimits()
	c, err := changeChunk(raw, lim)
	if err != nil {
		return Header{}, err
	}
	h := header{}
	if _, err := h.read(c.Body, lim); err != nil {
		err.Change = c.Hash
		return Header{}, err
	}
	return Header{
		Hash: c.Hash, Deps: h.depList(), Actor: crdt.ActorID(h.actor), Seq: h.seq, StartOp: h.startOp, Time: h.time,
		Message: string(h.message),
	}, nil
}

// changeChunk reads one chunk that must be a change, and inflates it if need be.
func changeChunk(raw []byte, lim Limits) (Chunk, error) {
	c, err := oneChunk(raw, lim.ChangeBytes)
	if err != nil {
		return Chunk{}, err
	}
	return c.change(lim)
}

func (c Chunk) change(lim Limits) (Chunk, error) {
	switch c.Type {
	case ChunkChange:
		if len(c.Body) > lim.ChangeBytes {
			return Chunk{}, &crdt.Refusal{Code: crdt.RefusedTooLarge, Change: c.Hash, Detail: "change over the limit of bytes"}
		}
		return c, nil
	case ChunkDeflated:
		return inflateChange(c, lim)
	case ChunkDocument:
		return Chunk{}, refuse(crdt.RefusedMalformed, "a document chunk where a change is expected")
	case ChunkBundle:
		return Chunk{}, refuse(crdt.RefusedUnsupported, bundleDetail)
	default:
		return Chunk{}, refuse(crdt.RefusedUnsupported, "unknown chunk type")
	}
}

const bundleDetail = "bundle chunks (type 3) are experimental and not taken: send changes or a document"

// header is a change's header as it stands in the body, which it shares.
type header struct {
	deps      []byte // hashes behind one another
	actor     []byte
	seq       uint64
	startOp   uint64
	time      int64
	message   []byte
	others    []byte // length and bytes of each
	numOthers int
}

// read reads a change's body up to the column metadata, and gives what follows.
func (h *header) read(body []byte, lim Limits) (cursor, *crdt.Refusal) {
	cur := cursor{b: body}
	n := cur.uleb()
	if n > uint64(lim.Deps) {
		return cur, refuse(crdt.RefusedTooLarge, "more dependencies than allowed")
	}
	h.deps = cur.take(n * 32)
	h.actor = cur.take(cur.uleb())
	h.seq = cur.uleb()
	h.startOp = cur.uleb()
	h.time = cur.leb()
	h.message = cur.take(cur.uleb())
	others := cur.uleb()
	if others > uint64(lim.Actors) {
		return cur, refuse(crdt.RefusedTooLarge, "more actors than allowed")
	}
	from := cur.pos
	var before []byte
	for range others {
		a := cur.take(cur.uleb())
		if cur.fail != "" {
			break
		}
		if len(a) == 0 || len(a) > crdt.MaxActorID {
			return cur, refuse(crdt.RefusedBadActor, "an actor id is empty or too long")
		}
		if before != nil && bytes.Compare(before, a) >= 0 {
			return cur, refuse(crdt.RefusedBadActor, "the other actors are not sorted, or one stands twice")
		}
		if bytes.Equal(a, h.actor) {
			return cur, refuse(crdt.RefusedBadActor, "the author stands among the other actors")
		}
		before = a
	}
	if cur.fail != "" {
		return cur, refuse(crdt.RefusedMalformed, "header: "+cur.fail)
	}
	h.others, h.numOthers = body[from:cur.pos], int(others)
	switch {
	case len(h.actor) == 0 || len(h.actor) > crdt.MaxActorID:
		return cur, refuse(crdt.RefusedBadActor, "the author's id is empty or too long")
	case h.seq == 0 || h.seq > maxSeq:
		return cur, refuse(crdt.RefusedBadSeq, "sequence number out of range")
	case h.startOp == 0 || h.startOp > maxCounter:
		return cur, refuse(crdt.RefusedBadStartOp, "first operation's counter out of range")
	case h.time > maxTime || h.time < -maxTime:
		return cur, refuse(crdt.RefusedMalformed, "header: time out of range")
	case !utf8.Valid(h.message):
		return cur, refuse(crdt.RefusedMalformed, "header: message is not UTF-8")
	}
	for i := 32; i < len(h.deps); i += 32 {
		if bytes.Compare(h.deps[i-32:i], h.deps[i:i+32]) >= 0 {
			return cur, refuse(crdt.RefusedNotCanonical, "dependencies are not sorted, or one stands twice")
		}
	}
	return cur, nil
}

func (h *header) depList() []crdt.Hash {
	if len(h.deps) == 0 {
		return nil
	}
	out := make([]crdt.Hash, len(h.deps)/32)
	for i := range out {
		copy(out[i][:], h.deps[i*32:])
	}
	return out
}

// actorList gives the author and the others; their bytes are copied once.
func (h *header) actorList() (crdt.ActorID, []crdt.ActorID) {
	if h.numOthers == 0 {
		return crdt.ActorID(h.actor), nil
	}
	all := string(h.others)
	out := make([]crdt.ActorID, h.numOthers)
	for i, pos := 0, 0; i < len(out); i++ {
		n := int(h.others[pos]) // at most MaxActorID, so one byte
		out[i] = crdt.ActorID(all[pos+1 : pos+1+n])
		pos += 1 + n
	}
	return crdt.ActorID(h.actor), out
}
