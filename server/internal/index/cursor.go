package index

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strconv"

	"fieldsync/crdt"
)

// position is a place in an order: behind the row that has this place and document.
type position struct {
	sort []byte // header.sort, or relevance
	doc  crdt.DocID
}

func (p *position) compare(sort []byte, doc crdt.DocID) int {
	if c := bytes.Compare(p.sort, sort); c != 0 {
		return c
	}
	return bytes.Compare(p.doc[:], doc[:])
}

// A cursor says where a page has ended: version, mark of the query, place in the order, document; in base64. Nothing in it is
// trusted: it chooses where reading begins inside of what the query allows, and a wrong one finds other rows of the same query.
const (
	cursorVersion = 1
	markLen       = 8
	maxCursor     = 4 * (1 + markLen + maxNameKey + 1 + docLen + 2) / 3
)

var errCursor = crdt.Errorf(crdt.KindInvalid, "the cursor is not one of this list: begin with its first page")

func (p *position) cursor(q *Query) string {
	mark := q.mark()
	b := append([]byte{cursorVersion}, mark[:]...)
	b = append(append(b, p.sort...), p.doc[:]...)
	return base64.RawURLEncoding.EncodeToString(b)
}

// parseCursor reads a cursor of a query in an order; nil for the first page.
func parseCursor(s string, q *Query, by order) (*position, error) {
	if s == "" {
		return nil, nil
	}
	if len(s) > maxCursor {
		return nil, errCursor
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) < 1+markLen+docLen || b[0] != cursorVersion || [markLen]byte(b[1:]) != q.mark() {
		return nil, errCursor
	}
	rest := b[1+markLen:]
	at := &position{sort: rest[:len(rest)-docLen], doc: crdt.DocID(rest[len(rest)-docLen:])}
	if by == byName {
		if i := bytes.IndexByte(at.sort, 0); i < 0 || i != len(at.sort)-1 || i > maxNameKey {
			return nil, errCursor
		}
	} else if len(at.sort) != 8 {
		return nil, errCursor
	}
	return at, nil
}

// mark tells queries apart whose cursors must not be mixed up: it is of all that decides on the rows and their order.
func (q *Query) mark() [markLen]byte {
	b := make([]byte, 0, 256)
	list := func(values ...string) {
		b = binary.AppendUvarint(b, uint64(len(values)))
		for _, v := range values {
			b = append(binary.AppendUvarint(b, uint64(len(v))), v...)
		}
	}
	list(q.Org, q.Kind, q.Reader, q.ExternalID, q.ExternalOrderID, q.SerialNo, q.Text, string(q.Sort))
	for _, values := range [...][]string{q.Assignees, q.Clients, q.Sites, q.Templates, q.Territories, q.Types, q.Skills} {
		list(values...)
	}
	b = binary.AppendUvarint(b, uint64(len(q.Statuses)))
	for _, s := range q.Statuses {
		list(string(s))
	}
	for _, t := range [...]crdt.Timestamp{q.ScheduledFrom, q.ScheduledTo, q.CreatedFrom, q.CreatedTo, q.UpdatedSince} {
		b = binary.AppendVarint(b, int64(t))
	}
	for _, yes := range [...]bool{q.Unassigned, q.Clash, q.Archived, q.Desc} {
		b = strconv.AppendBool(b, yes)
	}
	sum := sha256.Sum256(b)
	return [markLen]byte(sum[:])
}
