package upload

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"fieldsync/blobs"
)

// firstBuffer is how much memory a chunk takes at first, in bytes; it doubles up to the part's size.
const firstBuffer = 256 << 10

// Append takes the bytes that follow the first offset bytes of the file, until r ends or the file is whole; then it is checked
// and gets its name. It returns how many of them are durable: all, or with an error those before it. r ends where its sender
// does, however that was; more than the file is not read.
//
// Errors: ErrOffset; blobs.ErrConflict where another process writes to the upload; blobs.ErrMismatch where the whole is not the
// file that was declared: then the upload is gone; blobs.ErrNotFound where it expired meanwhile; Check's; the store's.
func (up *Upload) Append(ctx context.Context, offset int64, r io.Reader) (durable int64, err error) {
	if offset != up.n.Offset {
		return 0, fmt.Errorf("%w: at byte %d, not %d", ErrOffset, up.n.Offset, offset)
	}
	if up.n.Done {
		return 0, nil
	}
	sum, err := up.resume()
	if err != nil {
		return 0, up.spoilt(ctx, err)
	}
	if err := up.takeOver(ctx); err != nil {
		return 0, err
	}
	a := &appender{up: up, sum: sum, base: up.n.Offset, flushed: time.Now()}
	defer a.release()
	err = a.run(ctx, r)
	if errors.Is(err, blobs.ErrMismatch) || errors.Is(err, blobs.ErrNotFound) {
		err = up.spoilt(ctx, err)
	}
	return up.n.Offset - offset, err
}

// takeOver notes that this process writes now, if another did before. The number that the other may still use is left to it.
func (up *Upload) takeOver(ctx context.Context) error {
	if up.n.Writer == up.u.writer {
		return nil
	}
	up.n.Writer = up.u.writer
	up.n.Next++
	return up.commit(ctx)
}

// spoilt removes an upload that can never become its file. Where another process has gone on with it meanwhile, it may be only
// what we knew of it that is spoilt: that is blobs.ErrConflict.
func (up *Upload) spoilt(ctx context.Context, err error) error {
	_, version, gerr := up.u.cfg.Store.GetNote(ctx, up.owner.Space, statePath(up.id))
	if gerr != nil && !errors.Is(gerr, blobs.ErrNotFound) {
		return gerr
	}
	if version != up.version {
		return fmt.Errorf("upload: %w: %w", blobs.ErrConflict, err)
	}
	rerr := up.u.cfg.Store.RemoveNote(ctx, up.owner.Space, statePath(up.id))
	if rerr = errors.Join(rerr, up.removeParts(ctx)); rerr != nil {
		up.u.cfg.Log.Warn("a refused upload could not be removed; it will be swept", "error", rerr)
	}
	return err
}

// number gives the next part or piece its number.
func (up *Upload) number() (int, error) {
	n := up.n.Next
	if n > blobs.MaxParts {
		return 0, fmt.Errorf("upload: %w: it came in more than %d parts", blobs.ErrTooLarge, blobs.MaxParts)
	}
	up.n.Next++
	return n, nil
}

// appender takes one chunk. While one part is on its way to the store the next is read; then the upload itself belongs to that
// part's goroutine, until it was waited for.
type appender struct {
	up      *Upload
	sum     *blobs.Running // of all up to the end of buf
	buf     []byte         // bytes that are not yet durable, nor on their way
	base    int64          // where buf begins in the file
	flushed time.Time      // when buf was last emptied
	flight  chan error     // the part that is on its way; nil: none is
	spare   []byte         // a buffer to read into meanwhile
}

// tail is how many bytes lie in pieces.
func (up *Upload) tail() int64 {
	n := int64(0)
	for _, p := range up.n.Pieces {
		n += int64(p.Size)
	}
	return n
}

func (a *appender) release() {
	for _, buf := range [][]byte{a.buf, a.spare} {
		if buf != nil {
			a.up.u.buffers.Put(bytes.NewBuffer(buf[:0]))
		}
	}
	a.buf, a.spare = nil, nil
}

// wait waits for the part that is on its way.
func (a *appender) wait() error {
	if a.flight == nil {
		return nil
	}
	err := <-a.flight
	a.flight = nil
	return err
}

