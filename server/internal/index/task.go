package index

import (
	"context"
	"sync"

	"fieldsync/crdt"
)

// Names of tasks.
const (
	TaskRebuild = "rebuild" // all rows are made anew
	TaskCheck   = "check"   // all rows are compared with the documents
)

// maxProblems bounds the problems that a task tells of in words.
const maxProblems = 50

// Task is a long work on the index that an operator has asked for: what it is at, or what it came to.
type Task struct {
	Name     string   `json:"name"` // empty: there was none since the start
	Running  bool     `json:"running"`
	Done     int      `json:"done"` // documents
	Total    int      `json:"total"`
	Problems []string `json:"problems,omitempty"` // of a check: the first ones
	Found    int      `json:"found"`              // how many problems there are
	Error    string   `json:"error,omitempty"`
}

// tasks keeps the last one.
type tasks struct {
	mu   sync.Mutex
	last Task
}

// Task tells of the last task.
func (x *Index) Task() Task {
	x.task.mu.Lock()
	defer x.task.mu.Unlock()
	return x.task.last
}

// Start begins a task in the background. An error of kind Conflict: another one is under way.
func (x *Index) Start(name string) error {
	var run func(ctx context.Context) error
	switch name {
	case TaskRebuild:
		run = func(ctx context.Context) error { return x.Rebuild(ctx, x.progress) }
	case TaskCheck:
		run = func(ctx context.Context) error { return x.Check(ctx, x.progress, x.problem) }
	default:
		return invalid("index: there is no task %q", name)
	}
	x.task.mu.Lock()
	defer x.task.mu.Unlock()
	if x.task.last.Running {
		return crdt.Errorf(crdt.KindConflict, "index: a %s is under way", x.task.last.Name)
	}
	x.task.last = Task{Name: name, Running: true}
	x.running.Go(func() {
		err := run(x.ctx)
		x.task.mu.Lock()
		defer x.task.mu.Unlock()
		x.task.last.Running = false
		if err != nil {
			x.task.last.Error = err.Error()
		}
	})
	return nil
}

func (x *Index) progress(p Progress) {
	x.task.mu.Lock()
	defer x.task.mu.Unlock()
	x.task.last.Done, x.task.last.Total = p.Done, p.Total
}

func (x *Index) problem(words string) {
	x.task.mu.Lock()
	defer x.task.mu.Unlock()
	if x.task.last.Found++; len(x.task.last.Problems) < maxProblems {
		x.task.last.Problems = append(x.task.last.Problems[:len(x.task.last.Problems):len(x.task.last.Problems)], words)
	}
}
