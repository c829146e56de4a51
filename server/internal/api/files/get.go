package files

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"fieldsync/blobs"
	"fieldsync/crdt"
	"fieldsync/server/internal/problem"
)

func (h *Handler) get(w http.ResponseWriter, r *http.Request) error {
	q, err := h.admit(r, false)
	if err != nil {
		return err
	}
	mediaType, err := mediaType(r)
	if err != nil {
		return err
	}
	serves, err := h.cfg.Serves(r.Context(), q.job, q.ref)
	if err != nil {
		return err
	}
	if !serves {
		return fmt.Errorf("files: the job does not serve it: %w", blobs.ErrNotFound)
	}
	free, err := take(h.gets)
	if err != nil {
		return err
	}
	defer free()

	ranged := r.Method == http.MethodGet && r.Header.Get("Range") != ""
	if ranged && strings.Contains(r.Header.Get("Range"), ",") {
		// Each range would be a request to the store; a client that asks for many gets the whole file, as RFC 9110 allows.
		r.Header.Del("Range")
		ranged = false
	}
	var info blobs.Info
	if ranged {
		info, err = h.verifier.Check(r.Context(), q.space, q.ref)
	} else {
		info, err = h.cfg.Store.Stat(r.Context(), q.space, q.ref)
	}
	if errors.Is(err, blobs.ErrMismatch) {
		return &problem.Problem{Status: http.StatusInternalServerError, Code: "damaged", Detail: "The server's copy of this file is damaged.", Err: err}
	}
	if err != nil {
		return err
	}
	file := blobs.NewSeeker(r.Context(), h.cfg.Store, q.space, q.ref, info.Size, !ranged)
	defer file.Close()
	content := &pacedContent{Seeker: file, control: http.NewResponseController(w), pace: newPace(h.cfg.Idle, info.Size)}
	if err := content.extend(); err != nil {
		return err
	}
	setHeader(w.Header(), q.ref, mediaType)
	http.ServeContent(w, r, "", time.Time{}, content)

	switch err := file.Err(); {
	case err == nil:
		if file.Verified() {
			h.verifier.Remember(q.space, q.ref, info)
		}
		// The deadline was for this answer. That it can be set was seen before; an answer is on its way already.
		_ = content.control.SetWriteDeadline(time.Time{})
		return nil
	case r.Context().Err() != nil: // the client went away
	default:
		h.cfg.Log.Error("file could not be served as a whole", "file", q.ref.String(), "damaged", errors.Is(err, blobs.ErrMismatch), "error", err)
	}
	// The header has promised more than was sent: only cutting the connection tells the client.
	panic(http.ErrAbortHandler)
}

// setHeader says what the file is, for how long, and that it must not act.
func setHeader(h http.Header, ref blobs.Ref, mediaType string) {
	sum := ref.Sum()
	h.Set("ETag", etag(ref))
	h.Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":")
	// A name's content never changes. private: it is for those who may read the job.
	h.Set("Cache-Control", "private, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if mediaType == "" {
		h.Set("Content-Type", "application/octet-stream")
		h.Set("Content-Disposition", "attachment")
		return
	}
	h.Set("Content-Type", mediaType)
	h.Set("Content-Disposition", "inline")
}

func etag(ref blobs.Ref) string { return `"` + ref.String() + `"` }

// mediaType is the type that the query asks for, empty if it asks for none. Only types that no browser runs are given:
// not image/svg+xml, which is a page with scripts, nor text, nor PDF.
func mediaType(r *http.Request) (string, error) {
	switch t := r.URL.Query().Get("type"); t {
	case "", "image/jpeg", "image/png", "image/webp", "image/gif", "image/avif", "image/heic",
		"video/mp4", "video/webm", "video/quicktime", "audio/mpeg", "audio/mp4", "audio/ogg", "audio/wav", "audio/webm":
		return t, nil
	default:
		return "", crdt.Errorf(crdt.KindInvalid, "files are not served as this type; leave it out")
	}
}

// pacedContent moves the deadline of the connection's writes each time that the next piece is asked for.
type pacedContent struct {
	*blobs.Seeker
	control *http.ResponseController
	pace    pace
}

func (c *pacedContent) Read(p []byte) (int, error) {
	if err := c.extend(); err != nil {
		return 0, err
	}
	return c.Seeker.Read(p)
}

func (c *pacedContent) extend() error {
	if err := c.control.SetWriteDeadline(c.pace.next()); err != nil {
		return fmt.Errorf("files: no deadline for an answer: %w", err)
	}
	return nil
}
