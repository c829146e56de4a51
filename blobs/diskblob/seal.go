package diskblob

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"fieldsync/blobs"
)

// A sealed file: a header of a mark and a random salt, then chunks of sealChunk bytes of the file, the last one shorter, each with
// AES-256-GCM's tag behind it. The key of a file follows from the store's key and the salt, so that a nonce (the chunk's number, and
// whether it is the last) is never used twice under one key. The file's name is authenticated with each chunk: what stands under a
// name was written under it. A file that was cut, also between two chunks, has no last chunk and fails.
const (
	sealMark   = "FSB1"
	sealSalt   = 28
	sealHeader = int64(len(sealMark) + sealSalt)
	sealChunk  = 64 << 10 // bytes
	sealTag    = 16
	sealInfo   = "fieldsync file"
)

// SealKeyLen is the length of a store's key in bytes.
const SealKeyLen = 32

// Sealed is a folder of files that are encrypted. Its files are those of Open with other contents. Safe for concurrent use.
type Sealed struct{ s *Store }

var _ blobs.Store = (*Sealed)(nil)

// OpenSealed opens a root of encrypted files as Open does. key has SealKeyLen bytes. A file that was written under another key is read as
// blobs.ErrMismatch.
func OpenSealed(root string, key []byte) (*Sealed, error) {
	if len(key) != SealKeyLen {
		return nil, fmt.Errorf("diskblob: %w: a key of %d bytes", blobs.ErrInvalid, len(key))
	}
	s, err := Open(root)
	if err != nil {
		return nil, err
	}
	s.key = key
	return &Sealed{s}, nil
}

// Close lets another process open the root.
func (s *Sealed) Close() error { return s.s.Close() }

// OpenRange implements blobs.Fetcher. Unlike Store's its bytes are authenticated, chunk by chunk; whole files are verified by the usual means.
func (s *Sealed) OpenRange(ctx context.Context, space blobs.Space, ref blobs.Ref, offset, length int64) (io.ReadCloser, error) {
	file, err := s.s.OpenRange(ctx, space, ref, 0, -1)
	if err != nil {
		return nil, err
	}
	r, err := s.s.unsealed(file.(*rangeReader), ref, offset, length)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return r, nil
}

// Store implements blobs.Receiver.
func (s *Sealed) Store(ctx context.Context, in *blobs.Incoming) (bool, error) {
	return s.s.Store(ctx, in)
}

// Stat implements blobs.Statter.
func (s *Sealed) Stat(ctx context.Context, space blobs.Space, ref blobs.Ref) (blobs.Info, error) {
	info, err := s.s.Stat(ctx, space, ref)
	if err == nil {
		info.Size = plainSize(info.Size)
	}
	return info, err
}

// Remove implements blobs.Remover.
func (s *Sealed) Remove(ctx context.Context, space blobs.Space, ref blobs.Ref) error {
	return s.s.Remove(ctx, space, ref)
}

// List implements blobs.Enumerator.
func (s *Sealed) List(ctx context.Context, space blobs.Space, after blobs.Ref, limit int) ([]blobs.Item, error) {
	items, err := s.s.List(ctx, space, after, limit)
	for i := range items {
		items[i].Info.Size = plainSize(items[i].Info.Size)
	}
	return items, err
}

// sealedSize is how long a file of so many bytes is when it is sealed.
func sealedSize(plain int64) int64 {
	chunks := max(1, (plain+sealChunk-1)/sealChunk)
	return sealHeader + plain + chunks*sealTag
}

// plainSize is the length of the file in a sealed one of so many bytes; -1 if it cannot be one.
func plainSize(sealed int64) int64 {
	body := sealed - sealHeader
	if body < sealTag {
		return -1
	}
	chunks := (body + sealChunk + sealTag - 1) / (sealChunk + sealTag)
	if plain := body - chunks*sealTag; sealedSize(plain) == sealed {
		return plain
	}
	return -1
}

// sealer is the cipher of one file.
type sealer struct {
	aead cipher.AEAD
	name []byte
}

