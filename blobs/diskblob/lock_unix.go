//go:build unix

package diskblob

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"syscall"

	"fieldsync/blobs"
)

// lockFile holds the root for this process. The kernel lets go of it when the process ends, however it ends.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, fileMode)
	if err != nil {
		return nil, mapError("lock", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("diskblob: open: %w", blobs.ErrLocked)
		}
		return nil, mapError("lock", err)
	}
	return f, nil
}

// inode tells a file from another one that was put in its place within the clock's resolution.
func inode(found fs.FileInfo) string {
	if sys, ok := found.Sys().(*syscall.Stat_t); ok {
		return "-" + strconv.FormatUint(uint64(sys.Ino), 16) //nolint:unconvert // its type differs between systems
	}
	return ""
}
