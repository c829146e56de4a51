// Package filing keeps the store of files tidy: what no document names any more is removed, after a grace period.
//
// A file is named if any change of any document of its organisation ever wrote its SHA-256: in any branch, also where it was
// overwritten or deleted since, because the past of a job can be looked at, and a deletion undone. What was delivered within
// the grace period is kept as well: the change that names it may still be on a phone that is offline. So is what is delivered,
// or named by a document that changes, while a collection is under way.
package filing

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"fieldsync/blobs"
	"fieldsync/blobs/gc"
	"fieldsync/blobs/upload"
	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/deliveries"
	"fieldsync/server/internal/documents"
)

// Options are what a Keeper needs; all but the log and the clock are required.
type Options struct {
	Store      store.Store
	Blobs      upload.Backend
	Deliveries *deliveries.Book
	// Orgs gives the ids of all organisations.
	Orgs func() ([]string, error)
	// Namespace gives an organisation's document ids. Nil: they are the store's.
	Namespace func(org string) (access.Namespace, error)
	Grace     time.Duration
	Log       *slog.Logger
	Now       func() time.Time
}

// Keeper collects files. One collection runs at a time.
type Keeper struct {
	opt Options

	mu   sync.Mutex
	task Task
}

// New makes a Keeper.
func New(opt Options) *Keeper {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Keeper{opt: opt}
}

// MinGrace is the shortest grace period: a phone has its file uploaded and the change that names it not yet synced.
const MinGrace = 24 * time.Hour

// Task is how far a collection is.
type Task struct {
	Running   bool      `json:"running"`
	Step      string    `json:"step,omitempty"` // "documents", "files"
	Documents int       `json:"documents"`      // looked through
	Total     int       `json:"total"`          // documents that there are
	Report    gc.Report `json:"report"`
	Error     string    `json:"error,omitempty"`
}

// ErrRunning says that a collection is under way.
var ErrRunning = crdt.Errorf(crdt.KindConflict, "a collection is under way")

// Task tells of the collection that runs, or of the last one.
func (k *Keeper) Task() Task {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.task
}

func (k *Keeper) update(change func(t *Task)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	change(&k.task)
}

// begin takes the place of the one collection.
func (k *Keeper) begin() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.task.Running {
		return ErrRunning
	}
	k.task = Task{Running: true}
	return nil
}

// Start begins a collection that goes on behind the caller; Task tells of it.
func (k *Keeper) Start(ctx context.Context, dry bool, grace time.Duration) error {
	if err := k.begin(); err != nil {
		return err
	}
	go func() { _, _ = k.collect(ctx, dry, grace) }() // Task tells
	return nil
}

// Collect removes what nothing names, or with dry says what that is. A zero grace is that of the options.
func (k *Keeper) Collect(ctx context.Context, dry bool, grace time.Duration) (gc.Report, error) {
	if err := k.begin(); err != nil {
		return gc.Report{}, err
	}
	return k.collect(ctx, dry, grace)
}

func (k *Keeper) collect(ctx context.Context, dry bool, grace time.Duration) (gc.Report, error) {
	if grace == 0 {
		grace = k.opt.Grace
	}
	report, err := k.run(ctx, dry, grace)
	k.update(func(t *Task) {
		t.Running, t.Report = false, report
		if err != nil {
			t.Error = err.Error()
		}
	})
	return report, err
}

func (k *Keeper) run(ctx context.Context, dry bool, grace time.Duration) (gc.Report, error) {
	if grace < MinGrace {
		return gc.Report{}, crdt.Errorf(crdt.KindInvalid, "grace: %v is less than %v", grace, MinGrace)
	}
	if err := k.own(ctx); err != nil {
		return gc.Report{}, err
	}
	orgs, err := k.opt.Orgs()
	if err != nil {
		return gc.Report{}, err
	}
	ours := map[blobs.Space]struct{}{}
	for _, o := range orgs {
		ours[blobs.Space(o)] = struct{}{}
	}
	watch := k.opt.Deliveries.Watch()
	defer watch.Close()
	removed := map[blobs.Space]map[blobs.Ref]struct{}{}
	report, err := gc.Run(ctx, gc.Config{
		Store: k.opt.Blobs, Grace: grace, Dry: dry, Now: k.opt.Now,
		Known:    func(s blobs.Space) bool { _, ok := ours[s]; return ok },
		Mark:     func(ctx context.Context, m *gc.Marks) error { return k.mark(ctx, m, grace) },
		Progress: func(r gc.Report) { k.update(func(t *Task) { t.Step, t.Report = "files", r }) },
		Remove: func(ctx context.Context, space blobs.Space, ref blobs.Ref) (bool, error) {
			ok, err := watch.Unless(ref, func() error { return k.opt.Blobs.Remove(ctx, space, ref) })
			if ok && err == nil {
				if removed[space] == nil {
					removed[space] = map[blobs.Ref]struct{}{}
				}
				removed[space][ref] = struct{}{}
			}
			return ok, err
		},
	})
	if len(removed) > 0 {
		// No document names them: nobody asks for these any more.
		ferr := k.opt.Deliveries.Forget(func(ref blobs.Ref, d deliveries.Delivery) bool {
			_, ok := removed[blobs.Space(d.Org)][ref]
			return ok
		})
		if ferr != nil {
			k.opt.Log.Warn("deliveries of removed files are still noted", "error", ferr)
		}
	}
	return report, err
}

