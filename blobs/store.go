package blobs

import (
	"context"
	"errors"
	"io"
	"time"
)

// What a store's verbs answer; always tested with errors.Is, the text around says more. An error that is none of these
// is a defect or the context's own.
var (
	ErrNotFound    = errors.New("blobs: no such file")
	ErrInvalid     = errors.New("blobs: invalid name, space or range") // asking again will not help
	ErrMismatch    = errors.New("blobs: the bytes are not the file that they are named after")
	ErrTooLarge    = errors.New("blobs: file too large")
	ErrFull        = errors.New("blobs: no space left in the store") // the file was not stored; it may be later
	ErrUnavailable = errors.New("blobs: store unavailable")          // come back later
	ErrDenied      = errors.New("blobs: the store refuses our own credentials")
	ErrLocked      = errors.New("blobs: in use by another process")
	ErrSource      = errors.New("blobs: the file's sender failed") // reading from the sender failed, not the store
)

// MaxSize is the largest file of any store, in bytes: 5 GiB, what S3 takes in one PUT. A larger one would need parts,
// and S3's checksum of parts is not the file's SHA-256. Callers set lower limits of their own.
const MaxSize = 5 << 30

// Info is what a store knows of a file without reading it.
type Info struct {
	Size    int64     // bytes
	Created time.Time // when the name appeared, by the store's clock; later if the same file was stored again
	// Attested says that the backend checked this SHA-256 itself when the file came, keeps it with the file, and checks
	// its disks on every read. Such a file's ranges may be served without reading the whole file first.
	Attested bool
}

// Item is one file in a listing. Only Size and Created are certain to be set in its Info.
type Item struct {
	Ref  Ref
	Info Info
}

// Fetcher reads.
type Fetcher interface {
	// OpenRange gives the bytes from offset, length of them, or all that follow if length is negative. The bytes are NOT
	// verified: callers use Copy, ReadAll, VerifyReader or package mark. An offset at or behind the end, or a range that
	// reaches behind it, gives the bytes that there are, perhaps none. A negative offset is ErrInvalid. The caller closes
	// the reader. Its Read may answer ErrUnavailable.
	OpenRange(ctx context.Context, space Space, ref Ref, offset, length int64) (io.ReadCloser, error)
}

// Receiver is a backend's writing verb. Only Receive calls it: an Incoming cannot be made otherwise.
type Receiver interface {
	// Store reads in to io.EOF, makes the bytes durable, and only then gives them their name. It tells whether the name
	// is new; a name that was there already is no error. An error from in is returned as it is, and leaves nothing
	// behind. Safe for concurrent use, also with the same Ref. A file of another size that stands under the name is
	// damaged and is replaced.
	Store(ctx context.Context, in *Incoming) (created bool, err error)
}

// Statter tells of a file without reading it.
type Statter interface {
	// Stat gives a file's Info, or ErrNotFound. What it finds is durable.
	Stat(ctx context.Context, space Space, ref Ref) (Info, error)
}

// Remover takes files away.
type Remover interface {
	// Remove takes the name away; one that is not there is no error. Readers that are open may finish or fail.
	Remove(ctx context.Context, space Space, ref Ref) error
}

// Enumerator lists.
type Enumerator interface {
	// List gives up to limit files of a space in ascending order of their Ref, beginning behind after (the zero Ref: at
	// the beginning). Fewer than limit means that there are no more. A space that was never written to is empty. Files
	// that come or go meanwhile may be missing or present. Limit is bounded by MaxList.
	List(ctx context.Context, space Space, after Ref, limit int) ([]Item, error)
}

// MaxList bounds one List: what an S3 server gives in one answer.
const MaxList = 1000

// Store is all verbs.
type Store interface {
	Fetcher
	Receiver
	Statter
	Remover
	Enumerator
}