// room makes space in buf for the next read, up to limit bytes in all.
func (a *appender) room(limit int64) []byte {
	if a.buf == nil {
		if old, ok := a.up.u.buffers.Get().(*bytes.Buffer); ok {
			a.buf = old.Bytes()[:0]
		}
	}
	if len(a.buf) == cap(a.buf) {
		grown := make([]byte, len(a.buf), max(firstBuffer, 2*cap(a.buf)))
		copy(grown, a.buf)
		a.buf = grown
	}
	return a.buf[len(a.buf):min(int64(cap(a.buf)), limit)]
}

func (a *appender) run(ctx context.Context, r io.Reader) (err error) {
	up, part := a.up, a.up.u.cfg.PartSize
	tail, size := up.tail(), up.n.Size
	defer func() {
		if werr := a.wait(); err == nil {
			err = werr
		}
	}()
	for a.sum.Seen() < size {
		into := a.room(min(part-tail, size-a.base))
		n, rerr := r.Read(into)
		a.buf = a.buf[:len(a.buf)+n]
		if _, err := a.sum.Write(into[:n]); err != nil {
			return err
		}
		if a.sum.Seen() == size {
			if err := a.wait(); err != nil {
				return err
			}
			return up.finish(ctx, a.sum, a.buf)
		}
		switch {
		case tail+int64(len(a.buf)) >= part:
			err = a.flushPart(ctx)
			tail = 0
		case len(a.buf) > 0 && (rerr != nil || time.Since(a.flushed) > up.u.cfg.FlushAfter):
			err = a.flushPiece(ctx)
			tail = up.tail()
		}
		if err != nil {
			return err
		}
		if errors.Is(rerr, io.EOF) {
			return nil
		}
		if rerr != nil {
			return fmt.Errorf("%w: %w", blobs.ErrSource, rerr)
		}
	}
	return up.finish(ctx, a.sum, a.buf) // an empty file
}

// advance notes that all up to a place is durable, where the check had this state, and commits it.
func (up *Upload) advance(ctx context.Context, seen int64, state []byte) error {
	before := up.n.Offset
	up.n.Offset, up.n.Hash = seen, state
	if err := up.commit(ctx); err != nil {
		up.n.Offset = before
		return err
	}
	return nil
}

// flushPart makes a part of the pieces and buf, while the caller reads on.
func (a *appender) flushPart(ctx context.Context) error {
	if err := a.wait(); err != nil {
		return err
	}
	state, err := a.sum.State()
	if err != nil {
		return err
	}
	up, data, seen := a.up, a.buf, a.sum.Seen()
	a.buf, a.spare, a.base, a.flushed = a.spare, data, seen, time.Now()
	if a.buf != nil {
		a.buf = a.buf[:0]
	}
	flight := make(chan error, 1)
	a.flight = flight
	go func() {
		old := up.n.Pieces
		err := up.addPart(ctx, data)
		if err == nil {
			err = up.advance(ctx, seen, state)
		}
		if err == nil {
			err = up.removePieces(ctx, old)
		}
		flight <- err
	}()
	return nil
}

// addPart puts a part of the pieces and what follows them, and counts it; the caller commits.
func (up *Upload) addPart(ctx context.Context, rest []byte) error {
	data, err := up.gather(ctx, rest)
	if err != nil {
		return err
	}
	if up.n.Token == "" {
		if up.n.Token, err = up.u.cfg.Store.BeginFile(ctx, up.growing()); err != nil {
			return err
		}
		if err := up.commit(ctx); err != nil { // so that it is found when the upload is removed
			// It may have been written all the same, with the answer lost.
			if now, lerr := up.u.load(ctx, up.owner.Space, up.id); lerr == nil && now.n.Token != up.n.Token {
				err = errors.Join(err, up.u.cfg.Store.DropFile(ctx, up.growing()))
			}
			return err
		}
	}
	p := blobs.Part{Offset: up.parted(), Size: int64(len(data))}
	if p.Number, err = up.number(); err != nil {
		return err
	}
	if p.Tag, err = up.u.cfg.Store.PutPart(ctx, up.growing(), p, data); err != nil {
		return err
	}
	up.n.Parts, up.n.Pieces = append(up.n.Parts, p), nil
	return nil
}

