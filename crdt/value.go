package crdt

import (
	"fmt"
	"strconv"
	"strings"
)

// A value of a document, as the engine reads and writes it, is one of
//
//	nil, bool, int64, uint64, float64, string, []byte   scalars
//	Timestamp, Counter, Unknown                         scalars with a meaning of their own
//	Text, []any, map[string]any                         objects, which merge inside
//
// A string is a scalar that is replaced as a whole; Text merges by characters.

// Text is the content of a text object.
type Text string

// Counter is the value of a counter: concurrent increments add up.
type Counter int64

// Timestamp is a moment in milliseconds since 1970.
type Timestamp int64

// Unknown is a scalar of a type that today's cores do not know; it can be read, not written.
type Unknown struct {
	Type uint8 // the low four bits of the value's metadata
	Raw  []byte
}

// Path leads from a document's root to a value: a string names a map's key, an int a list's index.
// The empty path is the root.
type Path []any

// String shows the path for people: /site/contacts/0.
func (p Path) String() string {
	if len(p) == 0 {
		return "/"
	}
	var b strings.Builder
	for _, step := range p {
		b.WriteByte('/')
		switch s := step.(type) {
		case string:
			b.WriteString(s)
		case int:
			b.WriteString(strconv.Itoa(s))
		default:
			fmt.Fprintf(&b, "?%T", step)
		}
	}
	return b.String()
}

// Join gives a new path with steps behind it; the receiver's memory is not shared.
func (p Path) Join(steps ...any) Path {
	return append(append(make(Path, 0, len(p)+len(steps)), p...), steps...)
}

// Alternative is one of the values that were written to the same place without knowing of one another.
type Alternative struct {
	Counter uint64  // with Actor, the operation that wrote the value
	Actor   ActorID // who wrote it
	Value   any
}

// Clash is a place that holds more than one value, as data: what a pure package is told of one. The first alternative is the one
// that wins, which a reader of the document sees.
type Clash struct {
	Path         Path
	Alternatives []Alternative
}

// EditKind says what an Edit does.
type EditKind uint8

const (
	EditSet       EditKind = iota // the map key or existing list element at Path becomes Value
	EditDelete                    // the map key (absent or not) or existing list element at Path goes away
	EditInsert                    // Value becomes a new list element before the index that ends Path; the length appends
	EditEnsureMap                 // there is a map at Path: made where nothing stands, left alone where one does
	EditSplice                    // in the text at Path, Delete characters at Index give way to Text
	EditSetText                   // the text at Path becomes Text, by the one splice that changes least; made where nothing or a string stands
	EditIncrement                 // Delta is added to the counter at Path
)

// Edit is one step of a transaction, as data: what a pure package wants done to a document, for the engine to do.
// Index and Delete count Unicode code points.
type Edit struct {
	Kind   EditKind
	Path   Path
	Value  any // EditSet, EditInsert
	Index  int
	Delete int
	Text   string
	Delta  int64
}
