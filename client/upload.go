package client

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"fieldsync/client/internal/backoff"
	"fieldsync/client/internal/lane"
	"fieldsync/client/internal/link"
	"fieldsync/client/internal/service"
	"fieldsync/crdt"
	"fieldsync/crdt/store"
)

// The size of the chunks that files are sent in, in bytes. What is on its way when a link breaks is lost: at most one chunk. The
// size follows the link: what it carries in chunkTime.
const (
	firstChunk = 256 << 10
	minChunk   = 64 << 10
	maxChunk   = 2 << 20 // at 50 ms a round trip still nine tenths of what 100 Mbit/s carry
	chunkTime  = time.Second
	// steadyChunks is how many chunks must get over whole, after one broke, before they grow.
	steadyChunks = 16
)

// A file that its organisation may have already is claimed before it is sent. That costs two questions, so that a photo, which
// is new nearly always, is just sent.
const claimFrom = 8 << 20 // bytes of a picture; other files, such as plans and forms, are claimed from firstChunk on

// maxFruitless is how often an upload is tried again at once without a byte having got over. As long as bytes get over, a link
// that breaks all the time is as good as a slow one.
const maxFruitless = 3

// upload sends a file, from where an earlier attempt ended, and takes it out of the outbox when the server has confirmed it.
// advanced tells whether the server has more of it than before.
func (c *Client) upload(ctx context.Context, api *service.Service, f outboxEntry) (advanced bool, err error) {
	before := f.Sent
	err = asOurs(c.deliver(ctx, api, &f))
	if err == nil {
		return true, store.Write(c.store, []store.Op{{Key: outboxKey(f.doc, f.ref)}, {Key: askedKey(f.ref)}})
	}
	if ctx.Err() == nil {
		f.Attempts++
		f.LastError = err.Error()
		err = errors.Join(err, c.putOutbox(f))
	}
	return f.Sent > before, err
}

// deliver has the server hold the file.
func (c *Client) deliver(ctx context.Context, api *service.Service, f *outboxEntry) error {
	if f.Upload == "" {
		worth := f.Size >= firstChunk && !strings.HasPrefix(f.MediaType, "image/") || f.Size >= claimFrom
		if here, err := c.claim(ctx, api, f, worth); here || err != nil {
			return err
		}
		if here, err := c.direct(ctx, api, f); here || err != nil {
			return err
		}
	}
	var delays backoff.Backoff
	for fruitless := 0; ; {
		before := f.Sent
		err := c.send(ctx, api, f)
		_, told := link.RetryAfter(err)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case told:
			return err
		case crdt.KindOf(err) == crdt.KindNotFound && f.Upload != "":
			// It expired, or it is done and we missed the answer long ago.
			f.Upload, f.Sent = "", 0
			if here, cerr := c.claim(ctx, api, f, true); here || cerr != nil {
				return cerr
			}
			fallthrough
		case crdt.KindOf(err) == crdt.KindUnavailable, crdt.KindOf(err) == crdt.KindConflict:
			if f.Sent > before {
				fruitless = 0
				continue
			}
			if fruitless++; fruitless >= maxFruitless {
				return err
			}
		default:
			return err
		}
		if err := backoff.Wait(ctx, delays.Soon()); err != nil {
			return err
		}
	}
}

// claim has the server take the file as delivered, if it is worth asking, and it is there, and we have shown that we have it. That
// it cannot be asked now is no reason not to send the file.
func (c *Client) claim(ctx context.Context, api *service.Service, f *outboxEntry, worth bool) (bool, error) {
	if !worth {
		return false, nil
	}
	here, err := api.Claim(ctx, f.doc, f.ref, f.Size, crdt.DocID{}, func(offset, length int64) (io.ReadCloser, error) {
		return c.files.OpenRange(ctx, space, f.ref, offset, length)
	})
	if _, told := link.RetryAfter(err); told {
		return false, err
	}
	if kind := crdt.KindOf(err); kind == crdt.KindUnavailable || kind == crdt.KindBusy {
		return false, ctx.Err()
	}
	return here, err
}

// A file goes past the server in one request, which nobody can go on with where it broke: it is begun once for a file, and only where little would be lost.
const (
	directFrom   = 8 << 20         // bytes: what is less is as fast through the server
	directWithin = 4 * time.Second // what the link carries in that time is the largest file that goes that way
)

// mayGoDirect tells whether a file may go past the server.
func (c *Client) mayGoDirect(f *outboxEntry) bool {
	return f.Size >= directFrom && f.Size <= c.carries.Load()*int64(directWithin/chunkTime) && !c.Link().Metered && !f.Direct && f.Attempts == 0 && !c.noDirect.Load()
}

