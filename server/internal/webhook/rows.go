package webhook

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/documents"
	"fieldsync/server/internal/index"
)

// data is what an event says.
type data struct {
	Sequence uint64          `json:"sequence"` // of the row: greater ones are later
	Job      json.RawMessage `json:"job"`      // its row now, as lists have it
	Before   *index.Row      `json:"before"`   // its row before; null for a new job
	Changed  []string        `json:"changed"`  // the names of what differs between the two
	By       []string        `json:"by"`       // who made the changes: user:<id> or integration:<id>
	Users    []string        `json:"users,omitempty"`
}

// OnRow is index.Options.OnRow: it queues what a row tells of, in the same write.
func (w *Webhooks) OnRow(ev index.Event) []store.Op {
	if ev.After == nil || ev.After.Kind != job.Kind || !w.listens(ev.Org) {
		return nil
	}
	events, err := eventsOf(ev, crdt.Timestamp(w.opt.Now().UnixMilli()))
	if err == nil {
		var ops []store.Op
		if ops, err = w.Enqueue(events); err == nil {
			return ops
		}
	}
	w.opt.Log.Error("a row's webhooks were not queued", "doc", ev.Doc.String(), "error", err)
	return nil
}

// OnWritten is index.Options.OnWritten.
func (w *Webhooks) OnWritten(events []index.Event) {
	orgs := map[string]bool{}
	for _, ev := range events {
		orgs[ev.Org] = true
	}
	for org := range orgs {
		w.Written(org)
	}
}

// listens tells whether an organisation has a hook that is active.
func (w *Webhooks) listens(org string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.hooks {
		if s.hook.Org == org && s.hook.Active {
			return true
		}
	}
	return false
}

// eventsOf tells what happened to a job between two rows.
func eventsOf(ev index.Event, now crdt.Timestamp) ([]Event, error) {
	is, was := ev.After, ev.Before
	d := data{Sequence: ev.Seq, Job: ev.JSON, Before: was, By: []string{}}
	for _, by := range ev.By {
		if !slices.Contains(d.By, by.Principal) {
			d.By = append(d.By, by.Principal)
		}
	}
	var err error
	if d.Changed, err = changed(was, is); err != nil {
		return nil, err
	}
	var out []Event
	add := func(event string, users ...string) error {
		d.Users = users
		text, err := json.Marshal(d)
		if err != nil {
			return crdt.Errorf(crdt.KindInternal, "webhook: %w", err)
		}
		out = append(out, Event{Org: ev.Org, Sequence: ev.Seq, Type: event, At: now, Data: text, Mutes: mutes(ev.By)})
		return nil
	}
	for _, e := range happened(was, is) {
		if err := add(e.event, e.users...); err != nil {
			return nil, err
		}
	}
	return out, nil
}

type happening struct {
	event string
	users []string
}

// happened names what happened, the most general first.
func happened(was, is *index.Row) []happening {
	first := was == nil
	var out []happening
	if first {
		was = &index.Row{Status: is.Status}
		out = append(out, happening{event: "job.created"})
	} else {
		out = append(out, happening{event: "job.updated"})
	}
	if is.Status != was.Status {
		out = append(out, happening{event: "job.status_changed"})
	}
	if is.Status != was.Status || first {
		switch is.Status {
		case job.Started:
			out = append(out, happening{event: "job.started"})
		case job.Finished:
			out = append(out, happening{event: "job.finished"})
		case job.Cancelled:
			out = append(out, happening{event: "job.cancelled"})
		}
	}
	if users := without(is.Assignees, was.Assignees); len(users) > 0 {
		out = append(out, happening{"job.assigned", users})
	}
	if users := without(was.Assignees, is.Assignees); len(users) > 0 {
		out = append(out, happening{"job.unassigned", users})
	}
	if is.Clash && !was.Clash {
		out = append(out, happening{event: "job.clash"})
	}
	return out
}

// without are the users of a that are not in b.
func without(a, b []job.Assignee) (users []string) {
	for _, x := range a {
		if !slices.ContainsFunc(b, func(y job.Assignee) bool { return y.User == x.User }) {
			users = append(users, x.User)
		}
	}
	return users
}

// always differ between two rows.
var always = []string{"version", "etag", "updated_at"}

// changed are the names of a row's fields that differ.
func changed(was, is *index.Row) ([]string, error) {
	out := []string{}
	if was == nil {
		return out, nil
	}
	a, err := fields(was)
	if err != nil {
		return nil, err
	}
	b, err := fields(is)
	if err != nil {
		return nil, err
	}
	for _, k := range slices.Sorted(maps.Keys(b)) {
		if !slices.Contains(always, k) && !reflect.DeepEqual(a[k], b[k]) {
			out = append(out, k)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(a)) {
		if _, stays := b[k]; !stays {
			out = append(out, k)
		}
	}
	return out, nil
}

func fields(r *index.Row) (m map[string]any, err error) {
	text, err := json.Marshal(r)
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		return nil, crdt.Errorf(crdt.KindInternal, "webhook: a row that is no JSON: %w", err)
	}
	return m, nil
}

// mutes tells whether the hooks of an owner are not to hear of changes: all are his own, and he has muted them.
func mutes(by []index.By) func(owner string) bool {
	return func(owner string) bool {
		for _, b := range by {
			if b.Principal != owner || !documents.SaysMute(b.Message) {
				return false
			}
		}
		return len(by) > 0 && len(by) < index.MaxBy // of more nobody has all
	}
}
