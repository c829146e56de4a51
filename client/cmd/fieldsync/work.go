package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"fieldsync/client"
	"fieldsync/crdt"
	"fieldsync/crdt/job"

	"github.com/dustin/go-humanize"
)

type enRouteCmd struct {
	ID   string `arg:"" name:"job" help:"The job."`
	Note string `help:"A remark."`
}

// Run says that somebody is on his way.
func (cmd *enRouteCmd) Run(a *app) error {
	return a.setStatus(cmd.ID, client.StatusChange{Status: job.EnRoute, Note: cmd.Note})
}

type startCmd struct {
	ID   string `arg:"" name:"job" help:"The job."`
	Note string `help:"A remark."`
}

// Run begins the work, or goes on with it.
func (cmd *startCmd) Run(a *app) error {
	return a.setStatus(cmd.ID, client.StatusChange{Status: job.Started, Note: cmd.Note})
}

type pauseCmd struct {
	ID   string `arg:"" name:"job" help:"The job."`
	Note string `help:"A remark."`
}

// Run interrupts the work.
func (cmd *pauseCmd) Run(a *app) error {
	return a.setStatus(cmd.ID, client.StatusChange{Status: job.Paused, Note: cmd.Note})
}

type finishCmd struct {
	ID         string `arg:"" name:"job" help:"The job."`
	Resolution string `short:"r" help:"How it ended: one of the job's resolutions, or the beginning of its name." placeholder:"NAME"`
	Note       string `help:"A remark; some resolutions require one."`
}

// Run ends the work.
func (cmd *finishCmd) Run(a *app) error {
	return a.setStatus(cmd.ID, client.StatusChange{Status: job.Finished, Resolution: cmd.Resolution, Note: cmd.Note})
}

type statusCmd struct {
	ID         string `arg:"" name:"job" help:"The job."`
	Status     string `arg:"" enum:"scheduled,published,en_route,started,paused,finished,cancelled" help:"published, en_route, started, paused, finished, cancelled or scheduled."`
	Resolution string `short:"r" help:"Of a finished job: how it ended." placeholder:"NAME"`
	Note       string `help:"A remark."`
}

// Run sets any status.
func (cmd *statusCmd) Run(a *app) error {
	return a.setStatus(cmd.ID, client.StatusChange{Status: job.Status(cmd.Status), Resolution: cmd.Resolution, Note: cmd.Note})
}

// setStatus sets a status, and says what it is now.
func (a *app) setStatus(text string, s client.StatusChange) error {
	id, err := a.resolve(text)
	if err != nil {
		return err
	}
	if s.Resolution != "" {
		v, err := a.client.View(id)
		if err != nil {
			return err
		}
		s.Resolution = resolution(v.Job.Possible, s.Resolution)
	}
	if err := a.client.SetStatus(a.ctx, id, s); err != nil {
		return err
	}
	return a.saved(id, "The job is "+strings.ReplaceAll(string(s.Status), "_", " ")+" now.")
}

// resolution finds a possible resolution by the beginning of its name; what is none, or several, is left as it was said, for the
// rules to judge.
func resolution(possible []job.PossibleResolution, name string) string {
	var found []string
	for _, p := range possible {
		if strings.EqualFold(p.Name, name) || p.ID == name {
			return p.ID
		}
		if begins(p.Name, name) {
			found = append(found, p.ID)
		}
	}
	if len(found) == 1 {
		return found[0]
	}
	return name
}

func begins(s, with string) bool {
	return with != "" && strings.HasPrefix(strings.ToLower(s), strings.ToLower(with))
}

type commentCmd struct {
	ID   string   `arg:"" name:"job" help:"The job."`
	Text []string `arg:"" help:"What there is to say."`
}

// Run adds a comment.
func (cmd *commentCmd) Run(a *app) error {
	id, err := a.resolve(cmd.ID)
	if err != nil {
		return err
	}
	if _, err := a.client.Comment(a.ctx, id, strings.Join(cmd.Text, " ")); err != nil {
		return err
	}
	return a.saved(id, "Comment added.")
}

type tickCmd struct {
	ID   string `arg:"" name:"job" help:"The job."`
	Item string `arg:"" help:"The item of its checklist: its number in the list, or the beginning of its text."`
	Undo bool   `help:"Take the tick away."`
}

// Run ticks an item of the checklist.
func (cmd *tickCmd) Run(a *app) error {
	id, err := a.resolve(cmd.ID)
	if err != nil {
		return err
	}
	v, err := a.client.View(id)
	if err != nil {
		return err
	}
	names := make([]string, len(v.Job.Checklist))
	for i, item := range v.Job.Checklist {
		names[i] = item.Text
	}
	i, err := choose("the checklist", "item", names, cmd.Item)
	if err != nil {
		return err
	}
	if err := a.client.Tick(a.ctx, id, v.Job.Checklist[i].ID, !cmd.Undo); err != nil {
		return err
	}
	what := "Ticked: "
	if cmd.Undo {
		what = "Not ticked any more: "
	}
	return a.saved(id, what+clean(names[i])+".")
}

