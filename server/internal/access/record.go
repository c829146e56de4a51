package access

import (
	"slices"

	"fieldsync/crdt"

	"github.com/fxamacker/cbor/v2"
)

// Bounds of a stored record. A worker who may write a job may name assignees in it, so their number is a peer's to choose.
const (
	maxRecordBytes = 1 << 20 // a record of maxAssignees long ids fits
	maxAssignees   = 4096    // of each list; real jobs have one to ten
)

// Record is what the server keeps about a document to decide who may touch it.
type Record struct {
	Org          string   `cbor:"2,keyasint"`           // the organisation that owns the document; empty: nobody does
	Creator      string   `cbor:"3,keyasint,omitempty"` // Principal.ID of who delivered the document's first change
	Kind         string   `cbor:"4,keyasint,omitempty"` // what the root says the document is ("job"); empty: opaque
	Assignees    []string `cbor:"5,keyasint,omitempty"` // users assigned now, sorted, without duplicates
	EverAssigned []string `cbor:"6,keyasint,omitempty"` // users assigned now or at any time before, sorted, without duplicates
}

// Opaque tells whether the document names no kind: permissions are for the whole document, and there is no index.
func (r Record) Opaque() bool { return r.Kind == "" }

// WithAssignees gives the record with these users assigned now; they join EverAssigned, and who was there stays there.
// The argument is copied. Equal inputs give equal records, so that a caller can tell whether anything changed.
func (r Record) WithAssignees(users []string) Record {
	r.Assignees = sortedSet(users)
	r.EverAssigned = sortedSet(append(slices.Clone(r.EverAssigned), users...))
	return r
}

// Equal tells whether two records say the same.
func (r Record) Equal(o Record) bool {
	return r.Org == o.Org && r.Creator == o.Creator && r.Kind == o.Kind &&
		slices.Equal(r.Assignees, o.Assignees) && slices.Equal(r.EverAssigned, o.EverAssigned)
}

func sortedSet(in []string) []string {
	out := slices.Clone(in)
	slices.Sort(out)
	return slices.Compact(out)
}

// recordVersion is the layout of the stored record; key 1. A later layout that an older server must not read raises it.
const recordVersion = 1

type storedRecord struct {
	Version uint `cbor:"1,keyasint"`
	Record
}

// Encode gives the record's stored form: a CBOR map with small integer keys, the version first. Equal records give
// equal bytes.
func (r Record) Encode() ([]byte, error) {
	if len(r.Assignees) > maxAssignees || len(r.EverAssigned) > maxAssignees {
		return nil, crdt.Errorf(crdt.KindTooLarge, "access: a document has more than %d assignees", maxAssignees)
	}
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		return nil, crdt.Errorf(crdt.KindInternal, "access: cbor options: %w", err)
	}
	return mode.Marshal(storedRecord{Version: recordVersion, Record: r})
}

// DecodeRecord reads what Encode wrote. Unknown keys are skipped; an unknown version is an error.
func DecodeRecord(b []byte) (Record, error) {
	if len(b) > maxRecordBytes {
		return Record{}, crdt.Errorf(crdt.KindTooLarge, "access: a record of %d bytes", len(b))
	}
	mode, err := cbor.DecOptions{MaxArrayElements: maxAssignees, MaxMapPairs: 64, MaxNestedLevels: 4, DupMapKey: cbor.DupMapKeyEnforcedAPF}.DecMode()
	if err != nil {
		return Record{}, crdt.Errorf(crdt.KindInternal, "access: cbor options: %w", err)
	}
	var s storedRecord
	if err := mode.Unmarshal(b, &s); err != nil {
		return Record{}, crdt.Errorf(crdt.KindInvalid, "access: record: %w", err)
	}
	if s.Version != recordVersion {
		return Record{}, crdt.Errorf(crdt.KindUnsupported, "access: record of version %d; this server knows %d", s.Version, recordVersion)
	}
	return s.Record, nil
}
