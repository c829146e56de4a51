package wire

import "fieldsync/crdt"

// field is a key that some frame has. The names are the protocol's.
type field uint8

const (
	fieldType field = iota
	fieldSender
	fieldTarget
	fieldDoc
	fieldData
	fieldPeerMetadata
	fieldMetadata // samod's older name of peerMetadata
	fieldVersions
	fieldVersion
	fieldMessage
	fieldCount
	fieldSession
	fieldAdd
	fieldRemove
	fieldNewHeads
	fieldCode
	fieldChange
	fieldDetail
	fieldRetry
	fieldRanges
	fieldDone
	fieldSketch
	fieldWant
	fieldMine
	fieldYours
	fieldPush
	fieldFrames
	fieldCountAll // how many there are; also "no such field"
)

// names are the keys on the wire, in the order of the constants.
var names = [fieldCountAll]string{"type", "senderId", "targetId", "documentId", "data", "peerMetadata", "metadata",
	"supportedProtocolVersions", "selectedProtocolVersion", "message", "count", "sessionId", "add", "remove", "newHeads",
	"code", "change", "detail", "retry", "r", "d", "k", "m", "i", "y", "p", "f"}

// fieldOf finds a key; a switch on the bytes neither allocates nor hashes.
func fieldOf(key []byte) field {
	switch string(key) {
	case "type":
		return fieldType
	case "senderId":
		return fieldSender
	case "targetId":
		return fieldTarget
	case "documentId":
		return fieldDoc
	case "data":
		return fieldData
	case "peerMetadata":
		return fieldPeerMetadata
	case "metadata":
		return fieldMetadata
	case "supportedProtocolVersions":
		return fieldVersions
	case "selectedProtocolVersion":
		return fieldVersion
	case "message":
		return fieldMessage
	case "count":
		return fieldCount
	case "sessionId":
		return fieldSession
	case "add":
		return fieldAdd
	case "remove":
		return fieldRemove
	case "newHeads":
		return fieldNewHeads
	case "code":
		return fieldCode
	case "change":
		return fieldChange
	case "detail":
		return fieldDetail
	case "retry":
		return fieldRetry
	case "r":
		return fieldRanges
	case "d":
		return fieldDone
	case "k":
		return fieldSketch
	case "m":
		return fieldWant
	case "i":
		return fieldMine
	case "y":
		return fieldYours
	case "p":
		return fieldPush
	case "f":
		return fieldFrames
	}
	return fieldCountAll
}

// fields is a frame's map after the first pass: where the value of each known key begins and ends. The type of a frame may
// be its last entry, so values are read in a second pass, when it is known what they must be.
type fields struct {
	data []byte
	at   [fieldCountAll]struct{ start, end uint32 } // start 0: absent, null or undefined
}

// scan is the first pass. It checks that the whole input is one well-formed map within the limits.
//
// A known key that comes twice is refused: peers disagree on which one counts. Keys that are unknown, or not text,
// are skipped whatever they hold.
func (f *fields) scan(data []byte) error {
	if len(data) > MaxFrame {
		return tooLong("the frame", MaxFrame)
	}
	f.data = data
	r := reader{b: data}
	it, err := r.enter(majorMap, MaxFields, "the frame")
	if err != nil {
		return err
	}
	var seen uint32
	for n := 0; ; n++ {
		more, err := r.next(&it)
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if n == MaxFields {
			return tooLong("the frame", MaxFields)
		}
		which, err := r.key()
		if err != nil {
			return err
		}
		start := r.pos
		if err := r.skip(MaxDepth - 1); err != nil {
			return err
		}
		if which == fieldCountAll {
			continue
		}
		if seen&(1<<which) != 0 {
			return crdt.Errorf(crdt.KindInvalid, "wire: key %s comes twice", names[which])
		}
		seen |= 1 << which
		if b := data[start]; b != cborNull && b != cborUndefined {
			f.at[which].start, f.at[which].end = uint32(start), uint32(r.pos)
		}
	}
	if r.pos != len(data) {
		return r.malformed("bytes behind the frame")
	}
	return nil
}

// key reads a map's key and tells which field it is.
func (r *reader) key() (field, error) {
	start := r.pos
	if err := r.skip(MaxDepth - 1); err != nil {
		return 0, err
	}
	k := reader{b: r.b[:r.pos], pos: start}
	name, err := k.text(MaxFrame, "a key")
	if err != nil {
		return fieldCountAll, nil //nolint:nilerr // not text, or in pieces: none of ours
	}
	return fieldOf(name), nil
}

// value gives a reader over a field's value; ok is false where it is absent, null or undefined.
func (f *fields) value(which field) (r reader, ok bool) {
	at := f.at[which]
	return reader{b: f.data[:at.end], pos: int(at.start)}, at.start != 0
}

// text gives a text field's bytes; nil where it is absent.
func (f *fields) text(which field, most int) ([]byte, error) {
	r, ok := f.value(which)
	if !ok {
		return nil, nil
	}
	return r.text(most, names[which])
}

func (f *fields) boolean(which field) (bool, error) {
	r, ok := f.value(which)
	if !ok {
		return false, nil
	}
	return r.boolean(names[which])
}

// payload gives a byte field that must be there and hold something.
func (f *fields) payload(which field, most int) ([]byte, error) {
	r, ok := f.value(which)
	if !ok {
		return nil, missing(which)
	}
	b, err := r.bytes(most, names[which])
	if err == nil && len(b) == 0 {
		return nil, crdt.Errorf(crdt.KindInvalid, "wire: %s is empty", names[which])
	}
	return b, err
}

func missing(which field) error {
	return crdt.Errorf(crdt.KindInvalid, "wire: %s is missing", names[which])
}
