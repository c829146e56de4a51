package client

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
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
	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store"
)

// Attach adds a file to a job: it is copied into the folder, put into the outbox, and an attachment that names its SHA-256 is
// added to the document. All of it is durable when Attach returns, also offline; the file itself goes out with the next Sync,
// or at once while Run is connected. field is the id of the report field that the file answers, or empty. It gives
// the attachment as it stands in the document.
func (c *Client) Attach(ctx context.Context, id crdt.DocID, path, field string) (job.Attachment, error) {
	a, _, err := c.signedIn()
	if err != nil {
		return job.Attachment{}, err
	}
	f, err := os.Open(path)
	if err != nil {
		return job.Attachment{}, crdt.Errorf(crdt.KindInvalid, "%w", err)
	}
	defer f.Close()
	ref, size, media, err := examine(f)
	if err != nil {
		return job.Attachment{}, err
	}
	if _, err := blobs.Receive(ctx, c.files, space, ref, size, f); err != nil {
		return job.Attachment{}, err
	}
	now := time.Now()
	entry := outboxEntry{doc: id, ref: ref, queued: queued{Name: filepath.Base(path), Size: size, QueuedAt: now.UnixMilli(), MediaType: media}}
	att := job.Attachment{ID: newID(), SHA256: ref.String(), Size: size, MediaType: media, Name: entry.Name, Field: field,
		TakenAt: crdt.Timestamp(now.UnixMilli()), By: a.User}
	_, err = c.store.Get(outboxKey(id, ref))
	queuedBefore := err == nil
	// The outbox first: a document that names a file which nobody is going to send would be the worse half.
	if err := c.putOutbox(entry); err != nil {
		return job.Attachment{}, err
	}
	if err := c.Edit(ctx, id, func(e Editing) ([]crdt.Edit, error) {
		if !job.IsJob(e.Tree) {
			return job.AddAttachment(att)
		}
		return job.Attach(&e.Job, att, e.By.Class)
	}); err != nil {
		if !queuedBefore {
			err = errors.Join(err, store.Write(c.store, []store.Op{{Key: outboxKey(id, ref)}}))
		}
		return job.Attachment{}, err
	}
	signal(c.outboxChanged)
	return att, nil
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
	media = mime.TypeByExtension(strings.ToLower(filepath.Ext(f.Name())))
	if media == "" {
		media = http.DetectContentType(head[:n])
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
	return c.download(ctx, api, id, ref, a.Size)
}
