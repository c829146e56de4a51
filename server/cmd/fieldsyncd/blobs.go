package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"fieldsync/blobs"
	"fieldsync/blobs/bulk"
	"fieldsync/crdt"
	"fieldsync/server"
	"fieldsync/server/internal/admin"
	"fieldsync/server/internal/filing"

	"github.com/dustin/go-humanize"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

type blobsCmd struct {
	Verify blobsVerify `cmd:"" help:"Read every file and compare it with its name; exit code 1 where one is damaged."`
	GC     blobsGC     `cmd:"" name:"gc" help:"Remove the files that no document names, after a grace period."`
	Copy   blobsCopy   `cmd:"" help:"Copy all files from one place to another; begun again, it goes on."`
}

// place is where files are; its flags are those of serve.
type place struct {
	S3AccessKey string `name:"s3-access-key" env:"FIELDSYNC_S3_ACCESS_KEY" help:"Access key for s3: places; better given by environment or file." placeholder:"KEY"`
	S3SecretKey string `name:"s3-secret-key" env:"FIELDSYNC_S3_SECRET_KEY" help:"Secret key for s3: places; better given by environment or file." placeholder:"KEY"`
	S3CA        string `name:"s3-ca" env:"FIELDSYNC_S3_CA" help:"File of PEM certificates that the S3 server's is signed by." placeholder:"FILE"`
	JSON        bool   `name:"json" env:"-" help:"Answer in JSON."`
}

func (p place) config(data, at string) server.Config {
	return server.Config{Data: data, Blobs: at, S3AccessKey: p.S3AccessKey, S3SecretKey: p.S3SecretKey, S3CA: p.S3CA}
}

// workers is how many files are read at once: enough to keep a disk or a link busy.
const workers = 4

type blobsVerify struct {
	place
	Data   string `help:"The server's folder, where --blobs is not said." placeholder:"DIR"`
	Blobs  string `help:"Where the files are, as for serve (default disk:DATA/files)." placeholder:"PLACE"`
	Remove bool   `env:"-" help:"Remove what is damaged, so that it can be sent again; a folder's server must be stopped."`
}

// Run reads all files.
func (c *blobsVerify) Run(ctx context.Context, out streams) error {
	if c.Data == "" && c.Blobs == "" {
		return crdt.Errorf(crdt.KindInvalid, "data or blobs is required")
	}
	store, err := server.OpenBlobs(c.config(c.Data, c.Blobs), !c.Remove)
	if err != nil {
		return err
	}
	defer store.Close()
	show := newBytesShown(out, "verify")
	r, err := bulk.Verify(ctx, store, workers, show.at)
	show.end()
	if err != nil {
		return err
	}
	removed := 0
	for _, f := range r.Damaged {
		ref, rerr := blobs.ParseRef(f.SHA256)
		if !c.Remove || rerr != nil {
			continue
		}
		if err := store.Remove(ctx, blobs.Space(f.Space), ref); err != nil {
			return err
		}
		removed++
	}
	return c.report(out, r, fmt.Sprintf("%d files, %s: %d damaged, %d could not be read, %d removed.", r.Files, humanize.IBytes(uint64(r.Bytes)), //nolint:gosec // not negative
		len(r.Damaged)+r.More, len(r.Failed), removed))
}

// report writes a report, and makes an error of what was wrong.
func (p place) report(out streams, r bulk.Report, summary string) error {
	if p.JSON {
		if err := json.NewEncoder(out.out).Encode(r); err != nil {
			return err
		}
	} else {
		for _, list := range [][]bulk.File{r.Damaged, r.Failed} {
			for _, f := range list {
				if _, err := fmt.Fprintf(out.out, "%s/%s: %s\n", f.Space, f.SHA256, f.What); err != nil {
					return err
				}
			}
		}
		if _, err := fmt.Fprintln(out.out, summary); err != nil {
			return err
		}
	}
	if !r.OK() {
		return crdt.Errorf(crdt.KindConflict, "%d files are damaged or could not be read", len(r.Damaged)+len(r.Failed)+r.More)
	}
	return nil
}

type blobsCopy struct {
	place
	From string `arg:"" help:"Where the files are: disk:DIR or s3:URL."`
	To   string `arg:"" help:"Where they shall be."`
}

// Run copies all files.
func (c *blobsCopy) Run(ctx context.Context, out streams) error {
	from, err := server.OpenBlobs(c.config("", c.From), true)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := server.OpenBlobs(c.config("", c.To), false)
	if err != nil {
		return err
	}
	defer to.Close()
	show := newBytesShown(out, "copy")
	r, err := bulk.Copy(ctx, to, from, workers, show.at)
	show.end()
	if err != nil {
		return err
	}
	return c.report(out, r, fmt.Sprintf("%d files, %s: %d were there, %d damaged, %d could not be copied.", r.Files, humanize.IBytes(uint64(r.Bytes)), //nolint:gosec // not negative
		r.Skipped, len(r.Damaged)+r.More, len(r.Failed)))
}

