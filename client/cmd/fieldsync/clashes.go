package main

import (
	"fmt"
	"strconv"
	"strings"

	"fieldsync/client"
	"fieldsync/crdt"
	"fieldsync/crdt/job"
)

type clashesCmd struct {
	ID   string `arg:"" optional:"" name:"job" help:"The job; without it, all."`
	Take string `help:"Settle a clash: the number of the value that is to count, as it is listed, like 1, or 2.1 for the first value of the second clash." placeholder:"N"`
}

// Run lists what several people wrote at once, or settles one of them.
func (cmd *clashesCmd) Run(a *app) error {
	if cmd.ID == "" {
		if cmd.Take != "" {
			return crdt.Errorf(crdt.KindInvalid, "--take is for one job: fieldsync clashes JOB --take N")
		}
		return cmd.all(a)
	}
	id, err := a.resolve(cmd.ID)
	if err != nil {
		return err
	}
	v, err := a.client.View(id)
	if err != nil {
		return err
	}
	if cmd.Take != "" {
		return cmd.settle(a, id, v)
	}
	if a.json {
		_, err := a.print(append([]job.Clash{}, v.JobClashes...))
		return err
	}
	if len(v.JobClashes) == 0 {
		a.out.line("Nothing in this job clashes.")
		return nil
	}
	a.listClashes(v)
	a.out.line("%s", a.out.paint(dim, "fieldsync clashes "+cmd.ID+" --take N  has one of them count."))
	return nil
}

// all lists the jobs in which something clashes.
func (cmd *clashesCmd) all(a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	rows, err := c.Jobs(a.ctx)
	if err != nil {
		return err
	}
	type entry struct {
		ID      string      `json:"id"`
		URL     string      `json:"url"`
		Clashes []job.Clash `json:"clashes"`
	}
	list := []entry{}
	for _, r := range rows {
		v, err := c.View(r.ID)
		if err != nil {
			return err
		}
		if len(v.JobClashes) == 0 {
			continue
		}
		list = append(list, entry{r.ID.String(), crdt.URL{Doc: r.ID}.String(), v.JobClashes})
		if !a.json {
			if len(list) > 1 {
				a.out.line("")
			}
			a.out.line("%s  %s", a.out.paint(dim, r.ID.String()[:shortID]), a.out.paint(bold, strings.TrimSpace(clean(r.SerialNo)+"  "+clean(r.Label))))
			a.listClashes(v)
		}
	}
	if done, err := a.print(list); done {
		return err
	}
	if len(list) == 0 {
		a.out.line("Nothing clashes.")
	}
	return nil
}

// listClashes lists what clashes in a job, each value with the number that --take wants.
func (a *app) listClashes(v client.View) {
	l := labelsOf(&v.Job)
	for i, c := range v.JobClashes {
		a.out.line("%s", a.out.paint(yellow, clashName(l, c)))
		for k, val := range c.Values {
			number := strconv.Itoa(k + 1)
			if len(v.JobClashes) > 1 {
				number = fmt.Sprintf("%d.%d", i+1, k+1)
			}
			text := l.value(c.Path, val.Value)
			if e := val.Event; e != nil {
				text = statusCell(e.Status, false).text + " by " + first(clean(e.By), "somebody") + ", " + a.out.ago(msTime(e.HappenedAt))
			}
			counts := ""
			if k == 0 {
				counts = a.out.paint(dim, "  counts now")
			}
			a.out.line("  %s  %s%s", number, text, counts)
		}
	}
}

func clashName(l labels, c job.Clash) string {
	switch {
	case c.Kind == job.StatusClash:
		return "status"
	case c.Name != "":
		return clean(c.Name)
	}
	return l.name(c.Path)
}

// settle has one value count.
func (cmd *clashesCmd) settle(a *app, id crdt.DocID, v client.View) error {
	which, choice, ok := strings.Cut(cmd.Take, ".")
	if !ok {
		which, choice = "1", which
	}
	i, err1 := strconv.Atoi(which)
	k, err2 := strconv.Atoi(choice)
	switch {
	case len(v.JobClashes) == 0:
		return crdt.Errorf(crdt.KindConflict, "nothing in this job clashes")
	case err1 != nil || err2 != nil || i < 1 || i > len(v.JobClashes) || k < 1 || k > len(v.JobClashes[i-1].Values):
		return crdt.Errorf(crdt.KindInvalid, "%q is not the number of a value; \"fieldsync clashes %s\" lists them", cmd.Take, cmd.ID)
	case !ok && len(v.JobClashes) > 1:
		return crdt.Errorf(crdt.KindInvalid, "several things clash: say which, like %d.%s", i, choice)
	}
	c := v.JobClashes[i-1]
	if err := a.client.Settle(a.ctx, id, c, k-1); err != nil {
		return err
	}
	l := labelsOf(&v.Job)
	return a.saved(id, "Settled: "+clashName(l, c)+" is "+l.value(c.Path, c.Values[k-1].Value)+".")
}
