package picture

import (
	"encoding/binary"
	"errors"
)

// errTIFF says that EXIF's directories cannot be followed.
var errTIFF = errors.New("picture: EXIF that cannot be understood")

// Tags of EXIF, in the first directory.
const (
	tagOrientation = 0x0112
	tagGPS         = 0x8825
)

const (
	entryBytes = 12
	maxEntries = 1000 // of a directory: cameras write some tens
)

// tiff is the block of EXIF, from its byte order mark on.
type tiff struct {
	data  []byte
	order binary.ByteOrder
}

func openTIFF(data []byte) (tiff, error) {
	if len(data) < 8 {
		return tiff{}, errTIFF
	}
	switch string(data[:4]) {
	case "II*\x00":
		return tiff{data, binary.LittleEndian}, nil
	case "MM\x00*":
		return tiff{data, binary.BigEndian}, nil
	}
	return tiff{}, errTIFF
}

// directory gives the entries of the directory at an offset, as they stand in the data, with the two bytes of their number before
// them.
func (t tiff) directory(at uint32) (entries []byte, n int, err error) {
	if int64(at)+2 > int64(len(t.data)) {
		return nil, 0, errTIFF
	}
	n = int(t.order.Uint16(t.data[at:]))
	end := int64(at) + 2 + int64(n)*entryBytes
	if n > maxEntries || end > int64(len(t.data)) {
		return nil, 0, errTIFF
	}
	return t.data[at+2 : end], n, nil
}

func (t tiff) first() uint32 { return t.order.Uint32(t.data[4:]) }

// orientation is the picture's, 1 to 8; 1 where nothing is said.
func (t tiff) orientation() int {
	entries, n, err := t.directory(t.first())
	if err != nil {
		return 1
	}
	for i := range n {
		e := entries[i*entryBytes:]
		if t.order.Uint16(e) == tagOrientation {
			if o := int(t.order.Uint16(e[8:])); o >= 1 && o <= 8 {
				return o
			}
		}
	}
	return 1
}

// typeBytes is the size of a value of a type; 0: unknown.
func typeBytes(typ uint16) int64 {
	switch typ {
	case 1, 2, 6, 7:
		return 1
	case 3, 8:
		return 2
	case 4, 9, 11, 13:
		return 4
	case 5, 10, 12:
		return 8
	}
	return 0
}

// removeGPS empties the GPS directory and takes its entry out of the first one. It tells whether there was one.
func (t tiff) removeGPS() (bool, error) {
	at := t.first()
	entries, n, err := t.directory(at)
	if err != nil {
		return false, err
	}
	for i := range n {
		e := entries[i*entryBytes:]
		if t.order.Uint16(e) != tagGPS {
			continue
		}
		if err := t.empty(t.order.Uint32(e[8:])); err != nil {
			return false, err
		}
		// The entries behind it move up; what points to the next directory moves with them.
		whole := t.data[int(at)+2+i*entryBytes:]
		rest := (n-i-1)*entryBytes + 4
		if len(whole) < entryBytes+rest {
			return false, errTIFF
		}
		copy(whole[:rest], whole[entryBytes:entryBytes+rest])
		clear(whole[rest : rest+entryBytes])
		t.order.PutUint16(t.data[at:], uint16(n-1)) //nolint:gosec // at most maxEntries
		return true, nil
	}
	return false, nil
}

// empty overwrites a directory and the values that it points to with zeros.
func (t tiff) empty(at uint32) error {
	entries, n, err := t.directory(at)
	if err != nil {
		return err
	}
	for i := range n {
		e := entries[i*entryBytes:]
		size := typeBytes(t.order.Uint16(e[2:])) * int64(t.order.Uint32(e[4:]))
		if size <= 4 {
			continue // in the entry itself
		}
		from := int64(t.order.Uint32(e[8:]))
		if from+size > int64(len(t.data)) {
			return errTIFF
		}
		clear(t.data[from : from+size])
	}
	clear(entries)
	t.order.PutUint16(t.data[at:], 0)
	return nil
}
