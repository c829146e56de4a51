package blobs

import (
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"fmt"
	"hash"
)

// Running is the check of a file that arrives in pieces, perhaps over days and through several processes: the SHA-256 of
// what came so far. It is the second gate, beside Receive: only Verify makes a Verified, and only with a Verified does a
// backend give a name to parts that it holds (Assembler).
type Running struct {
	ref  Ref
	size int64
	seen int64
	sum  hash.Hash
}

// NewRunning begins at the first byte. Errors: ErrInvalid, ErrTooLarge.
func NewRunning(ref Ref, size int64) (*Running, error) {
	switch {
	case ref.IsZero() || size < 0:
		return nil, fmt.Errorf("%w: a file without a name, or of %d bytes", ErrInvalid, size)
	case size > MaxSize:
		return nil, fmt.Errorf("%w: %d bytes, the limit is %d", ErrTooLarge, size, int64(MaxSize))
	}
	return &Running{ref: ref, size: size, sum: sha256.New()}, nil
}

// ResumeRunning goes on where State was taken, after seen bytes. A state that does not fit is ErrMismatch: the bytes before
// it count for nothing any more.
func ResumeRunning(ref Ref, size, seen int64, state []byte) (*Running, error) {
	r, err := NewRunning(ref, size)
	if err != nil {
		return nil, err
	}
	restore, ok := r.sum.(encoding.BinaryUnmarshaler)
	if !ok || seen < 0 || seen > size {
		return nil, fmt.Errorf("%w: a check that stopped at byte %d of %d", ErrMismatch, seen, size)
	}
	// The state ends with the number of bytes that went into it.
	if n := len(state); n < 8 || binary.BigEndian.Uint64(state[n-8:]) != uint64(seen) {
		return nil, fmt.Errorf("%w: the state of the check is not that of byte %d", ErrMismatch, seen)
	}
	if err := restore.UnmarshalBinary(state); err != nil {
		return nil, fmt.Errorf("%w: the state of the check: %w", ErrMismatch, err)
	}
	r.seen = seen
	return r, nil
}

// Write takes the next bytes. More than the file's size is ErrMismatch, and then none of them count.
func (r *Running) Write(p []byte) (int, error) {
	if int64(len(p)) > r.size-r.seen {
		return 0, fmt.Errorf("%w: more than the %d bytes that were declared", ErrMismatch, r.size)
	}
	r.seen += int64(len(p))
	return r.sum.Write(p)
}

// Seen is how many bytes came so far.
func (r *Running) Seen() int64 { return r.seen }

// State is what ResumeRunning needs: about a hundred bytes.
func (r *Running) State() ([]byte, error) {
	save, ok := r.sum.(encoding.BinaryMarshaler)
	if !ok {
		return nil, fmt.Errorf("blobs: this SHA-256 cannot be stored half done")
	}
	return save.MarshalBinary()
}

// Verified says that bytes of this length with this SHA-256 were seen, from the first to the last, in order.
type Verified struct {
	ref  Ref
	size int64
}

// Ref is the file's name.
func (v *Verified) Ref() Ref { return v.ref }

// Size is its length in bytes.
func (v *Verified) Size() int64 { return v.size }

// Verify tells whether all came and is the file. The error is ErrMismatch.
func (r *Running) Verify() (*Verified, error) {
	if r.seen != r.size {
		return nil, fmt.Errorf("%w: %d bytes came, %d were declared", ErrMismatch, r.seen, r.size)
	}
	if got := RefFromSum([sha256.Size]byte(r.sum.Sum(nil))); got != r.ref {
		return nil, fmt.Errorf("%w: named %v, holds %v", ErrMismatch, r.ref, got)
	}
	return &Verified{ref: r.ref, size: r.size}, nil
}
