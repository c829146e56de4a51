package badgerstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
)

// What is known here of Badger's write-ahead log (NNNNN.mem): a header, then entries of two bytes of meta, key length,
// value length and expiry (unsigned LEB128), key, value, CRC-32C (big-endian) of all before; then zeros.
const (
	logHeader   = 20
	maxLogKey   = 1 << 16
	logChecksum = crc32.Size
)

// mendLogs cuts what a crash left half written at the end of the write-ahead logs, by overwriting it with zeros. Badger stops at
// an entry whose checksum is wrong, but not at one whose lengths are none: it fails to open, or allocates gigabytes. What
// is cut was never acknowledged: an acknowledged entry is whole.
func mendLogs(dir string) error {
	logs, err := filepath.Glob(filepath.Join(dir, "*.mem"))
	if err != nil {
		return err
	}
	for _, path := range logs {
		if err := mendLog(path); err != nil {
			return fmt.Errorf("badgerstore: %w", err)
		}
	}
	return nil
}

func mendLog(path string) (err error) {
	log, err := os.ReadFile(path) // twice the memtable's size at most
	if err != nil {
		return err
	}
	whole := wholeEntries(log)
	torn := len(bytes.TrimRight(log[whole:], "\x00"))
	if torn == 0 {
		return nil
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
	}()
	if _, err := f.WriteAt(make([]byte, torn), int64(whole)); err != nil {
		return err
	}
	return f.Sync()
}

// wholeEntries is where the first entry begins that is not whole.
func wholeEntries(log []byte) int {
	table := crc32.MakeTable(crc32.Castagnoli)
	at := min(logHeader, len(log))
	for {
		n := entryLength(log[at:])
		if n == 0 || crc32.Checksum(log[at:at+n-logChecksum], table) != binary.BigEndian.Uint32(log[at+n-logChecksum:]) {
			return at
		}
		at += n
	}
}

// entryLength is the length of the entry that b begins with, as its lengths say; 0 if it has no place in b.
func entryLength(b []byte) int {
	at, lengths := 2, [3]uint64{} // key, value, expiry
	for i := range lengths {
		if at > len(b) {
			return 0
		}
		v, n := binary.Uvarint(b[at:])
		if n <= 0 {
			return 0
		}
		lengths[i] = v
		at += n
	}
	key, value := lengths[0], lengths[1]
	if key == 0 || key > maxLogKey || value > uint64(len(b)) || at+int(key)+int(value)+logChecksum > len(b) {
		return 0
	}
	return at + int(key) + int(value) + logChecksum
}
