package documents

import (
	"context"
	"errors"
	"iter"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/job"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
)

// MaxFileRefs bounds what FileRefs gives: a job of photos has some hundreds.
const MaxFileRefs = 10_000

// FileRef is a place in a document's attachments that names a file.
type FileRef struct {
	Attachment string // its id
	Key        string // job.KeySHA256, KeyPreviewSHA256 or KeyThumbnailSHA256
	SHA256     string // as it stands there; it may be no SHA-256
	Author     history.Author
}

// fileKeys are the keys of an attachment that name files.
var fileKeys = []string{job.KeySHA256, job.KeyPreviewSHA256, job.KeyThumbnailSHA256}

// FileRefs gives what the attachments of the newest state of an organisation's document name, in all of its conflicting versions: at most MaxFileRefs.
// A text that is written character by character, as Automerge JS does, is read like any other.
func (s *Service) FileRefs(ctx context.Context, org string, doc crdt.DocID) ([]FileRef, error) {
	inner, err := s.Inner(org, doc)
	if err != nil {
		return nil, err
	}
	var out []FileRef
	err = s.drive.Inspect(ctx, inner, func(d *replica.Document) error {
		h, _, err := d.View()
		if err != nil {
			return err
		}
		for ref := range fileRefs(h) {
			if out = append(out, ref); len(out) == MaxFileRefs {
				break
			}
		}
		return nil
	})
	if err != nil {
		return nil, unavailable(err)
	}
	return out, nil
}

// fileRefs decodes each change that wrote one of them once, however many of them it wrote.
func fileRefs(h *history.History) iter.Seq[FileRef] {
	now := h.Replay().Now()
	text := func(op history.VisibleOp) (string, bool) {
		if op.Action == format.ActionMakeText {
			s, _ := now.Text(op.Object, maxSumText)
			return s, true
		}
		return op.Value.Str()
	}
	return func(yield func(FileRef) bool) {
		for _, maps := range now.Get(h.Root(), job.KeyAttachments) {
			if maps.Action != format.ActionMakeMap {
				continue
			}
			for id := range h.Keys(maps.Object) {
				for _, entry := range now.Get(maps.Object, id) {
					if entry.Action != format.ActionMakeMap {
						continue
					}
					for _, key := range fileKeys {
						for _, op := range now.Get(entry.Object, key) {
							if sum, ok := text(op); ok && !yield(FileRef{Attachment: id, Key: key, SHA256: sum, Author: h.Author(op.Change)}) {
								return
							}
						}
					}
				}
			}
		}
	}
}

const (
	sumChars   = 64           // of a SHA-256 in hexadecimal
	maxSumText = 4 * sumChars // bytes that are read of a text in its place; one that is longer is none
)

// EverNamed visits every string of 64 hexadecimal digits that any change of a stored document, by its inner id, ever wrote, anywhere, as a value, a
// text or a key: overwritten, deleted, in any branch of its history. What waits for changes that are missing is in no store, and
// not visited.
func EverNamed(r store.Reader, doc crdt.DocID, visit func(sum string)) error {
	c := &Copy{}
	var err error
	if c.stored, err = drive.ReadDocument(r, doc); err != nil {
		return unavailable(err)
	}
	names := naming{visit: visit, texts: map[textID][]byte{}}
	if c.stored.Snapshot != nil {
		_, chunk, err := replica.DecodeSnapshot(c.stored.Snapshot)
		if err != nil {
			return err
		}
		d, err := format.DecodeDocument(chunk, format.DefaultLimits())
		if err != nil {
			return err
		}
		for _, change := range d.Changes {
			names.change(change)
		}
	}
	var failed error
	err = c.tail(func(_ int64, raw []byte) {
		if failed != nil {
			return
		}
		var change *format.Change
		if change, failed = format.DecodeChange(raw, format.DefaultLimits()); failed == nil {
			names.change(change)
		}
	})
	if err = errors.Join(err, failed); err != nil {
		return err
	}
	for _, text := range names.texts {
		if isSum(string(text)) {
			visit(string(text))
		}
	}
	return nil
}

// naming looks for names in changes. A text is taken as what was inserted into it, in the order in which that was written.
type naming struct {
	visit func(sum string)
	texts map[textID][]byte
}

type textID struct {
	actor   crdt.ActorID
	counter uint64
}

func (n naming) change(c *format.Change) {
	for i, op := range c.Ops {
		if isSum(op.Key) {
			n.visit(op.Key)
		}
		switch {
		case op.Action == format.ActionMakeText:
			n.texts[textID{c.Actor, c.StartOp + uint64(i)}] = nil
		case op.Action != format.ActionSet || op.Value.Type != format.ValueString:
		case len(op.Value.Raw) == sumChars:
			if isSum(string(op.Value.Raw)) {
				n.visit(string(op.Value.Raw))
			}
		case op.InSeq:
			id := textID{c.ActorAt(op.Object.Actor), op.Object.Counter}
			if text, ok := n.texts[id]; ok && len(text) <= sumChars {
				n.texts[id] = append(text, op.Value.Raw...)
			}
		}
	}
}

func isSum(s string) bool {
	if len(s) != sumChars {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
