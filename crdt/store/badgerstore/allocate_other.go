//go:build !linux

package badgerstore

import "os"

// allocate gives an empty file n bytes of real blocks.
func allocate(f *os.File, n int64) error { return writeZeros(f, n) }
