package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"fieldsync/client"
	"fieldsync/crdt"

	"github.com/dustin/go-humanize"
)

type syncCmd struct {
	networkFlags
	NoWait bool          `help:"Have the process that runs for the folder sync now, and do not wait for it."`
	For    time.Duration `help:"Take at most so long, as a phone's background would: statuses first, then text, then files." placeholder:"20s"`
}

// Run syncs once.
func (cmd *syncCmd) Run(a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	cmd.tell(c)
	if cmd.NoWait {
		if !a.kept {
			return crdt.Errorf(crdt.KindInvalid, "--no-wait is for a folder for which \"fieldsync run\" runs")
		}
		c.SyncNow()
		return nil
	}
	var r client.Report
	if cmd.For > 0 {
		r, err = c.RunFor(a.ctx, cmd.For)
	} else {
		r, err = c.Sync(a.ctx)
	}
	if err != nil {
		return a.offline(err)
	}
	if a.json {
		files := ""
		if r.FilesError != nil {
			files = r.FilesError.Error()
		}
		_, err := a.print(map[string]any{"seconds": r.Took.Seconds(), "documents": r.Documents, "jobs": r.Jobs, "new_jobs": r.NewJobs, "sent": r.Sent, "received": r.Received, "new": r.New,
			"files_sent": r.FilesSent, "files_received": r.FilesReceived, "files_waiting": r.FilesWaiting, "files_error": files, "refused": r.Refused,
			"files_held": r.FilesHeld, "bytes_held": r.BytesHeld, "held": string(r.Held), "finished": r.Finished})
		return err
	}
	var parts []string
	if r.Sent > 0 || r.FilesSent > 0 {
		parts = append(parts, "sent "+moved(r.Sent, r.FilesSent, r.BytesSent))
	}
	if r.Received > 0 || r.FilesReceived > 0 {
		text := "received " + moved(r.Received, r.FilesReceived, r.BytesReceived)
		if r.NewJobs > 0 {
			text += ", " + count(r.NewJobs, "new job")
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		parts = append(parts, "nothing had changed")
	}
	a.out.line("Synced in %s: %s. %s here.", seconds(r.Took), strings.Join(parts, "; "), count(r.Jobs, "job"))
	if r.FilesHeld > 0 {
		a.out.line("%s", a.out.paint(yellow, a.heldText(r.FilesHeld, r.BytesHeld, r.Held)))
	}
	if r.FilesWaiting > 0 {
		a.out.line("%s", a.out.paint(yellow, fmt.Sprintf("%s could not be moved: %v", count(r.FilesWaiting, "file"), r.FilesError)))
	}
	if r.Refused > 0 {
		a.out.line("%s", a.out.paint(red, "The server refused "+count(r.Refused, "change")+"; what it was and why: fieldsync unsent"))
	}
	return nil
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

func moved(changes, files int, bytes int64) string {
	var parts []string
	if changes > 0 {
		parts = append(parts, count(changes, "change"))
	}
	if files > 0 {
		parts = append(parts, fmt.Sprintf("%s (%s)", count(files, "file"), humanize.Bytes(uint64(bytes))))
	}
	return strings.Join(parts, " and ")
}

// offline makes an error say what waits here, if it is that the server cannot be reached.
func (a *app) offline(err error) error {
	if !errors.Is(err, client.ErrOffline) && !errors.Is(err, client.ErrUnfinished) {
		return err
	}
	u, uerr := a.client.Unsent(a.ctx)
	if uerr != nil {
		return errors.Join(err, uerr)
	}
	verb := "wait"
	if u.Edits+u.Attached == 1 {
		verb = "waits"
	}
	if u.Changes+len(u.Files) == 0 {
		verb = "waits to be sent"
	}
	cause := strings.TrimPrefix(err.Error(), client.ErrOffline.Error()+": ")
	return fmt.Errorf("%w", &stated{fmt.Sprintf("offline: %s %s; last sync %s\n  (%s)", waiting(u), verb, a.out.ago(u.LastSync), cause), err})
}

// stated is an error in other words.
type stated struct {
	text string
	err  error
}

// Error is the words.
func (s *stated) Error() string { return s.text }

// Unwrap is the error.
func (s *stated) Unwrap() error { return s.err }

type watchCmd struct {
	networkFlags
	ID string `arg:"" optional:"" name:"job" help:"One job; without it, all."`
}

// Run stays connected and tells.
func (cmd *watchCmd) Run(a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	if _, err := c.WhoAmI(); err != nil {
		return err
	}
	var only *crdt.DocID
	if cmd.ID != "" {
		id, err := a.resolve(cmd.ID)
		if err != nil {
			return err
		}
		only = &id
	}
	ctx, stop := context.WithCancel(a.ctx)
	defer stop()
	events := c.WatchAll(ctx)
	ended := make(chan error, 1)
	if !a.kept {
		cmd.tell(c)
		k, err := a.keep()
		if err != nil {
			return err
		}
		defer k.close()
		go func() { ended <- c.Run(ctx) }()
	}
	if !a.json {
		a.out.line("%s", a.out.paint(dim, "Watching; Ctrl-C ends it."))
	}
	for {
		select {
		case err := <-ended:
			if errors.Is(err, context.Canceled) {
				return nil
			}
			return err
		case ev, ok := <-events:
			if !ok { // the folder was closed, or we are to end
				events = nil
				stop()
				continue
			}
			about := ev.Kind == client.EventChanged || ev.Kind == client.EventRefused || ev.Kind == client.EventWithdrawn
			if about && only != nil && ev.Doc != *only {
				continue
			}
			if err := a.tell(ev); err != nil {
				return err
			}
		}
	}
}

// tell prints an event.
func (a *app) tell(ev client.Event) error {
	now := time.Now()
	if ev.Kind == client.EventSyncing || ev.Kind == client.EventFile && !ev.File.Ended && ev.File.Done > 0 {
		return nil // too much for lines; "fieldsync top" shows it
	}
	if a.json {
		m := map[string]any{"time": jsonTime(now), "kind": ev.Kind}
		switch ev.Kind {
		case client.EventRefused, client.EventWithdrawn:
			m["id"] = ev.Doc.String()
			if ev.Work != nil {
				m["refused"] = toRefusedJSON([]client.Work{*ev.Work})[0]
			}
		case client.EventChanged:
			m["id"], m["local"], m["remote"], m["heads"], m["created"] = ev.Doc.String(), ev.Local, ev.Remote, headTexts(ev.Heads), ev.Created
		}
		switch ev.Kind {
		case client.EventLink:
			m["class"] = ev.Link.Class
		case client.EventFile:
			m["id"], m["file"] = ev.Doc.String(), fileJSON(ev.File)
		}
		if ev.Reason != "" {
			m["reason"] = ev.Reason
		}
		if ev.Storage != "" {
			m["storage"] = ev.Storage
		}
		return json.NewEncoder(a.out).Encode(m) // one line for each event
	}
	stamp := a.out.paint(dim, now.Format("15:04:05"))
	switch ev.Kind {
	case client.EventOnline:
		a.out.line("%s  %s", stamp, a.out.paint(green, "connected"))
	case client.EventOffline:
		text := "offline"
		if ev.Reason != "" {
			text = "offline: " + strings.TrimPrefix(ev.Reason, "offline: ")
		}
		a.out.line("%s  %s", stamp, a.out.paint(yellow, text))
	case client.EventRevoked:
		a.out.line("%s  %s", stamp, a.out.paint(red, "the server does not accept your login any more"))
	case client.EventStorage:
		a.tellStorage(stamp, ev.Storage)
	case client.EventSynced:
		a.out.line("%s  %s", stamp, a.out.paint(dim, "in sync"))
	case client.EventLink:
		a.out.line("%s  %s", stamp, a.out.paint(classColour(ev.Link.Class), linkText(ev.Link)))
	case client.EventFile:
		a.tellFile(stamp, ev.File)
	case client.EventRefused:
		a.tellRefused(stamp, ev)
	case client.EventWithdrawn:
		a.out.line("%s  %s  %s", stamp, a.nameOf(ev.Doc), a.out.paint(yellow, "is not yours any more"))
	case client.EventChanged:
		what := count(ev.Remote+ev.Local, "change")
		if ev.Created {
			what = "new, " + what
		}
		if ev.Local > 0 {
			what += " made here"
		}
		a.out.line("%s  %s  %s", stamp, a.nameOf(ev.Doc), what)
	}
	return nil
}

// nameOf is how a document is called on a line.
func (a *app) nameOf(id crdt.DocID) string {
	text := id.String()[:shortID]
	v, err := a.client.View(id)
	if err != nil || !v.IsJob {
		return text
	}
	s := statusCell(v.Job.Outcome.Status, v.Job.Outcome.Clash())
	return text + "  " + a.out.paint(bold, short(v.Job.Label(), 40)) + "  " + a.out.paint(s.colour, s.text)
}

// tellRefused prints that the server refused something, and what.
func (a *app) tellRefused(stamp string, ev client.Event) {
	name := a.nameOf(ev.Doc)
	if ev.Work == nil {
		a.out.line("%s  %s  %s", stamp, name, a.out.paint(red, "the server refused a change: "+clean(ev.Reason)))
		return
	}
	what := "the job itself"
	if !ev.Work.Whole {
		what = strings.Join(a.workLabels(ev.Doc).sayAll(ev.Work.Did, 3), ", ")
	}
	a.out.line("%s  %s  %s", stamp, name, a.out.paint(red, fmt.Sprintf("refused: %s (%s); kept as %s", what,
		reason(ev.Work.Code, ev.Work.Detail), workID(*ev.Work)[:shortHash])))
}

// tellStorage prints how it stands with this device's storage.
func (a *app) tellStorage(stamp string, state client.StorageState) {
	switch state {
	case client.StorageFull:
		a.out.line("%s  %s", stamp, a.out.paint(red, "no room on this device: nothing new is saved until there is; what was saved is safe"))
	case client.StorageFailed:
		a.out.line("%s  %s", stamp, a.out.paint(red, "the storage of this device failed: nothing is saved; start again"))
	default:
		a.out.line("%s  %s", stamp, a.out.paint(green, "there is room again"))
	}
}
