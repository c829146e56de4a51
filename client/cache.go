package client

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"fieldsync/blobs"
	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store"
)

// Files that the server has as well are a cache: those of the jobs here are fetched ahead, the most useful first, up to Options.FilesBudget, and
// go when there are more, those first that nobody wants and that were used longest ago. Files that have not reached the server, and those
// that wait with refused work, are no cache: they never go.

const (
	filesBudget = 1 << 30        // of Options, in bytes
	usedEvery   = time.Hour      // how exactly it is noted when a file was used
	roomBeside  = 32 << 20       // bytes that are freed beside what is needed, so that the store has room too
	endedSoon   = 24 * time.Hour // a job in the past is still of the day
	farAhead    = 1 << 62        // of jobs without a time: they come after those that have one
)

// missingFile is a file that a job here names.
type missingFile struct {
	doc  crdt.DocID
	ref  blobs.Ref
	name string
	size int64
}

// wantedFiles are the files of the jobs here that are to be kept within the budget, the most useful first: of jobs that are to be done,
// the next ones first, then of those that are over.
func (c *Client) wantedFiles(ctx context.Context) ([]missingFile, error) {
	jobs, err := c.Jobs(ctx)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	slices.SortStableFunc(jobs, func(a, b Row) int { return cmp.Compare(turn(&a, now), turn(&b, now)) })
	var out []missingFile
	seen := map[blobs.Ref]bool{}
	left := c.budget
	for _, row := range jobs {
		if !row.Withdrawn.IsZero() {
			continue
		}
		for _, a := range row.Attachments {
			ref, err := blobs.ParseRef(a.SHA256)
			if err != nil || a.Size < 0 || a.Size > blobs.MaxSize || seen[ref] || a.Size > left && !c.net.gate.Asked(ref.String()) {
				continue // some client's mistake, or no room for it
			}
			seen[ref] = true
			left -= a.Size
			out = append(out, missingFile{row.ID, ref, a.Name, a.Size})
		}
	}
	return out, nil
}

// turn is when the files of a job are wanted, as a number that only compares.
func turn(r *Row, now time.Time) int64 {
	at := r.Time()
	switch {
	case r.Status == job.Finished || r.Status == job.Cancelled:
		return farAhead + 1
	case at.IsZero():
		return farAhead
	case now.Sub(at) > endedSoon:
		return farAhead - 1 // overdue for days
	}
	return at.UnixMilli()
}

// missingFiles are the wanted files that are not here, those that somebody asked for first.
func (c *Client) missingFiles(ctx context.Context) ([]missingFile, error) {
	wanted, err := c.wantedFiles(ctx)
	if err != nil {
		return nil, err
	}
	var out []missingFile
	for _, m := range wanted {
		if _, err := c.files.Stat(ctx, space, m.ref); errors.Is(err, blobs.ErrNotFound) {
			out = append(out, m)
		} else if err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(out, func(a, b missingFile) int {
		asked, other := c.net.gate.Asked(a.ref.String()), c.net.gate.Asked(b.ref.String())
		switch {
		case asked && !other:
			return -1
		case other && !asked:
			return 1
		}
		return 0
	})
	return out, nil
}

// used notes that a file was used.
func (c *Client) used(ref blobs.Ref) {
	now := time.Now()
	if now.Sub(c.usedAt(ref)) < usedEvery {
		return
	}
	sum := ref.Sum()
	c.note(store.Op{Key: store.Local(bookUsed, sum[:]), Value: binary.BigEndian.AppendUint64(nil, uint64(now.UnixMilli()))})
}

// usedAt is when a file was last used; the zero time if that was never noted.
func (c *Client) usedAt(ref blobs.Ref) time.Time {
	sum := ref.Sum()
	v, err := c.store.Get(store.Local(bookUsed, sum[:]))
	if err != nil || len(v) != 8 {
		return time.Time{}
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(v)))
}

