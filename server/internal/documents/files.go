package documents

import (
	"context"
	"iter"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/job"
	"fieldsync/crdt/policy"
	"fieldsync/crdt/replica"
	"fieldsync/server/internal/access"
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

// FileRefs gives what the attachments of a document's newest state name, in all of its conflicting versions: at most MaxFileRefs.
// A text that is written character by character, as Automerge JS does, is read like any other.
func (s *Service) FileRefs(ctx context.Context, doc crdt.DocID) ([]FileRef, error) {
	var out []FileRef
	err := s.drive.Inspect(ctx, doc, func(d *replica.Document) error {
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

func fileRefs(h *history.History) iter.Seq[FileRef] {
	return func(yield func(FileRef) bool) {
		for _, maps := range h.Get(h.Root(), job.KeyAttachments) {
			if maps.Action != format.ActionMakeMap {
				continue
			}
			for id := range h.Keys(maps.Object) {
				for _, entry := range h.Get(maps.Object, id) {
					if entry.Action != format.ActionMakeMap {
						continue
					}
					for _, key := range fileKeys {
						for _, op := range h.Get(entry.Object, key) {
							if sum, ok := policy.Text(h, op); ok && !yield(FileRef{Attachment: id, Key: key, SHA256: sum, Author: h.Author(op.Change)}) {
								return
							}
						}
					}
				}
			}
		}
	}
}

const sumChars = 64 // of a SHA-256 in hexadecimal

// Documents visits all documents of the store with their records, in the order of their ids.
func (s *Service) Documents(visit func(doc crdt.DocID, rec access.Record) error) error {
	return drive.Records(s.store, func(doc crdt.DocID, rec replica.Record) error {
		r, err := access.DecodeRecord(rec.Meta)
		if err != nil {
			return err
		}
		return visit(doc, r)
	})
}

// EverNamed visits every string of 64 hexadecimal digits that any change of a document ever wrote, anywhere, as a value, a text
// or a key: overwritten, deleted, in any branch of its history. What waits for changes that are missing is not in a document yet, and not visited.
func (s *Service) EverNamed(ctx context.Context, doc crdt.DocID, visit func(sum string)) error {
	err := s.drive.Inspect(ctx, doc, func(d *replica.Document) error {
		h, _, err := d.View()
		if err != nil {
			return err
		}
		for ref := range fileRefs(h) { // a text that several changes wrote together
			if isSum(ref.SHA256) {
				visit(ref.SHA256)
			}
		}
		for i := range h.Len() {
			c, err := format.DecodeChange(h.Raw(i), format.DefaultLimits())
			if err != nil {
				return err
			}
			everNamed(c, visit)
		}
		return nil
	})
	return unavailable(err)
}

// everNamed visits the names in one change: values, and texts that it made.
func everNamed(c *format.Change, visit func(sum string)) {
	texts := map[format.OpID][]byte{}
	for i, op := range c.Ops {
		id := format.OpID{Counter: c.StartOp + uint64(i)}
		if isSum(op.Key) {
			visit(op.Key)
		}
		switch {
		case op.Action == format.ActionMakeText:
			texts[id] = nil
		case op.Action != format.ActionSet || op.Value.Type != format.ValueString:
		case len(op.Value.Raw) == sumChars:
			if isSum(string(op.Value.Raw)) {
				visit(string(op.Value.Raw))
			}
		default:
			if text, ok := texts[op.Object]; ok && len(text) <= sumChars {
				texts[op.Object] = append(text, op.Value.Raw...)
			}
		}
	}
	for _, text := range texts {
		if isSum(string(text)) {
			visit(string(text))
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
