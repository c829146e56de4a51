package index

import (
	"crypto/sha256"
	"encoding/binary"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store"
)

// The parts of an organisation's keys (store.OrgRows); numbers are big-endian, so that byte order is the order wanted.
//
//	c <kind 1> <dim 1> <token 8>                                    counter: rows by status, see counts.go
//	e <kind 1> <dim 1> <token 8> <order 1> <status 1> <sort> <doc 16>  entry: a row under one of its values, see entryValue
//	f <seq 8>                                                      feed: the document whose row was written at seq; 16 bytes
//	i <token 8>                                                    holders: the rows that have an id of their own, see holders.go
//	l <token 8> <doc 16>                                           lookup: one of them; empty
//	n                                                              the last seq that was given; 8 bytes
//	r <doc 16>                                                     the row, see storedRow
//	t <doc 16>                                                     what the full text knows of it, see text.go
//
// <sort> is 8 bytes of time, or a sort name and a zero byte. A page is read from neighbouring entries: each holds the header that filters
// read, and in the orders that lists use (covering) the row's JSON too. A job that is open has a second entry beside the one under its status,
// with those of all open jobs: <order> is then in upper case, and <status> 0. One that is cancelled has a second entry among the finished ones, so
// that a list of everything is merged from two ranges. In orders that stand as a whole (shape.whole) a row has one entry, whatever its status:
// <status> is then wholeStatus.
const (
	partCounter = 'c'
	partEntry   = 'e'
	partFeed    = 'f'
	partHolders = 'i'
	partLookup  = 'l'
	partLast    = 'n'
	partRow     = 'r'
	partText    = 't'
)

// kind is one byte for a document's kind.
type kind byte

const (
	kindJob      kind = 'j'
	kindTemplate kind = 't'
	kindClient   kind = 'c'
	kindSite     kind = 's'
)

// dim is a dimension: what the entries of a range have in common, beside status and order.
type dim byte

const (
	dimAll        dim = 'a' // every row; its token is 0
	dimClash      dim = 'x' // rows whose status clashes; its token is 0
	dimUnassigned dim = 'u' // jobs without an assignee; its token is 0
	dimAssignee   dim = 'w'
	dimMaker      dim = 'm' // the user who made the document, where he is not an assignee
	dimClient     dim = 'c'
	dimSite       dim = 's'
	dimTemplate   dim = 't'
	dimTerritory  dim = 'y'
	dimType       dim = 'k'

	// Pairs, of which a row has both: lists are filtered by them together, and each alone has many rows that the other passes over.
	dimTerritoryType     dim = 'K'
	dimTerritoryTemplate dim = 'T'

	// Not dimensions of entries; they keep the tokens of lookups and of skills apart from others.
	dimExternal dim = 'e' // external_id, the ids in external_ids, and "system:id"
	dimOrder    dim = 'o' // external_order_id
	dimSerial   dim = 'n' // serial_no
	dimSkill    dim = 'z'
)

// order is what the entries of a range are sorted by.
type order byte

const (
	byScheduled order = 's'
	byUpdated   order = 'u'
	byCreated   order = 'c'
	byName      order = 'n'
)

// shape says in which orders rows of a kind stand under a dimension, in which of these the entries hold the JSON, and whether the
// order stands as a whole: in one range instead of one for each status.
type shape struct {
	dim      dim
	order    order
	covering bool
	whole    bool
}

// jobShapes are the entries of a job: its main order under everything that lists are filtered by, and under pairs of it, the others under all, what was changed last
// of a territory's jobs, and all orders of a worker's; age and serial number there as a whole, so that an open job pays for them once. The
// measured price of it is in the ADR of this layout.
var jobShapes = []shape{
	{dim: dimAll, order: byScheduled, covering: true},
	{dim: dimAll, order: byUpdated, covering: true},
	{dim: dimAll, order: byCreated, covering: true},
	{dim: dimAll, order: byName, covering: true},
	{dim: dimClash, order: byScheduled, covering: true},
	{dim: dimUnassigned, order: byScheduled, covering: true},
	{dim: dimAssignee, order: byScheduled, covering: true},
	{dim: dimAssignee, order: byUpdated, covering: true},
	{dim: dimAssignee, order: byCreated, covering: true, whole: true},
	{dim: dimAssignee, order: byName, covering: true, whole: true},
	{dim: dimMaker, order: byScheduled},
	{dim: dimMaker, order: byUpdated},
	{dim: dimMaker, order: byCreated, whole: true},
	{dim: dimMaker, order: byName, whole: true},
	{dim: dimClient, order: byScheduled, covering: true},
	{dim: dimSite, order: byScheduled},
	{dim: dimTemplate, order: byScheduled, covering: true},
	{dim: dimTerritory, order: byScheduled, covering: true},
	{dim: dimTerritory, order: byUpdated, covering: true},
	{dim: dimType, order: byScheduled},
	{dim: dimTerritoryType, order: byScheduled, covering: true},
	{dim: dimTerritoryTemplate, order: byScheduled, covering: true},
}

// otherShapes are the entries of the other kinds, of which there are few.
var otherShapes = []shape{
	{dim: dimAll, order: byName, covering: true},
	{dim: dimAll, order: byUpdated, covering: true},
	{dim: dimAll, order: byCreated, covering: true},
}

func (k kind) shapes() []shape {
	if k == kindJob {
		return jobShapes
	}
	return otherShapes
}

// token stands for a value of a dimension in keys and headers: 8 bytes of SHA-256 of the dimension and the value. Two values of one
// organisation that share a token would find each other's rows; nobody makes that happen by accident.
type token uint64