// direct sends a large file to the server's object storage itself.
func (c *Client) direct(ctx context.Context, api *service.Service, f *outboxEntry) (bool, error) {
	if !c.mayGoDirect(f) {
		return false, nil
	}
	f.Direct = true // also where we are killed in the middle of it
	if err := c.putOutbox(*f); err != nil {
		return false, err
	}
	here := false
	_, err := c.guarded(ctx, f, f.Size, func(ctx context.Context, body io.Reader) (n int64, err error) {
		here, err = api.Direct(ctx, f.doc, f.ref, f.Size, body)
		return 0, err
	})
	if !here && ctx.Err() == nil {
		c.noDirect.Store(true) // not again before the next start: it costs a question and perhaps a file
		lane.At(ctx, 0)
		err = nil
	}
	return here, err
}

// send sends what the server has not got, in chunks, until it has all or something breaks.
func (c *Client) send(ctx context.Context, api *service.Service, f *outboxEntry) error {
	if err := c.beginUpload(ctx, api, f); err != nil {
		return err
	}
	for f.Sent < f.Size {
		n := min(c.chunk.Load(), f.Size-f.Sent)
		begun := time.Now()
		at, err := c.guarded(ctx, f, n, func(ctx context.Context, body io.Reader) (int64, error) {
			return api.UploadChunk(ctx, f.Upload, f.Sent, body, n)
		})
		if ctx.Err() == nil { // what was stopped says nothing of the link
			c.adapt(n, time.Since(begun), err)
		}
		if err != nil {
			return err
		}
		if err := c.noteSent(ctx, f, at); err != nil {
			return err
		}
	}
	return nil
}

// beginUpload finds out where the upload ends, after making it if need be. A small file goes with the first request.
func (c *Client) beginUpload(ctx context.Context, api *service.Service, f *outboxEntry) error {
	if f.Upload != "" {
		at, err := api.UploadOffset(ctx, f.Upload)
		if err != nil {
			return err
		}
		return c.noteSent(ctx, f, at)
	}
	u := service.NewUpload{Job: f.doc, Ref: f.ref, Size: f.Size, Name: f.Name, MediaType: f.MediaType, Kind: f.Kind}
	n := f.Size
	if n > min(firstChunk, c.chunk.Load()) {
		n = 0 // what breaks before the answer names the upload is lost as a whole, so that it has to be little
	}
	at, err := c.guarded(ctx, f, n, func(ctx context.Context, body io.Reader) (offset int64, err error) {
		f.Upload, offset, err = api.CreateUpload(ctx, u, body, n)
		return offset, err
	})
	if err != nil {
		return err
	}
	// Durable before more is sent, so that whoever goes on knows where.
	return c.noteSent(ctx, f, at)
}

// noteSent notes how much the server has.
func (c *Client) noteSent(ctx context.Context, f *outboxEntry, at int64) error {
	if at > f.Size {
		return crdt.Errorf(crdt.KindUnavailable, "the server says that it has more of the file than there is")
	}
	f.Sent = at
	lane.At(ctx, at)
	if at == f.Size {
		return nil // done: the entry goes
	}
	return c.putOutbox(*f)
}

// guarded makes a request whose body are the next n bytes of the file, and ends it when nothing moves for a while: HTTP has no
// such limit by itself.
func (c *Client) guarded(ctx context.Context, f *outboxEntry, n int64, request func(context.Context, io.Reader) (int64, error)) (int64, error) {
	body, err := c.files.OpenRange(ctx, space, f.ref, f.Sent, n)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	guard := &stallTimer{after: max(c.stall, time.Minute)}
	guard.Timer = time.AfterFunc(guard.after, func() { cancel(errStalled) })
	defer guard.Stop()
	at, err := request(inner, &watched{body, guard})
	if err != nil && ctx.Err() == nil && errors.Is(context.Cause(inner), errStalled) {
		return 0, crdt.Errorf(crdt.KindUnavailable, "nothing moved for %v", guard.after)
	}
	return at, err
}

// adapt makes the next chunk larger where the link carries more in chunkTime; after a break, half of what broke, and then it
// takes many whole ones before it grows again.
func (c *Client) adapt(n int64, took time.Duration, err error) {
	now := c.chunk.Load()
	if err != nil {
		c.whole.Store(-steadyChunks)
		c.chunk.Store(max(n/2, minChunk))
		c.carries.Store(0)
		return
	}
	if n < now || c.whole.Add(1) < 0 { // a file's short end says little
		return
	}
	carries := int64(float64(n) * float64(chunkTime) / float64(max(took, time.Millisecond)))
	c.carries.Store(carries)
	c.chunk.Store(min(max(min(2*now, carries), minChunk), maxChunk))
}
