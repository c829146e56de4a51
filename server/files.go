package server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"fieldsync/blobs"
	"fieldsync/blobs/upload"
	"fieldsync/crdt"
	"fieldsync/crdt/history"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api/files"
	"fieldsync/server/internal/api/uploads"
	"fieldsync/server/internal/auth"
	"fieldsync/server/internal/deliveries"
)

// filing is what the server does with files, beside serving them.
type filing struct {
	uploads    *upload.Uploads
	resumable  http.Handler // what /api/v1/uploads serves
	claims     *files.Handler
	deliveries *deliveries.Book
}

// mountFiles gives what is served of files: the blob store, for those who may read or write the job that is named.
func (s *Server) mountFiles() error {
	s.filing.deliveries = deliveries.New(s.data.store, nil)
	h, err := files.New(files.Config{
		Store: s.data.blobs, Who: whoAsks, May: s.mayTouch, Serves: s.serves, Held: s.held, Delivered: s.delivered, Log: s.log,
		Direct: directOf(s.data.blobs), MaxFile: s.cfg.MaxFile,
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
	return nil
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
func (s *Server) serves(ctx context.Context, job crdt.DocID, ref blobs.Ref) (bool, error) {
	refs, err := s.documents.FileRefs(ctx, job)
	if err != nil {
		return false, err
	}
	named := false
	for _, r := range refs {
		if r.SHA256 != ref.String() {
			continue
		}
		if !named {
			if _, ok, err := s.filing.deliveries.Get(job, ref); ok || err != nil {
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
		return true, s.filing.deliveries.Add(job, ref, id, info.Size)
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
	d, delivered, err := s.filing.deliveries.Get(job, ref)
	if err != nil || delivered && d.By == p.ID {
		return delivered, err
	}
	if err := s.mayTouch(ctx, p, job, false); err != nil {
		if kind := crdt.KindOf(err); kind == crdt.KindForbidden || kind == crdt.KindNotFound {
			return false, nil
		}
		return false, err
	}
	return s.serves(ctx, job, ref)
}

func (s *Server) delivered(_ context.Context, p access.Principal, job crdt.DocID, ref blobs.Ref, size int64) error {
	return s.filing.deliveries.Add(job, ref, p.ID, size)
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
