package uploads

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"fieldsync/blobs"
	"fieldsync/blobs/upload"
	"fieldsync/crdt"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/problem"

	"github.com/danielgtaylor/huma/v2"
)

// Path is the collection of uploads.
const Path = "/api/v1/uploads"

// Metadata of an upload.
const (
	MetaSHA256   = "sha256"
	MetaJob      = "job"
	MetaFilename = "filename"
	MetaFiletype = "filetype"
	MetaKind     = "kind"
)

const (
	maxFilename = 255 // bytes: what file systems take
	maxFiletype = 127 // bytes: what RFC 6838 takes for the longest type, and some
)

// Limits by kind, in bytes: a preview fills a screen, a thumbnail a row of a list.
const (
	maxPreview   = 1 << 20
	maxThumbnail = 128 << 10
)

// Config says how. All but the log are required.
type Config struct {
	// Who says who asks. Its error is the answer.
	Who func(r *http.Request) (access.Principal, error)
	// May says whether somebody may read or write the job. Its error is the answer.
	May func(ctx context.Context, who access.Principal, job crdt.DocID, write bool) error
	// Delivered notes, durably, that somebody delivered a file for a job.
	Delivered func(ctx context.Context, who access.Principal, job crdt.DocID, ref blobs.Ref, size int64) error
	Log       *slog.Logger
}

// Check is upload.Config.Check: whoever began may still write to the job at the end.
func (c Config) Check(ctx context.Context, s upload.State) error {
	r := upload.RequestOf(ctx)
	if r == nil {
		return crdt.Errorf(crdt.KindInternal, "uploads: the end of an upload without a request")
	}
	return c.mayGoOn(r, s)
}

// Done is upload.Config.Done.
func (c Config) Done(ctx context.Context, s upload.State) error {
	job, err := jobOf(s)
	if err != nil {
		return err
	}
	who := access.Principal{ID: s.Owner.ID, Org: string(s.Owner.Space)}
	return c.Delivered(ctx, who, job, s.File.Ref, s.File.Size)
}

func (c Config) mayGoOn(r *http.Request, s upload.State) error {
	job, err := jobOf(s)
	if err != nil {
		return err
	}
	who, err := c.Who(r)
	if err != nil {
		return err
	}
	return c.May(r.Context(), who, job, true)
}

func jobOf(s upload.State) (crdt.DocID, error) {
	job, err := crdt.ParseDocID(s.File.Meta[MetaJob])
	if err != nil {
		return job, crdt.Errorf(crdt.KindInternal, "uploads: an upload without a job: %v", err) //nolint:errorlint // ours: it was checked when it began
	}
	return job, nil
}

// Handler serves uploads.
func (c Config) Handler(u *upload.Uploads) (http.Handler, error) {
	return u.Handler(upload.HandlerConfig{Path: Path, Who: c.owner, Begin: c.begin, Continue: c.mayGoOn, Fail: c.fail})
}

func (c Config) owner(r *http.Request) (upload.Owner, error) {
	p, err := c.Who(r)
	if err != nil {
		return upload.Owner{}, err
	}
	space, err := blobs.ParseSpace(p.Org)
	if err != nil {
		return upload.Owner{}, fmt.Errorf("uploads: the organisation's id cannot name a space: %v", err) //nolint:errorlint // ours, not the client's
	}
	return upload.Owner{Space: space, ID: p.ID}, nil
}

// begin checks the metadata, which is what the client wrote, and keeps what is known of it.
func (c Config) begin(r *http.Request, f upload.File) (upload.File, error) {
	job, err := crdt.ParseDocID(f.Meta[MetaJob])
	if err != nil {
		return f, crdt.Errorf(crdt.KindInvalid, "the metadata job is not a document id")
	}
	who, err := c.Who(r)
	if err != nil {
		return f, err
	}
	if err := c.May(r.Context(), who, job, true); err != nil {
		return f, err
	}
	meta := map[string]string{MetaJob: job.String()}
	if name := f.Meta[MetaFilename]; name != "" {
		if meta[MetaFilename], err = cleanName(name); err != nil {
			return f, err
		}
	}
	if media := f.Meta[MetaFiletype]; media != "" {
		if _, _, err := mime.ParseMediaType(media); err != nil || len(media) > maxFiletype {
			return f, crdt.Errorf(crdt.KindInvalid, "the metadata filetype is not a media type")
		}
		meta[MetaFiletype] = media
	}
	limit := int64(blobs.MaxSize)
	switch kind := f.Meta[MetaKind]; kind {
	case "", "file":
	case "preview":
		limit = maxPreview
		meta[MetaKind] = kind
	case "thumbnail":
		limit = maxThumbnail
		meta[MetaKind] = kind
	default:
		return f, crdt.Errorf(crdt.KindInvalid, "the metadata kind is file, preview or thumbnail")
	}
	if f.Size > limit {
		return f, crdt.Errorf(crdt.KindTooLarge, "a %s of %d bytes; %d are allowed", meta[MetaKind], f.Size, limit)
	}
	f.Meta = meta
	return f, nil
}

