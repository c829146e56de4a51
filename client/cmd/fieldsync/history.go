package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"fieldsync/client"
	"fieldsync/crdt"
	"fieldsync/crdt/audit"
	"fieldsync/crdt/engine"
)

type historyCmd struct {
	ID     string `arg:"" name:"job" help:"The job."`
	At     string `help:"Show the job as the author of this change saw it." placeholder:"CHANGE"`
	Limit  int    `short:"n" help:"How many entries at most, the newest first." default:"20" placeholder:"N"`
	Oldest bool   `help:"The oldest first."`
	All    bool   `short:"a" help:"All of them."`
}

// Run tells what was done to a job.
func (cmd *historyCmd) Run(a *app) error {
	id, err := a.resolve(cmd.ID)
	if err != nil {
		return err
	}
	if cmd.At != "" {
		return a.showAt(id, cmd.At)
	}
	if cmd.Limit < 1 {
		return crdt.Errorf(crdt.KindInvalid, "--limit must be 1 or more")
	}
	q := audit.Query{Oldest: cmd.Oldest, Limit: min(cmd.Limit, audit.MaxLimit), Fold: !a.json}
	if cmd.All {
		q.Limit = audit.MaxLimit
	}
	var entries []client.Entry
	var more bool
	for {
		page, err := a.client.History(a.ctx, id, q)
		if err != nil {
			return err
		}
		entries = append(entries, page.Entries...)
		more = page.Next != (crdt.Hash{})
		if !more || !cmd.All && len(entries) >= cmd.Limit {
			break
		}
		q.After = page.Next
		if !cmd.All {
			q.Limit = min(cmd.Limit-len(entries), audit.MaxLimit)
		}
	}
	if a.json {
		list := []historyJSON{}
		for _, e := range entries {
			list = append(list, historyJSON{Entry: e.Entry, Mine: e.Mine, Receipt: e.Receipt})
		}
		_, err := a.print(list)
		return err
	}
	v, err := a.client.View(id)
	if err != nil {
		return err
	}
	l := labelsOf(&v.Job)
	for _, e := range entries {
		a.tellEntry(l, e)
	}
	if more {
		a.out.line("%s", a.out.paint(dim, "There is more: --all"))
	}
	return nil
}

// historyJSON is an entry for scripts: as the API tells it, and whether it was made here.
type historyJSON struct {
	audit.Entry
	Mine    bool
	Receipt *client.Receipt
}

// MarshalJSON adds to the entry's own form.
func (h historyJSON) MarshalJSON() ([]byte, error) {
	data, err := h.Entry.MarshalJSON()
	if err != nil {
		return nil, err
	}
	data = append(data[:len(data)-1], fmt.Sprintf(`,"mine":%v`, h.Mine)...)
	if r := h.Receipt; r != nil {
		devices, err := json.Marshal(r.Devices)
		if err != nil {
			return nil, err
		}
		data = append(data, fmt.Sprintf(`,"on_server":%v,"on_devices":%s`, r.Server, devices)...)
	}
	return append(data, '}'), nil
}

// tellEntry tells who did something and when, and below it what.
func (a *app) tellEntry(l labels, e client.Entry) {
	p := a.out
	who := clean(e.Who.User)
	switch {
	case who != "":
	case e.Mine:
		who = "you"
	default:
		who = "somebody"
	}
	when, at := e.Happened, time.UnixMilli(int64(e.Happened)).Local()
	head := fmt.Sprintf("%s  %s  %s", p.paint(dim, e.Hash.String()[:shortHash]), p.moment(at), p.paint(bold, who))
	if when == 0 {
		head = fmt.Sprintf("%s  %s  %s", p.paint(dim, e.Hash.String()[:shortHash]), "at an unknown time", p.paint(bold, who))
	}
	// A minute more or less is the network's.
	if arrived := time.UnixMilli(int64(e.Arrived)).Local(); !e.Mine && e.Arrived != 0 && when != 0 && arrived.Sub(at) > time.Minute {
		head += p.paint(dim, ", came here "+p.moment(arrived))
	}
	if e.Undoes != (crdt.Hash{}) {
		head += p.paint(dim, ", takes back "+e.Undoes.String()[:shortHash])
	} else if e.Message != "" {
		head += p.paint(dim, ", "+short(e.Message, maxShown))
	}
	if e.Receipt != nil {
		head += p.paint(dim, ", "+a.ladder(*e.Receipt))
	}
	p.line("%s", head)
	for _, text := range l.sayAll(e.Did, maxTold) {
		p.line("          %s", text)
	}
	if e.More > 0 {
		p.line("          and %d more", e.More)
	}
}