// choose finds what a person means in a list: by its number, its name, or the beginning of its name.
func choose(list, noun string, names []string, text string) (int, error) {
	if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= len(names) {
		return n - 1, nil
	}
	var found []int
	for i, name := range names {
		if strings.EqualFold(name, text) {
			return i, nil
		}
		if begins(name, text) {
			found = append(found, i)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return 0, crdt.Errorf(crdt.KindInvalid, "%q means %ss %d and %d of %s; give more of it, or the number", text, noun, found[0]+1, found[1]+1, list)
	case len(names) == 0:
		return 0, fmt.Errorf("%w: %s is empty", client.ErrNotFound, list)
	}
	var told []string
	for i, name := range names {
		told = append(told, fmt.Sprintf("%d %s", i+1, short(name, 30)))
	}
	return 0, fmt.Errorf("%w: %s has no %s %q; it has: %s", client.ErrNotFound, list, noun, text, strings.Join(told, ", "))
}

type fillCmd struct {
	ID    string `arg:"" name:"job" help:"The job."`
	Field string `arg:"" help:"The field: its name, the beginning of it, or its id."`
	Value string `arg:"" optional:"" help:"The answer: a text, a number, yes or no, a date (2026-11-24, today), one of the options; for a photo, signature or file the path of a file. Nothing: an action is done, another answer is taken away."`
}

// Run answers a field of the report.
func (cmd *fillCmd) Run(a *app) error {
	id, err := a.resolve(cmd.ID)
	if err != nil {
		return err
	}
	v, err := a.client.View(id)
	if err != nil {
		return err
	}
	f, err := findField(&v.Job, cmd.Field)
	if err != nil {
		return err
	}
	name := clean(cmp.Or(f.Name, f.ID))
	if f.Type.IsFile() {
		if cmd.Value == "" {
			return crdt.Errorf(crdt.KindInvalid, "%q is answered by a %s: give the path of a file", name, f.Type)
		}
		att, err := a.client.Attach(a.ctx, id, a.path(cmd.Value), f.ID)
		if err != nil {
			return err
		}
		return a.saved(id, fmt.Sprintf("%s: %s (%s).", name, clean(att.Name), humanize.Bytes(uint64(max(att.Size, 0)))))
	}
	value, err := answer(f, cmd.Value, a.out.now())
	if err != nil {
		return err
	}
	if err := a.client.Fill(a.ctx, id, f.ID, value); err != nil {
		return err
	}
	if value == nil {
		return a.saved(id, name+": no answer any more.")
	}
	return a.saved(id, name+": "+labels{}.value(nil, value)+".")
}

// findField finds a field by its id, its name or the beginning of that; those of the report before the office's.
func findField(j *job.Job, text string) (*job.Field, error) {
	fields := append(slices.Clone(j.ReportFields), j.CustomFields...)
	names := make([]string, len(fields))
	for i := range fields {
		if fields[i].ID == text {
			return &fields[i], nil
		}
		names[i] = fields[i].Name
	}
	i, err := choose("the report", "field", names, text)
	if err != nil {
		return nil, err
	}
	return &fields[i], nil
}

// answer reads what somebody typed for a field of its type.
func answer(f *job.Field, text string, now time.Time) (any, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "" && f.Type == job.FieldAction:
		return true, nil
	case text == "":
		return nil, nil
	}
	switch f.Type {
	case job.FieldNumber:
		n, err := strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64)
		if err != nil {
			return nil, crdt.Errorf(crdt.KindInvalid, "%q takes a number, not %q", f.Name, text)
		}
		return n, nil
	case job.FieldYesNo, job.FieldAction:
		switch strings.ToLower(text) {
		case "yes", "y", "true", "1", "done":
			return true, nil
		case "no", "n", "false", "0":
			return false, nil
		}
		return nil, crdt.Errorf(crdt.KindInvalid, "%q takes yes or no, not %q", f.Name, text)
	case job.FieldDate:
		switch strings.ToLower(text) {
		case "today":
			return now.Format(time.DateOnly), nil
		case "yesterday":
			return now.AddDate(0, 0, -1).Format(time.DateOnly), nil
		case "tomorrow":
			return now.AddDate(0, 0, 1).Format(time.DateOnly), nil
		}
		if _, err := time.Parse(time.DateOnly, text); err != nil {
			return nil, crdt.Errorf(crdt.KindInvalid, "%q takes a date like 2026-11-24, not %q", f.Name, text)
		}
	case job.FieldPickList:
		i, err := choose("the list of "+clean(f.Name), "option", f.Options, text)
		if errors.Is(err, client.ErrNotFound) {
			return nil, crdt.Errorf(crdt.KindInvalid, "%q takes one of: %s", f.Name, strings.Join(f.Options, ", "))
		}
		if err != nil {
			return nil, err
		}
		return f.Options[i], nil
	}
	return text, nil
}