// tokenOf gives the token of a value; 0 stands for none.
func tokenOf(d dim, value string) token {
	if value == "" {
		return 0
	}
	b := make([]byte, 0, 64)
	sum := sha256.Sum256(append(append(b, byte(d)), value...))
	return max(1, token(binary.BigEndian.Uint64(sum[:])))
}

// pair is a dimension that stands for two others together.
type pair struct{ dim, one, other dim }

var pairs = []pair{{dimTerritoryType, dimTerritory, dimType}, {dimTerritoryTemplate, dimTerritory, dimTemplate}}

// token stands for two values; 0 where one of them is none.
func (p pair) token(one, other token) token {
	if one == 0 || other == 0 {
		return 0
	}
	return tokenOf(p.dim, string(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(one)), uint64(other))))
}

// orgKeys makes the keys of an organisation.
type orgKeys struct{ org string }

func (o orgKeys) part(p byte) []byte {
	key, err := store.OrgRows(o.org, p)
	if err != nil {
		return []byte{} // checked where the organisation came in: validOrg
	}
	return key
}

func (o orgKeys) row(doc crdt.DocID) []byte  { return append(o.part(partRow), doc[:]...) }
func (o orgKeys) text(doc crdt.DocID) []byte { return append(o.part(partText), doc[:]...) }
func (o orgKeys) last() []byte               { return o.part(partLast) }
func (o orgKeys) feed(seq uint64) []byte {
	return binary.BigEndian.AppendUint64(o.part(partFeed), seq)
}

// holders is the key of the rows with a token of their own.
func (o orgKeys) holders(t token) []byte {
	return binary.BigEndian.AppendUint64(o.part(partHolders), uint64(t))
}

// lookups is the prefix of the rows with a token of their own.
func (o orgKeys) lookups(t token) []byte {
	return binary.BigEndian.AppendUint64(o.part(partLookup), uint64(t))
}

func (o orgKeys) lookup(t token, doc crdt.DocID) []byte { return append(o.lookups(t), doc[:]...) }

// counter is the key of the counters of a value.
func (o orgKeys) counter(k kind, v value) []byte {
	return binary.BigEndian.AppendUint64(append(o.part(partCounter), byte(k), byte(v.dim)), uint64(v.token))
}

// entries is the prefix of the rows with a value and a status, in an order.
func (o orgKeys) entries(k kind, v value, by order, status byte) []byte {
	key := append(o.part(partEntry), byte(k), byte(v.dim))
	return append(binary.BigEndian.AppendUint64(key, uint64(v.token)), byte(by), status)
}

// open is entries for the rows of all open statuses together.
func (o orgKeys) open(k kind, v value, by order) []byte { return o.entries(k, v, by^0x20, 0) }

// wholeStatus stands in the place of the status where entries of all statuses are one range.
const wholeStatus = 0xff

// whole is entries for the rows of all statuses together, in an order that stands as a whole.
func (o orgKeys) whole(k kind, v value, by order) []byte { return o.entries(k, v, by, wholeStatus) }

// ranges are the prefixes under which a row of a status stands for a value in the order of a shape.
func (o orgKeys) ranges(k kind, v value, s shape, status byte) [][]byte {
	switch {
	case s.whole:
		return [][]byte{o.whole(k, v, s.order)}
	case k == kindJob && isOpen(status):
		return [][]byte{o.entries(k, v, s.order, status), o.open(k, v, s.order)}
	case k == kindJob && status == statusCancelled:
		return [][]byte{o.entries(k, v, s.order, status), o.entries(k, v, s.order, statusFinished)}
	}
	return [][]byte{o.entries(k, v, s.order, status)}
}

// The statuses of jobs that are over.
var (
	statusCancelled = statusByte(job.Cancelled)
	statusFinished  = statusByte(job.Finished)
)

// isOpen tells whether a job with this status byte is still to be done. One with a status that we do not know is.
func isOpen(status byte) bool { return status < statusCancelled }

// value is a value of a dimension.
type value struct {
	dim   dim
	token token
}

// validOrg tells whether an organisation's name fits into keys.
func validOrg(org string) error {
	if org == "" {
		return crdt.Errorf(crdt.KindInvalid, "index: no organisation")
	}
	_, err := store.OrgRows(org, partRow)
	return err
}

// docOf is the document at the end of a key.
func docOf(key []byte) crdt.DocID {
	var doc crdt.DocID
	if len(key) >= len(doc) {
		doc = crdt.DocID(key[len(key)-len(doc):])
	}
	return doc
}

// noTime stands behind all times in the order of scheduled_at.
const noTime = ^uint64(0)

// sortTime makes a time's bytes sort like the time: what was never (0) comes last. Times before 1970 come first, all together.
func sortTime(t crdt.Timestamp) uint64 {
	switch {
	case t == 0:
		return noTime
	case t < 0:
		return 0
	}
	return uint64(t)
}

// maxNameKey bounds a sort name in bytes; what is equal up to there is ordered by document.
const maxNameKey = 40

// sortName makes a name whose bytes sort as people expect: without regard to case, numbers by their value. It holds no zero byte.
func sortName(name string) []byte {
	out := make([]byte, 0, maxNameKey)
	for i := 0; i < len(name) && len(out) < maxNameKey; {
		c := name[i]
		if c < '0' || c > '9' {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			out = append(out, max(c, 1))
			i++
			continue
		}
		for i < len(name)-1 && name[i] == '0' && name[i+1] >= '0' && name[i+1] <= '9' {
			i++
		}
		end := i
		for end < len(name) && name[end] >= '0' && name[end] <= '9' {
			end++
		}
		// The number of digits comes before them, so that longer numbers are greater; it stays among the digits' own bytes.
		out = append(append(out, '0'+byte(min(end-i, 9))), name[i:end]...)
		i = end
	}
	return out[:min(len(out), maxNameKey)]
}