// moment is a moment to the minute, without the day where that is today's.
func (p *printer) moment(t time.Time) string {
	t, now := t.Local(), p.now().Local()
	switch {
	case t.Year() == now.Year() && t.YearDay() == now.YearDay():
		return "today " + t.Format("15:04")
	case t.Year() == now.Year():
		return t.Format("2 Jan 15:04")
	}
	return t.Format("2 Jan 2006 15:04")
}

// showAt shows a job as the author of a change saw it.
func (a *app) showAt(id crdt.DocID, change string) error {
	hash, err := a.client.FindChange(a.ctx, id, change)
	if err != nil {
		return err
	}
	v, err := a.client.ViewAt(id, hash)
	if err != nil {
		return err
	}
	if a.json {
		_, err := a.print(map[string]any{"id": id.String(), "url": crdt.URL{Doc: id}.String(), "heads": headTexts(v.Heads),
			"status": v.Job.Status, "clash": v.Job.Clash(), "document": engine.Plain(v.Tree)})
		return err
	}
	a.out.line("%s", a.out.paint(yellow, "As it was known with change "+hash.String()[:shortHash]+":"))
	if !v.IsJob {
		text, err := engine.MarshalTree(v.Tree)
		a.out.line("%s", text)
		return err
	}
	a.showJob(v)
	return nil
}

type undoCmd struct {
	ID     string `arg:"" name:"job" help:"The job."`
	Change string `arg:"" optional:"" help:"The change, as \"fieldsync history\" names it; without it, your last one that still stands. To have back what you took back, name the change that did."`
}

// Run takes a change back by a new one.
func (cmd *undoCmd) Run(a *app) error {
	id, err := a.resolve(cmd.ID)
	if err != nil {
		return err
	}
	entry, err := cmd.find(a, id)
	if err != nil {
		return err
	}
	v, err := a.client.View(id)
	if err != nil {
		return err
	}
	left, err := a.client.Undo(a.ctx, id, entry.Hash)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("Taken back: %s (%s).", strings.Join(labelsOf(&v.Job).sayAll(entry.Did, maxTold), "; "), entry.Hash.String()[:shortHash])
	if len(left) > 0 {
		var names []string
		for _, l := range left {
			names = append(names, plainPath(l.Path)+" ("+leftWhy(l.Why)+")")
		}
		what += " Left as it is: " + strings.Join(names, ", ") + "."
	}
	return a.saved(id, what)
}

func leftWhy(why audit.Reason) string {
	switch why {
	case audit.LeftChanged:
		return "somebody has changed it since"
	case audit.LeftGone:
		return "it is not there any more"
	case audit.LeftFixed:
		return "it is never changed"
	case audit.LeftTooLarge:
		return "it is too large"
	}
	return "this program cannot write it"
}

// find gives the change to take back: the one that is named, else the last one of one's own that is none of taking back, nor was taken back.
func (cmd *undoCmd) find(a *app, id crdt.DocID) (client.Entry, error) {
	var named crdt.Hash
	if cmd.Change != "" {
		var err error
		if named, err = a.client.FindChange(a.ctx, id, cmd.Change); err != nil {
			return client.Entry{}, err
		}
	}
	takenBack := map[crdt.Hash]bool{}
	q := audit.Query{Limit: audit.MaxLimit}
	for {
		page, err := a.client.History(a.ctx, id, q)
		if err != nil {
			return client.Entry{}, err
		}
		for _, e := range page.Entries {
			switch {
			case cmd.Change != "":
				if e.Hash == named {
					return e, nil
				}
			case !e.Mine || len(e.Did) == 0 || takenBack[e.Hash]:
			case e.Undoes != (crdt.Hash{}):
				takenBack[e.Undoes] = true
			default:
				return e, nil
			}
		}
		if q.After = page.Next; q.After == (crdt.Hash{}) {
			return client.Entry{}, fmt.Errorf("%w: you have changed nothing in this job here that still stands", client.ErrNotFound)
		}
	}
}
