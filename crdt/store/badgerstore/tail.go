package badgerstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// What is known here of Badger's write-ahead log (NNNNN.mem) and value log (NNNNNN.vlog): a header, then entries of two bytes of meta,
// key length, value length and expiry (unsigned LEB128), key, value, CRC-32C (big-endian) of all before; then zeros.
const (
	logHeader   = 20
	maxLogKey   = 1 << 16
	logChecksum = crc32.Size
	// maxEntryHead is the length of what stands before an entry's key, at most.
	maxEntryHead = 2 + 3*binary.MaxVarintLen64
)

// mendLogs cuts what a crash left half written at the end of the write-ahead logs, by overwriting it with zeros, and of the newest
// value log. Badger stops at an entry whose checksum is wrong, but not at one whose lengths are none: it fails to open, or
// allocates gigabytes. What is cut was never acknowledged: an acknowledged entry is whole.
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
	values, err := filepath.Glob(filepath.Join(dir, "*.vlog"))
	if err != nil || len(values) == 0 {
		return err
	}
	// Badger reads the newest one to its end when it opens; the others were cut by it when they were the newest.
	if err := mendValues(slices.Max(values)); err != nil {
		return fmt.Errorf("badgerstore: %w", err)
	}
	return nil
}

func mendLog(path string) (err error) {
	log, err := os.ReadFile(path) // twice the memtable's size at most
	if err != nil {
		return err
	}
	whole, err := wholeEntries(bytes.NewReader(log), int64(len(log)))
	if err != nil {
		return err
	}
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
	if _, err := f.WriteAt(make([]byte, torn), whole); err != nil {
		return err
	}
	return f.Sync()
}

// mendValues makes a value log end behind its last whole entry, as Badger does on opening. The file is not read into memory:
// after a crash it is as long as it may ever become, most of it a hole.
func mendValues(path string) (err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	whole, err := wholeEntries(f, info.Size())
	if err != nil || whole == info.Size() {
		return err
	}
	if err := f.Truncate(whole); err != nil {
		return err
	}
	return f.Sync()
}

// wholeEntries is where the first entry begins that is not whole, in a log of so many bytes.
func wholeEntries(log io.ReaderAt, size int64) (int64, error) {
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	buf := make([]byte, 32<<10)
	at := min(logHeader, size)
	for {
		n, err := log.ReadAt(buf[:min(maxEntryHead, size-at)], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return at, err
		}
		length := entryLength(buf[:n], size-at)
		if length == 0 {
			return at, nil
		}
		sum.Reset()
		if _, err := io.CopyBuffer(sum, io.NewSectionReader(log, at, length-logChecksum), buf); err != nil {
			return at, err
		}
		if _, err := log.ReadAt(buf[:logChecksum], at+length-logChecksum); err != nil && !errors.Is(err, io.EOF) {
			return at, err
		}
		if sum.Sum32() != binary.BigEndian.Uint32(buf) {
			return at, nil
		}
		at += length
	}
}

// entryLength is the length of the entry that begins with b, as its lengths say; 0 if it has no place in so many bytes.
func entryLength(b []byte, room int64) int64 {
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
	if key == 0 || key > maxLogKey || value > uint64(room) {
		return 0
	}
	length := int64(at) + int64(key) + int64(value) + logChecksum
	if length > room {
		return 0
	}
	return length
}
