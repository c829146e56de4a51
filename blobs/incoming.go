package blobs

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"
)

// Incoming is a file on its way into a store. It reads as exactly the declared bytes followed by io.EOF, or fails before
// the last of them: whoever has read it to io.EOF holds the file that Ref names. Only Receive makes one. After Receive has
// returned it gives nothing more and does not touch the sender's reader: an HTTP client may go on reading a request's body
// on its own goroutine after the server has answered.
type Incoming struct {
	space Space
	ref   Ref
	size  int64
	ctx   context.Context // bounds the reading; a field because io.Reader has no argument for it
	old   bool            // a file is there that is to be replaced

	mu   sync.Mutex
	body *verifyReader
	tee  io.Writer // gets what is read, too; nil: nobody
	over bool      // Receive has returned
}

// Space is the organisation that the file is for. It is valid.
func (in *Incoming) Space() Space { return in.space }

// Ref is the name that the file will have. It is not zero.
func (in *Incoming) Ref() Ref { return in.ref }

// Size is the file's length in bytes, 0 to MaxSize.
func (in *Incoming) Size() int64 { return in.size }

// Replaces says that what was found under the name is to be written over: it has another size, or its sender shall mend it.
func (in *Incoming) Replaces() bool { return in.old }

// Key is the path that the file will have, as Key gives it.
func (in *Incoming) Key() string {
	key, _ := Key(in.space, in.ref) // Receive has checked both
	return key
}

// Tee has w told of all bytes that Read gives from now on. Its errors are of no account.
func (in *Incoming) Tee(w io.Writer) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.tee = w
}

// Complete tells whether the whole was read, and is the file.
func (in *Incoming) Complete() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.body != nil && in.body.verified
}

// Read gives the next bytes. Its errors are io.EOF, ErrMismatch, ErrTooLarge, ErrSource, and the context's.
func (in *Incoming) Read(p []byte) (int, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.body == nil || in.over {
		return 0, fmt.Errorf("%w: reading a file that Receive does not hold open", ErrInvalid)
	}
	if err := in.ctx.Err(); err != nil && !in.body.verified && in.body.failed == nil {
		in.body.failed = err
	}
	n, err := in.body.Read(p)
	if in.tee != nil {
		_, _ = in.tee.Write(p[:n])
	}
	return n, err
}

// end waits for a read that is under way, ends all further ones, and tells how it went.
func (in *Incoming) end() (verified bool, failed error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.over = true
	return in.body.verified, in.body.failed
}

// verifyReader passes bytes through until only the end is missing, and gives the end only if length and hash are right.
type verifyReader struct {
	src      io.Reader
	ref      Ref
	size     int64
	seen     int64
	sum      hash.Hash
	verified bool
	failed   error // what ended the reading, never io.EOF
}

func newVerifyReader(ref Ref, size int64, src io.Reader) *verifyReader {
	return &verifyReader{src: src, ref: ref, size: size, sum: sha256.New()}
}

// Read gives the bytes of the read that completes the file only after they were checked, so that a reader who gets n
// bytes of the declared size in total has got the file.
func (v *verifyReader) Read(p []byte) (int, error) {
	switch {
	case v.failed != nil:
		return 0, v.failed
	case v.verified:
		return 0, io.EOF
	case len(p) == 0:
		return 0, nil
	}
	n, err := 0, error(nil)
	if left := v.size - v.seen; left > 0 {
		n, err = v.src.Read(p[:min(int64(len(p)), left)])
		v.sum.Write(p[:n])
		v.seen += int64(n)
	}
	if v.seen < v.size {
		switch {
		case errors.Is(err, io.EOF): // not ErrUnexpectedEOF: that is how a broken connection looks
			v.failed = fmt.Errorf("%w: %d bytes came, %d were declared", ErrMismatch, v.seen, v.size)
		case err != nil:
			v.failed = fmt.Errorf("%w: %w", ErrSource, err)
		}
		if v.failed != nil {
			return 0, v.failed
		}
		return n, nil
	}
	if v.failed = v.finish(err); v.failed != nil {
		clear(p[:n])
		return 0, v.failed
	}
	v.verified = true
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// finish checks that the source ends here and that the hash is right. err is what came with the last bytes.
func (v *verifyReader) finish(err error) error {
	var extra [1]byte
	for range maxEmptyReads {
		if err != nil {
			break
		}
		var n int
		if n, err = v.src.Read(extra[:]); n > 0 {
			return fmt.Errorf("%w: more than the %d bytes that were declared", ErrMismatch, v.size)
		}
	}
	switch {
	case err == nil:
		return fmt.Errorf("%w: %w", ErrSource, io.ErrNoProgress)
	case !errors.Is(err, io.EOF):
		return fmt.Errorf("%w: %w", ErrSource, err)
	}
	if got := RefFromSum([sha256.Size]byte(v.sum.Sum(nil))); got != v.ref {
		return fmt.Errorf("%w: named %v, holds %v", ErrMismatch, v.ref, got)
	}
	return nil
}

// maxEmptyReads bounds how often a source may answer "no bytes, no error" where its end is due; as in bufio.
const maxEmptyReads = 100
