package files

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"fieldsync/blobs"
	"fieldsync/crdt"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"

	"github.com/danielgtaylor/huma/v2"
)

// StatesPath is where the files of a job are listed with how far each is.
const StatesPath = "/api/v1/jobs/{id}/files"

// Named is a place in a job's attachments that names a file.
type Named struct {
	Attachment string // its id
	Kind       string // "file", "preview", "thumbnail"
	SHA256     string // as it stands there
}

// Arriving is a file under way.
type Arriving struct {
	Job          string // the document id that it is sent for
	Offset, Size int64  // bytes
}

// Where a file is.
const (
	StatePromised = "promised" // a phone has it, and has not begun to send it
	StateArriving = "arriving" // some of its bytes are here
	StateHere     = "here"
	StateLost     = "lost" // it was here, and the store has it no more
)

// FileState is how far a file is.
type FileState struct {
	Attachment string `json:"attachment" doc:"The attachment's uuid"`
	Kind       string `json:"kind" enum:"file,preview,thumbnail" doc:"Which of the attachment's files"`
	SHA256     string `json:"sha256"`
	State      string `json:"state" enum:"promised,arriving,here,lost" doc:"promised: a phone has it; arriving: some bytes are here; here; lost: it was here and is gone"`
	Received   int64  `json:"received" doc:"Bytes that are here"`
	Size       int64  `json:"size,omitempty" doc:"Bytes of the whole, once anything of it came"`
}

// States are the files of a job.
type States struct {
	Files []FileState `json:"files"`
	More  bool        `json:"more,omitempty" doc:"There are more than are listed"`
}

const (
	maxStates    = 1000 // files that are listed
	statesAtOnce = 8    // questions to the store at once, for one request
)

// RegisterStates adds the operation.
func (h *Handler) RegisterStates(a *api.API) {
	huma.Register(a, huma.Operation{
		OperationID: "list-job-files", Method: http.MethodGet, Path: StatesPath, Tags: []string{"files"},
		Summary:     "How far the files of a job are",
		Description: "Of each file that the job's attachments name: promised by a phone, arriving, here, or lost. It follows from what the job says and from what the store holds; nobody writes it.",
	}, h.states)
}

type statesInput struct {
	ID string `path:"id" doc:"The job's document id"`
}

type statesOutput struct{ Body States }

func (h *Handler) states(ctx context.Context, in *statesInput) (*statesOutput, error) {
	job, err := crdt.ParseDocID(in.ID)
	if err != nil {
		return nil, err
	}
	who, err := api.Principal(ctx)
	if err == nil {
		err = h.cfg.May(ctx, who, job, false)
	}
	if err != nil {
		return nil, err
	}
	space, err := spaceOf(who)
	if err != nil {
		return nil, err
	}
	named, err := h.cfg.Names(ctx, who, job)
	if err != nil {
		return nil, err
	}
	out := &statesOutput{States{Files: []FileState{}}}
	for _, n := range named {
		if _, err := blobs.ParseRef(n.SHA256); err != nil {
			continue // some client's mistake: there is no such file
		}
		if len(out.Body.Files) == maxStates {
			out.Body.More = true
			break
		}
		out.Body.Files = append(out.Body.Files, FileState{Attachment: n.Attachment, Kind: n.Kind, SHA256: n.SHA256})
	}
	errs := make([]error, len(out.Body.Files))
	slots := make(chan struct{}, statesAtOnce)
	var wg sync.WaitGroup
	for i := range out.Body.Files {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			errs[i] = h.state(ctx, who, space, job, &out.Body.Files[i])
		})
	}
	wg.Wait()
	return out, errors.Join(errs...)
}

// state finds out how far one file is.
func (h *Handler) state(ctx context.Context, who access.Principal, space blobs.Space, job crdt.DocID, f *FileState) error {
	ref, err := blobs.ParseRef(f.SHA256)
	if err != nil {
		return err
	}
	// What only stands in the job, and was never delivered for it, tells nothing of what else the organisation has.
	serves, err := h.cfg.Serves(ctx, who, job, ref)
	if err != nil {
		return err
	}
	delivered, size, err := h.cfg.WasDelivered(ctx, who, job, ref)
	if err != nil {
		return err
	}
	if serves {
		info, err := h.cfg.Store.Stat(ctx, space, ref)
		switch {
		case err == nil && (!delivered || info.Size == size):
			f.State, f.Received, f.Size = StateHere, info.Size, info.Size
			return nil
		case err != nil && !errors.Is(err, blobs.ErrNotFound) && !errors.Is(err, blobs.ErrMismatch):
			return err
		}
	}
	coming, err := h.cfg.Arriving(ctx, space, ref)
	if err != nil {
		return err
	}
	f.State = StatePromised
	if delivered {
		f.State, f.Size = StateLost, size
	}
	for _, a := range coming {
		if a.Job == job.String() && a.Offset >= f.Received {
			f.State, f.Received, f.Size = StateArriving, a.Offset, a.Size
		}
	}
	return nil
}
