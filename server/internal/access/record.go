package access

import (
	"slices"
	"sync"

	"fieldsync/crdt"
	"fieldsync/crdt/job"

	"github.com/fxamacker/cbor/v2"
)

// Bounds of a stored record. Whoever plans a job names its assignees, so their number is a peer's to choose.
const (
	maxRecordBytes = 2 << 20 // a record of four lists of maxAssignees of the longest ids fits
	maxAssignees   = 4096    // of each list; real jobs have one to ten
	maxUserBytes   = 64      // a user's id has at most 63 (package auth): what is longer names nobody
	maxKindBytes   = 64      // what is longer is no kind that anybody knows
	maxUUIDBytes   = 64      // of a template: what is longer names none
)

// Record is what the server keeps about a document to decide who may touch it. Users are sorted, without duplicates.
type Record struct {
	Org          string   `cbor:"2,keyasint"`            // the organisation that owns the document; empty: nobody does
	Creator      string   `cbor:"3,keyasint,omitempty"`  // Principal.ID of who delivered the document's first change
	Kind         string   `cbor:"4,keyasint,omitempty"`  // what the root says the document is ("job"); empty: nothing
	Assignees    []string `cbor:"5,keyasint,omitempty"`  // of a job: users assigned now
	EverAssigned []string `cbor:"6,keyasint,omitempty"`  // users assigned now or at any time before
	Editors      []string `cbor:"7,keyasint,omitempty"`  // those of Assignees with edit access
	EverEditors  []string `cbor:"8,keyasint,omitempty"`  // those of EverAssigned who have, or had, edit access
	CreatorRole  Role     `cbor:"9,keyasint,omitempty"`  // the creator's at that time; empty where it is not known
	UUID         string   `cbor:"10,keyasint,omitempty"` // of a template: its own uuid, by which jobs name it
	WorkerCreate bool     `cbor:"11,keyasint,omitempty"` // of a template: workers may make jobs from it

	// Outdated says that the stored record is of a version that did not know all of this: it is to be made anew.
	Outdated bool `cbor:"-"`
}

// Opaque tells whether the document is of no kind that we know: permissions are for the whole document, and there is no index.
func (r Record) Opaque() bool { return !slices.Contains(job.Kinds(), r.Kind) }

// WithAssignees gives the record with these users assigned now, and those of them with edit access; they join EverAssigned and
// EverEditors, and who was there stays there. The arguments are copied. Equal inputs give equal records, so that a caller can
// tell whether anything changed.
//
// The record stays within its bounds whatever the users are: of too many, those who were assigned at some time go before
// others. So nobody can fill the lists to keep somebody in, or to keep out who was there.
func (r Record) WithAssignees(users, editors []string) Record {
	users = slices.DeleteFunc(sortedSet(users), func(u string) bool { return len(u) > maxUserBytes })
	fresh := slices.DeleteFunc(slices.Clone(users), func(u string) bool { return contains(r.EverAssigned, u) })
	room := max(0, maxAssignees-len(r.EverAssigned))
	r.EverAssigned = sortedSet(append(slices.Clone(r.EverAssigned), fresh[:min(room, len(fresh))]...))
	if len(users) > maxAssignees {
		known := slices.DeleteFunc(slices.Clone(users), func(u string) bool { return !contains(r.EverAssigned, u) })
		users = append(known, fresh[min(room, len(fresh)):]...)[:maxAssignees]
	}
	r.Assignees = sortedSet(users)
	r.Editors = slices.DeleteFunc(sortedSet(editors), func(u string) bool { return !contains(r.Assignees, u) })
	r.EverEditors = sortedSet(append(slices.Clone(r.EverEditors), r.Editors...))
	r.EverEditors = slices.DeleteFunc(r.EverEditors, func(u string) bool { return !contains(r.EverAssigned, u) })
	return r
}

// WithTemplate gives the record of a template with its uuid, none where that is too long to be one, and whether workers may make jobs
// from it.
func (r Record) WithTemplate(uuid string, workerCreate bool) Record {
	r.UUID, r.WorkerCreate = uuid, workerCreate
	if len(uuid) > maxUUIDBytes {
		r.UUID = ""
	}
	return r
}

