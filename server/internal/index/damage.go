package index

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/blevesearch/bleve/v2"
)

// openBleve opens a full text. What a damaged file makes bleve panic about is an error.
func openBleve(dir string) (idx bleve.Index, err error) {
	defer func() {
		if r := recover(); r != nil {
			idx, err = nil, fmt.Errorf("index: full text: %v", r)
		}
	}()
	return bleve.Open(dir)
}

// dropDamaged removes the files of a full text that is not open whose checksum is wrong. Bleve writes it and does not look at it: what such a file
// holds would be found out by a search, or by a goroutine of bleve's that ends the process with it. Where a file is missing bleve goes
// back to the state before, which holds its own place in the feed. A file that a killed process has not finished is none that is missed.
func dropDamaged(dir string, log *slog.Logger) {
	segments, _ := filepath.Glob(filepath.Join(dir, "store", "*.zap")) // the pattern is right
	for _, path := range segments {
		sound, err := checksumHolds(path)
		if err == nil && !sound {
			log.Warn("a damaged file of the full text is removed", "file", filepath.Base(path))
			err = os.Remove(path)
		}
		if err != nil {
			log.Error("a file of the full text cannot be read", "file", filepath.Base(path), "error", err.Error())
		}
	}
}

// checksumHolds tells whether the last four bytes of a file are the CRC-32 of those before them.
func checksumHolds(path string) (bool, error) {
	f, err := os.Open(path) //nolint:gosec // in our own folder
	if err != nil {
		return false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() < crc32.Size {
		return false, err
	}
	sum := crc32.NewIEEE()
	if _, err := io.CopyN(sum, f, info.Size()-crc32.Size); err != nil {
		return false, err
	}
	var last [crc32.Size]byte
	if _, err := io.ReadFull(f, last[:]); err != nil {
		return false, err
	}
	return binary.BigEndian.Uint32(last[:]) == sum.Sum32(), nil
}
