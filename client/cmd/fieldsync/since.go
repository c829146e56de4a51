package main

import (
	"fmt"
	"strings"

	"fieldsync/client"
)

type sinceCmd struct {
	ID   string `arg:"" name:"job" help:"The job."`
	Keep bool   `help:"Tell the same the next time: this was no look."`
}

// Run tells what is new in a job, and notes that one has looked.
func (cmd *sinceCmd) Run(a *app) error {
	id, err := a.resolve(cmd.ID)
	if err != nil {
		return err
	}
	v, err := a.client.View(id)
	if err != nil {
		return err
	}
	news, err := a.client.Since(a.ctx, id)
	if err != nil {
		return err
	}
	if a.json {
		list := []historyJSON{}
		for _, e := range news.Entries {
			list = append(list, historyJSON{Entry: e.Entry})
		}
		_, err = a.print(map[string]any{"id": id.String(), "looked": jsonTime(news.Looked), "entries": list, "more": news.More})
	} else {
		a.tellSince(v, news)
	}
	if err != nil || cmd.Keep {
		return err
	}
	return a.client.Looked(id, v.Heads)
}

func (a *app) tellSince(v client.View, news client.News) {
	switch {
	case news.Looked.IsZero():
		a.out.line("You have not looked at this job here before: all of it is new. fieldsync show %s", v.ID.String()[:shortID])
		return
	case len(news.Entries) == 0:
		a.out.line("Nothing new since you looked (%s).", a.out.ago(news.Looked))
		return
	}
	a.out.line("Since you looked (%s):", a.out.ago(news.Looked))
	l := labelsOf(&v.Job)
	for _, e := range news.Entries {
		a.tellEntry(l, e)
	}
	if news.More {
		a.out.line("%s", a.out.paint(dim, "There is more: fieldsync history"))
	}
}

// maxSince bounds what "show" tells of what is new.
const maxSince = 5

// showSince tells above a job what others did since one looked, and notes the look.
func (a *app) showSince(v client.View) error {
	news, err := a.client.Since(a.ctx, v.ID)
	if err != nil {
		return err
	}
	if len(news.Entries) > 0 {
		a.out.line("%s", a.out.paint(yellow, fmt.Sprintf("New since you looked (%s):", a.out.ago(news.Looked))))
		l := labelsOf(&v.Job)
		for _, e := range news.Entries[:min(len(news.Entries), maxSince)] {
			who := clean(e.Who.User)
			if who == "" {
				who = "somebody"
			}
			a.out.line("  %s: %s", who, strings.Join(l.sayAll(e.Did, 3), "; "))
		}
		if more := len(news.Entries) - maxSince; more > 0 {
			a.out.line("  and %d more", more)
		}
		a.out.line("")
	}
	if err := a.client.Looked(v.ID, v.Heads); err != nil { // on a full disk: no reason not to show a job
		a.log.Warn("the look was not noted", "error", err.Error())
	}
	return nil
}
