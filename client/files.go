package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fieldsync/blobs"
	"fieldsync/client/internal/picture"
	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store"
)

// Attach adds a file to a job: it is copied into the folder, put into the outbox, and an attachment that names its SHA-256 is
// added to the document. All of it is durable when Attach returns, also offline; the file itself goes out with the next Sync,
// or at once while Run is connected. field is the id of the report field that the file answers, or empty. It gives
// the attachment as it stands in the document.
//
// A picture gets a preview and a thumbnail, which go out before it. Where the organisation wants no places in photos, they are
// taken out of the copy; a file of a kind where that cannot be done is not attached (KindUnsupported).
func (c *Client) Attach(ctx context.Context, id crdt.DocID, path, field string) (job.Attachment, error) {
	att, err := c.attach(ctx, id, path, field)
	if errors.Is(err, ErrFull) && c.makeRoom(ctx, path) {
		att, err = c.attach(ctx, id, path, field)
	}
	return att, err
}

func (c *Client) attach(ctx context.Context, id crdt.DocID, path, field string) (job.Attachment, error) {
	a, _, err := c.signedIn()
	if err != nil {
		return job.Attachment{}, err
	}
	c.keeping.RLock()
	defer c.keeping.RUnlock()
	all, err := c.prepare(ctx, path)
	if err != nil {
		return job.Attachment{}, asFull(err)
	}
	now := time.Now()
	att := job.Attachment{ID: newID(), Name: filepath.Base(path), Field: field, TakenAt: crdt.Timestamp(now.UnixMilli()), By: a.User}
	var entries []outboxEntry
	for _, p := range all {
		switch p.kind {
		case "":
			att.SHA256, att.Size, att.MediaType = p.ref.String(), p.size, p.media
		case kindPreview:
			att.PreviewSHA256 = p.ref.String()
		case kindThumbnail:
			att.ThumbnailSHA256 = p.ref.String()
		}
		entries = append(entries, outboxEntry{doc: id, ref: p.ref, queued: queued{Name: att.Name, Size: p.size, QueuedAt: now.UnixMilli(),
			MediaType: p.media, Kind: p.kind}})
	}
	// The outbox first: a document that names a file which nobody is going to send would be the worse half.
	undo, err := c.enqueue(entries)
	if err != nil {
		return job.Attachment{}, err
	}
	if err := c.Edit(ctx, id, func(e Editing) ([]crdt.Edit, error) {
		if !job.IsJob(e.Tree) {
			return job.AddAttachment(att)
		}
		return job.Attach(&e.Job, att, e.By.Class)
	}); err != nil {
		return job.Attachment{}, errors.Join(err, store.Write(c.store, undo))
	}
	signal(c.outboxChanged)
	return att, nil
}

// enqueue puts files into the outbox, all or none, and gives what takes out again those that were not there before.
func (c *Client) enqueue(entries []outboxEntry) (undo []store.Op, err error) {
	var ops []store.Op
	for _, e := range entries {
		key := outboxKey(e.doc, e.ref)
		if _, err := c.store.Get(key); err == nil {
			continue // it waits already, perhaps half sent
		} else if !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		value, err := json.Marshal(e.queued)
		if err != nil {
			return nil, err
		}
		ops, undo = append(ops, store.Op{Key: key, Value: value}), append(undo, store.Op{Key: key})
	}
	if len(ops) == 0 {
		return nil, nil
	}
	return undo, asFull(store.Write(c.store, ops))
}

// The kinds of files beside those that people attach.
const (
	kindPreview   = "preview"
	kindThumbnail = "thumbnail"
)

// prepared is a file that is in the folder.
type prepared struct {
	ref   blobs.Ref
	size  int64
	media string
	kind  string // empty: what was attached itself
}

// maxInMemory is the largest file that is looked into, in bytes: photos have some tens of megabytes.
const maxInMemory = 256 << 20

