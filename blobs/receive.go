package blobs

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Destination is what Receive needs of a store.
type Destination interface {
	Receiver
	Statter
}

// Receive is the one gate by which a file enters a store. It streams r, which must be exactly size bytes that hash to
// ref, into the store, and returns once the file is durable under its name. It never holds the file in memory.
//
// created says whether the name is new. If the file is there already, in the declared size, r is not read at all: sending
// a file twice costs one Stat. (Who knows a file's hash may thus have it confirmed inside his own organisation. That gives
// no access: reading is decided by the caller, per document.)
//
// Errors: ErrInvalid for a bad space, name or size, ErrTooLarge over MaxSize, ErrMismatch for wrong bytes or a wrong
// length, ErrSource if r fails, ErrFull, ErrUnavailable, ErrDenied from the store, or the context's error. After any error
// nothing is under the name that was not there before. Cancelling ctx stops between two reads of r; whoever passes a
// reader that can block for ever gives it a deadline of its own.
func Receive(ctx context.Context, dst Destination, space Space, ref Ref, size int64, r io.Reader) (created bool, err error) {
	return receive(ctx, dst, space, ref, size, r, false)
}

// Overwrite is Receive for a sender who has to show that he has the bytes, and for one who mends: r is read whatever is
// there, and what stands under the name is replaced by it. created is true also where something was there.
func Overwrite(ctx context.Context, dst Destination, space Space, ref Ref, size int64, r io.Reader) (created bool, err error) {
	return receive(ctx, dst, space, ref, size, r, true)
}

func receive(ctx context.Context, dst Destination, space Space, ref Ref, size int64, r io.Reader, over bool) (created bool, err error) {
	if _, err := Key(space, ref); err != nil {
		return false, err
	}
	switch {
	case size < 0:
		return false, fmt.Errorf("%w: a size of %d bytes", ErrInvalid, size)
	case size > MaxSize:
		return false, fmt.Errorf("%w: %d bytes, the limit is %d", ErrTooLarge, size, int64(MaxSize))
	}
	info, err := dst.Stat(ctx, space, ref)
	switch {
	case err == nil && info.Size == size && !over:
		return false, nil
	case err != nil && !errors.Is(err, ErrNotFound):
		return false, err
	}
	in := &Incoming{space: space, ref: ref, size: size, ctx: ctx, old: err == nil || over, body: newVerifyReader(ref, size, r)}
	created, err = dst.Store(ctx, in)
	verified, failed := in.end()
	switch {
	case failed != nil:
		// The sender's failure is the cause, whatever the backend made of it.
		return false, failed
	case err != nil:
		return false, err
	case (created || over) && !verified:
		return false, fmt.Errorf("blobs: %T stored a file that it did not read to the end", dst)
	}
	return created, nil
}
