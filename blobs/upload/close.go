package upload

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"fieldsync/blobs"
)

// close notes that the file has its name, and takes away all else. A sender who missed the answer finds the upload whole.
func (up *Upload) close(ctx context.Context) error {
	n := note{Version: noteVersion, Owner: up.n.Owner, SHA256: up.n.SHA256, Size: up.n.Size, Meta: up.n.Meta, Created: up.n.Created,
		Offset: up.n.Size, Done: true}
	data, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("upload: %w", err)
	}
	s := up.u.cfg.Store
	if _, err := s.PutNote(ctx, up.owner.Space, donePath(up.id), data, ""); err != nil {
		return err
	}
	if err := s.RemoveNote(ctx, up.owner.Space, statePath(up.id)); err != nil {
		return err
	}
	gone := *up
	if len(gone.n.Parts) > 0 {
		gone.n.Token = "" // it became the file
	}
	up.n, up.offset = n, n.Offset
	if err := gone.removeParts(ctx); err != nil {
		up.u.cfg.Log.Warn("what is left of an upload could not be removed; it will be swept", "error", err)
	}
	return nil
}

// Progress is a file that arrives.
type Progress struct {
	Upload  string // id
	Owner   string
	Ref     blobs.Ref
	Size    int64 // bytes
	Offset  int64 // bytes that are here
	Meta    map[string]string
	Expires int64 // ms since 1970: when it is swept if nothing comes
}

// Arriving gives the uploads of a file that are open in an organisation.
func (u *Uploads) Arriving(ctx context.Context, space blobs.Space, ref blobs.Ref) ([]Progress, error) {
	var out []Progress
	old := u.cfg.Now().Add(-u.cfg.ExpireAfter)
	err := each(ctx, u.cfg.Store, space, "state/"+ref.String()[:refChars], func(n blobs.NoteInfo) error {
		id := path.Base(n.Path)
		if _, ok := parseID(id); !ok || n.Modified.Before(old) {
			return nil
		}
		up, err := u.load(ctx, space, id)
		if err != nil || up.ref != ref || up.n.Done {
			return ignoreGone(err)
		}
		out = append(out, Progress{Upload: id, Owner: up.n.Owner, Ref: up.ref, Size: up.n.Size, Offset: up.n.Offset, Meta: up.n.Meta,
			Expires: n.Modified.Add(u.cfg.ExpireAfter).UnixMilli()})
		return nil
	})
	return out, err
}

// Swept is what a Sweep did.
type Swept struct {
	Uploads int // that had expired
	Bytes   int64
	Notes   int // that belonged to nothing any more
	Failed  int // that could not be removed now
}

// Sweep removes what has expired, in all organisations. With dry it only counts.
func (u *Uploads) Sweep(ctx context.Context, dry bool) (Swept, error) {
	var out Swept
	spaces, err := u.cfg.Store.Spaces(ctx)
	if err != nil {
		return out, err
	}
	for _, space := range spaces {
		if err := u.sweepSpace(ctx, space, dry, &out); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (u *Uploads) sweepSpace(ctx context.Context, space blobs.Space, dry bool, out *Swept) error {
	now := u.cfg.Now()
	open := map[string]struct{}{}
	remove := func(what string, do func() error) {
		if dry {
			return
		}
		if err := do(); err != nil {
			out.Failed++
			u.cfg.Log.Warn("could not sweep", "what", what, "error", err)
		}
	}
	err := each(ctx, u.cfg.Store, space, "state/", func(n blobs.NoteInfo) error {
		id := path.Base(n.Path)
		if n.Modified.Add(u.cfg.ExpireAfter).After(now) {
			open[id] = struct{}{}
			return nil
		}
		up, err := u.load(ctx, space, id)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			remove("state", func() error { return u.cfg.Store.RemoveNote(ctx, space, n.Path) }) // nobody can read it
			return nil
		}
		out.Uploads++
		out.Bytes += up.n.Offset
		remove("upload", func() error { return up.Remove(ctx) })
		return nil
	})
	if err != nil {
		return err
	}
	err = each(ctx, u.cfg.Store, space, "done/", func(n blobs.NoteInfo) error {
		if n.Modified.Add(keepDone).Before(now) {
			remove("note", func() error { return u.cfg.Store.RemoveNote(ctx, space, n.Path) })
		}
		return nil
	})
	if err != nil {
		return err
	}
	// Pieces whose state is gone: a removal that was broken off, or a piece that came while it went on.
	return each(ctx, u.cfg.Store, space, "piece/", func(n blobs.NoteInfo) error {
		id, _, _ := strings.Cut(strings.TrimPrefix(n.Path, "piece/"), "/")
		if _, ok := open[id]; ok || n.Modified.Add(u.cfg.ExpireAfter).After(now) {
			return nil
		}
		out.Notes++
		remove("piece", func() error { return u.cfg.Store.RemoveNote(ctx, space, n.Path) })
		return nil
	})
}
