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
	Title       string   `help:"What it is about." required:""`
	Number      string   `help:"Its number, by which people call it." placeholder:"NO"`
	Description string   `help:"More about it."`
	Client      string   `help:"For whom."`
	Site        string   `help:"Where."`
	Address     string   `help:"The address in one line."`
	Type        string   `help:"Its type."`
	At          string   `help:"When: 2026-11-24 09:30, or RFC 3339." placeholder:"TIME"`
	Duration    string   `help:"How long: 90m, 1h30m, or minutes." placeholder:"TIME"`
	Assign      []string `help:"The users who do it; the first one fills in the report." placeholder:"USER"`
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
	draft := job.Draft{UUID: newUUID(), SerialNo: cmd.Number, CreatedAt: now,
		Plan: job.Plan{Title: cmd.Title, Description: cmd.Description, Type: cmd.Type, Client: job.Ref{Name: cmd.Client}, Site: job.Ref{Name: cmd.Site},
			Address: job.Address{Formatted: cmd.Address}},
		First: job.Event{ID: newID(), Status: job.Scheduled, HappenedAt: now, By: who.User, Device: who.Device}}
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

func newID() string { return strings.ToLower(rand.Text()) }

func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

type setCmd struct {
	ID     string   `arg:"" name:"job" help:"The job."`
	Fields []string `arg:"" name:"field" help:"field=value; an empty value takes the field away. field:=JSON writes a number, true or null. A field within a map: report_fields.f1.value=…"`
}

// Run changes fields.
func (cmd *setCmd) Run(a *app) error {
	edits, err := parseFields(cmd.Fields)
	if err != nil {
		return err
	}
	id, err := a.resolve(cmd.ID)
	if err != nil {
		return err
	}
	before, err := a.client.Heads(id)
	if err != nil {
		return err
	}
	if err := a.client.Change(a.ctx, id, func(tx *engine.Tx) error { return tx.Apply(edits...) }); err != nil {
		return err
	}
	what := "Changed " + count(len(cmd.Fields), "field") + "."
	if after, err := a.client.Heads(id); err == nil && after.Equal(before) {
		what = "Nothing to change: that is what stands there already."
	}
	return a.saved(id, what)
}

// parseFields makes edits of what stands on the command line. The fields of a job that the product knows are written as it
// does; others as they are given.
func parseFields(args []string) ([]crdt.Edit, error) {
	var edits []crdt.Edit
	for _, arg := range args {
		name, text, ok := strings.Cut(arg, "=")
		raw := strings.HasSuffix(name, ":")
		name = strings.TrimSuffix(name, ":")
		if !ok || name == "" {
			return nil, crdt.Errorf(crdt.KindInvalid, "%q is not field=value", arg)
		}
		some, err := parseField(name, text, raw)
		if err != nil {
			return nil, crdt.Errorf(crdt.KindInvalid, "%s: %w", name, err)
		}
		edits = append(edits, some...)
	}
	return edits, nil
}

// structure are the keys that the product itself keeps; writing over them by hand would break the job for everybody.
var structure = []string{job.KeyKind, job.KeySchemaVersion, job.KeyStatusLog, job.KeyAssignees, job.KeyAttachments, job.KeyComments,
	job.KeyCustomFields, job.KeyReportFields}

func parseField(name, text string, raw bool) ([]crdt.Edit, error) {
	var value any = text
	if raw {
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			return nil, fmt.Errorf("%q is not JSON", text)
		}
		if f, ok := value.(float64); ok && f == float64(int64(f)) {
			value = int64(f)
		}
	}
	switch name {
	case job.KeyScheduledAt, job.KeyCreatedAt:
		if text == "" {
			return job.SetField(name, nil)
		}
		t, err := parseTime(text)
		if err != nil {
			return nil, err
		}
		return job.SetField(name, t)
	case job.KeyScheduledDuration:
		if text == "" {
			return job.SetField(name, nil)
		}
		n, err := parseMinutes(text)
		if err != nil {
			return nil, err
		}
		return job.SetField(name, n)
	case "address":
		return []crdt.Edit{{Kind: crdt.EditEnsureMap, Path: crdt.Path{job.KeyAddress}},
			{Kind: crdt.EditSet, Path: crdt.Path{job.KeyAddress, job.KeyFormatted}, Value: text}}, nil
	case "status":
		return nil, fmt.Errorf("a status is set with: fieldsync status JOB STATUS")
	}
	if edits, err := job.SetField(name, value); err == nil {
		return edits, nil
	}
	parts := strings.Split(name, ".")
	path := crdt.Path{}
	var edits []crdt.Edit
	for i, part := range parts {
		if part == "" {
			return nil, fmt.Errorf("a part of the name is empty")
		}
		path = path.Join(part)
		if i < len(parts)-1 {
			edits = append(edits, crdt.Edit{Kind: crdt.EditEnsureMap, Path: path})
		}
	}
	if len(parts) == 1 && slices.Contains(structure, name) {
		return nil, fmt.Errorf("this is a part of the job's structure and not to be written over")
	}
	if text == "" && !raw {
		return []crdt.Edit{{Kind: crdt.EditDelete, Path: path}}, nil
	}
	return append(edits, crdt.Edit{Kind: crdt.EditSet, Path: path, Value: value}), nil
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

type statusCmd struct {
	ID     string `arg:"" name:"job" help:"The job."`
	Status string `arg:"" enum:"scheduled,published,en_route,started,paused,finished,cancelled" help:"published, en_route, started, paused, finished, cancelled or scheduled."`
	Note   string `help:"A remark."`
}

// Run adds an entry to the status log, after those that stand now: it settles a clash.
func (cmd *statusCmd) Run(a *app) error {
	id, err := a.resolve(cmd.ID)
	if err != nil {
		return err
	}
	who, err := a.client.WhoAmI()
	if err != nil {
		return err
	}
	err = a.client.Change(a.ctx, id, func(tx *engine.Tx) error {
		tree, err := tx.Get()
		if err != nil {
			return err
		}
		root, ok := tree.(map[string]any)
		if !ok || !job.IsJob(root) {
			return crdt.Errorf(crdt.KindInvalid, "this document is no job")
		}
		log, _ := job.Log(root)
		edits, err := job.AddEvent(job.Event{ID: newID(), Status: job.Status(cmd.Status), HappenedAt: crdt.Timestamp(time.Now().UnixMilli()),
			By: who.User, Device: who.Device, After: job.Current(log).Tips(), Note: cmd.Note})
		if err != nil {
			return err
		}
		return tx.Apply(edits...)
	})
	if err != nil {
		return err
	}
	return a.saved(id, "The status is "+strings.ReplaceAll(cmd.Status, "_", " ")+" now.")
}
