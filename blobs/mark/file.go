package mark

import (
	"context"
	"errors"
	"fmt"
	"io"

	"fieldsync/blobs"
)

// File is a file as an io.ReadSeekCloser over a store's ranges, as http.ServeContent wants it: Seek costs nothing, the store
// is asked at the next Read. It belongs to one goroutine. Each Read fills what it is given, up to the end of a block; the
// largest that is of use is Block.
type File struct {
	s     *Store
	ctx   context.Context
	space blobs.Space
	ref   blobs.Ref
	size  int64

	marks []byte  // of all blocks; nil: there are none
	m     *marker // checks by the marks, or learns them
	learn bool    // no marks: the whole is checked by its name, and they are learnt
	at    int64
	body  io.ReadCloser
	from  io.Reader // body, or what checks it by its name
	block []byte    // memory for blocks that are not read as a whole
	left  []byte    // the bytes of block that come next; they are checked
	// broken is why the store's bytes ended early, err what ended the reading; neither is ever io.EOF.
	broken, err error
}

// Open gives a file of which Stat said info.
//
// With marks, it may be read from any place, and each block is checked before it is given. Without, the whole is checked by
// its name as it is read, from its beginning: its end is given only if it is right, and then it has marks. With anywhere, it
// shall be read from any place: a file that has no marks is read first, but for one that its backend attests, which is given as
// it is. Errors: ErrMismatch, ErrUnavailable, or the context's, which also bounds the wait for others that read so.
func (s *Store) Open(ctx context.Context, space blobs.Space, ref blobs.Ref, info blobs.Info, anywhere bool) (*File, error) {
	f, err := s.file(ctx, space, ref, info)
	if err != nil || !anywhere || f.marks != nil {
		return f, err
	}
	if info.Attested {
		f.learn = false
		return f, nil
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if f, err = s.file(ctx, space, ref, info); err != nil || f.marks != nil { // another may have done it
		return f, err
	}
	_, err = io.CopyBuffer(io.Discard, struct{ io.Reader }{f}, make([]byte, blobs.CopyBuffer))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return s.file(ctx, space, ref, info)
}

func (s *Store) file(ctx context.Context, space blobs.Space, ref blobs.Ref, info blobs.Info) (*File, error) {
	marks, err := s.known(space, ref, info.Size)
	if err != nil {
		return nil, err
	}
	m, err := s.secret.newMarker(ref, 0)
	return &File{s: s, ctx: ctx, space: space, ref: ref, size: info.Size, marks: marks, m: m, learn: marks == nil}, err
}

// Read gives the next bytes.
func (f *File) Read(p []byte) (n int, err error) {
	if f.err != nil {
		return 0, f.err
	}
	switch {
	case len(p) == 0:
		return 0, nil
	case f.marks != nil:
		n, err = f.readBlock(p)
	case f.learn:
		n, err = f.readWhole(p)
	default:
		n, err = f.readRaw(p)
	}
	f.at += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}

// open asks the store for what follows offset.
func (f *File) open(offset int64) error {
	if f.body != nil {
		return nil
	}
	body, err := f.s.OpenRange(f.ctx, f.space, f.ref, offset, -1)
	f.body, f.from = body, body
	return err
}

func (f *File) readBlock(p []byte) (int, error) {
	if f.at >= f.size {
		return 0, io.EOF
	}
	if len(f.left) == 0 {
		number := f.at / Block
		begin := number * Block
		length := min(Block, f.size-begin)
		into := p
		if f.at != begin || int64(len(p)) < length {
			if f.block == nil {
				f.block = make([]byte, min(Block, f.size))
			}
			into = f.block
		}
		into = into[:length]
		if err := f.fetch(number, into); err != nil {
			clear(into)
			return 0, err
		}
		if &into[0] == &p[0] {
			return len(into), nil
		}
		f.left = into[f.at-begin:]
	}
	n := copy(p, f.left)
	f.left = f.left[n:]
	return n, nil
}

// fetch reads a whole block, the next one if any was read before, and checks it.
func (f *File) fetch(number int64, into []byte) error {
	if err := f.open(number * Block); err != nil {
		return err
	}
	last := number*Block+int64(len(into)) == f.size
	n, err := io.ReadFull(f.body, into)
	if err == nil && last {
		var extra [1]byte
		if _, err = io.ReadFull(f.body, extra[:]); err == nil {
			return fmt.Errorf("%w: %v has more than its %d bytes", blobs.ErrMismatch, f.ref, f.size)
		}
		if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: %v ends %d bytes into block %d", blobs.ErrMismatch, f.ref, n, number)
	case err != nil:
		return err
	case !f.m.right(number, into, f.marks[number*Size:][:Size]):
		return fmt.Errorf("%w: block %d of %v is not what it was when its hash was right", blobs.ErrMismatch, number, f.ref)
	}
	return nil
}

func (f *File) readWhole(p []byte) (int, error) {
	if f.body == nil {
		if f.at != 0 {
			return 0, fmt.Errorf("%w: what is checked by its name is read from its beginning", blobs.ErrInvalid)
		}
		if err := f.open(0); err != nil {
			return 0, err
		}
		f.from = blobs.VerifyReader(f.ref, f.size, io.TeeReader(&source{f: f, from: f.body}, f.m))
	}
	n, err := fill(f.from, p)
	if f.broken != nil && err != nil {
		err = f.broken // for VerifyReader it is a sender's, here it is the store's
	}
	if n > 0 && f.at+int64(n) == f.size { // the end is given only where the name is right
		f.s.keep(f.space, f.ref, f.m.all(), f.size)
	}
	return n, err
}

// source notes why the store's bytes end early.
type source struct {
	f    *File
	from io.Reader
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.f.broken = err
	}
	return n, err
}

func (f *File) readRaw(p []byte) (int, error) {
	if f.at >= f.size {
		return 0, io.EOF
	}
	if err := f.open(f.at); err != nil {
		return 0, err
	}
	return fill(f.from, p)
}

// fill reads until p is full. io.EOF comes alone.
func fill(from io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var more int
		more, err = from.Read(p[n:])
		n += more
	}
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// Seek sets where the next Read begins.
func (f *File) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += f.size
	}
	if offset < 0 {
		return f.at, fmt.Errorf("%w: a place before the beginning of the file", blobs.ErrInvalid)
	}
	if offset != f.at {
		f.at = offset
		f.Close()
	}
	return offset, nil
}

// Err is what ended the reading early: the store's failure or ErrMismatch. It is nil when all went well.
func (f *File) Err() error { return f.err }

// Close releases the store's reader.
func (f *File) Close() error {
	body := f.body
	f.body, f.from, f.left = nil, nil, nil
	if body == nil {
		return nil
	}
	return body.Close()
}
