package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"fieldsync/crdt"
	"fieldsync/server"
	"fieldsync/server/internal/admin"
	"fieldsync/server/internal/index"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

type indexCmd struct {
	Rebuild indexRebuild `cmd:"" help:"Make the rows of all documents, and the full text, anew."`
	Check   indexCheck   `cmd:"" help:"Compare all rows with their documents; exit code 1 where they differ."`
}

type indexRebuild struct{ folder }

// Run makes the index anew.
func (c *indexRebuild) Run(ctx context.Context, out streams) error {
	task, err := follow(ctx, c.folder, index.TaskRebuild, out)
	if err != nil {
		return err
	}
	return answer(out, c.folder, task, say("%d documents.", task.Done))
}

type indexCheck struct{ folder }

// Run compares the index with the documents.
func (c *indexCheck) Run(ctx context.Context, out streams) error {
	task, err := follow(ctx, c.folder, index.TaskCheck, out)
	if err != nil {
		return err
	}
	if task.Found == 0 {
		return answer(out, c.folder, task, say("%d documents, and all rows are as they should be.", task.Done))
	}
	if c.JSON {
		err = answer(out, c.folder, task, nil)
	}
	for i := 0; err == nil && i < len(task.Problems) && !c.JSON; i++ {
		_, err = fmt.Fprintln(out.out, task.Problems[i])
	}
	if err != nil {
		return err
	}
	return crdt.Errorf(crdt.KindConflict, "the index differs from the documents: %d problems; `fieldsyncd index rebuild` makes it anew", task.Found)
}

// taskEvery is how often it is asked how far a task is.
const taskEvery = 200 * time.Millisecond

// follow does a task on the index, in the server that runs or on the folder itself, and shows how far it is.
func follow(ctx context.Context, f folder, name string, out streams) (index.Task, error) {
	op, err := server.OpenOperator(ctx, f.Data, false)
	if err != nil {
		return index.Task{}, err
	}
	task, err := watch(ctx, op, name, newProgress(out))
	if closed := op.Close(); err == nil {
		err = closed
	}
	return task, err
}

func watch(ctx context.Context, op admin.Doer, name string, show progress) (index.Task, error) {
	task, err := admin.Call[index.Task](ctx, op, "index.start", admin.IndexTask{Name: name})
	tick := time.NewTicker(taskEvery)
	defer tick.Stop()
	defer show.end()
	for err == nil && task.Running {
		show.at(task)
		select {
		case <-ctx.Done():
			return task, ctx.Err()
		case <-tick.C:
			task, err = admin.Call[index.Task](ctx, op, "index.task", admin.IndexTask{})
		}
	}
	if err == nil {
		show.at(task)
	}
	if err == nil && task.Error != "" {
		err = crdt.Errorf(crdt.KindUnavailable, "index: %s", task.Error)
	}
	return task, err
}

// progress shows how far a task is.
type progress interface {
	at(t index.Task)
	end()
}

func newProgress(out streams) progress {
	if f, ok := out.err.(*os.File); ok && term.IsTerminal(int(f.Fd())) { //nolint:gosec // a file's number
		return &bar{out: out}
	}
	return &plain{out: out, next: lineStep}
}

// bar is for a terminal.
type bar struct {
	out streams
	bar *progressbar.ProgressBar
}

func (b *bar) at(t index.Task) {
	if t.Total == 0 {
		return
	}
	if b.bar == nil {
		b.bar = progressbar.NewOptions(t.Total, progressbar.OptionSetWriter(b.out.err), progressbar.OptionSetDescription(t.Name),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("documents"),
			progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())
	}
	if b.bar.GetMax() != t.Total {
		b.bar.ChangeMax(t.Total)
	}
	_ = b.bar.Set(t.Done)
}

func (b *bar) end() {
	if b.bar != nil {
		_ = b.bar.Finish()
	}
}

// lineStep is every how many per cent a line is written where there is no terminal.
const lineStep = 10

// plain is for a file or another program.
type plain struct {
	out  streams
	next int // per cent
}

func (l *plain) at(t index.Task) {
	if t.Total == 0 || t.Done*100/t.Total < l.next {
		return
	}
	percent := t.Done * 100 / t.Total
	_, _ = fmt.Fprintf(l.out.err, "%s: %d of %d documents (%d %%)\n", t.Name, t.Done, t.Total, percent)
	l.next = percent - percent%lineStep + lineStep
}

func (l *plain) end() {}