// kept are the files that are nowhere else, as far as we know.
func (c *Client) kept() (map[blobs.Ref]bool, error) {
	out := map[blobs.Ref]bool{}
	files, err := c.outbox()
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		out[f.ref] = true
	}
	err = c.works(nil, func(_ crdt.DocID, _ crdt.Hash, _ int, e *workEntry) error {
		for _, f := range e.Files {
			if ref, err := blobs.ParseRef(f.SHA256); err == nil {
				out[ref] = true
			}
		}
		return nil
	})
	return out, err
}

// tidyFiles brings the cache back into its budget.
func (c *Client) tidyFiles(ctx context.Context) {
	if _, err := c.evict(ctx, c.budget); err != nil && ctx.Err() == nil {
		c.log.Warn("files could not be removed", "error", err.Error())
	}
}

// evict removes files that the server has too until they have at most so many bytes, and gives how many bytes were freed.
func (c *Client) evict(ctx context.Context, budget int64) (freed int64, err error) {
	c.keeping.Lock()
	defer c.keeping.Unlock()
	kept, err := c.kept()
	if err != nil {
		return 0, err
	}
	wanted, err := c.wantedFiles(ctx)
	if err != nil {
		return 0, err
	}
	turn := map[blobs.Ref]int{}
	for i, m := range wanted {
		turn[m.ref] = len(wanted) - i
	}
	type cached struct {
		ref  blobs.Ref
		size int64
		turn int // 0: nobody wants it; else the sooner it is wanted the greater
		used time.Time
	}
	var all []cached
	total := int64(0)
	if err := eachFile(ctx, c.files, func(item blobs.Item) error {
		if kept[item.Ref] {
			return nil
		}
		x := cached{ref: item.Ref, size: max(0, item.Info.Size), turn: turn[item.Ref], used: c.usedAt(item.Ref)}
		if x.used.IsZero() {
			x.used = item.Info.Created
		}
		all = append(all, x)
		total += x.size
		return nil
	}); err != nil {
		return 0, err
	}
	c.tidyParts(turn)
	// What nobody wants goes first, by when it was used; of what is wanted, what is wanted last.
	slices.SortFunc(all, func(a, b cached) int {
		return cmp.Or(cmp.Compare(min(a.turn, 1), min(b.turn, 1)), cmp.Compare(a.turn, b.turn), a.used.Compare(b.used))
	})
	for _, x := range all {
		if total <= budget {
			break
		}
		if err := c.files.Remove(ctx, space, x.ref); err != nil {
			return freed, err
		}
		sum := x.ref.Sum()
		c.note(store.Op{Key: store.Local(bookUsed, sum[:])})
		total -= x.size
		freed += x.size
	}
	return freed, nil
}

// tidyParts removes what is left of downloads that nobody wants any more. One that was begun by a person's Fetch is tried again by him.
func (c *Client) tidyParts(wanted map[blobs.Ref]int) {
	if !c.downloading.TryLock() {
		return
	}
	defer c.downloading.Unlock()
	dir := filepath.Join(c.dir, partsFolder)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // there are none
	}
	for _, e := range entries {
		ref, err := blobs.ParseRef(e.Name())
		info, ierr := e.Info()
		if err == nil && wanted[ref] > 0 || ierr != nil || time.Since(info.ModTime()) < endedSoon {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			c.log.Warn("a part could not be removed", "error", err.Error())
		}
	}
}

// makeRoom frees room for a file that is to be taken in, from files that the server has too. It tells whether there is more room than before.
func (c *Client) makeRoom(ctx context.Context, path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	total := int64(0)
	if err := eachFile(ctx, c.files, func(item blobs.Item) error {
		total += max(0, item.Info.Size)
		return nil
	}); err != nil {
		return false
	}
	freed, err := c.evict(ctx, max(0, total-info.Size()-roomBeside))
	return err == nil && freed > 0
}
