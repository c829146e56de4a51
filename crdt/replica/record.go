package replica

import (
	"encoding/binary"
	"errors"

	"fieldsync/crdt"
	"fieldsync/crdt/history"
)

// Record is what is known of a document without reading its changes.
type Record struct {
	Heads   crdt.Heads
	Next    uint64 // index of the next change entry
	Creator history.Author
	Meta    []byte // what Config.Describe made of it
}

const (
	recordVersion   = 1
	entryVersion    = 1
	runVersion      = 2
	snapshotVersion = 1
)

var errCorrupt = errors.New("replica: a stored entry is damaged")

// Append encodes the record: version, heads (count, 32 bytes each), next index, creator and meta (length, bytes).
func (r *Record) Append(dst []byte) []byte {
	dst = append(dst, recordVersion)
	dst = binary.AppendUvarint(dst, uint64(len(r.Heads)))
	for i := range r.Heads {
		dst = append(dst, r.Heads[i][:]...)
	}
	dst = binary.AppendUvarint(dst, r.Next)
	dst = binary.AppendUvarint(dst, uint64(len(r.Creator)))
	dst = append(dst, r.Creator...)
	dst = binary.AppendUvarint(dst, uint64(len(r.Meta)))
	return append(dst, r.Meta...)
}

// DecodeRecord reads what Append wrote; it copies what it keeps.
func DecodeRecord(b []byte) (Record, error) {
	rd := reader{b: b}
	var r Record
	rd.version(recordVersion)
	n := rd.count(32)
	for range n {
		var h crdt.Hash
		copy(h[:], rd.bytes(32))
		r.Heads = append(r.Heads, h)
	}
	r.Next = rd.uvarint()
	r.Creator = history.Author(rd.bytes(rd.count(1)))
	if meta := rd.bytes(rd.count(1)); len(meta) > 0 {
		r.Meta = append([]byte(nil), meta...)
	}
	return r, rd.err
}

// AppendEntry encodes a change as it is stored by itself: version, time of arrival (ms since 1970), the type 1 chunk.
func AppendEntry(dst []byte, arrived int64, raw []byte) []byte {
	dst = append(dst, entryVersion)
	dst = binary.AppendVarint(dst, arrived)
	return append(dst, raw...)
}

// appendRun encodes changes with consecutive indices as one entry, under the index of the first: version, their number, for
// each the time of arrival as a difference from the one before (ms), its length, the type 1 chunk.
func appendRun(dst []byte, arrivals []int64, raw func(i int) []byte) []byte {
	dst = append(dst, runVersion)
	dst = binary.AppendUvarint(dst, uint64(len(arrivals)))
	last := int64(0)
	for i, a := range arrivals {
		dst = binary.AppendVarint(dst, a-last)
		last = a
		dst = binary.AppendUvarint(dst, uint64(len(raw(i))))
		dst = append(dst, raw(i)...)
	}
	return dst
}

// DecodeEntry calls visit with each change of a stored entry, in order, after all of it was found readable; raw shares the
// entry's memory.
func DecodeEntry(entry []byte, visit func(arrived int64, raw []byte)) error {
	if len(entry) == 0 || entry[0] != runVersion {
		rd := reader{b: entry}
		rd.version(entryVersion)
		arrived := rd.varint()
		if rd.err == nil {
			visit(arrived, rd.b)
		}
		return rd.err
	}
	if err := decodeRun(entry, func(int64, []byte) {}); err != nil {
		return err
	}
	return decodeRun(entry, visit)
}

func decodeRun(entry []byte, visit func(arrived int64, raw []byte)) error {
	rd := reader{b: entry}
	rd.version(runVersion)
	arrived := int64(0)
	for range rd.count(2) {
		arrived += rd.varint()
		raw := rd.bytes(rd.count(1))
		if rd.err != nil {
			return rd.err
		}
		visit(arrived, raw)
	}
	if rd.err == nil && len(rd.b) > 0 {
		rd.fail()
	}
	return rd.err
}

// appendSnapshot encodes a snapshot entry: version, the number of changes, for each, in the order in which the document
// chunk holds them, the time of arrival as a difference from the one before (ms), the document chunk.
func appendSnapshot(dst []byte, arrivals []int64, chunk []byte) []byte {
	dst = append(dst, snapshotVersion)
	dst = binary.AppendUvarint(dst, uint64(len(arrivals)))
	last := int64(0)
	for _, a := range arrivals {
		dst = binary.AppendVarint(dst, a-last)
		last = a
	}
	return append(dst, chunk...)
}

// DecodeSnapshot reads a stored snapshot entry: when its changes arrived, in ms since 1970, in the order in which the document chunk holds
// them, and that chunk, which shares b's memory.
func DecodeSnapshot(b []byte) (arrivals []int64, chunk []byte, err error) {
	rd := reader{b: b}
	rd.version(snapshotVersion)
	n := rd.count(1)
	last := int64(0)
	arrivals = make([]int64, 0, n)
	for range n {
		last += rd.varint()
		arrivals = append(arrivals, last)
	}
	return arrivals, rd.b, rd.err
}

// SnapshotChunk gives the document chunk of a stored snapshot entry; it shares the entry's memory.
func SnapshotChunk(entry []byte) ([]byte, error) {
	_, chunk, err := DecodeSnapshot(entry)
	return chunk, err
}

// reader takes a stored entry apart. After the first error everything it gives is empty.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail() { r.err, r.b = errCorrupt, nil }

func (r *reader) version(want byte) {
	if v := r.bytes(1); r.err == nil && v[0] != want {
		r.fail()
	}
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count reads the number of items of at least size bytes each, and refuses what cannot be there.
func (r *reader) count(size int) int {
	v := r.uvarint()
	if v > uint64(len(r.b)/size) {
		r.fail()
		return 0
	}
	return int(v)
}

func (r *reader) bytes(n int) []byte {
	if n > len(r.b) {
		r.fail()
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}
