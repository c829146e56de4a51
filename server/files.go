package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"fieldsync/blobs"
	"fieldsync/blobs/upload"
	"fieldsync/crdt"
	"fieldsync/crdt/history"
	"fieldsync/crdt/job"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api/files"
	"fieldsync/server/internal/api/uploads"
	"fieldsync/server/internal/auth"
	"fieldsync/server/internal/deliveries"
	"fieldsync/server/internal/filing"
)

// filed is what the server does with files.
type filed struct {
	keeper     *filing.Keeper
	uploads    *upload.Uploads
	resumable  http.Handler // what /api/v1/uploads serves
	claims     *files.Handler
	deliveries *deliveries.Book
}

// mountFiles gives what is served of files: the blob store, for those who may read or write the job that is named.
func (s *Server) mountFiles() error {
	s.filing.deliveries = deliveries.New(s.data.store, nil)
	h, err := files.New(files.Config{
		Store: s.marked, Who: whoAsks, May: s.mayTouch, Serves: s.serves, Held: s.held, Delivered: s.delivered, Log: s.log,
		Names: s.namesFiles, WasDelivered: s.wasDelivered, Arriving: s.arriving,
		Direct: s.marked.Direct(), MaxFile: s.cfg.MaxFile,
	})
	if err != nil {
		return err
	}
	s.filing.claims = h
	s.files = s.counted(h)
	cfg := uploads.Config{Who: whoAsks, May: s.mayTouch, Delivered: s.delivered, Log: s.log}
	s.filing.uploads, err = upload.New(upload.Config{Store: s.data.blobs, MaxSize: s.cfg.MaxFile, ExpireAfter: s.cfg.UploadExpiry, Check: cfg.Check, Done: cfg.Done, Log: s.log})
	if err != nil {
		return err
	}
	resumable, err := cfg.Handler(s.filing.uploads)
	if err != nil {
		return err
	}
	s.filing.resumable = s.counted(resumable)
	s.filing.keeper = keeperOf(s.cfg, s.data, s.auth, s.filing.deliveries, s.log)
	return nil
}

// keeperOf is who removes what no document names.
func keeperOf(cfg Config, data backends, accounts *auth.Auth, book *deliveries.Book, log *slog.Logger) *filing.Keeper {
	return filing.New(filing.Options{Store: data.store, Namespace: accounts.Namespace, Blobs: data.blobs, Deliveries: book, Grace: cfg.GCGrace, Log: log,
		Orgs: func() ([]string, error) {
			orgs, err := accounts.Orgs()
			out := make([]string, 0, len(orgs))
			for _, o := range orgs {
				out = append(out, o.ID)
			}
			return out, err
		},
	})
}

// namesFiles is files.Config.Names.
func (s *Server) namesFiles(ctx context.Context, p access.Principal, doc crdt.DocID) ([]files.Named, error) {
	refs, err := s.documents.FileRefs(ctx, p.Org, doc)
	out := make([]files.Named, 0, len(refs))
	for _, r := range refs {
		kind := "file"
		switch r.Key {
		case job.KeyPreviewSHA256:
			kind = "preview"
		case job.KeyThumbnailSHA256:
			kind = "thumbnail"
		}
		out = append(out, files.Named{Attachment: r.Attachment, Kind: kind, SHA256: r.SHA256})
	}
	return out, err
}

func (s *Server) wasDelivered(_ context.Context, p access.Principal, doc crdt.DocID, ref blobs.Ref) (bool, int64, error) {
	d, ok, err := s.delivery(p.Org, doc, ref)
	return ok, d.Size, err
}

func (s *Server) arriving(ctx context.Context, space blobs.Space, ref blobs.Ref) ([]files.Arriving, error) {
	coming, err := s.filing.uploads.Arriving(ctx, space, ref)
	out := make([]files.Arriving, 0, len(coming))
	for _, c := range coming {
		out = append(out, files.Arriving{Job: c.Meta[uploads.MetaJob], Offset: c.Offset, Size: c.Size})
	}
	return out, err
}

// delivery is what is noted of a file that was delivered for an organisation's document.
func (s *Server) delivery(org string, doc crdt.DocID, ref blobs.Ref) (deliveries.Delivery, bool, error) {
	inner, err := s.documents.Inner(org, doc)
	if err != nil {
		return deliveries.Delivery{}, false, err
	}
	return s.filing.deliveries.Get(inner, ref)
}

// noteDelivery notes that a principal, by his id, delivered a file for his organisation's document.
func (s *Server) noteDelivery(org, by string, doc crdt.DocID, ref blobs.Ref, size int64) error {
	inner, err := s.documents.Inner(org, doc)
	if err != nil {
		return err
	}
	return s.filing.deliveries.Add(inner, ref, org, by, size)
}

// counted counts the bytes of files, in and out.
func (s *Server) counted(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := &countedBody{ReadCloser: r.Body}
		r.Body = body
		out := &countedWriter{ResponseWriter: w}
		defer func() {
			s.metrics.BlobReceived(body.n)
			s.metrics.BlobSent(out.n)
		}()
		h.ServeHTTP(out, r)
	})
}

