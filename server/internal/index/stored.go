package index

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"fieldsync/crdt"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
)

// storedRow is a row as it is kept: the header like an entry's, then generation, digest, number of changes and textSeq, the JSON.
type storedRow struct {
	head    header
	gen     uint32         // the generation of entries that it belongs to; another than the index's: its entries are not there
	digest  replica.Digest // of the heads that it was made of
	changes uint64         // how many changes the document held: of two states the newer one has more
	textSeq uint64         // the seq with which the full text of it last changed
	json    json.RawMessage
}

const storedFixed = 4 + 16 + 8 + 8

func (r *storedRow) encode() []byte {
	b := entryValue(&r.head, nil)
	b = binary.BigEndian.AppendUint32(b, r.gen)
	b = append(b, r.digest[:]...)
	b = binary.BigEndian.AppendUint64(b, r.changes)
	b = binary.BigEndian.AppendUint64(b, r.textSeq)
	return append(b, r.json...)
}

// decodeRow reads what encode wrote. It keeps b.
func decodeRow(b []byte) (storedRow, error) {
	var r storedRow
	head, rest, err := splitEntry(b)
	if err == nil {
		err = r.head.decode(head)
	}
	if err != nil || len(rest) < storedFixed {
		return r, errHeader
	}
	r.gen = binary.BigEndian.Uint32(rest)
	r.digest = replica.Digest(rest[4:20])
	r.changes = binary.BigEndian.Uint64(rest[20:])
	r.textSeq = binary.BigEndian.Uint64(rest[28:])
	r.json = rest[storedFixed:]
	return r, nil
}

func (r *storedRow) gone() bool { return r.head.flags&flagGone != 0 }

// row is the row that the JSON says; nil for one that is gone.
func (r *storedRow) row() (*Row, error) {
	if r.gone() {
		return nil, nil
	}
	out := &Row{}
	if err := json.Unmarshal(r.json, out); err != nil {
		return nil, fmt.Errorf("%w: %w", errHeader, err)
	}
	return out, nil
}

// readRow reads a row; store.ErrNotFound where there is none, errHeader where it is damaged.
func readRow(r store.Reader, o orgKeys, doc crdt.DocID) (storedRow, error) {
	b, err := r.Get(o.row(doc))
	if err != nil {
		return storedRow{}, err
	}
	return decodeRow(b)
}

// lastSeq is the last seq that an organisation's rows were given; 0: there was none.
func lastSeq(r store.Reader, o orgKeys) (uint64, error) {
	b, err := r.Get(o.last())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return 0, nil
	case err != nil:
		return 0, err
	case len(b) != 8:
		return 0, errHeader
	}
	return binary.BigEndian.Uint64(b), nil
}

// orgs calls visit with each organisation that has rows.
func orgs(r store.Reader, visit func(o orgKeys) error) error {
	next := store.Rows()
	for {
		var found *orgKeys
		if err := r.Scan(store.Rows(), next, func(key, _ []byte) error {
			k := store.ParseKey(key)
			if k.Family == store.FamilyRow {
				found = &orgKeys{k.Org}
			}
			return store.ErrStop
		}); err != nil || found == nil {
			return err
		}
		if err := visit(*found); err != nil {
			return err
		}
		next = found.part(0xff)
	}
}

// state is what the store says of the index as a whole.
type state struct {
	layout uint32 // the version of the layout and of what rows say; another one: everything is made anew
	gen    uint32 // the generation of the entries
	phase  phase
}

// phase says how far a generation is.
type phase byte

const (
	phaseComplete phase = iota // entries are there for all rows of the generation
	phaseDropping              // entries of earlier generations are being removed
	phaseFilling               // they are removed; rows of earlier generations are made anew
)

// layoutVersion rises with every change of what rows, headers or entries are made of: the server then makes all anew when it starts.
const layoutVersion = 5

// stateKey is the fact that holds the state: layout, generation, phase.
const stateKey = "index"

func readState(r store.Reader) (state, error) {
	b, err := r.Get(store.Meta(stateKey))
	if errors.Is(err, store.ErrNotFound) {
		return state{}, nil
	}
	if err != nil {
		return state{}, err
	}
	if len(b) != 9 {
		return state{}, errHeader
	}
	return state{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:]), phase(b[8])}, nil
}

func (s state) op() store.Op {
	b := binary.BigEndian.AppendUint32(nil, s.layout)
	b = binary.BigEndian.AppendUint32(b, s.gen)
	return store.Op{Key: store.Meta(stateKey), Value: append(b, byte(s.phase))}
}
