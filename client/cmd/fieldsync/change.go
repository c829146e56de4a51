package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
)

type newCmd struct {
	Title       string   `help:"What it is about; a template may say it."`
	Number      string   `help:"Its number, by which people call it." placeholder:"NO"`
	Description string   `help:"More about it."`
	Client      string   `help:"For whom."`
	Site        string   `help:"Where."`
	Address     string   `help:"The address in one line."`
	Type        string   `help:"Its type."`
	At          string   `help:"When: 2026-11-24 09:30, or RFC 3339." placeholder:"TIME"`
	Duration    string   `help:"How long: 90m, 1h30m, or minutes." placeholder:"TIME"`
	Assign      []string `help:"The users who do it; the first one fills in the report." placeholder:"USER"`
	Template    string   `help:"What it is made from: the name of a template, or the beginning of it." placeholder:"NAME"`
	Draft       bool     `help:"It is not for anybody to begin yet, although somebody is assigned."`
}

// Run creates a job.
func (cmd *newCmd) Run(a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	who, err := c.WhoAmI()
	if err != nil {
		return err
	}
	now := crdt.Timestamp(time.Now().UnixMilli())
	draft, from, err := cmd.begin(a)
	if err == nil {
		err = c.MayMakeJob(from)
	}
	if err != nil {
		return err
	}
	draft.UUID, draft.SerialNo, draft.CreatedAt = newUUID(), cmd.Number, now
	draft.First = job.Event{ID: newID(), Status: job.Scheduled, HappenedAt: now, By: who.User, Device: who.Device}
	if len(cmd.Assign) > 0 && !cmd.Draft {
		draft.First.Status = job.Published
	}
	if cmd.At != "" {
		if draft.ScheduledAt, err = parseTime(cmd.At); err != nil {
			return err
		}
	}
	if cmd.Duration != "" {
		if draft.ScheduledDuration.Minutes, err = parseMinutes(cmd.Duration); err != nil {
			return err
		}
	}
	for i, user := range cmd.Assign {
		draft.Assignees = append(draft.Assignees, job.Assignee{User: user, Edit: i == 0})
	}
	edits, err := job.New(draft)
	if err != nil {
		return err
	}
	id, err := c.Create(a.ctx, edits...)
	if err != nil {
		return err
	}
	return a.saved(id, fmt.Sprintf("Created %s  %s", id.String()[:shortID], crdt.URL{Doc: id}))
}

// begin makes what a job begins with: what its template says, and what was typed. from is the template; nil: none.
func (cmd *newCmd) begin(a *app) (draft job.Draft, from *job.Template, err error) {
	if cmd.Template != "" {
		id, t, err := a.template(cmd.Template)
		if err != nil {
			return draft, nil, err
		}
		from = &t
		draft = job.FromTemplate(t, job.Ref{UUID: id.String(), Name: t.Name})
	}
	for into, text := range map[*string]string{&draft.Title: cmd.Title, &draft.Description: cmd.Description, &draft.Type: cmd.Type,
		&draft.Client.Name: cmd.Client, &draft.Site.Name: cmd.Site, &draft.Address.Formatted: cmd.Address} {
		if text != "" {
			*into = text
		}
	}
	if cmd.Client != "" {
		draft.Client.UUID = ""
	}
	if cmd.Site != "" {
		draft.Site.UUID = ""
	}
	if draft.Title == "" {
		return draft, nil, crdt.Errorf(crdt.KindInvalid, "a job needs a title: --title TEXT, or --template NAME of one that has a title")
	}
	return draft, from, nil
}

// template finds a template by its name or the beginning of it.
func (a *app) template(name string) (crdt.DocID, job.Template, error) {
	rows, err := a.client.Others(a.ctx, job.KindTemplate)
	if err != nil {
		return crdt.DocID{}, job.Template{}, err
	}
	names := make([]string, len(rows))
	for i, r := range rows {
		names[i] = r.Label
	}
	i, err := choose("what was synced", "template", names, name)
	if err != nil {
		return crdt.DocID{}, job.Template{}, err
	}
	v, err := a.client.View(rows[i].ID)
	if err != nil {
		return crdt.DocID{}, job.Template{}, err
	}
	t, _ := job.ReadTemplate(v.Tree)
	if t.Archived {
		return crdt.DocID{}, t, crdt.Errorf(crdt.KindConflict, "the template %q is not offered any more", t.Name)
	}
	return rows[i].ID, t, nil
}

func newID() string { return strings.ToLower(rand.Text()) }

func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

type setCmd struct {
	ID     string   `arg:"" name:"job" help:"The job, or another document."`
	Fields []string `arg:"" name:"field" help:"field=value; an empty value takes the field away. field:=JSON writes a number, a list, true or null. A field within another: address.floor=3"`
}

// Run changes fields.
func (cmd *setCmd) Run(a *app) error {
	fields, err := splitFields(cmd.Fields)
	if err != nil {
		return err
	}
	id, err := a.resolve(cmd.ID)
	if err != nil {
		return err
	}
	v, err := a.client.View(id)
	if err != nil {
		return err
	}
	if slices.Contains(job.Kinds(), job.KindOf(v.Tree)) {
		patch, err := patchOf(fields)
		if err != nil {
			return err
		}
		_, err = a.client.Patch(a.ctx, id, patch)
		if err != nil {
			return err
		}
	} else if err := a.client.Change(a.ctx, id, func(tx *engine.Tx) error { return tx.Apply(editsOf(fields)...) }); err != nil {
		return err
	}
	what := "Changed " + count(len(fields), "field") + "."
	if after, err := a.client.Heads(id); err == nil && after.Equal(v.Heads) {
		what = "Nothing to change: that is what stands there already."
	}
	return a.saved(id, what)
}

