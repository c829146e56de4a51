package files

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"fieldsync/blobs"
	"fieldsync/crdt"
	"fieldsync/server/internal/problem"
)

func (h *Handler) put(w http.ResponseWriter, r *http.Request) error {
	q, err := h.admit(r, true)
	if err == nil {
		err = h.checkHeader(r)
	}
	if err != nil {
		// The body was not asked for. A small one is read over by net/http; behind a large one the connection ends.
		return err
	}
	free, err := take(h.puts)
	if err != nil {
		return err
	}
	defer free()
	control := http.NewResponseController(w)
	body := &pacedBody{control: control, body: r.Body, pace: newPace(h.cfg.Idle, r.ContentLength)}
	// Only who may know that the file is there is spared sending it. Everybody else shows by sending that he has it; and what
	// he sends mends what may have been damaged.
	held, err := h.cfg.Held(r.Context(), q.who, q.job, q.ref)
	if err != nil {
		return err
	}
	var created bool
	if held {
		created, err = blobs.Receive(r.Context(), h.cfg.Store, q.space, q.ref, r.ContentLength, body)
	} else {
		created, err = blobs.Overwrite(r.Context(), h.cfg.Store, q.space, q.ref, r.ContentLength, body)
	}
	if err == nil {
		err = h.cfg.Delivered(r.Context(), q.who, q.job, q.ref, r.ContentLength)
	}
	if err != nil {
		// What is left of the body must not be taken for the next request, nor waited for.
		w.Header().Set("Connection", "close")
		return err
	}
	if err := control.SetReadDeadline(time.Time{}); err != nil {
		return fmt.Errorf("files: %w", err)
	}
	w.Header().Set("ETag", etag(q.ref))
	w.Header().Set("Cache-Control", "no-store")
	if created {
		w.Header().Set("Location", "/api/v1/files/"+q.ref.String()+"?job="+q.job.String())
		w.WriteHeader(http.StatusCreated)
		return nil
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

func (h *Handler) checkHeader(r *http.Request) error {
	switch {
	case r.Header.Get("Content-Range") != "":
		return crdt.Errorf(crdt.KindInvalid, "a file is sent as a whole: Content-Range is not taken here")
	case r.Header.Get("Content-Encoding") != "" && r.Header.Get("Content-Encoding") != "identity":
		return crdt.Errorf(crdt.KindUnsupported, "a file is sent as it is: Content-Encoding is not taken")
	case r.ContentLength < 0:
		return problem.New(http.StatusLengthRequired, "length-required", "A file's length is declared: Content-Length.")
	case r.ContentLength > h.cfg.MaxFile:
		return crdt.Errorf(crdt.KindTooLarge, "the file is %d bytes long, %d are allowed", r.ContentLength, h.cfg.MaxFile)
	}
	return nil
}

// pacedBody sets the connection's deadline before each read.
type pacedBody struct {
	control *http.ResponseController
	body    io.Reader
	pace    pace
}

func (b *pacedBody) Read(p []byte) (int, error) {
	if err := b.control.SetReadDeadline(b.pace.next()); err != nil {
		return 0, fmt.Errorf("files: no deadline for a body: %w", err)
	}
	return b.body.Read(p)
}
