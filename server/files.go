package server

import (
	"context"
	"io"
	"net/http"
	"time"

	"fieldsync/blobs"
	"fieldsync/blobs/upload"
	"fieldsync/crdt"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api/files"
	"fieldsync/server/internal/api/uploads"
	"fieldsync/server/internal/auth"
)

// mountFiles gives what /api/v1/files/ serves: the blob store, for those who may read or write the job that is named.
func (s *Server) mountFiles() error {
	h, err := files.New(files.Config{
		Store: s.data.blobs, Authorize: s.authorizeJob, Log: s.log,
		References: func(ctx context.Context, job crdt.DocID, ref blobs.Ref) (bool, error) {
			return s.documents.References(ctx, job, ref.String())
		},
	})
	if err != nil {
		return err
	}
	s.files = s.counted(h)
	cfg := uploads.Config{Authorize: s.authorizeJob, Who: whoAsks, Log: s.log}
	s.uploads, err = upload.New(upload.Config{Store: s.data.blobs, MaxSize: files.DefaultMaxFile, Check: cfg.Check, Log: s.log})
	if err != nil {
		return err
	}
	resumable, err := cfg.Handler(s.uploads)
	if err != nil {
		return err
	}
	s.resumable = s.counted(resumable)
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
		swept, err := s.uploads.Sweep(ctx, false)
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

// authorizeJob is files.Config.Authorize. A job that somebody may not know of is not there.
func (s *Server) authorizeJob(r *http.Request, job crdt.DocID, write bool) (access.Principal, error) {
	p, err := whoAsks(r)
	if err != nil {
		return access.Principal{}, err
	}
	a, err := s.documents.Access(p, job)
	switch {
	case err != nil:
		return access.Principal{}, crdt.Errorf(crdt.KindUnavailable, "access: %w", err)
	case !a.Exists():
		return access.Principal{}, crdt.Errorf(crdt.KindNotFound, "no such job")
	case write && !a.Write, !write && !a.Read:
		return access.Principal{}, crdt.Errorf(crdt.KindForbidden, "not allowed for this job")
	}
	return p, nil
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