// parted is where the parts end.
func (up *Upload) parted() int64 {
	if len(up.n.Parts) == 0 {
		return 0
	}
	last := up.n.Parts[len(up.n.Parts)-1]
	return last.Offset + last.Size
}

// flushPiece makes a piece of buf, or of it and all pieces if they are many.
func (a *appender) flushPiece(ctx context.Context) error {
	if err := a.wait(); err != nil {
		return err
	}
	up := a.up
	state, err := a.sum.State()
	if err != nil {
		return err
	}
	data, old := a.buf, []piece(nil)
	if len(up.n.Pieces) >= maxPieces {
		if data, err = up.gather(ctx, a.buf); err != nil {
			return err
		}
		old, up.n.Pieces = up.n.Pieces, nil
	}
	number, err := up.number()
	if err != nil {
		return err
	}
	if _, err := up.u.cfg.Store.PutNote(ctx, up.owner.Space, piecePath(up.id, number), data, ""); err != nil {
		return err
	}
	up.n.Pieces = append(up.n.Pieces, piece{Number: number, Size: len(data), SHA256: blobs.RefOf(data).String()})
	if err := up.advance(ctx, a.sum.Seen(), state); err != nil {
		return err
	}
	a.buf, a.base, a.flushed = a.buf[:0], a.sum.Seen(), time.Now()
	return up.removePieces(ctx, old)
}

// gather reads the pieces, checks them, and gives them with what follows.
func (up *Upload) gather(ctx context.Context, rest []byte) ([]byte, error) {
	if len(up.n.Pieces) == 0 {
		return rest, nil
	}
	data := make([]byte, 0, up.tail()+int64(len(rest)))
	for _, p := range up.n.Pieces {
		got, _, err := up.u.cfg.Store.GetNote(ctx, up.owner.Space, piecePath(up.id, p.Number))
		if err != nil {
			return nil, err
		}
		if len(got) != p.Size || blobs.RefOf(got).String() != p.SHA256 {
			return nil, fmt.Errorf("upload: %w: what was kept of it is damaged", blobs.ErrMismatch)
		}
		data = append(data, got...)
	}
	return append(data, rest...), nil
}

// removePieces takes pieces away that the state names no more. What stays is swept with the upload.
func (up *Upload) removePieces(ctx context.Context, old []piece) error {
	for _, p := range old {
		if err := up.u.cfg.Store.RemoveNote(ctx, up.owner.Space, piecePath(up.id, p.Number)); err != nil {
			return err
		}
	}
	return nil
}

// finish checks the whole file and gives it its name. rest are the bytes that are not durable yet; if the store fails now they
// stay so, and their sender sends them again. The caller removes what is spoilt.
func (up *Upload) finish(ctx context.Context, sum *blobs.Running, rest []byte) error {
	whole, err := sum.Verify()
	if err != nil {
		return err
	}
	if err := up.u.cfg.Check(ctx, up.State()); err != nil {
		return err
	}
	store := up.u.cfg.Store
	if len(up.n.Parts) == 0 {
		data, err := up.gather(ctx, rest)
		if err != nil {
			return err
		}
		if _, err := blobs.Overwrite(ctx, store, up.owner.Space, up.ref, up.n.Size, bytes.NewReader(data)); err != nil {
			return err
		}
	} else {
		if len(rest)+len(up.n.Pieces) > 0 {
			if err := up.addPart(ctx, rest); err != nil {
				return err
			}
			state, err := sum.State()
			if err != nil {
				return err
			}
			if err := up.advance(ctx, sum.Seen(), state); err != nil { // from here on Open can finish it
				return err
			}
		}
		if err := store.Assemble(ctx, up.growing(), whole, up.n.Parts); err != nil {
			return err
		}
	}
	done := up.State()
	done.Offset, done.Done = up.n.Size, true
	if err := up.u.cfg.Done(ctx, done); err != nil {
		return err
	}
	return up.close(ctx)
}
