package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"fieldsync/client"
	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"

	"github.com/dustin/go-humanize"
)

type showCmd struct {
	ID string `arg:"" name:"job" help:"The job."`
}

// Run shows a job.
func (cmd *showCmd) Run(a *app) error {
	id, err := a.resolve(cmd.ID)
	if err != nil {
		return err
	}
	v, err := a.client.View(id)
	if err != nil {
		return err
	}
	refused, err := a.client.Refused(a.ctx)
	if err != nil {
		return err
	}
	refused = slices.DeleteFunc(refused, func(w client.Work) bool { return w.Doc != id })
	if a.json {
		_, err := a.print(map[string]any{"id": id.String(), "url": crdt.URL{Doc: id}.String(), "heads": headTexts(v.Heads),
			"status": v.Job.Status, "clash": v.Job.Clash(), "document": engine.Plain(v.Tree),
			"withdrawn_at": jsonTime(v.Withdrawn), "refused": toRefusedJSON(refused)})
		return err
	}
	if !v.IsJob {
		text, err := engine.MarshalTree(v.Tree)
		a.out.line("%s is no job but another document:\n%s", crdt.URL{Doc: id}, text)
		return err
	}
	if !v.Withdrawn.IsZero() {
		a.out.line("%s", a.out.paint(yellow, "This job is not yours any more (we learned "+a.out.ago(v.Withdrawn)+"). It stands here as you last saw it."))
	}
	if err := a.showSince(v); err != nil {
		return err
	}
	a.showJob(v)
	if len(refused) > 0 {
		a.out.line("")
		a.listRefused(refused)
	}
	return nil
}

// minutes is a duration as people write it: 45 min, 2 h, 1 h 30 min.
func minutes(n int64) string {
	switch h, m := n/60, n%60; {
	case h == 0:
		return fmt.Sprintf("%d min", m)
	case m == 0:
		return fmt.Sprintf("%d h", h)
	default:
		return fmt.Sprintf("%d h %d min", h, m)
	}
}

func headTexts(h crdt.Heads) []string {
	out := make([]string, len(h))
	for i := range h {
		out[i] = h[i].String()
	}
	return out
}

func (a *app) showJob(v client.View) {
	j, p := &v.Job, a.out
	title := clean(j.Label())
	if j.SerialNo != "" && j.SerialNo != title {
		title = clean(j.SerialNo) + "  " + title
	}
	p.line("%s", p.paint(bold, title))
	status := statusCell(j.Outcome.Status, false)
	state := p.paint(status.colour, status.text)
	if len(j.Outcome.Standing) > 0 {
		e := j.Outcome.Standing[0]
		state += " " + p.ago(msTime(e.HappenedAt))
		if e.By != "" {
			state += " by " + clean(e.By)
		}
		if e.Note != "" {
			state += ": " + clean(e.Note)
		}
	}
	planned := p.when(msTime(j.ScheduledAt))
	if j.ScheduledDuration.Minutes > 0 {
		planned = strings.TrimSpace(planned + " for " + minutes(j.ScheduledDuration.Minutes))
	}
	var who []string
	for _, w := range j.Assignees {
		name := clean(w.User)
		if !w.Edit && len(j.Assignees) > 1 {
			name += " (looks on)"
		}
		who = append(who, name)
	}
	p.fields("status", state, "planned", planned, "who", strings.Join(who, ", "), "client", clean(j.Client.Name), "site", clean(j.Site.Name),
		"address", address(j.Address), "contact", contacts(j.Contacts), "type", clean(j.Type), "template", clean(j.Template.Name), "territory", clean(j.Territory.Name),
		"resolution", clean(j.Resolution.Name), "ends as", ends(j), "url", crdt.URL{Doc: v.ID}.String())
	if j.Description != "" {
		p.line("")
		for line := range strings.Lines(j.Description) {
			p.line("  %s", clean(strings.TrimRight(line, "\n")))
		}
	}
	a.showFields("Report", j.ReportFields)
	a.showFields("From the office", j.CustomFields)
	a.showChecklist(j.Checklist)
	a.showFiles(j.Attachments)
	if len(j.Comments) > 0 {
		p.line("\n%s", p.paint(dim, "Comments"))
		for _, c := range j.Comments {
			p.line("  %s, %s: %s", first(clean(c.By), "somebody"), p.ago(msTime(c.HappenedAt)), clean(c.Text))
		}
	}
	a.showClashes(v)
}

