package mark

import (
	"context"
	"encoding/base64"
	"log/slog"
	"strings"

	"fieldsync/blobs"
)

// Backend is the store that the files are in.
type Backend interface {
	blobs.Store
	blobs.Stage
}

// Book keeps marks. Safe for concurrent use.
type Book interface {
	// Marks gives a file's marks; nil: there are none.
	Marks(space blobs.Space, ref blobs.Ref) ([]byte, error)
	// Keep keeps them, durably; nil: there shall be none.
	Keep(space blobs.Space, ref blobs.Ref, marks []byte) error
}

// Store is a Backend whose files are marked as they come. Files that come another way are marked when they are first read
// as a whole (Open). Safe for concurrent use.
type Store struct {
	Backend
	secret Secret
	book   Book
	log    *slog.Logger
	slots  chan struct{} // bounds the whole-file reads that ranges wait for
}

var _ Backend = (*Store)(nil)

// MaxLearning is how many whole files are read at once because somebody asks for a part: disk and CPU for one small request.
const MaxLearning = 2

// New puts a Store before a Backend.
func New(b Backend, secret Secret, book Book, log *slog.Logger) *Store {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Store{Backend: b, secret: secret, book: book, log: log, slots: make(chan struct{}, MaxLearning)}
}

// Direct gives the backend's own ways for clients; nil where it has none. What comes by them is marked when it is read.
func (s *Store) Direct() blobs.Direct {
	if d, ok := s.Backend.(interface{ Direct() blobs.Direct }); ok {
		return d.Direct()
	}
	return nil
}

// Store implements blobs.Receiver.
func (s *Store) Store(ctx context.Context, in *blobs.Incoming) (created bool, err error) {
	m, err := s.secret.newMarker(in.Ref(), 0)
	if err != nil {
		return false, err
	}
	in.Tee(m)
	created, err = s.Backend.Store(ctx, in)
	if err == nil && in.Complete() {
		s.keep(in.Space(), in.Ref(), m.all(), in.Size())
	}
	return created, err
}

// keep notes marks. Without them the file is only hashed again: that is no reason to refuse it.
func (s *Store) keep(space blobs.Space, ref blobs.Ref, marks []byte, size int64) {
	if size == 0 || int64(len(marks)) != Size*Count(size) {
		return
	}
	if err := s.book.Keep(space, ref, marks); err != nil {
		s.log.Warn("a file's marks could not be kept", "file", ref.String(), "error", err)
	}
}

// known gives the marks of a file of this size; nil: there are none.
func (s *Store) known(space blobs.Space, ref blobs.Ref, size int64) ([]byte, error) {
	marks, err := s.book.Marks(space, ref)
	if err != nil || size == 0 || int64(len(marks)) != Size*Count(size) {
		return nil, err
	}
	return marks, nil
}

// between stands in a part's tag before its marks.
const between = "~"

// PutPart implements blobs.Assembler. The tag is the backend's, with the part's marks if it begins with a block.
func (s *Store) PutPart(ctx context.Context, f blobs.Growing, p blobs.Part, data []byte) (string, error) {
	tag, err := s.Backend.PutPart(ctx, f, p, data)
	if err != nil || p.Offset%Block != 0 {
		return tag, err
	}
	m, err := s.secret.newMarker(f.Ref, p.Offset/Block)
	if err != nil {
		return "", err
	}
	_, _ = m.Write(data)
	return tag + between + base64.RawStdEncoding.EncodeToString(m.all()), nil
}

// Assemble implements blobs.Assembler. The file is marked if all its parts are, and each but the last is of whole blocks.
func (s *Store) Assemble(ctx context.Context, f blobs.Growing, whole *blobs.Verified, parts []blobs.Part) error {
	plain := make([]blobs.Part, len(parts))
	var marks []byte
	for i, p := range parts {
		tag, text := p.Tag, ""
		if at := strings.LastIndex(tag, between); at >= 0 {
			tag, text = tag[:at], tag[at+len(between):]
		}
		plain[i] = p
		plain[i].Tag = tag
		// What is not ours is too short: then there are none.
		if more, err := base64.RawStdEncoding.DecodeString(text); err == nil && p.Offset%Block == 0 {
			marks = append(marks, more...)
		}
	}
	if err := s.Backend.Assemble(ctx, f, whole, plain); err != nil {
		return err
	}
	s.keep(f.Space, f.Ref, marks, whole.Size())
	return nil
}

// Remove implements blobs.Remover.
func (s *Store) Remove(ctx context.Context, space blobs.Space, ref blobs.Ref) error {
	if err := s.Backend.Remove(ctx, space, ref); err != nil {
		return err
	}
	if err := s.book.Keep(space, ref, nil); err != nil {
		s.log.Warn("a removed file's marks are still kept", "file", ref.String(), "error", err)
	}
	return nil
}
