// Package gc finds the files that nothing names any more, and removes them.
//
// It knows nothing of documents: its caller marks what is named, and says which files are too young, or wanted again at the last
// moment. What it cannot be sure of it keeps: an error while marking ends it before anything is removed.
package gc

import (
	"context"
	"errors"
	"slices"
	"time"

	"fieldsync/blobs"
)

// Marks is a set of files. It takes about 32 bytes for each.
type Marks struct {
	spaces map[blobs.Space]*refs
}

type refs struct {
	list   []blobs.Ref
	sorted int // that many are in order, without duplicates
}

// Add puts a file into the set.
func (m *Marks) Add(space blobs.Space, ref blobs.Ref) {
	if m.spaces == nil {
		m.spaces = map[blobs.Space]*refs{}
	}
	r := m.spaces[space]
	if r == nil {
		r = &refs{}
		m.spaces[space] = r
	}
	r.list = append(r.list, ref)
	if len(r.list) > 2*r.sorted+1024 {
		r.sort()
	}
}

func (r *refs) sort() {
	slices.SortFunc(r.list, compare)
	r.list = slices.Compact(r.list)
	r.sorted = len(r.list)
}

func compare(a, b blobs.Ref) int {
	x, y := a.Sum(), b.Sum()
	return slices.Compare(x[:], y[:])
}

// Has tells whether a file is in the set.
func (m *Marks) Has(space blobs.Space, ref blobs.Ref) bool {
	r := m.spaces[space]
	if r == nil {
		return false
	}
	if r.sorted != len(r.list) {
		r.sort()
	}
	_, found := slices.BinarySearchFunc(r.list, ref, compare)
	return found
}

// Store is what a collection needs of a blob store.
type Store interface {
	blobs.Enumerator
	blobs.Remover
	Spaces(ctx context.Context) ([]blobs.Space, error)
}

// Config says what to collect. Store, Mark and Remove are required.
type Config struct {
	Store Store
	// Mark adds every file that is named, or may still be.
	Mark func(ctx context.Context, m *Marks) error
	// Remove removes one file, unless it is wanted again: then it answers false. It is where a caller excludes those who
	// deliver files meanwhile.
	Remove func(ctx context.Context, space blobs.Space, ref blobs.Ref) (removed bool, err error)
	// Known tells whether an organisation is one of ours. The files of others are counted, and left alone. Nil: all are.
	Known func(space blobs.Space) bool
	// Grace is how long a file that nothing names is kept after it came.
	Grace time.Duration
	// Dry removes nothing.
	Dry bool
	// Progress is told now and then; it may be nil.
	Progress func(r Report)
	Now      func() time.Time // nil: time.Now
}

// Report is what a collection found and did.
type Report struct {
	Dry          bool      `json:"dry_run"`
	Files        int       `json:"files"` // looked at
	Bytes        int64     `json:"bytes"`
	Named        int       `json:"named"`
	Young        int       `json:"young"`        // named by nothing, and within the grace period
	Unknown      int       `json:"unknown"`      // of organisations that are not ours: left alone
	Unreferenced int       `json:"unreferenced"` // named by nothing, and older
	Removed      int       `json:"removed"`
	RemovedBytes int64     `json:"removed_bytes"` // or that would be
	Wanted       int       `json:"wanted"`        // named again at the last moment
	Failed       int       `json:"failed"`        // could not be removed
	Sample       []Removed `json:"sample,omitempty"`
}

// Removed is a file that was removed, or would be.
type Removed struct {
	Space  string    `json:"organisation"`
	SHA256 string    `json:"sha256"`
	Size   int64     `json:"size"`
	Came   time.Time `json:"came"`
}

// maxSample bounds Report.Sample.
const maxSample = 100

// Run collects. The report is of what was done also where there is an error.
func Run(ctx context.Context, cfg Config) (Report, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Progress == nil {
		cfg.Progress = func(Report) {}
	}
	c := collection{cfg: cfg, old: cfg.Now().Add(-cfg.Grace), report: Report{Dry: cfg.Dry}}
	if cfg.Grace < 0 {
		return c.report, errors.New("gc: a negative grace period")
	}
	// The spaces first: what comes into being afterwards is younger than any grace period.
	spaces, err := cfg.Store.Spaces(ctx)
	if err == nil {
		err = cfg.Mark(ctx, &c.marks)
	}
	for _, space := range spaces {
		if err == nil {
			err = c.sweep(ctx, space)
		}
	}
	return c.report, err
}

type collection struct {
	cfg    Config
	old    time.Time
	marks  Marks
	report Report
}

func (c *collection) sweep(ctx context.Context, space blobs.Space) error {
	known := c.cfg.Known == nil || c.cfg.Known(space)
	for after := (blobs.Ref{}); ; {
		page, err := c.cfg.Store.List(ctx, space, after, blobs.MaxList)
		if err != nil {
			return err
		}
		for _, item := range page {
			if err := c.file(ctx, space, item, known); err != nil {
				return err
			}
		}
		c.cfg.Progress(c.report)
		if len(page) < blobs.MaxList {
			return nil
		}
		after = page[len(page)-1].Ref
	}
}

func (c *collection) file(ctx context.Context, space blobs.Space, item blobs.Item, known bool) error {
	r := &c.report
	r.Files++
	r.Bytes += item.Info.Size
	switch {
	case !known:
		r.Unknown++
		return nil
	case c.marks.Has(space, item.Ref):
		r.Named++
		return nil
	case item.Info.Created.After(c.old):
		r.Young++
		return nil
	}
	r.Unreferenced++
	if !c.cfg.Dry {
		removed, err := c.cfg.Remove(ctx, space, item.Ref)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			r.Failed++
			return nil //nolint:nilerr // counted; the others can be removed
		case !removed:
			r.Wanted++
			return nil
		}
	}
	r.Removed++
	r.RemovedBytes += item.Info.Size
	if len(r.Sample) < maxSample {
		r.Sample = append(r.Sample, Removed{Space: string(space), SHA256: item.Ref.String(), Size: item.Info.Size, Came: item.Info.Created})
	}
	return nil
}
