package files

import (
	"encoding/base64"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"fieldsync/blobs"
	"fieldsync/crdt"
	"fieldsync/server/internal/problem"
)

func (h *Handler) get(w http.ResponseWriter, r *http.Request) error {
	q, err := h.admit(r, false)
	if err != nil {
		return err
	}
	as, err := shownAs(r)
	if err != nil {
		return err
	}
	serves, err := h.cfg.Serves(r.Context(), q.who, q.job, q.ref)
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
	info, err := h.cfg.Store.Stat(r.Context(), q.space, q.ref)
	if err != nil {
		return damaged(err)
	}
	contentType, disposition, err := h.present(r, q, info.Size, as)
	if err != nil {
		return err
	}
	if done, err := h.redirect(w, r, q, info, contentType, disposition); done || err != nil {
		return err
	}
	file, err := h.cfg.Store.Open(r.Context(), q.space, q.ref, info, ranged)
	if err != nil {
		return damaged(err)
	}
	defer file.Close()
	out := &pump{ResponseWriter: w, control: http.NewResponseController(w), pace: newPace(h.cfg.Idle, info.Size), before: w.Header().Clone()}
	if err := out.extend(); err != nil {
		return err
	}
	setHeader(w.Header(), q.ref, contentType, disposition)
	http.ServeContent(out, r, "", time.Time{}, file)

	switch err := file.Err(); {
	case err == nil:
		out.begin()
		// The deadline was for this answer. That it can be set was seen before; an answer is on its way already.
		_ = out.control.SetWriteDeadline(time.Time{})
		return nil
	case r.Context().Err() != nil: // the client went away
	case out.takeBack():
		return damaged(err)
	default:
		h.cfg.Log.Error("file could not be served as a whole", "file", q.ref.String(), "damaged", errors.Is(err, blobs.ErrMismatch), "error", err)
	}
	// The header has promised more than was sent: only cutting the connection tells the client.
	panic(http.ErrAbortHandler)
}

// damaged is the answer where the store's bytes are not the file.
func damaged(err error) error {
	if errors.Is(err, blobs.ErrMismatch) {
		return &problem.Problem{Status: http.StatusInternalServerError, Code: "damaged", Detail: "The server's copy of this file is damaged.", Err: err}
	}
	return err
}

// setHeader says what the file is, for how long, and that it must not act.
func setHeader(h http.Header, ref blobs.Ref, contentType, disposition string) {
	sum := ref.Sum()
	h.Set("ETag", etag(ref))
	h.Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":")
	// A name's content never changes. private: it is for those who may read the job.
	h.Set("Cache-Control", "private, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Type", contentType)
	h.Set("Content-Disposition", disposition)
}

func etag(ref blobs.Ref) string { return `"` + ref.String() + `"` }

// shownAs is what the query asks the file to be shown as: one of inlineTypes, or "any" of them; empty: it is to be saved.
func shownAs(r *http.Request) (string, error) {
	t := r.URL.Query().Get("type")
	if t != "" && !slices.Contains(inlineTypes, t) {
		return "", crdt.Errorf(crdt.KindInvalid, "files are not served as this type; leave it out")
	}
	if inline, _ := strconv.ParseBool(r.URL.Query().Get("inline")); inline && t == "" {
		return "any", nil
	}
	return t, nil
}

// present gives the headers that say what the file is taken for: inline only as what its bytes are, if that is harmless; else a
// file to be saved.
func (h *Handler) present(r *http.Request, q request, size int64, as string) (contentType, disposition string, err error) {
	contentType, disposition = "application/octet-stream", "attachment"
	if as != "" {
		t, err := h.typeOf(r.Context(), q.space, q.ref, size)
		if err != nil {
			return "", "", err
		}
		if t != "" && (as == "any" || as == t) {
			contentType, disposition = t, "inline"
		}
	}
	if name := path.Base(strings.ReplaceAll(r.URL.Query().Get("name"), `\`, "/")); name != "." && name != "/" && len(name) <= maxName &&
		!strings.ContainsFunc(name, unicode.IsControl) {
		if with := mime.FormatMediaType(disposition, map[string]string{"filename": name}); with != "" {
			disposition = with
		}
	}
	return contentType, disposition, nil
}

// maxName bounds a file's name in a header, in bytes.
const maxName = 255
