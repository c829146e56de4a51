package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"fieldsync/blobs"
	"fieldsync/client/internal/service"
	"fieldsync/crdt"
)

// download gets a file into parts/, going on where an earlier download stopped, and from there through the one gate, which
// checks every byte, into the files.
func (c *Client) download(ctx context.Context, api *service.Service, doc crdt.DocID, ref blobs.Ref, size int64) error {
	c.downloading.Lock() // two of them would write to one part
	defer c.downloading.Unlock()
	if _, err := c.files.Stat(ctx, space, ref); err == nil {
		return nil
	}
	dir := filepath.Join(c.dir, partsFolder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return asFull(err)
	}
	path := filepath.Join(dir, ref.String())
	var key []byte
	if c.keys != nil {
		key = c.keys.parts
	}
	part, err := openPart(path, key)
	if err != nil {
		return asFull(err)
	}
	defer part.Close()
	if err := c.fill(ctx, api, doc, ref, size, part); err != nil {
		return asFull(err)
	}
	whole, err := part.reader()
	if err != nil {
		return err
	}
	_, err = blobs.Receive(ctx, c.files, space, ref, size, whole)
	if errors.Is(err, blobs.ErrMismatch) {
		err = ErrWrongBytes
	}
	if err == nil || errors.Is(err, ErrWrongBytes) {
		err = errors.Join(err, os.Remove(path))
	}
	return asFull(err)
}

// fill downloads what part lacks of the file.
func (c *Client) fill(ctx context.Context, api *service.Service, doc crdt.DocID, ref blobs.Ref, size int64, part *part) error {
	have, err := part.have()
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
	if err := part.cut(from); err != nil {
		return err
	}
	to, err := part.writer(from)
	if err != nil {
		return err
	}
	stop := c.stallGuard(body)
	n, err := io.CopyBuffer(to, io.LimitReader(&watched{body, stop}, size-from), make([]byte, blobs.CopyBuffer))
	stop.Stop()
	switch {
	case err == nil && from+n == size:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(asFull(err), ErrFull):
		return err
	case err != nil:
		return because(ErrOffline, fmt.Errorf("the download broke after %d of %d bytes: %w", from+n, size, err))
	}
	return because(ErrOffline, fmt.Errorf("the download ended after %d of %d bytes", from+n, size))
}
