package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"fieldsync/blobs"
	"fieldsync/client/internal/service"
	"fieldsync/crdt"
)

// service is the server over HTTP; done gives its connections back.
func (c *Client) service() (api *service.Service, done func(), err error) {
	a, at, err := c.signedIn()
	if err != nil {
		return nil, nil, err
	}
	api = service.New(at, a.Token)
	return api, api.Close, nil
}

// transfers is what became of files.
type transfers struct {
	sent, received           int
	sentBytes, receivedBytes int64
	waiting                  int   // not moved: to be tried again
	advanced                 bool  // more of a file that waits is over than before
	err                      error // why the first of them was not
	broken                   int   // in a row
}

// maxBroken is how many transfers in a row may break before the others are left for later: one file that the server cannot
// give must not stop the rest, and a network that is gone must not be tried a hundred times.
const maxBroken = 3

// add counts a transfer that ended. It tells whether to go on; the error is one that no other file would fare better with.
func (t *transfers) add(err error) (more bool, fatal error) {
	switch {
	case err == nil:
		t.broken = 0
		return true, nil
	case errors.Is(err, ErrSignIn), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return false, err
	}
	t.waiting++
	if t.err == nil {
		t.err = err
	}
	if errors.Is(err, ErrOffline) {
		t.broken++
	}
	return t.broken < maxBroken, nil
}

// moveFiles uploads what the server has not confirmed, and downloads what documents name and is not here.
func (c *Client) moveFiles(ctx context.Context, api *service.Service) (transfers, error) {
	var t transfers
	c.learn(ctx, api)
	files, err := c.outbox()
	if err != nil {
		return t, err
	}
	for i, f := range files {
		advanced, err := c.upload(ctx, api, f)
		t.advanced = t.advanced || advanced
		if err == nil {
			t.sent++
			t.sentBytes += f.Size
		}
		more, fatal := t.add(err)
		if !more {
			t.waiting += len(files) - i - 1
			return t, fatal
		}
	}
	missing, err := c.missingFiles(ctx)
	if err != nil {
		return t, err
	}
	for i, m := range missing {
		err := c.download(ctx, api, m.doc, m.ref, m.size)
		if errors.Is(err, ErrNotFound) {
			continue // its author has not uploaded it yet; that is no failure of ours
		}
		if err == nil {
			t.received++
			t.receivedBytes += m.size
		}
		more, fatal := t.add(err)
		if !more {
			t.waiting += len(missing) - i - 1
			return t, fatal
		}
	}
	return t, nil
}

type missingFile struct {
	doc  crdt.DocID
	ref  blobs.Ref
	size int64
}

// missingFiles are the files that jobs here name and that are not here.
func (c *Client) missingFiles(ctx context.Context) ([]missingFile, error) {
	jobs, err := c.Jobs(ctx)
	if err != nil {
		return nil, err
	}
	var out []missingFile
	for _, row := range jobs {
		for _, a := range row.Attachments {
			ref, err := blobs.ParseRef(a.SHA256)
			if err != nil || a.Size < 0 || a.Size > blobs.MaxSize {
				continue // some client's mistake: nothing can be asked for
			}
			if _, err := c.files.Stat(ctx, space, ref); errors.Is(err, blobs.ErrNotFound) {
				out = append(out, missingFile{row.ID, ref, a.Size})
			} else if err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// download gets a file into parts/, going on where an earlier download stopped, and from there through the one gate, which
// checks every byte, into the files.
func (c *Client) download(ctx context.Context, api *service.Service, doc crdt.DocID, ref blobs.Ref, size int64) error {
	c.downloading.Lock() // two of them would write to one part
	defer c.downloading.Unlock()
	if _, err := c.files.Stat(ctx, space, ref); err == nil {
		return nil
	}
	dir := filepath.Join(c.dir, "parts")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	part, err := os.OpenFile(filepath.Join(dir, ref.String()), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer part.Close()
	if err := c.fill(ctx, api, doc, ref, size, part); err != nil {
		return err
	}
	if _, err := part.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err = blobs.Receive(ctx, c.files, space, ref, size, part)
	if errors.Is(err, blobs.ErrMismatch) {
		err = ErrWrongBytes
	}
	if err == nil || errors.Is(err, ErrWrongBytes) {
		err = errors.Join(err, os.Remove(part.Name()))
	}
	return err
}

// fill downloads what part lacks of the file.
func (c *Client) fill(ctx context.Context, api *service.Service, doc crdt.DocID, ref blobs.Ref, size int64, part *os.File) error {
	have, err := part.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if have > size {
		have = 0
	}
	if have == size && size > 0 {
		return nil
	}
	body, from, total, err := api.Get(ctx, doc, ref, have)
	if err != nil {
		return asOurs(err)
	}
	defer body.Close()
	if total >= 0 && total != size {
		return because(ErrWrongBytes, fmt.Errorf("it is %d bytes long, the job says %d", total, size))
	}
	if err := part.Truncate(from); err != nil {
		return err
	}
	if _, err := part.Seek(from, io.SeekStart); err != nil {
		return err
	}
	stop := c.stallGuard(body)
	n, err := io.CopyBuffer(part, io.LimitReader(&watched{body, stop}, size-from), make([]byte, blobs.CopyBuffer))
	stop.Stop()
	switch {
	case err == nil && from+n == size:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return because(ErrOffline, fmt.Errorf("the download broke after %d of %d bytes: %w", from+n, size, err))
	}
	return because(ErrOffline, fmt.Errorf("the download ended after %d of %d bytes", from+n, size))
}

// stallGuard closes a body that gives nothing for a while: HTTP has no such limit by itself.
func (c *Client) stallGuard(body io.Closer) *stallTimer {
	t := &stallTimer{after: max(c.stall, time.Minute)}
	t.Timer = time.AfterFunc(t.after, func() { _ = body.Close() })
	return t
}

type stallTimer struct {
	*time.Timer
	after time.Duration
}

// watched puts the guard off with everything that arrives.
type watched struct {
	r     io.Reader
	guard *stallTimer
}

// Read implements io.Reader.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if n > 0 {
		w.guard.Reset(w.guard.after)
	}
	return n, err
}