// cleanName takes the last element of what may be a path, of any system.
func cleanName(name string) (string, error) {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	if name == "" || name == "." || name == ".." || len(name) > maxFilename || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return "", crdt.Errorf(crdt.KindInvalid, "the metadata filename is not a file's name")
	}
	return name, nil
}

// fail answers with an error.
func (c Config) fail(w http.ResponseWriter, r *http.Request, err error) {
	var refused *upload.Refusal
	switch {
	case errors.As(err, &refused):
		p := problem.New(refused.Status, refused.Code, refused.Detail)
		if refused.Status == http.StatusServiceUnavailable || refused.Status == http.StatusLocked {
			p.Retry = problem.RetryAfter / 10
		}
		err = p
	case errors.Is(err, upload.ErrTransfers):
		// Not 429: tus clients try again upon 5xx only.
		err = &problem.Problem{Status: http.StatusServiceUnavailable, Code: "busy", Detail: "Too much is being received at once.", Retry: problem.RetryAfter, Err: err}
	case errors.Is(err, upload.ErrQuota):
		err = &problem.Problem{Status: http.StatusTooManyRequests, Code: "quota", Detail: err.Error(), Retry: problem.RetryAfter, Err: err}
	}
	if p := problem.Write(w, err); p.Status >= 500 && p.Err != nil && c.Log != nil {
		c.Log.Error("upload failed", "method", r.Method, "status", p.Status, "code", p.Code, "error", err)
	}
}

// Register adds the routes.
func Register(a *api.API, h http.Handler) {
	tags := []string{"files"}
	id := &huma.Param{Name: "id", In: "path", Required: true, Description: "As Location said", Schema: &huma.Schema{Type: huma.TypeString}}
	head := func(name, what string, required bool) *huma.Param {
		return &huma.Param{Name: name, In: "header", Required: required, Description: what, Schema: &huma.Schema{Type: huma.TypeString}}
	}
	version := head("Tus-Resumable", "1.0.0", true)
	offset := head("Upload-Offset", "Where the chunk begins: where the upload ends", true)
	chunk := &huma.RequestBody{Content: map[string]*huma.MediaType{"application/offset+octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}
	for _, op := range []huma.Operation{
		{OperationID: "create-upload", Method: http.MethodPost, Path: Path, Summary: "Opens a resumable upload (tus 1.0) of a file for a job",
			Parameters: []*huma.Param{version, head("Upload-Length", "The file's length in bytes", true),
				head("Upload-Metadata", "sha256 (hexadecimal), job (document id), filename, filetype, kind (file, preview, thumbnail); each value in base64", true)},
			RequestBody: chunk,
			Responses:   map[string]*huma.Response{"201": {Description: "It is open; Location says where"}}},
		{OperationID: "get-upload", Method: http.MethodHead, Path: Path + "/{id}", Summary: "How far an upload is",
			Parameters: []*huma.Param{id, version},
			Responses:  map[string]*huma.Response{"200": {Description: "Upload-Offset bytes are here"}}},
		{OperationID: "continue-upload", Method: http.MethodPatch, Path: Path + "/{id}", Summary: "More of a file; with its last byte it is checked and stored",
			Parameters: []*huma.Param{id, version, offset}, RequestBody: chunk,
			Responses: map[string]*huma.Response{"204": {Description: "Upload-Offset bytes are here"}, "409": {Description: "The upload ends elsewhere: ask where"}}},
		{OperationID: "end-upload", Method: http.MethodDelete, Path: Path + "/{id}", Summary: "Gives up an upload",
			Parameters: []*huma.Param{id, version},
			Responses:  map[string]*huma.Response{"204": {Description: "Nothing of it is kept"}}},
		api.Public(huma.Operation{OperationID: "describe-uploads", Method: http.MethodOptions, Path: Path, Summary: "What of tus there is",
			Responses: map[string]*huma.Response{"200": {Description: "Tus-Version, Tus-Extension, Tus-Max-Size"}}}),
	} {
		op.Tags = tags
		a.Raw(api.Unhurried(op), h)
	}
}