// prepare copies a file into the folder as it is going to be sent, with what is made of it.
func (c *Client) prepare(ctx context.Context, path string) ([]prepared, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, crdt.Errorf(crdt.KindInvalid, "%w", err)
	}
	defer f.Close()
	ref, size, media, err := examine(f)
	if err != nil {
		return nil, err
	}
	strip := picture.MayHaveLocation(media) && c.stripsLocation()
	if !strip && (!strings.HasPrefix(media, "image/") || size > maxInMemory) {
		if _, err := blobs.Receive(ctx, c.files, space, ref, size, f); err != nil {
			return nil, err
		}
		return []prepared{{ref: ref, size: size, media: media}}, nil
	}
	if size > maxInMemory {
		return nil, crdt.Errorf(crdt.KindTooLarge, "the organisation wants no places in photos and videos, and this file is too large to look for one")
	}
	data, err := io.ReadAll(io.LimitReader(f, size))
	if err != nil {
		return nil, err
	}
	if strip {
		if _, err := picture.RemoveLocation(data); err != nil {
			return nil, crdt.Errorf(crdt.KindUnsupported, "the organisation wants no places in photos and videos, and from this file it cannot be taken out: save it as JPEG, PNG or MP4: %w", err)
		}
	}
	out := []prepared{{media: media}}
	parts := [][]byte{data}
	// That there is none is no reason not to send the picture.
	if preview, thumbnail, err := picture.Previews(data); err == nil {
		if preview != nil {
			out, parts = append(out, prepared{media: "image/jpeg", kind: kindPreview}), append(parts, preview)
		}
		out, parts = append(out, prepared{media: "image/jpeg", kind: kindThumbnail}), append(parts, thumbnail)
	}
	for i, part := range parts {
		out[i].ref, out[i].size = blobs.RefOf(part), int64(len(part))
		if _, err := blobs.Receive(ctx, c.files, space, out[i].ref, out[i].size, bytes.NewReader(part)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// newID is a random id for an entry of a job's maps.
func newID() string { return strings.ToLower(rand.Text()) }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// examine hashes a file, and finds out what it is; the file is at its beginning afterwards.
func examine(f *os.File) (ref blobs.Ref, size int64, media string, err error) {
	info, err := f.Stat()
	if err != nil {
		return ref, 0, "", err
	}
	if !info.Mode().IsRegular() {
		return ref, 0, "", crdt.Errorf(crdt.KindInvalid, "%s is not a file", f.Name())
	}
	var head [512]byte // what DetectContentType looks at
	n, err := io.ReadFull(f, head[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return ref, 0, "", err
	}
	hash := sha256.New()
	hash.Write(head[:n])
	rest, err := io.CopyBuffer(hash, f, make([]byte, blobs.CopyBuffer))
	if err != nil {
		return ref, 0, "", err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return ref, 0, "", err
	}
	media = http.DetectContentType(head[:n])
	// Pictures and sounds are what their bytes are. Of others the name says more.
	if kind, _, _ := strings.Cut(media, "/"); kind != "image" && kind != "video" && kind != "audio" {
		if named := mime.TypeByExtension(strings.ToLower(filepath.Ext(f.Name()))); named != "" {
			media = named
		}
	}
	media, _, _ = strings.Cut(media, ";")
	return blobs.RefFromSum([32]byte(hash.Sum(nil))), int64(n) + rest, media, nil
}

// Fetch writes a job's attachment to w, from here or, if it is not here yet, from the server; attachment is its id. What
// arrived of a download that was cut is kept, and the next one goes on behind it. Nothing is written to w before the whole
// file was verified. Errors: ErrNotFound for an unknown attachment, or a file that nobody has uploaded yet; ErrOffline;
// ErrWrongBytes where the server gives another file.
func (c *Client) Fetch(ctx context.Context, id crdt.DocID, attachment string, w io.Writer) error {
	v, err := c.View(id)
	if err != nil {
		return err
	}
	for _, a := range v.Job.Attachments {
		if a.ID == attachment {
			if err := c.bring(ctx, id, a); err != nil {
				return err
			}
			ref, _ := blobs.ParseRef(a.SHA256)
			c.used(ref)
			_, err := blobs.Copy(ctx, w, c.files, space, ref)
			return err
		}
	}
	return because(ErrNotFound, fmt.Errorf("the job has no attachment %q", attachment))
}

// Has tells whether an attachment's file is here.
func (c *Client) Has(ctx context.Context, a job.Attachment) bool {
	ref, err := blobs.ParseRef(a.SHA256)
	if err != nil {
		return false
	}
	_, err = c.files.Stat(ctx, space, ref)
	return err == nil
}

// bring downloads a file unless it is here.
func (c *Client) bring(ctx context.Context, id crdt.DocID, a job.Attachment) error {
	ref, err := blobs.ParseRef(a.SHA256)
	if err != nil || a.Size < 0 {
		return crdt.Errorf(crdt.KindInvalid, "the attachment does not name a file")
	}
	if c.Has(ctx, a) {
		return nil
	}
	api, done, err := c.service()
	if err != nil {
		return err
	}
	defer done()
	if err = c.download(ctx, api, id, ref, a.Size); err == nil {
		c.noteMoved(ref)
		c.net.gate.Later(ref.String())
	}
	return err
}
