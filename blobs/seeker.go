package blobs

import (
	"context"
	"fmt"
	"io"
)

// Seeker is a file as an io.ReadSeekCloser over a store's ranges, as http.ServeContent wants it. Seeking costs nothing;
// the store is asked at the next Read. It belongs to one goroutine.
type Seeker struct {
	ctx   context.Context
	src   Fetcher
	space Space
	ref   Ref
	size  int64
	check func() checksum // makes what the whole file is checked by; nil: it is not

	at   int64
	body io.ReadCloser
	from io.Reader // body, verified or not
	err  error     // what ended the reading, never io.EOF
}

// NewSeeker opens nothing yet. size is what Stat said. The bytes are what the store gives: let a Verifier check them first, or give the whole file
// (Verifier.Open).
func NewSeeker(ctx context.Context, src Fetcher, space Space, ref Ref, size int64) *Seeker {
	return &Seeker{ctx: ctx, src: src, space: space, ref: ref, size: size}
}

// Read gives the next bytes.
func (s *Seeker) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	if s.from == nil {
		if s.at >= s.size && s.check == nil {
			return 0, io.EOF
		}
		if s.at != 0 && s.check != nil {
			s.err = fmt.Errorf("%w: a verified file is read from its beginning", ErrInvalid)
			return 0, s.err
		}
		body, err := s.src.OpenRange(s.ctx, s.space, s.ref, s.at, -1)
		if err != nil {
			s.err = err
			return 0, err
		}
		s.body, s.from = body, body
		if s.check != nil {
			s.from = &verifyReader{src: body, size: s.size, sum: s.check()}
		}
	}
	n, err := s.from.Read(p)
	s.at += int64(n)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// Seek sets where the next Read begins.
func (s *Seeker) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += s.at
	case io.SeekEnd:
		offset += s.size
	}
	if offset < 0 {
		return s.at, fmt.Errorf("%w: a place before the beginning of the file", ErrInvalid)
	}
	if offset != s.at {
		s.at = offset
		s.Close()
	}
	return offset, nil
}

// Err is what ended the reading early: the store's failure or ErrMismatch. It is nil when all went well.
func (s *Seeker) Err() error { return s.err }

// Close releases the store's reader.
func (s *Seeker) Close() error {
	body := s.body
	s.body, s.from = nil, nil
	if body == nil {
		return nil
	}
	return body.Close()
}