type blobsGC struct {
	place
	Data   string        `help:"The server's folder (required); where a server runs over it, that does the work." placeholder:"DIR" required:""`
	Blobs  string        `help:"Where the files are, as for serve (default disk:DATA/files)." placeholder:"PLACE"`
	DryRun bool          `env:"-" help:"Remove nothing; say what would be removed."`
	Grace  time.Duration `name:"gc-grace" env:"FIELDSYNC_GC_GRACE" help:"How long a file that no document names is kept (default the server's setting, 720h)." placeholder:"DURATION"`
}

// Run collects.
func (c *blobsGC) Run(ctx context.Context, out streams) error {
	cfg := c.config(c.Data, c.Blobs)
	if c.Grace != 0 {
		cfg.GCGrace = c.Grace
	}
	op, err := server.OpenKeeper(ctx, cfg)
	if err != nil {
		return err
	}
	task, err := collect(ctx, op, filing.CollectInput{Dry: c.DryRun, Grace: c.Grace}, newPlainSteps(out))
	if cerr := op.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	r := task.Report
	if c.JSON {
		return json.NewEncoder(out.out).Encode(r)
	}
	for _, f := range r.Sample {
		if _, err := fmt.Fprintf(out.out, "%s/%s  %s  %s\n", f.Space, f.SHA256, humanize.IBytes(uint64(f.Size)), f.Came.UTC().Format(time.RFC3339)); err != nil { //nolint:gosec // not negative
			return err
		}
	}
	word := "removed"
	if r.Dry {
		word = "would be removed"
	}
	_, err = fmt.Fprintf(out.out, "%d documents name %d of %d files; %d files (%s) %s, %d are within the grace period, %d belong to organisations that are not here, %d could not be removed.\n",
		task.Documents, r.Named, r.Files, r.Removed, humanize.IBytes(uint64(r.RemovedBytes)), word, r.Young, r.Unknown, r.Failed) //nolint:gosec // not negative
	return err
}

// collect begins a collection and waits for its end.
func collect(ctx context.Context, op admin.Doer, in filing.CollectInput, show func(filing.Task)) (filing.Task, error) {
	task, err := admin.Call[filing.Task](ctx, op, filing.CommandCollect, in)
	tick := time.NewTicker(taskEvery)
	defer tick.Stop()
	for err == nil && task.Running {
		show(task)
		select {
		case <-ctx.Done():
			return task, ctx.Err()
		case <-tick.C:
			task, err = admin.Call[filing.Task](ctx, op, filing.CommandTask, struct{}{})
		}
	}
	if err == nil && task.Error != "" {
		err = crdt.Errorf(crdt.KindUnavailable, "%s", task.Error)
	}
	return task, err
}

// newPlainSteps shows how far a collection is, a line for each thousand.
func newPlainSteps(out streams) func(filing.Task) {
	shown := -1
	return func(t filing.Task) {
		n := t.Documents/stepOf + t.Report.Files/stepOf
		if n == shown {
			return
		}
		shown = n
		_, _ = fmt.Fprintf(out.err, "gc: %d documents, %d files\n", t.Documents, t.Report.Files)
	}
}

const stepOf = 1000

// bytesShown shows how far a work on files is: a bar on a terminal, else a line for each tenth.
type bytesShown struct {
	out  streams
	name string
	bar  *progressbar.ProgressBar
	term bool
	next int64 // tenths
}

func newBytesShown(out streams, name string) *bytesShown {
	f, ok := out.err.(*os.File)
	return &bytesShown{out: out, name: name, term: ok && term.IsTerminal(int(f.Fd()))} //nolint:gosec // a file's number
}

func (b *bytesShown) at(r bulk.Report) {
	if r.TotalBytes == 0 {
		return
	}
	if b.term {
		if b.bar == nil {
			b.bar = progressbar.NewOptions64(r.TotalBytes, progressbar.OptionSetWriter(b.out.err), progressbar.OptionSetDescription(b.name),
				progressbar.OptionShowBytes(true), progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())
		}
		_ = b.bar.Set64(r.Bytes)
		return
	}
	if tenth := r.Bytes * 10 / r.TotalBytes; tenth > b.next {
		b.next = tenth
		_, _ = fmt.Fprintf(b.out.err, "%s: %d of %d files (%d %%)\n", b.name, r.Files, r.Total, tenth*10)
	}
}

func (b *bytesShown) end() {
	if b.bar != nil {
		_ = b.bar.Finish()
	}
}
