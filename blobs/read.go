package blobs

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// VerifyReader wraps a whole file's bytes. What it gives is at most size bytes; the last of them, and io.EOF, only if the
// file is what ref names. Otherwise it fails with ErrMismatch before. A failing r gives ErrSource around r's error.
func VerifyReader(ref Ref, size int64, r io.Reader) io.Reader { return newVerifyReader(ref, size, r) }

// Source is what reading a whole file needs of a store.
type Source interface {
	Fetcher
	Statter
}

// Copy writes a whole file to w and verifies it. With ErrMismatch, w has got less than the whole file: its caller throws
// away what it got. It returns the number of bytes written.
func Copy(ctx context.Context, w io.Writer, src Source, space Space, ref Ref) (int64, error) {
	info, err := src.Stat(ctx, space, ref)
	if err != nil {
		return 0, err
	}
	body, err := src.OpenRange(ctx, space, ref, 0, -1)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	// A plain struct hides ReadFrom and WriteTo: every byte passes the check.
	return io.CopyBuffer(struct{ io.Writer }{w}, newVerifyReader(ref, info.Size, body), make([]byte, CopyBuffer))
}

// ReadAll gives a whole, verified file of at most limit bytes; a larger one is ErrTooLarge.
func ReadAll(ctx context.Context, src Source, space Space, ref Ref, limit int64) ([]byte, error) {
	info, err := src.Stat(ctx, space, ref)
	if err != nil {
		return nil, err
	}
	if info.Size > limit {
		return nil, fmt.Errorf("%w: %d bytes, the caller takes %d", ErrTooLarge, info.Size, limit)
	}
	body, err := src.OpenRange(ctx, space, ref, 0, -1)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	whole := make([]byte, info.Size)
	checked := newVerifyReader(ref, info.Size, body)
	if _, err := io.ReadFull(checked, whole); err != nil {
		if checked.failed != nil {
			return nil, checked.failed
		}
		return nil, err
	}
	if _, err := checked.Read(make([]byte, 1)); !errors.Is(err, io.EOF) { // an empty file is checked here
		return nil, err
	}
	return whole, nil
}

// CopyBuffer is the size of the pieces in which files are moved, in bytes: large enough that system calls do not count,
// small enough that a hundred transfers are 25 MiB.
const CopyBuffer = 256 << 10
