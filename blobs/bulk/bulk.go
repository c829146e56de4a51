// Package bulk reads and copies whole stores of files.
package bulk

import (
	"context"
	"errors"
	"io"
	"sync"

	"fieldsync/blobs"
)

// Source is a store whose files can all be found and read.
type Source interface {
	blobs.Fetcher
	blobs.Statter
	blobs.Enumerator
	Spaces(ctx context.Context) ([]blobs.Space, error)
}

// File is a file that something is wrong with.
type File struct {
	Space  string `json:"organisation"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
	What   string `json:"what"` // in words
}

// Report is what was found and done.
type Report struct {
	Total      int    `json:"total"` // files that there are
	TotalBytes int64  `json:"total_bytes"`
	Files      int    `json:"files"` // dealt with
	Bytes      int64  `json:"bytes"`
	Skipped    int    `json:"skipped,omitempty"` // a copy was there already
	Damaged    []File `json:"damaged,omitempty"`
	Failed     []File `json:"failed,omitempty"` // could not be read or written now
	More       int    `json:"more,omitempty"`   // damaged or failed, beyond those that are listed
}

// maxListed bounds each of Report's lists.
const maxListed = 1000

// OK tells whether nothing was wrong.
func (r Report) OK() bool { return len(r.Damaged)+len(r.Failed)+r.More == 0 }

// Verify reads every file and compares it with its name. It goes on behind what is damaged.
func Verify(ctx context.Context, src Source, workers int, progress func(Report)) (Report, error) {
	w := &work{src: src, progress: progress, do: func(ctx context.Context, space blobs.Space, item blobs.Item) (bool, error) {
		_, err := blobs.Copy(ctx, io.Discard, src, space, item.Ref)
		return false, err
	}}
	return w.run(ctx, workers)
}

// Copy copies every file that the destination has not got in this size, through the gate. It can be broken off and begun again.
func Copy(ctx context.Context, dst blobs.Destination, src Source, workers int, progress func(Report)) (Report, error) {
	w := &work{src: src, progress: progress, do: func(ctx context.Context, space blobs.Space, item blobs.Item) (bool, error) {
		body, err := src.OpenRange(ctx, space, item.Ref, 0, -1)
		if err != nil {
			return false, err
		}
		defer body.Close()
		created, err := blobs.Receive(ctx, dst, space, item.Ref, item.Info.Size, body)
		return !created, err
	}}
	return w.run(ctx, workers)
}

type work struct {
	src      Source
	do       func(ctx context.Context, space blobs.Space, item blobs.Item) (skipped bool, err error)
	progress func(Report)

	mu     sync.Mutex
	report Report
}

type found struct {
	space blobs.Space
	item  blobs.Item
}

func (w *work) run(ctx context.Context, workers int) (Report, error) {
	if w.progress == nil {
		w.progress = func(Report) {}
	}
	err := w.each(ctx, func(f found) error { // counting is cheap beside reading
		w.report.Total++
		w.report.TotalBytes += f.item.Info.Size
		return nil
	})
	if err != nil {
		return w.report, err
	}
	inner, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	todo := make(chan found)
	var wg sync.WaitGroup
	for range max(1, workers) {
		wg.Go(func() {
			for f := range todo {
				w.one(inner, f)
			}
		})
	}
	err = w.each(inner, func(f found) error {
		select {
		case todo <- f:
			return nil
		case <-inner.Done():
			return inner.Err()
		}
	})
	close(todo)
	wg.Wait()
	return w.report, err
}

func (w *work) each(ctx context.Context, visit func(found) error) error {
	spaces, err := w.src.Spaces(ctx)
	if err != nil {
		return err
	}
	for _, space := range spaces {
		for after := (blobs.Ref{}); ; {
			page, err := w.src.List(ctx, space, after, blobs.MaxList)
			if err != nil {
				return err
			}
			for _, item := range page {
				if err := visit(found{space, item}); err != nil {
					return err
				}
			}
			if len(page) < blobs.MaxList {
				break
			}
			after = page[len(page)-1].Ref
		}
	}
	return nil
}

func (w *work) one(ctx context.Context, f found) {
	skipped, err := w.do(ctx, f.space, f.item)
	if ctx.Err() != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	r := &w.report
	r.Files++
	r.Bytes += f.item.Info.Size
	if skipped {
		r.Skipped++
	}
	bad := File{Space: string(f.space), SHA256: f.item.Ref.String(), Size: f.item.Info.Size}
	switch {
	case err == nil, errors.Is(err, blobs.ErrNotFound): // removed meanwhile
	case errors.Is(err, blobs.ErrMismatch):
		bad.What = "its bytes are not what it is named after"
		w.list(&r.Damaged, bad)
	default:
		bad.What = err.Error()
		w.list(&r.Failed, bad)
	}
	w.progress(*r)
}

func (w *work) list(to *[]File, f File) {
	if len(*to) == maxListed {
		w.report.More++
		return
	}
	*to = append(*to, f)
}