// mark marks what is named by documents, and what was delivered lately.
func (k *Keeper) mark(ctx context.Context, m *gc.Marks, grace time.Duration) error {
	seen := map[crdt.DocID]replica.Digest{}
	total := 0
	for round := 0; ; round++ {
		changed := 0
		err := drive.Records(k.opt.Store, func(doc crdt.DocID, rec replica.Record) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			digest := replica.DigestHeads(rec.Heads)
			if old, ok := seen[doc]; ok && old == digest {
				return nil
			}
			seen[doc] = digest
			changed++
			meta, err := access.DecodeRecord(rec.Meta)
			if err != nil {
				return err
			}
			err = documents.EverNamed(k.opt.Store, doc, func(sum string) {
				if ref, err := blobs.ParseRef(sum); err == nil {
					m.Add(blobs.Space(meta.Org), ref)
				}
			})
			if err != nil {
				_, called, _ := documents.Called(k.opt.Store, k.opt.Namespace, doc)
				return fmt.Errorf("document %s of %s: %w", called, meta.Org, err)
			}
			total++
			k.update(func(t *Task) { t.Step, t.Documents, t.Total = "documents", total, max(total, len(seen)) })
			return nil
		})
		if err != nil {
			return err
		}
		// What changed while the others were read is read again.
		if changed == 0 || round >= maxRounds {
			break
		}
	}
	since := k.opt.Now().Add(-grace).UnixMilli()
	return k.opt.Deliveries.All(func(_ crdt.DocID, ref blobs.Ref, d deliveries.Delivery) error {
		if d.At > since {
			m.Add(blobs.Space(d.Org), ref)
		}
		return nil
	})
}

// maxRounds bounds how often documents that change all the time are read again.
const maxRounds = 10

// The mark of who removes files from a store: a note of a space that no organisation is called.
const (
	ownerSpace = blobs.Space("0-owner")
	ownerPath  = "collector"
	ownerKey   = "files-collector"
)

// own makes sure that this store of files is collected for these documents alone: of two servers with one bucket, each would
// remove what it has no documents for.
func (k *Keeper) own(ctx context.Context) error {
	mine, err := k.opt.Store.Get(store.Meta(ownerKey))
	if errors.Is(err, store.ErrNotFound) {
		mine = []byte(rand.Text())
		err = store.Write(k.opt.Store, []store.Op{{Key: store.Meta(ownerKey), Value: mine}})
	}
	if err != nil {
		return crdt.Errorf(crdt.KindUnavailable, "filing: %w", err)
	}
	theirs, _, err := k.opt.Blobs.GetNote(ctx, ownerSpace, ownerPath)
	if errors.Is(err, blobs.ErrNotFound) {
		_, err = k.opt.Blobs.PutNote(ctx, ownerSpace, ownerPath, mine, blobs.Absent)
		if err == nil {
			return nil
		}
		theirs, _, err = k.opt.Blobs.GetNote(ctx, ownerSpace, ownerPath)
	}
	if err != nil {
		return err
	}
	if string(theirs) != string(mine) {
		return crdt.Errorf(crdt.KindConflict, "another server's documents refer to this store of files: nothing is removed from it here")
	}
	return nil
}

// Modes of Run.
const (
	ModeSweep  = "sweep"
	ModeReport = "report"
	ModeOff    = "off"
)

const (
	firstRun = time.Hour // after the start
	every    = 24 * time.Hour
)

// Run collects once a day, until ctx ends.
func (k *Keeper) Run(ctx context.Context, mode string) {
	if mode == ModeOff {
		return
	}
	timer := time.NewTimer(firstRun)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		timer.Reset(every)
		r, err := k.Collect(ctx, mode == ModeReport, 0)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			k.opt.Log.Error("files were not collected", "error", err)
		default:
			k.opt.Log.Info("files collected", "dry_run", r.Dry, "files", r.Files, "unreferenced", r.Unreferenced, "removed", r.Removed,
				"removed_bytes", r.RemovedBytes, "young", r.Young, "unknown", r.Unknown, "failed", r.Failed)
		}
	}
}