// WithKind gives the record with the kind that the document's root names; none where that is too long to be one.
func (r Record) WithKind(kind string) Record {
	if r.Kind = kind; len(kind) > maxKindBytes {
		r.Kind = ""
	}
	return r
}

// MadeAsWorker tells whether the creator keeps a worker's rights to what he made: who made it as a dispatcher does not.
func (r Record) MadeAsWorker() bool { return r.CreatorRole == RoleWorker || r.CreatorRole == "" }

// Equal tells whether two records say the same.
func (r Record) Equal(o Record) bool {
	return r.Org == o.Org && r.Creator == o.Creator && r.CreatorRole == o.CreatorRole && r.Kind == o.Kind &&
		slices.Equal(r.Assignees, o.Assignees) && slices.Equal(r.EverAssigned, o.EverAssigned) &&
		slices.Equal(r.Editors, o.Editors) && slices.Equal(r.EverEditors, o.EverEditors) &&
		r.UUID == o.UUID && r.WorkerCreate == o.WorkerCreate && r.Outdated == o.Outdated
}

func sortedSet(in []string) []string {
	out := slices.Clone(in)
	slices.Sort(out)
	return slices.Compact(out)
}

// recordVersion is the layout of the stored record; key 1. A later layout that an older server must not read raises it. Version 1
// did not know who has edit access, and everybody who was assigned wrote what he liked.
const recordVersion = 2

type storedRecord struct {
	Version uint `cbor:"1,keyasint"`
	Record
}

// modes are how records are written and read, made once.
var modes = sync.OnceValues(func() (codec, error) {
	enc, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		return codec{}, err
	}
	dec, err := cbor.DecOptions{MaxArrayElements: maxAssignees, MaxMapPairs: 64, MaxNestedLevels: 4, DupMapKey: cbor.DupMapKeyEnforcedAPF}.DecMode()
	return codec{enc, dec}, err
})

type codec struct {
	enc cbor.EncMode
	dec cbor.DecMode
}

// Encode gives the record's stored form: a CBOR map with small integer keys, the version first. Equal records give
// equal bytes.
func (r Record) Encode() ([]byte, error) {
	if max(len(r.Assignees), len(r.EverAssigned), len(r.Editors), len(r.EverEditors)) > maxAssignees {
		return nil, crdt.Errorf(crdt.KindTooLarge, "access: a document has more than %d assignees", maxAssignees)
	}
	m, err := modes()
	if err != nil {
		return nil, crdt.Errorf(crdt.KindInternal, "access: cbor options: %w", err)
	}
	out, err := m.enc.Marshal(storedRecord{Version: recordVersion, Record: r})
	if err == nil && len(out) > maxRecordBytes { // nobody could read it again
		return nil, crdt.Errorf(crdt.KindTooLarge, "access: a record of %d bytes", len(out))
	}
	return out, err
}

// DecodeRecord reads what Encode wrote, of any version. Unknown keys are skipped; an unknown version is an error.
func DecodeRecord(b []byte) (Record, error) {
	if len(b) > maxRecordBytes {
		return Record{}, crdt.Errorf(crdt.KindTooLarge, "access: a record of %d bytes", len(b))
	}
	m, err := modes()
	if err != nil {
		return Record{}, crdt.Errorf(crdt.KindInternal, "access: cbor options: %w", err)
	}
	var s storedRecord
	if err := m.dec.Unmarshal(b, &s); err != nil {
		return Record{}, crdt.Errorf(crdt.KindInvalid, "access: record: %w", err)
	}
	switch s.Version {
	case recordVersion:
	case 1:
		s.Editors, s.EverEditors, s.Outdated = s.Assignees, s.EverAssigned, true
	default:
		return Record{}, crdt.Errorf(crdt.KindUnsupported, "access: record of version %d; this server knows %d", s.Version, recordVersion)
	}
	return s.Record, nil
}

// Outdated tells of a stored record whether DecodeRecord would say that it is to be made anew, without reading the rest.
func Outdated(b []byte) bool { return len(b) > 2 && b[1] == 1 && b[2] == 1 }