func newSealer(key, salt []byte, ref blobs.Ref) (*sealer, error) {
	own, err := hkdf.Key(sha256.New, key, salt, sealInfo, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(own)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	sum := ref.Sum()
	return &sealer{aead, sum[:]}, err
}

func sealNonce(chunk int64, last bool) []byte {
	nonce := make([]byte, 12)
	binary.BigEndian.PutUint64(nonce, uint64(chunk))
	if last {
		nonce[11] = 1
	}
	return nonce
}

// sealWriter seals what is written to it.
type sealWriter struct {
	*sealer
	to    io.Writer
	chunk int64
	held  []byte // up to a chunk: which is the last one shows when it ends
	out   []byte
}

// seal begins a sealed file.
func (s *Store) seal(to io.Writer, ref blobs.Ref) (*sealWriter, error) {
	header := make([]byte, sealHeader)
	copy(header, sealMark)
	_, _ = rand.Read(header[len(sealMark):]) // it never fails
	sealer, err := newSealer(s.key, header[len(sealMark):], ref)
	if err != nil {
		return nil, err
	}
	if _, err := to.Write(header); err != nil {
		return nil, err
	}
	return &sealWriter{sealer: sealer, to: to, held: make([]byte, 0, sealChunk), out: make([]byte, 0, sealChunk+sealTag)}, nil
}

// Write implements io.Writer.
func (w *sealWriter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		if len(w.held) == sealChunk {
			if err := w.flush(false); err != nil {
				return 0, err
			}
		}
		part := min(len(p), sealChunk-len(w.held))
		w.held, p = append(w.held, p[:part]...), p[part:]
	}
	return n, nil
}

func (w *sealWriter) flush(last bool) error {
	w.out = w.aead.Seal(w.out[:0], sealNonce(w.chunk, last), w.held, w.name)
	w.held = w.held[:0]
	w.chunk++
	_, err := w.to.Write(w.out)
	return err
}

// end writes the last chunk.
func (w *sealWriter) end() error { return w.flush(true) }

// sealReader reads a range of a sealed file.
type sealReader struct {
	*sealer
	file  *rangeReader
	chunk int64  // the next one
	last  int64  // the last one
	ready []byte // of the one before
	skip  int64  // of the next one
	left  int64
	buf   []byte
}

// unsealed gives a range of what a sealed file holds. The file is the reader's afterwards.
func (s *Store) unsealed(file *rangeReader, ref blobs.Ref, offset, length int64) (io.ReadCloser, error) {
	if offset < 0 {
		return nil, fmt.Errorf("diskblob: open: %w: offset %d", blobs.ErrInvalid, offset)
	}
	found, err := file.file.Stat()
	if err != nil {
		return nil, mapError("stat", err)
	}
	size := plainSize(found.Size())
	header := make([]byte, sealHeader)
	if size >= 0 {
		if _, err := file.section.ReadAt(header, 0); err != nil {
			return nil, mapError("read", err)
		}
	}
	if size < 0 || string(header[:len(sealMark)]) != sealMark {
		return nil, fmt.Errorf("diskblob: open: %w: it is not sealed", blobs.ErrMismatch)
	}
	sealer, err := newSealer(s.key, header[len(sealMark):], ref)
	if err != nil {
		return nil, err
	}
	if length < 0 {
		length = math.MaxInt64
	}
	r := &sealReader{sealer: sealer, file: file, last: max(0, size-1) / sealChunk, left: min(length, max(0, size-offset)), buf: make([]byte, sealChunk+sealTag)}
	if r.chunk, r.skip = min(offset, size)/sealChunk, min(offset, size)%sealChunk; r.chunk > r.last {
		r.chunk, r.left = r.last, 0
	}
	return r, nil
}

// Read implements io.Reader.
func (r *sealReader) Read(p []byte) (int, error) {
	if err := r.file.ctx.Err(); err != nil {
		return 0, err
	}
	if len(p) == 0 {
		return 0, nil
	}
	if r.left == 0 {
		return 0, io.EOF
	}
	if len(r.ready) == 0 {
		n, err := r.file.section.ReadAt(r.buf, sealHeader+r.chunk*(sealChunk+sealTag))
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, mapError("read", err)
		}
		plain, err := r.aead.Open(r.buf[:0], sealNonce(r.chunk, r.chunk == r.last), r.buf[:n], r.name)
		if err != nil || int64(len(plain)) <= r.skip {
			return 0, fmt.Errorf("diskblob: read: %w: chunk %d was not sealed so under this key", blobs.ErrMismatch, r.chunk)
		}
		r.ready, r.skip = plain[r.skip:], 0
		r.chunk++
	}
	n := copy(p, r.ready[:min(int64(len(r.ready)), r.left)])
	r.ready = r.ready[n:]
	r.left -= int64(n)
	return n, nil
}

// Close implements io.Closer.
func (r *sealReader) Close() error { return r.file.Close() }