func (a *app) showFiles(list []job.Attachment) {
	if len(list) == 0 {
		return
	}
	a.out.line("\n%s", a.out.paint(dim, "Files"))
	var cells [][]cell
	for _, f := range list {
		here := cell{"here", green}
		if !a.client.Has(a.ctx, f) {
			here = cell{"on the server", plain}
		}
		cells = append(cells, []cell{{"  " + shown(f.ID), dim}, {short(f.Name, 40), plain}, {humanize.Bytes(uint64(max(f.Size, 0))), plain},
			here, {a.out.ago(msTime(f.TakenAt)), plain}, {clean(f.By), plain}})
	}
	a.out.table([]string{"  ID", "NAME", "SIZE", "", "ADDED", "BY"}, cells)
}

// ends are the resolutions that a job can be finished with, for as long as it is not.
func ends(j *job.Job) string {
	if j.Outcome.Status == job.Finished || j.Outcome.Status == job.Cancelled {
		return ""
	}
	var names []string
	for _, p := range j.Possible {
		name := clean(p.Name)
		if p.NoteRequired {
			name += " (with a note)"
		}
		names = append(names, name)
	}
	return short(strings.Join(names, ", "), 2*maxShown)
}

// showFields shows a job's questions with their answers.
func (a *app) showFields(title string, fields []job.Field) {
	who, err := a.client.WhoAmI()
	if err != nil {
		who.Role = ""
	}
	var cells [][]cell
	for i := range fields {
		f := &fields[i]
		if f.Hidden && who.Role == "worker" {
			continue
		}
		value := cell{"", plain}
		switch v := f.Value.(type) {
		case nil:
			switch {
			case f.Required:
				value = cell{"required", yellow}
			case len(f.Options) > 0:
				value = cell{"one of: " + short(strings.Join(f.Options, ", "), maxShown), dim}
			}
		case []string:
			value.text = count(len(v), "file")
		case string:
			value.text = short(v, maxShown)
		default:
			value.text = labels{}.value(nil, v)
		}
		cells = append(cells, []cell{{"  " + clean(cmp.Or(f.Name, f.ID)), plain}, {strings.ReplaceAll(clean(string(f.Type)), "_", " "), dim}, value})
	}
	if len(cells) == 0 {
		return
	}
	a.out.line("\n%s", a.out.paint(dim, title))
	a.out.rows(cells)
}

func (a *app) showChecklist(items []job.Item) {
	if len(items) == 0 {
		return
	}
	a.out.line("\n%s", a.out.paint(dim, "Checklist"))
	for i, item := range items {
		done := "[ ]"
		if item.Done {
			done = a.out.paint(green, "[x]")
		}
		text := fmt.Sprintf("  %d %s %s", i+1, done, clean(item.Text))
		if item.Done && item.By != "" {
			text += a.out.paint(dim, ", "+clean(item.By)+" "+a.out.ago(msTime(item.DoneAt)))
		}
		a.out.line("%s", text)
	}
}

func (a *app) showClashes(v client.View) {
	if len(v.JobClashes) == 0 {
		return
	}
	a.out.line("\n%s", a.out.paint(yellow, "Written by several people at once; fieldsync clashes "+first(clean(v.Job.SerialNo), v.ID.String()[:shortID])+" --take N settles it:"))
	a.listClashes(v)
}

// address is a place with how to find its door.
func address(a job.Address) string {
	parts := []string{a.Formatted}
	for _, p := range []struct{ what, text string }{{"entrance", a.EntranceNo}, {"floor", a.Floor}, {"apartment", a.Apartment}} {
		if p.text != "" {
			parts = append(parts, p.what+" "+p.text)
		}
	}
	parts = append(parts, a.Description)
	return clean(strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", "))
}

// contacts are the ways to reach people: Mrs Lind +41 44 000 00 01; Caretaker keys@example.org.
func contacts(list []job.Contact) string {
	var out []string
	for _, c := range list {
		out = append(out, strings.TrimSpace(c.Name+" "+c.Value))
	}
	return clean(strings.Join(out, "; "))
}
