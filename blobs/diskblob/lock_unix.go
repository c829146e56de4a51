//go:build unix

package diskblob

import (
	"errors"
	"fmt"
	"os"
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
