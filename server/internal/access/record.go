package access

import (
	"slices"

	"fieldsync/crdt"

	"github.com/fxamacker/cbor/v2"
)

// Bounds of a stored record. A worker who may write a job may name assignees in it, so their number is a peer's to choose.
const (
	maxRecordBytes = 1 << 20 // a record of two lists of maxAssignees of the longest ids fits
	maxAssignees   = 4096    // of each list; real jobs have one to ten
	maxUserBytes   = 64      // a user's id has at most 63 (package auth): what is longer names nobody
	maxKindBytes   = 64      // what is longer is no kind that anybody knows
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
//
// The record stays within its bounds whatever the users are: of too many, those who were assigned at some time go before
// others. So nobody can fill the lists to keep somebody in, or to keep out who was there.
func (r Record) WithAssignees(users []string) Record {
	users = slices.DeleteFunc(sortedSet(users), func(u string) bool { return len(u) > maxUserBytes })
	fresh := slices.DeleteFunc(slices.Clone(users), func(u string) bool { return contains(r.EverAssigned, u) })
	room := max(0, maxAssignees-len(r.EverAssigned))
	r.EverAssigned = sortedSet(append(slices.Clone(r.EverAssigned), fresh[:min(room, len(fresh))]...))
	if len(users) > maxAssignees {
		known := slices.DeleteFunc(slices.Clone(users), func(u string) bool { return !contains(r.EverAssigned, u) })
		users = append(known, fresh[min(room, len(fresh)):]...)[:maxAssignees]
	}
	r.Assignees = sortedSet(users)
	return r
}

// WithKind gives the record with the kind that the document's root names; none where that is too long to be one.
func (r Record) WithKind(kind string) Record {
	if r.Kind = kind; len(kind) > maxKindBytes {
		r.Kind = ""
	}
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
	out, err := mode.Marshal(storedRecord{Version: recordVersion, Record: r})
	if err == nil && len(out) > maxRecordBytes { // nobody could read it again
		return nil, crdt.Errorf(crdt.KindTooLarge, "access: a record of %d bytes", len(out))
	}
	return out, err
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
