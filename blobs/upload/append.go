package upload

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
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
	a := &appender{up: up, sum: sum, base: up.n.Offset, flushed: time.Now(), committed: time.Now()}
	defer a.release()
	err = a.run(ctx, r)
	if errors.Is(err, blobs.ErrMismatch) || errors.Is(err, blobs.ErrNotFound) {
		err = up.spoilt(ctx, err)
	}
	return up.offset - offset, err
}

// takeOver notes that this process writes now, if another did before. The numbers that the other may still use are left to it.
func (up *Upload) takeOver(ctx context.Context) error {
	if up.n.Writer == up.u.writer {
		return nil
	}
	up.n.Writer = up.u.writer
	up.next = up.n.Next + 1
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

// appender takes one chunk. While some parts are on their way to the store the next is read: then the upload's state is under mu.
type appender struct {
	up      *Upload
	sum     *blobs.Running // of all up to the end of buf
	buf     []byte         // bytes that are not yet durable, nor on their way
	base    int64          // where buf begins in the file
	flushed time.Time      // when buf was last emptied
	flights []*flight      // the parts that are on their way, in their order
	spare   [][]byte       // buffers that parts gave back
	extra   int            // how many parts of memory were taken from those that all uploads share

	mu        sync.Mutex
	airborne  int       // parts of which it is not known whether the store has them
	settled   int       // parts that the store has, and that no commit has named yet
	committed time.Time // when the state was last written
	failed    error     // the first failure of a part: those after it do not count
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
	for _, buf := range append(a.spare, a.buf) {
		if buf != nil {
			a.up.u.buffers.Put(bytes.NewBuffer(buf[:0]))
		}
	}
	for ; a.extra > 0; a.extra-- {
		<-a.up.u.extra
	}
	a.buf, a.spare = nil, nil
}

// room makes space in buf for the next read, up to limit bytes in all.
func (a *appender) room(limit int64) []byte {
	if n := len(a.spare); a.buf == nil && n > 0 {
		a.buf, a.spare = a.spare[n-1][:0], a.spare[:n-1]
	}
	if a.buf == nil {
		if old, ok := a.up.u.buffers.Get().(*bytes.Buffer); ok {
			a.buf = old.Bytes()[:0]
		}
	}
	if len(a.buf) == cap(a.buf) {
		size := max(firstBuffer, 2*cap(a.buf))
		if len(a.flights) > 0 { // there is much to come
			size = max(size, int(limit))
		}
		grown := make([]byte, len(a.buf), size)
		copy(grown, a.buf)
		a.buf = grown
	}
	return a.buf[len(a.buf):min(int64(cap(a.buf)), limit)]
}

func (a *appender) run(ctx context.Context, r io.Reader) (err error) {
	up, part := a.up, a.up.u.cfg.PartSize
	tail, size := up.tail(), up.n.Size
	defer func() { // what came before a failure counts
		if serr := a.settleAll(ctx); err == nil {
			err = serr
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
			return a.finish(ctx)
		}
		switch {
		case tail+int64(len(a.buf)) >= part:
			err = a.sendPart(ctx)
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
	return a.finish(ctx) // an empty file
}

// flushPiece makes a piece of buf, or of it and all pieces if they are many.
func (a *appender) flushPiece(ctx context.Context) error {
	if err := a.settleAll(ctx); err != nil {
		return err
	}
	up := a.up
	state, err := a.sum.State()
	if err != nil {
		return err
	}
	data, old, kept := a.buf, []piece(nil), up.n.Pieces
	if len(kept) >= maxPieces {
		if data, err = up.gather(ctx, a.buf); err != nil {
			return err
		}
		old, kept = kept, nil
	}
	number, err := a.number(ctx)
	if err != nil {
		return err
	}
	if _, err := up.u.cfg.Store.PutNote(ctx, up.owner.Space, piecePath(up.id, number), data, ""); err != nil {
		return err
	}
	up.n.Pieces = append(kept, piece{Number: number, Size: len(data), SHA256: blobs.RefOf(data).String()})
	up.n.Offset, up.n.Hash = a.sum.Seen(), state
	if err := a.commit(ctx, 0); err != nil {
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

// finish checks the whole file and gives it its name. What buf holds is not durable yet; if the store fails now it stays so,
// and its sender sends it again. The caller removes what is spoilt.
func (a *appender) finish(ctx context.Context) error {
	up := a.up
	large := len(a.flights) > 0 || len(up.n.Parts) > 0
	whole, err := a.sum.Verify()
	if err != nil {
		return err
	}
	a.mu.Lock()
	state := up.State()
	a.mu.Unlock()
	if err := up.u.cfg.Check(ctx, state); err != nil {
		return err
	}
	store := up.u.cfg.Store
	if !large {
		data, err := up.gather(ctx, a.buf)
		if err != nil {
			return err
		}
		if _, err := blobs.Overwrite(ctx, store, up.owner.Space, up.ref, up.n.Size, bytes.NewReader(data)); err != nil {
			return err
		}
	} else {
		if len(a.buf) > 0 || len(a.flights) == 0 && len(up.n.Pieces) > 0 {
			if err := a.sendPart(ctx); err != nil {
				return err
			}
		}
		if err := a.settleAll(ctx); err != nil { // from here on Open can finish it
			return err
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
