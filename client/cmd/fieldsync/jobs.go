package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"fieldsync/client"
	"fieldsync/crdt"
	"fieldsync/crdt/job"

	"github.com/dustin/go-humanize"
)

type jobsCmd struct {
	All  bool `short:"a" help:"Also those that are finished, cancelled, or not yours any more."`
	Mine bool `short:"m" help:"Only those that you are assigned to."`
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
	if cmd.Mine {
		who, err := c.WhoAmI()
		if err != nil && !errors.Is(err, client.ErrNotLoggedIn) {
			return err
		}
		rows = slices.DeleteFunc(rows, func(r client.Row) bool { return !r.Assigned(who.User) })
	}
	u, err := c.Unsent(a.ctx)
	if err != nil {
		return err
	}
	unsent := map[crdt.DocID]int{}
	for _, d := range u.Jobs {
		unsent[d.ID] = d.Edits
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
				jsonTime(r.Withdrawn)})
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
		withdrawn := !r.Withdrawn.IsZero()
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
	case len(rows) == 0 && cmd.Mine:
		a.out.line("No jobs of yours here.")
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
		parts = append(parts, count(u.Edits, "change"))
	}
	if len(u.Files) > 0 {
		parts = append(parts, fmt.Sprintf("%s (%s)", count(u.Attached, "file"), humanize.Bytes(uint64(u.Bytes))))
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
