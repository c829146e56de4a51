package main

import (
	"fmt"
	"strings"

	"fieldsync/client"
	"fieldsync/crdt"

	"github.com/dustin/go-humanize"
)

type unsentCmd struct {
	Again   string `help:"Do refused work once more: the server may take it now." placeholder:"ID" xor:"act"`
	Dismiss string `help:"Forget refused work, for good." placeholder:"ID" xor:"act"`
}

// Run lists what waits, and what was refused.
func (cmd *unsentCmd) Run(a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	switch {
	case cmd.Again != "":
		return a.again(cmd.Again)
	case cmd.Dismiss != "":
		return a.dismiss(cmd.Dismiss)
	}
	u, err := c.Unsent(a.ctx)
	if err != nil {
		return err
	}
	if a.json {
		return a.unsentJSON(u)
	}
	if u.Changes == 0 && len(u.Files) == 0 {
		all := "Everything"
		if len(u.Refused) > 0 {
			all = "Everything else"
		}
		a.listRefused(u.Refused)
		a.out.line("%s has reached the server. Last sync %s.", all, a.out.ago(u.LastSync))
		return a.tellDeliveries()
	}
	rows, err := c.Jobs(a.ctx)
	if err != nil {
		return err
	}
	labels := map[crdt.DocID]string{}
	for _, r := range rows {
		labels[r.ID] = strings.TrimSpace(r.SerialNo + " " + r.Label)
	}
	verb := "have"
	if u.Edits+u.Attached == 1 {
		verb = "has"
	}
	a.out.line("%s %s not reached the server. Last sync %s.", a.out.paint(yellow, waiting(u)), verb, a.out.ago(u.LastSync))
	var cells [][]cell
	for _, d := range u.Jobs {
		cells = append(cells, []cell{{d.ID.String()[:shortID], dim}, {short(labels[d.ID], 40), bold}, {a.unsentLabel(d), plain},
			{a.out.ago(d.Since), plain}, {a.problemOf(d), red}})
	}
	for _, f := range u.Files {
		cells = append(cells, []cell{{f.ID.String()[:shortID], dim}, {short(labels[f.ID], 40), bold}, {fileLabel(f), plain}, {a.out.ago(f.QueuedAt), plain}, {fileProblem(f), red}})
	}
	a.out.table([]string{"ID", "JOB", "WHAT", "MADE", "PROBLEM"}, cells)
	if u.Failed.Attempts > 0 {
		a.out.line("%s", a.out.paint(dim, fmt.Sprintf("%s failed since, the last one %s: %s", count(u.Failed.Attempts, "attempt"), a.out.ago(u.Failed.At),
			strings.TrimPrefix(clean(u.Failed.Reason), "offline: "))))
	}
	if len(u.Refused) > 0 {
		a.out.line("")
		a.listRefused(u.Refused)
	}
	return nil
}

// problemOf is why a document's changes have not reached the server, beyond that nobody has sent them.
func (a *app) problemOf(d client.UnsentDoc) string {
	if d.Refused > 0 {
		text := fmt.Sprintf("%d refused by the server", d.Refused)
		for _, r := range d.Refusals {
			return text + ": " + reason(r.Code, r.Detail)
		}
		return text
	}
	if !a.client.Withdrawn(d.ID).IsZero() {
		return "the job is not yours any more; the next sync delivers this if it still may"
	}
	return ""
}

