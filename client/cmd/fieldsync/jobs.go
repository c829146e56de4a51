package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"fieldsync/client"
	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"

	"github.com/dustin/go-humanize"
)

type jobsCmd struct {
	All bool `short:"a" help:"Also those that are finished or cancelled."`
}

// jobJSON is a job in lists.
type jobJSON struct {
	ID          string   `json:"id"`
	URL         string   `json:"url"`
	SerialNo    string   `json:"serial_no"`
	Title       string   `json:"title"`
	Status      string   `json:"status"`
	Clash       bool     `json:"clash"`
	Client      string   `json:"client"`
	Site        string   `json:"site"`
	Assignees   []string `json:"assignees"`
	ScheduledAt any      `json:"scheduled_at"`
	Attachments int      `json:"attachments"`
	Unsent      int      `json:"unsent"`
	Refused     int      `json:"refused"`
	WithdrawnAt any      `json:"withdrawn_at"` // not null: it is not ours any more, and shown as we last saw it
}

// Run lists the jobs.
func (cmd *jobsCmd) Run(a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	rows, err := c.Jobs(a.ctx)
	if err != nil {
		return err
	}
	u, err := c.Unsent(a.ctx)
	if err != nil {
		return err
	}
	unsent := map[crdt.DocID]int{}
	for _, d := range u.Jobs {
		unsent[d.ID] = d.Changes
	}
	for _, f := range u.Files {
		unsent[f.ID]++
	}
	refused := map[crdt.DocID]int{}
	for _, w := range u.Refused {
		refused[w.Doc]++
	}
	if a.json {
		list := []jobJSON{}
		for _, r := range rows {
			list = append(list, jobJSON{r.ID.String(), crdt.URL{Doc: r.ID}.String(), r.SerialNo, r.Label, string(r.Status), r.Clash,
				r.Client, r.Site, append([]string{}, r.Assignees...), jsonTime(r.Time()), len(r.Attachments), unsent[r.ID], refused[r.ID],
				jsonTime(c.Withdrawn(r.ID))})
		}
		_, err := a.print(list)
		return err
	}
	ids := make([]crdt.DocID, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	names := shortIDs(ids)
	var cells [][]cell
	hidden, gone := 0, 0
	for _, r := range rows {
		waits := unsent[r.ID]+refused[r.ID] > 0
		withdrawn := !c.Withdrawn(r.ID).IsZero()
		if withdrawn && !cmd.All && !waits {
			gone++
			continue
		}
		if over := r.Status == job.Finished || r.Status == job.Cancelled; over && !cmd.All && !r.Clash && !waits {
			hidden++
			continue
		}
		files, unsentText := "", ""
		if n := len(r.Attachments); n > 0 {
			files = fmt.Sprint(n)
		}
		if n := unsent[r.ID]; n > 0 {
			unsentText = fmt.Sprint(n)
		}
		problem := cell{}
		switch n := refused[r.ID]; {
		case n > 0:
			problem = cell{fmt.Sprintf("%d refused", n), red}
		case withdrawn:
			problem = cell{"not yours any more", yellow}
		}
		cells = append(cells, []cell{{names[r.ID], dim}, {clean(r.SerialNo), plain}, {short(r.Label, 40), bold}, statusCell(r.Status, r.Clash),
			{a.out.when(r.Time()), plain}, {short(strings.Join(r.Assignees, ", "), 24), plain}, {short(first(r.Client, r.Site), 24), plain},
			{files, plain}, {unsentText, yellow}, problem})
	}
	switch {
	case len(rows) == 0:
		a.out.line("No jobs here yet.  fieldsync sync  gets them,  fieldsync new --title …  makes one.")
	case len(cells) > 0:
		a.out.table([]string{"ID", "NO", "JOB", "STATUS", "PLANNED", "WHO", "CLIENT", "FILES", "UNSENT", ""}, cells)
	}
	if hidden > 0 {
		a.out.line("%s", a.out.paint(dim, count(hidden, "job")+" finished or cancelled; --all shows them"))
	}
	if gone > 0 {
		a.out.line("%s", a.out.paint(dim, count(gone, "job")+" not yours any more; --all shows them"))
	}
	a.footer(u)
	return nil
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// footer says in one line what waits for the server, if something does.
func (a *app) footer(u client.Unsent) {
	if u.Changes > 0 || len(u.Files) > 0 {
		a.out.line("%s", a.out.paint(yellow, waiting(u)+" to be sent; last sync "+a.out.ago(u.LastSync)))
	}
	if n := len(u.Refused); n > 0 {
		a.out.line("%s", a.out.paint(red, count(n, "change")+" refused by the server; what and why: fieldsync unsent"))
	}
}

// waiting says what waits: 3 changes and 1 file (2.1 MB).
func waiting(u client.Unsent) string {
	var parts []string
	if u.Changes > 0 {
		parts = append(parts, count(u.Changes, "change"))
	}
	if len(u.Files) > 0 {
		parts = append(parts, fmt.Sprintf("%s (%s)", count(len(u.Files), "file"), humanize.Bytes(uint64(u.Bytes))))
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, " and ")
}

// saved tells after a change whether it still has to be sent.
func (a *app) saved(id crdt.DocID, what string) error {
	u, err := a.client.Unsent(a.ctx)
	if err != nil {
		return err
	}
	if done, err := a.print(map[string]any{"id": id.String(), "url": crdt.URL{Doc: id}.String(), "unsent_changes": u.Changes, "unsent_files": len(u.Files)}); done {
		return err
	}
	a.out.line("%s", what)
	if u.Changes > 0 || len(u.Files) > 0 {
		a.out.line("%s", a.out.paint(dim, fmt.Sprintf("Saved here; %s to be sent (fieldsync sync).", waiting(u))))
	}
	return nil
}

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
			"status": v.Job.Outcome.Status, "clash": v.Job.Outcome.Clash(), "document": engine.Plain(v.Tree),
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
		"address", clean(j.Address.Formatted), "type", clean(j.Type), "template", clean(j.Template.Name), "territory", clean(j.Territory.Name),
		"resolution", clean(j.Resolution.Name), "url", crdt.URL{Doc: v.ID}.String())
	if j.Outcome.Clash() {
		p.line("\n%s", p.paint(yellow, "Status clash: written at once, until somebody sets the status again:"))
		for _, e := range j.Outcome.Standing {
			p.line("  %s by %s, %s", statusCell(e.Status, false).text, first(clean(e.By), "somebody"), p.ago(msTime(e.HappenedAt)))
		}
	}
	if j.Description != "" {
		p.line("")
		for line := range strings.Lines(j.Description) {
			p.line("  %s", clean(strings.TrimRight(line, "\n")))
		}
	}
	a.showFiles(j.Attachments)
	if len(j.Comments) > 0 {
		p.line("\n%s", p.paint(dim, "Comments"))
		for _, c := range j.Comments {
			p.line("  %s, %s: %s", first(clean(c.By), "somebody"), p.ago(msTime(c.HappenedAt)), clean(c.Text))
		}
	}
	a.showClashes(v.Clashes)
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

func (a *app) showClashes(clashes []engine.Clash) {
	if len(clashes) == 0 {
		return
	}
	a.out.line("\n%s", a.out.paint(yellow, "Written by several people at once; the first value counts until somebody sets it again:"))
	for _, c := range clashes {
		var values []string
		for _, alt := range c.Alternatives {
			values = append(values, short(fmt.Sprint(engine.Plain(alt.Value)), 40))
		}
		a.out.line("  %s: %s", strings.TrimPrefix(c.Path.String(), "/"), strings.Join(values, "  |  "))
	}
}

// shown is the part of an attachment's id that is enough to name it.
func shown(id string) string {
	id = clean(id)
	return id[:min(shortID, len(id))]
}

func msTime(t crdt.Timestamp) time.Time {
	if t == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(t))
}

// jsonTime is a time for JSON: RFC 3339 in UTC, or null.
func jsonTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}
