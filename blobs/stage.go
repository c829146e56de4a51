package blobs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Stage is where a store keeps what is under way and has no name yet: notes, and files that grow by parts. It lies beside the
// files, under the same credentials and on the same disks, so that any server that reaches the store can go on with what
// another began.
type Stage interface {
	NoteKeeper
	Assembler
}

// ErrConflict says that a note is not the version that the writer has seen: somebody else was faster.
var ErrConflict = errors.New("blobs: another writer was faster")

// Version tells a note from what stood under its path before. The zero Version stands for any, Absent for none at all.
type Version string

// Absent is the version of a note that is not there.
const Absent Version = "absent"

// MaxNote bounds a note, in bytes: the largest part that is kept in memory, and what is said of it.
const MaxNote = 16 << 20

// NoteInfo is one note in a listing.
type NoteInfo struct {
	Path     string
	Size     int64     // bytes
	Modified time.Time // by the store's clock
}

// NoteKeeper keeps notes: small durable records that are written as a whole. A path is made of a to z, 0 to 9, '-' and '/'
// (CheckPath). Where a note is called "a", none is called "a/b": MinIO would not list it.
type NoteKeeper interface {
	// PutNote writes a note, durably; afterwards either it or what was there before is found, never a part. The note is
	// written only if its version is still old; ErrConflict otherwise.
	PutNote(ctx context.Context, space Space, path string, data []byte, old Version) (Version, error)
	// GetNote gives a note and its version, or ErrNotFound.
	GetNote(ctx context.Context, space Space, path string) ([]byte, Version, error)
	// RemoveNote takes a note away; one that is not there is no error.
	RemoveNote(ctx context.Context, space Space, path string) error
	// ListNotes gives up to limit notes whose path begins with prefix, in the order of their paths, beginning behind after
	// (empty: at the beginning). Fewer than limit means that there are no more. Limit is bounded by MaxList.
	ListNotes(ctx context.Context, space Space, prefix, after string, limit int) ([]NoteInfo, error)
	// Spaces gives the organisations that have files or notes, in ascending order.
	Spaces(ctx context.Context) ([]Space, error)
}

// Growing is a file that is put together from parts. The token is its backend's.
type Growing struct {
	Space Space
	Ref   Ref    // the name that it shall have
	ID    string // tells it from others with the same Ref; a path of one element
	Token string
}

// Part is a piece of a growing file.
type Part struct {
	Number int    `json:"n"` // 1 to MaxParts, ascending with the offset; numbers may be left out
	Offset int64  `json:"o"` // of its first byte in the file
	Size   int64  `json:"s"` // bytes
	Tag    string `json:"t"` // the backend's, from PutPart
}

// MaxParts bounds the numbers of parts: S3's own bound.
const MaxParts = 10_000

// Assembler puts files together that are too large for memory, on the store's side.
type Assembler interface {
	// MinPart is the least size in bytes of a part that is not the last.
	MinPart() int64
	// BeginFile gives the token of a new growing file.
	BeginFile(ctx context.Context, f Growing) (token string, err error)
	// PutPart stores a part, durably. What was put under this number before is replaced. ErrNotFound: the growing file is gone.
	PutPart(ctx context.Context, f Growing, p Part, data []byte) (tag string, err error)
	// Assemble gives the parts, in their order, the name that was verified. They are the file's bytes without gap or overlap;
	// its caller has seen to it that they are those which were verified. What stood under the name before is replaced.
	// Afterwards the growing file is gone. Trying again after an error is allowed, also after an error that hid a success.
	Assemble(ctx context.Context, f Growing, whole *Verified, parts []Part) error
	// DropFile gives up a growing file; one that is not there is no error.
	DropFile(ctx context.Context, f Growing) error
}

// maxPath bounds a note's path, in bytes: a file name of 255 is what file systems take, for each of its elements.
const (
	maxPath    = 600
	maxElement = 200
)

// CheckPath tells what is wrong with a note's path or, with partial, with the beginning of one. The error is ErrInvalid.
func CheckPath(path string, partial bool) error {
	if partial && path == "" {
		return nil
	}
	if len(path) > maxPath {
		return fmt.Errorf("%w: a note's path of %d bytes", ErrInvalid, len(path))
	}
	elements := strings.Split(path, "/")
	for i, e := range elements {
		if e == "" && (!partial || i != len(elements)-1) || len(e) > maxElement {
			return fmt.Errorf("%w: an element of a note's path of %d bytes", ErrInvalid, len(e))
		}
		if strings.IndexFunc(e, func(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' }) >= 0 {
			return fmt.Errorf("%w: a note's path is made of a to z, 0 to 9, '-' and '/'", ErrInvalid)
		}
	}
	return nil
}

// CheckNote is CheckPath and what else a note that is written has to hold.
func CheckNote(space Space, path string, data []byte) error {
	if err := space.Validate(); err != nil {
		return err
	}
	if len(data) > MaxNote {
		return fmt.Errorf("%w: a note of %d bytes", ErrTooLarge, len(data))
	}
	return CheckPath(path, false)
}

// Validate tells what is wrong with a growing file's names. The error is ErrInvalid.
func (f Growing) Validate() error {
	if _, err := Key(f.Space, f.Ref); err != nil {
		return err
	}
	if strings.Contains(f.ID, "/") {
		return fmt.Errorf("%w: the id of a growing file is one element", ErrInvalid)
	}
	return CheckPath(f.ID, false)
}

// CheckParts tells whether parts are a whole file of this size. The error is ErrMismatch.
func CheckParts(parts []Part, size int64) error {
	at, number := int64(0), 0
	for _, p := range parts {
		if p.Number <= number || p.Number > MaxParts || p.Offset != at || p.Size <= 0 {
			return fmt.Errorf("%w: part %d at byte %d does not follow part %d, which ends at byte %d", ErrMismatch, p.Number, p.Offset, number, at)
		}
		at, number = at+p.Size, p.Number
	}
	if at != size {
		return fmt.Errorf("%w: the parts are %d bytes, the file is %d", ErrMismatch, at, size)
	}
	return nil
}

// CheckList tells what is wrong with the arguments of ListNotes. The error is ErrInvalid.
func CheckList(space Space, prefix, after string, limit int) error {
	if err := space.Validate(); err != nil {
		return err
	}
	if limit <= 0 || limit > MaxList {
		return fmt.Errorf("%w: limit %d is not 1 to %d", ErrInvalid, limit, MaxList)
	}
	if err := CheckPath(after, true); err != nil {
		return err
	}
	return CheckPath(prefix, true)
}

// CheckAssembly tells what is wrong with the arguments of Assemble: every backend asks it first. Errors: ErrInvalid, ErrMismatch.
func CheckAssembly(f Growing, whole *Verified, parts []Part) error {
	if err := f.Validate(); err != nil {
		return err
	}
	if whole == nil || whole.Ref() != f.Ref {
		return fmt.Errorf("%w: what was verified is not the file that grows", ErrMismatch)
	}
	return CheckParts(parts, whole.Size())
}