// field is field=value as it stands on the command line.
type field struct {
	path  []string
	value any  // a string, or what its JSON says; nil takes the field away
	raw   bool // it was JSON
}

func splitFields(args []string) ([]field, error) {
	var out []field
	for _, arg := range args {
		name, text, ok := strings.Cut(arg, "=")
		f := field{raw: strings.HasSuffix(name, ":")}
		name = strings.TrimSuffix(name, ":")
		if !ok || name == "" {
			return nil, crdt.Errorf(crdt.KindInvalid, "%q is not field=value", arg)
		}
		if f.path = strings.Split(name, "."); slices.Contains(f.path, "") {
			return nil, crdt.Errorf(crdt.KindInvalid, "%s: a part of the name is empty", name)
		}
		switch {
		case f.raw:
			if err := json.Unmarshal([]byte(text), &f.value); err != nil {
				return nil, crdt.Errorf(crdt.KindInvalid, "%s: %q is not JSON", name, text)
			}
		case text != "":
			f.value = text
		}
		out = append(out, f)
	}
	return out, nil
}

// patchOf makes a JSON Merge Patch of fields, with times and durations as people write them.
func patchOf(fields []field) (map[string]any, error) {
	patch := map[string]any{}
	for _, f := range fields {
		text, isText := f.value.(string)
		value := f.value
		switch key := f.path[0]; {
		case key == job.KeyStatus:
			return nil, crdt.Errorf(crdt.KindInvalid, "a status is set with: fieldsync status JOB STATUS")
		case !isText || f.raw || len(f.path) > 1:
		case key == job.KeyScheduledAt:
			t, err := parseTime(text)
			if err != nil {
				return nil, err
			}
			value = t.String()
		case key == job.KeyScheduledDuration:
			n, err := parseMinutes(text)
			if err != nil {
				return nil, err
			}
			value = map[string]any{job.KeyMinutes: n}
		case key == job.KeyAddress:
			value = map[string]any{job.KeyFormatted: text}
		}
		at := patch
		for _, step := range f.path[:len(f.path)-1] {
			next, ok := at[step].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[step] = next
			}
			at = next
		}
		at[f.path[len(f.path)-1]] = value
	}
	return patch, nil
}

// editsOf makes edits of fields for a document of no kind that has any.
func editsOf(fields []field) []crdt.Edit {
	var edits []crdt.Edit
	for _, f := range fields {
		path := crdt.Path{}
		for i, step := range f.path {
			if path = path.Join(step); i < len(f.path)-1 {
				edits = append(edits, crdt.Edit{Kind: crdt.EditEnsureMap, Path: path})
			}
		}
		if f.value == nil && !f.raw {
			edits = append(edits, crdt.Edit{Kind: crdt.EditDelete, Path: path})
			continue
		}
		if n, ok := f.value.(float64); ok && n == float64(int64(n)) {
			f.value = int64(n)
		}
		edits = append(edits, crdt.Edit{Kind: crdt.EditSet, Path: path, Value: f.value})
	}
	return edits
}

func parseTime(text string) (crdt.Timestamp, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return crdt.Timestamp(t.UnixMilli()), nil
		}
	}
	return 0, crdt.Errorf(crdt.KindInvalid, "%q is not a time; write it like 2026-11-24 09:30", text)
}

func parseMinutes(text string) (int64, error) {
	if n, err := strconv.ParseInt(text, 10, 32); err == nil && n > 0 {
		return n, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < time.Minute {
		return 0, crdt.Errorf(crdt.KindInvalid, "%q is not a duration; write it like 90m or 1h30m", text)
	}
	return int64(d / time.Minute), nil
}

type assignCmd struct {
	ID   string `arg:"" name:"job" help:"The job."`
	User string `arg:"" help:"The user."`
	View bool   `help:"The user only looks on; somebody else fills in the report."`
}

// Run makes a user an assignee.
func (cmd *assignCmd) Run(a *app) error {
	edits, err := job.Assign(job.Assignee{User: cmd.User, Edit: !cmd.View})
	if err != nil {
		return err
	}
	id, err := a.resolve(cmd.ID)
	if err != nil {
		return err
	}
	if err := a.client.Change(a.ctx, id, func(tx *engine.Tx) error { return tx.Apply(edits...) }); err != nil {
		return err
	}
	return a.saved(id, "Assigned to "+clean(cmd.User)+".")
}

type unassignCmd struct {
	ID   string `arg:"" name:"job" help:"The job."`
	User string `arg:"" help:"The user."`
}

// Run takes a user off a job.
func (cmd *unassignCmd) Run(a *app) error {
	edits, err := job.Unassign(cmd.User)
	if err != nil {
		return err
	}
	id, err := a.resolve(cmd.ID)
	if err != nil {
		return err
	}
	if err := a.client.Change(a.ctx, id, func(tx *engine.Tx) error { return tx.Apply(edits...) }); err != nil {
		return err
	}
	return a.saved(id, clean(cmd.User)+" is not on this job any more.")
}
