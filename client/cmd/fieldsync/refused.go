package main

import (
	"encoding/hex"
	"strings"

	"fieldsync/client"
	"fieldsync/crdt"
)

// shortHash is how much of a change's hash names refused work.
const shortHash = 8

func workID(w client.Work) string { return hex.EncodeToString(w.ID[:]) }

// reason is why the server refused something, in words.
func reason(code crdt.RefusalCode, detail string) string {
	if detail = clean(detail); detail != "" {
		return detail
	}
	switch code {
	case crdt.RefusedNotAllowed:
		return "you may not do that"
	case crdt.RefusedActorTaken, crdt.RefusedBadSeq:
		return "another device wrote under the same name"
	case crdt.RefusedTooLarge:
		return "it is too large"
	case crdt.RefusedDocumentTooBig:
		return "the job has grown too big"
	}
	return "a defect: " + clean(string(code))
}

// jobName is what the job of refused work was called.
func jobName(w client.Work) string {
	return first(strings.TrimSpace(clean(w.SerialNo)+" "+clean(w.Job)), w.Doc.String()[:shortID])
}

// workLabels are the names of the things in the job of refused work, if it is here.
func (a *app) workLabels(doc crdt.DocID) labels {
	v, err := a.client.View(doc)
	if err != nil {
		return labels{}
	}
	return labelsOf(&v.Job)
}

// maxTold is how many things of one change are told on the screen; --json has all.
const maxTold = 12

// listRefused tells of refused work: what it was, why it was refused, what one can do.
func (a *app) listRefused(works []client.Work) {
	if len(works) == 0 {
		return
	}
	p := a.out
	p.line("%s", p.paint(red, "The server refused this. It is kept here, and not in the job any more:"))
	for _, w := range works {
		l := a.workLabels(w.Doc)
		p.line("")
		p.line("%s  %s  made %s", p.paint(dim, workID(w)[:shortHash]), p.paint(bold, short(jobName(w), 40)), p.ago(w.MadeAt))
		did := l.sayAll(w.Did, maxTold)
		if w.Whole {
			did = []string{"the job itself, which is only kept here"}
		}
		for _, along := range w.Along {
			did = append(did, l.sayAll(along.Did, maxTold)...)
		}
		for _, text := range did {
			p.line("  %s", text)
		}
		p.line("  %s", p.paint(red, "refused "+p.ago(w.RefusedAt)+": "+reason(w.Code, w.Detail)))
	}
	p.line("")
	p.line("%s", p.paint(dim, "--again ID does it once more, --dismiss ID forgets it, --json prints all of it."))
}

// refusedJSON is refused work for scripts, and for whoever wants to keep it elsewhere: changes are the very bytes, in base64.
type refusedJSON struct {
	ID        string       `json:"id"`
	Job       string       `json:"job"`
	SerialNo  string       `json:"serial_no"`
	Title     string       `json:"title"`
	Code      string       `json:"code"`
	Detail    string       `json:"detail"`
	RefusedAt any          `json:"refused_at"`
	MadeAt    any          `json:"made_at"`
	Whole     bool         `json:"whole"`
	Did       []client.Did `json:"did"`
	Along     []alongJSON  `json:"along"`
	Changes   [][]byte     `json:"changes"`
}

type alongJSON struct {
	Change string       `json:"change"`
	MadeAt any          `json:"made_at"`
	Did    []client.Did `json:"did"`
}

func toRefusedJSON(works []client.Work) []refusedJSON {
	out := []refusedJSON{}
	for _, w := range works {
		r := refusedJSON{workID(w), w.Doc.String(), w.SerialNo, w.Job, string(w.Code), w.Detail, jsonTime(w.RefusedAt), jsonTime(w.MadeAt), w.Whole,
			append([]client.Did{}, w.Did...), []alongJSON{}, w.Changes}
		for _, x := range w.Along {
			r.Along = append(r.Along, alongJSON{x.Change.String(), jsonTime(x.MadeAt), x.Did})
		}
		out = append(out, r)
	}
	return out
}

// dismiss forgets refused work.
func (a *app) dismiss(id string) error {
	w, err := a.client.FindRefused(a.ctx, id)
	if err != nil {
		return err
	}
	if err := a.client.Dismiss(a.ctx, w); err != nil {
		return err
	}
	if done, err := a.print(map[string]any{"dismissed": workID(w), "job": w.Doc.String()}); done {
		return err
	}
	a.out.line("Forgotten: what was refused of %s.", jobName(w))
	return nil
}

// again does refused work once more.
func (a *app) again(id string) error {
	w, err := a.client.FindRefused(a.ctx, id)
	if err != nil {
		return err
	}
	r, err := a.client.Again(a.ctx, w)
	if err != nil {
		return err
	}
	what := "Done again in " + jobName(w) + "."
	if r.Left > 0 {
		what += " A part of it cannot be: what it was done on is gone. That is kept among the refused work."
	}
	return a.saved(w.Doc, what)
}
