package upload

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/tus/tusd/v2/pkg/handler"

	"fieldsync/blobs"
)

// call is one request: what its handler knows, for the data store below tusd, and the data store's error, for the answer.
type call struct {
	r     *http.Request
	owner Owner
	err   error
	found int64 // bytes that an upload had already that POST found again

	mu    sync.Mutex
	reads bool   // its body
	yield func() // it is to give way when it does; nil: it is not
}

type callKey struct{}

// callOf gives the call that a context of tusd's belongs to; tusd keeps the values of the request's own.
func callOf(ctx context.Context) *call {
	c, ok := ctx.Value(callKey{}).(*call)
	if !ok {
		return &call{err: errors.New("upload: a context of no request")}
	}
	return c
}

// RequestOf gives the request behind a context that Config.Check or Done was given; nil if there is none.
func RequestOf(ctx context.Context) *http.Request { return callOf(ctx).r }

// dataStore is handler.DataStore over Uploads.
type dataStore struct {
	u   *Uploads
	cfg HandlerConfig
}

var (
	_ handler.DataStore           = dataStore{}
	_ handler.TerminaterDataStore = dataStore{}
)

// failed is what tusd is told of an error: it keeps a counter for each text, and would send ours.
var failed = handler.NewError("ERR_STORE", "see the problem document", http.StatusInternalServerError)

// fail keeps an error for the answer, and gives tusd one of its own.
func (c *call) fail(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, blobs.ErrConflict), errors.Is(err, ErrOffset):
		return handler.ErrMismatchOffset // the client asks how far it is, and goes on there
	case errors.Is(err, blobs.ErrNotFound):
		return handler.ErrNotFound
	}
	c.err = err
	return failed
}

// NewUpload implements handler.DataStore.
func (d dataStore) NewUpload(ctx context.Context, info handler.FileInfo) (handler.Upload, error) {
	c := callOf(ctx)
	ref, err := blobs.ParseRef(strings.ToLower(info.MetaData["sha256"]))
	if err != nil {
		return nil, c.fail(err)
	}
	f, err := d.cfg.Begin(c.r, File{Ref: ref, Size: info.Size, Meta: info.MetaData})
	if err != nil {
		return nil, c.fail(err)
	}
	up, err := d.create(ctx, c, f)
	if err != nil {
		return nil, c.fail(err)
	}
	return tusUpload{up, c}, nil
}

// ResumeHeader is a header of POST: with "true", an upload of the same file that the owner has open already is given instead of a
// new one, and Upload-Offset in the answer says how far it is. tus has no such thing: its clients take a new upload for empty.
const ResumeHeader = "Fieldsync-Resume"

func (d dataStore) create(ctx context.Context, c *call, f File) (*Upload, error) {
	if c.r.Header.Get(ResumeHeader) != "true" {
		return d.u.Create(ctx, c.owner, f)
	}
	up, err := d.u.CreateOrResume(ctx, c.owner, f)
	if err != nil || up.n.Offset == 0 {
		return up, err
	}
	if c.r.ContentLength != 0 { // the body is the file's beginning
		if err := up.Remove(ctx); err != nil {
			return nil, err
		}
		return d.u.Create(ctx, c.owner, f)
	}
	c.found = up.n.Offset
	return up, nil
}

// GetUpload implements handler.DataStore.
func (d dataStore) GetUpload(ctx context.Context, id string) (handler.Upload, error) {
	c := callOf(ctx)
	up, err := d.u.Open(ctx, c.owner, id)
	if err == nil {
		err = d.cfg.Continue(c.r, up.State())
	}
	if err != nil {
		return nil, c.fail(err)
	}
	return tusUpload{up, c}, nil
}

// AsTerminatableUpload implements handler.TerminaterDataStore.
func (d dataStore) AsTerminatableUpload(up handler.Upload) handler.TerminatableUpload {
	return up.(tusUpload)
}

type tusUpload struct {
	up *Upload
	c  *call
}

// WriteChunk implements handler.Upload. The chunk that makes the file whole also finishes it: its bytes count only if that
// succeeded.
func (t tusUpload) WriteChunk(ctx context.Context, offset int64, src io.Reader) (int64, error) {
	t.c.begins()
	n, err := t.up.Append(ctx, offset, src)
	return n, t.c.fail(err)
}

// GetInfo implements handler.Upload.
func (t tusUpload) GetInfo(context.Context) (handler.FileInfo, error) {
	s := t.up.State()
	meta := handler.MetaData{"sha256": s.File.Ref.String()}
	for k, v := range s.File.Meta {
		meta[k] = v
	}
	return handler.FileInfo{ID: s.ID, Size: s.File.Size, Offset: s.Offset, MetaData: meta}, nil
}

// GetReader implements handler.Upload. Nobody reads an upload: there is no route to it.
func (t tusUpload) GetReader(context.Context) (io.ReadCloser, error) {
	return nil, handler.ErrNotImplemented
}

// FinishUpload implements handler.Upload. Only an empty file is not finished by its last chunk.
func (t tusUpload) FinishUpload(ctx context.Context) error {
	if t.up.n.Done {
		return nil
	}
	_, err := t.up.Append(ctx, t.up.n.Offset, strings.NewReader(""))
	return t.c.fail(err)
}

// Terminate implements handler.TerminatableUpload.
func (t tusUpload) Terminate(ctx context.Context) error { return t.c.fail(t.up.Remove(ctx)) }