func (a *app) unsentJSON(u client.Unsent) error {
	type refusal struct {
		Change string `json:"change"`
		Code   string `json:"code"`
		Detail string `json:"detail"`
		At     any    `json:"at"`
	}
	type doc struct {
		ID       string       `json:"id"`
		Changes  int          `json:"changes"`
		Bytes    int64        `json:"bytes"`
		Status   bool         `json:"status"`
		Did      []client.Did `json:"did"`
		Since    any          `json:"since"`
		Refused  int          `json:"refused"`
		Refusals []refusal    `json:"refusals"`
	}
	type file struct {
		ID        string `json:"id"`
		Name      string `json:"name"`
		Kind      string `json:"kind"`
		SHA256    string `json:"sha256"`
		Size      int64  `json:"size"`
		Sent      int64  `json:"sent"`
		Asked     bool   `json:"asked"`
		Since     any    `json:"since"`
		Attempts  int    `json:"attempts"`
		LastError string `json:"last_error"`
	}
	sent, err := a.client.Deliveries(a.ctx)
	if err != nil {
		return err
	}
	deliveries := []deliveryJSON{}
	for _, d := range sent {
		deliveries = append(deliveries, deliveryJSON{d.Doc.String(), jsonTime(d.At), d.Server, d.Devices})
	}
	jobs, files := []doc{}, []file{}
	for _, d := range u.Jobs {
		refusals := []refusal{}
		for _, r := range d.Refusals {
			refusals = append(refusals, refusal{r.Change.String(), string(r.Code), r.Detail, jsonTime(r.At)})
		}
		jobs = append(jobs, doc{d.ID.String(), d.Edits, d.Bytes, d.Status, d.Did, jsonTime(d.Since), d.Refused, refusals})
	}
	for _, f := range u.Files {
		files = append(files, file{f.ID.String(), f.Name, f.Kind, f.SHA256, f.Size, f.Sent, f.Asked, jsonTime(f.QueuedAt), f.Attempts, f.LastError})
	}
	_, err = a.print(map[string]any{"changes": u.Edits, "jobs": jobs, "files": files, "bytes": u.Bytes, "refused": toRefusedJSON(u.Refused), "last_sync": jsonTime(u.LastSync),
		"failed": u.Failed, "storage": a.client.Storage(), "deliveries": deliveries})
	return err
}

type deliveryJSON struct {
	ID      string          `json:"id"`
	At      any             `json:"at"`
	Server  bool            `json:"server"`
	Devices []client.Device `json:"devices"`
}

// unsentLabel says what waits of a document: 2 changes, a status among them.
func (a *app) unsentLabel(d client.UnsentDoc) string {
	text := count(d.Edits, "change")
	if len(d.Did) > 0 {
		text += ": " + strings.Join(a.workLabels(d.ID).sayAll(d.Did, 2), "; ")
	}
	return short(text, 60)
}

// fileLabel is a file with its size, and how much of it is over.
func fileLabel(f client.UnsentFile) string {
	name := short(f.Name, 30)
	if f.Kind != "" {
		name = f.Kind + " of " + name
	}
	text := humanize.Bytes(uint64(f.Size))
	if f.Sent > 0 {
		text += fmt.Sprintf(", %d %% sent", 100*f.Sent/max(f.Size, 1))
	}
	if f.Asked {
		text += ", goes on any link"
	}
	return fmt.Sprintf("%s (%s)", name, text)
}

// fileProblem is why a file is not over yet.
func fileProblem(f client.UnsentFile) string {
	if f.Attempts == 0 {
		return clean(f.LastError)
	}
	return fmt.Sprintf("%s failed: %s", count(f.Attempts, "attempt"), clean(f.LastError))
}

// maxDeliveries bounds how many jobs it is told of how far what was sent came.
const maxDeliveries = 10

// tellDeliveries tells how far came what was lately done here.
func (a *app) tellDeliveries() error {
	sent, err := a.client.Deliveries(a.ctx)
	if err != nil || len(sent) == 0 {
		return err
	}
	var cells [][]cell
	for _, d := range sent[:min(len(sent), maxDeliveries)] {
		cells = append(cells, []cell{{d.Doc.String()[:shortID], dim}, {a.labelOf(d.Doc), bold}, {a.out.ago(d.At), plain}, {a.ladder(d.Receipt), plain}})
	}
	a.out.table([]string{"ID", "JOB", "CHANGED", "HOW FAR IT CAME"}, cells)
	return nil
}

// labelOf is a job's number and title.
func (a *app) labelOf(id crdt.DocID) string {
	v, err := a.client.View(id)
	if err != nil || !v.IsJob {
		return ""
	}
	return short(strings.TrimSpace(v.Job.SerialNo+" "+v.Job.Label()), 40)
}

// ladder says how far a change came: on this phone only; on the server; on other devices; seen.
func (a *app) ladder(r client.Receipt) string {
	if !r.Server {
		return "on this device only"
	}
	text := "on the server"
	if n := len(r.Devices); n > 0 {
		text += fmt.Sprintf(", on %s", count(n, "other device"))
	}
	if n := len(r.Devices); n > 0 && r.Devices[0].Seen {
		text += ", seen by " + strings.Join(r.Seen(), ", ") + " (" + a.out.ago(r.Devices[0].SeenBy) + ")"
	}
	return text
}
