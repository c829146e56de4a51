package index

import (
	"encoding/binary"
	"errors"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
)

// header is the part of a row that filters and orders read, in a form that costs nothing to take apart. Slices of tokens share the
// memory of what was decoded.
type header struct {
	kind      kind
	status    byte // statusByte
	flags     byte
	scheduled uint64 // sortTime, as are the next
	updated   uint64
	created   uint64
	seq       uint64

	client, site, template, territory, typ token
	maker                                  token // the user who made the document

	assignees tokens
	readers   tokens // users who may read it beside the assignees: named by the record, where the values are in conflict
	skills    tokens
	ids       tokens // of lookups
	name      []byte // sortName
}

// Flags of a header.
const (
	flagClash = 1 << iota
	flagGone  // the document left the index; the row remains so that the feed can say so
)

// tokens is a list of tokens as bytes.
type tokens []byte

func (t tokens) len() int       { return len(t) / 8 }
func (t tokens) at(i int) token { return token(binary.BigEndian.Uint64(t[8*i:])) }

func (t tokens) has(x token) bool {
	for i := 0; i < len(t); i += 8 {
		if token(binary.BigEndian.Uint64(t[i:])) == x {
			return true
		}
	}
	return false
}

func (t tokens) with(x token) tokens { return binary.BigEndian.AppendUint64(t, uint64(x)) }

// statusByte numbers a status for keys: its rank; 0 for one that we do not know, and for what has none.
func statusByte(s job.Status) byte { return byte(s.Rank()) }

// statusArchived stands in the place of the status of what is no longer offered; other kinds than jobs have no status.
const statusArchived = 1

// statusBytes is how many there are.
const statusBytes = 8

// headerVersion is the layout: version, kind, status, flags, four numbers of 8 bytes, a byte whose bits say which of the six tokens
// follow, these, four lists with their length in a byte before them, the sort name with its length.
const headerVersion = 1

var errHeader = errors.New("index: a stored row is damaged")

func (h *header) append(dst []byte) []byte {
	dst = append(dst, headerVersion, byte(h.kind), h.status, h.flags)
	for _, n := range [...]uint64{h.scheduled, h.updated, h.created, h.seq} {
		dst = binary.BigEndian.AppendUint64(dst, n)
	}
	at := len(dst)
	dst = append(dst, 0)
	for i, t := range [...]token{h.client, h.site, h.template, h.territory, h.typ, h.maker} {
		if t != 0 {
			dst[at] |= 1 << i
			dst = binary.BigEndian.AppendUint64(dst, uint64(t))
		}
	}
	for _, list := range [...]tokens{h.assignees, h.readers, h.skills, h.ids} {
		dst = append(append(dst, byte(list.len())), list...)
	}
	return append(append(dst, byte(len(h.name))), h.name...)
}

// headerFixed is what every header has before its tokens.
const headerFixed = 4 + 4*8 + 1

// decode reads what append wrote. It keeps b.
func (h *header) decode(b []byte) error {
	if len(b) < headerFixed || b[0] != headerVersion {
		return errHeader
	}
	h.kind, h.status, h.flags = kind(b[1]), b[2], b[3]
	h.scheduled = binary.BigEndian.Uint64(b[4:])
	h.updated = binary.BigEndian.Uint64(b[12:])
	h.created = binary.BigEndian.Uint64(b[20:])
	h.seq = binary.BigEndian.Uint64(b[28:])
	present, rest := b[36], b[headerFixed:]
	for i, t := range [...]*token{&h.client, &h.site, &h.template, &h.territory, &h.typ, &h.maker} {
		*t = 0
		if present&(1<<i) != 0 {
			if len(rest) < 8 {
				return errHeader
			}
			*t, rest = token(binary.BigEndian.Uint64(rest)), rest[8:]
		}
	}
	for _, list := range [...]*tokens{&h.assignees, &h.readers, &h.skills, &h.ids} {
		if len(rest) < 1 || len(rest) < 1+8*int(rest[0]) {
			return errHeader
		}
		n := 1 + 8*int(rest[0])
		*list, rest = tokens(rest[1:n]), rest[n:]
	}
	if len(rest) < 1 || len(rest) != 1+int(rest[0]) {
		return errHeader
	}
	h.name = rest[1:]
	return nil
}

// appendSort appends where the row stands in an order, the document not counted.
func (h *header) appendSort(dst []byte, by order) []byte {
	switch by {
	case byScheduled:
		return binary.BigEndian.AppendUint64(dst, h.scheduled)
	case byUpdated:
		return binary.BigEndian.AppendUint64(dst, h.updated)
	case byCreated:
		return binary.BigEndian.AppendUint64(dst, h.created)
	default:
		return append(append(dst, h.name...), 0)
	}
}

// place is where the row stands in an order.
func (h *header) place(dst []byte, by order, doc crdt.DocID) []byte {
	return append(h.appendSort(dst, by), doc[:]...)
}

// values are the values under which a row has entries, each once.
func (h *header) values() []value {
	if h.flags&flagGone != 0 {
		return nil
	}
	out := []value{{dimAll, 0}}
	if h.kind != kindJob {
		return out
	}
	if h.flags&flagClash != 0 {
		out = append(out, value{dimClash, 0})
	}
	if h.assignees.len() == 0 {
		out = append(out, value{dimUnassigned, 0})
	}
	for i := range h.assignees.len() {
		out = append(out, value{dimAssignee, h.assignees.at(i)})
	}
	for _, v := range [...]value{{dimClient, h.client}, {dimSite, h.site}, {dimTemplate, h.template}, {dimTerritory, h.territory}, {dimType, h.typ}} {
		if v.token != 0 {
			out = append(out, v)
		}
	}
	for _, v := range [...]value{{dimTerritoryType, pairs[0].token(h.territory, h.typ)}, {dimTerritoryTemplate, pairs[1].token(h.territory, h.template)}} {
		if v.token != 0 {
			out = append(out, v)
		}
	}
	// A reader who is no assignee finds the row as its maker would.
	for i := range h.readers.len() {
		out = append(out, value{dimMaker, h.readers.at(i)})
	}
	if h.maker != 0 && !h.assignees.has(h.maker) && !h.readers.has(h.maker) {
		out = append(out, value{dimMaker, h.maker})
	}
	return out
}

// mayRead tells whether a user with this token, restricted to his own, may see the row.
func (h *header) mayRead(user token) bool {
	return h.maker == user || h.assignees.has(user) || h.readers.has(user)
}

// entryValue is the value of an entry, and the beginning of a row's: the length of the header in two bytes, the header, the JSON.
func entryValue(h *header, raw []byte) []byte {
	b := h.append(make([]byte, 2, 2+192+len(raw)))
	binary.BigEndian.PutUint16(b, uint16(len(b)-2))
	return append(b, raw...)
}

// splitEntry takes an entry's value apart; both share its memory.
func splitEntry(b []byte) (head, raw []byte, err error) {
	if len(b) < 2 {
		return nil, nil, errHeader
	}
	n := 2 + int(binary.BigEndian.Uint16(b))
	if len(b) < n {
		return nil, nil, errHeader
	}
	return b[2:n], b[n:], nil
}

// docLen is the length of a document id in keys.
const docLen = len(crdt.DocID{})