// sweepEvery is how often expired uploads are looked for: they are kept for days.
const sweepEvery = time.Hour

// sweepUploads removes expired uploads from time to time.
func (s *Server) sweepUploads(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		swept, err := s.filing.uploads.Sweep(ctx, false)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			s.log.Warn("uploads could not be swept", "error", err)
		case swept != upload.Swept{}:
			s.log.Info("expired uploads swept", "uploads", swept.Uploads, "bytes", swept.Bytes, "pieces", swept.Notes, "failed", swept.Failed)
		}
	}
}

func whoAsks(r *http.Request) (access.Principal, error) {
	p, ok := auth.PrincipalFrom(r.Context())
	if !ok {
		return access.Principal{}, auth.ErrNoCredential
	}
	return p, nil
}

// mayTouch says whether somebody may read or write a job. A job that somebody may not know of is not there.
func (s *Server) mayTouch(_ context.Context, p access.Principal, job crdt.DocID, write bool) error {
	a, err := s.documents.Access(p, job)
	switch {
	case err != nil:
		return crdt.Errorf(crdt.KindUnavailable, "access: %w", err)
	case !a.Exists():
		return crdt.Errorf(crdt.KindNotFound, "no such job")
	case write && !a.Write, !write && !a.Read:
		return crdt.Errorf(crdt.KindForbidden, "not allowed for this job")
	}
	return nil
}

// serves tells whether a job's readers may have a file: the job names it, and it was delivered for the job, or named by
// somebody who may read every file of the organisation anyway. Whoever else names a file that he only knows the hash of
// gets nothing by it.
func (s *Server) serves(ctx context.Context, p access.Principal, job crdt.DocID, ref blobs.Ref) (bool, error) {
	refs, err := s.documents.FileRefs(ctx, p.Org, job)
	if err != nil {
		return false, err
	}
	named := false
	for _, r := range refs {
		if r.SHA256 != ref.String() {
			continue
		}
		if !named {
			if _, ok, err := s.delivery(p.Org, job, ref); ok || err != nil {
				return ok, err
			}
		}
		named = true
		all, err := s.readsAll(r.Author)
		if err != nil {
			return false, err
		}
		if !all {
			continue
		}
		// Noted, so that it stays so when that person's role changes, or he leaves.
		space, id, _ := strings.Cut(string(r.Author), "/")
		info, err := s.data.blobs.Stat(ctx, blobs.Space(space), ref)
		if errors.Is(err, blobs.ErrNotFound) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		return true, s.noteDelivery(space, id, job, ref, info.Size)
	}
	return false, nil
}

// readsAll tells whether an author of changes may read every document of his organisation now.
func (s *Server) readsAll(author history.Author) (bool, error) {
	org, id, _ := strings.Cut(string(author), "/")
	if strings.HasPrefix(id, access.IntegrationPrefix) {
		return true, nil // an API key's role is never a worker's
	}
	user, ok := strings.CutPrefix(id, access.PersonPrefix)
	if !ok {
		return false, nil
	}
	u, err := s.auth.User(access.Principal{Org: org}, user)
	if crdt.KindOf(err) == crdt.KindNotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return u.Role != access.RoleWorker && slices.Contains(access.Roles(), u.Role), nil
}

// held tells whether somebody may know, by a job, that a file is there.
func (s *Server) held(ctx context.Context, p access.Principal, job crdt.DocID, ref blobs.Ref) (bool, error) {
	d, delivered, err := s.delivery(p.Org, job, ref)
	if err != nil || delivered && d.By == p.ID {
		return delivered, err
	}
	if err := s.mayTouch(ctx, p, job, false); err != nil {
		if kind := crdt.KindOf(err); kind == crdt.KindForbidden || kind == crdt.KindNotFound {
			return false, nil
		}
		return false, err
	}
	return s.serves(ctx, p, job, ref)
}

// delivered notes a delivery, which from then on keeps the file from being removed, and makes sure that it was not removed just
// before.
func (s *Server) delivered(ctx context.Context, p access.Principal, job crdt.DocID, ref blobs.Ref, size int64) error {
	if err := s.noteDelivery(p.Org, p.ID, job, ref, size); err != nil {
		return err
	}
	_, err := s.data.blobs.Stat(ctx, blobs.Space(p.Org), ref)
	if errors.Is(err, blobs.ErrNotFound) {
		return crdt.Errorf(crdt.KindUnavailable, "the file was removed just now; send it again")
	}
	return err
}

type countedBody struct {
	io.ReadCloser
	n int64
}

func (c *countedBody) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.n += int64(n)
	return n, err
}

type countedWriter struct {
	http.ResponseWriter
	n int64
}

func (c *countedWriter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.n += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (c *countedWriter) Unwrap() http.ResponseWriter { return c.ResponseWriter }
