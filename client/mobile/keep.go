package mobile

import (
	"errors"
	"os"

	"fieldsync/client"
	"fieldsync/crdt"
	"fieldsync/crdt/audit"
	"fieldsync/crdt/job"
)

// The commands about files, the past, and what has not been sent.

func (m *Client) files(command string, a *args) (any, bool, error) {
	switch command {
	case "attach", "fetch", "has", "send_now":
	default:
		return nil, false, nil
	}
	id, err := a.job()
	if err != nil {
		return nil, true, err
	}
	switch command {
	case "attach":
		att, err := m.c.Attach(m.ctx, id, a.Path, a.Field)
		return att, true, err
	case "fetch":
		return nil, true, m.fetch(id, a)
	case "send_now":
		return nil, true, m.c.SendNow(m.ctx, id, a.Attachment)
	}
	v, err := m.c.View(id)
	if err != nil {
		return nil, true, err
	}
	for _, att := range v.Job.Attachments {
		if att.ID == a.Attachment {
			return map[string]any{"here": m.c.Has(m.ctx, att)}, true, nil
		}
	}
	return nil, true, client.ErrNotFound
}

// fetch writes an attachment to a file; one that cannot be had leaves none.
func (m *Client) fetch(id crdt.DocID, a *args) error {
	f, err := os.OpenFile(a.Path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return crdt.Errorf(crdt.KindInvalid, "path: %w", err)
	}
	err = errors.Join(m.c.Fetch(m.ctx, id, a.Attachment, f), f.Close())
	if err != nil {
		err = errors.Join(err, os.Remove(a.Path))
	}
	return err
}

func (m *Client) past(command string, a *args) (any, bool, error) {
	switch command {
	case "history", "at", "undo", "since", "looked":
	default:
		return nil, false, nil
	}
	id, err := a.job()
	if err != nil {
		return nil, true, err
	}
	switch command {
	case "history":
		q := audit.Query{Limit: a.Limit, Fold: true}
		if a.After != "" {
			if q.After, err = crdt.ParseHash(a.After); err != nil {
				return nil, true, crdt.Errorf(crdt.KindInvalid, "after: %w", err)
			}
		}
		page, err := m.c.History(m.ctx, id, q)
		if err != nil {
			return nil, true, err
		}
		next := ""
		if page.Next != (crdt.Hash{}) {
			next = page.Next.String()
		}
		return map[string]any{"entries": toEntries(page.Entries), "next": next}, true, nil
	case "since":
		news, err := m.c.Since(m.ctx, id)
		if err != nil {
			return nil, true, err
		}
		return map[string]any{"looked": moment(news.Looked), "entries": toEntries(news.Entries), "more": news.More}, true, nil
	case "looked":
		var heads []crdt.Hash
		for _, text := range a.Heads {
			h, err := crdt.ParseHash(text)
			if err != nil {
				return nil, true, crdt.Errorf(crdt.KindInvalid, "heads: %w", err)
			}
			heads = append(heads, h)
		}
		return nil, true, m.c.Looked(id, crdt.NewHeads(heads...))
	}
	change, err := m.c.FindChange(m.ctx, id, a.Change)
	if err != nil {
		return nil, true, err
	}
	if command == "at" {
		v, err := m.c.ViewAt(id, change)
		if err != nil {
			return nil, true, err
		}
		return toView(v), true, nil
	}
	left, err := m.c.Undo(m.ctx, id, change)
	if err != nil {
		return nil, true, err
	}
	return map[string]any{"left": len(left)}, true, nil
}

func (m *Client) unsent(command string, a *args) (any, bool, error) {
	switch command {
	case "unsent":
		u, err := m.c.Unsent(m.ctx)
		if err != nil {
			return nil, true, err
		}
		return toUnsent(u), true, nil
	case "refused":
		work, err := m.c.Refused(m.ctx)
		return toWork(work), true, err
	case "again", "dismiss":
		w, err := m.c.FindRefused(m.ctx, a.Change)
		if err != nil {
			return nil, true, err
		}
		if command == "dismiss" {
			return nil, true, m.c.Dismiss(m.ctx, w)
		}
		r, err := m.c.Again(m.ctx, w)
		return map[string]any{"done": r.Done, "left": r.Left}, true, err
	case "deliveries":
		all, err := m.c.Deliveries(m.ctx)
		out := []map[string]any{}
		for _, d := range all {
			out = append(out, map[string]any{"job": d.Doc.String(), "at": moment(d.At), "on_server": d.Server, "on_devices": d.Devices})
		}
		return out, true, err
	case "export":
		return nil, true, m.c.Export(m.ctx, a.Path)
	case "import":
		got, err := m.c.Import(m.ctx, a.Path)
		return map[string]any{"changes": got.Changes, "files": got.Files, "refused": got.Refused}, true, err
	case "wipe":
		return nil, true, m.c.Wipe(m.ctx, a.EvenSo)
	}
	return nil, false, nil
}

func toUnsent(u client.Unsent) any {
	jobs, files := []map[string]any{}, []map[string]any{}
	for _, d := range u.Jobs {
		jobs = append(jobs, map[string]any{"job": d.ID.String(), "changes": d.Edits, "bytes": d.Bytes, "status": d.Status, "since": moment(d.Since), "did": d.Did, "refused": d.Refused})
	}
	for _, f := range u.Files {
		files = append(files, map[string]any{"job": f.ID.String(), "name": f.Name, "kind": f.Kind, "sha256": f.SHA256, "size": f.Size, "sent": f.Sent,
			"asked": f.Asked, "since": moment(f.QueuedAt), "attempts": f.Attempts, "last_error": f.LastError})
	}
	return map[string]any{"changes": u.Edits, "files": u.Attached, "bytes": u.Bytes, "jobs": jobs, "uploads": files, "refused": len(u.Refused),
		"last_sync": moment(u.LastSync), "failed": map[string]any{"attempts": u.Failed.Attempts, "reason": u.Failed.Reason, "at": moment(u.Failed.At)}}
}

func toWork(all []client.Work) any {
	out := []map[string]any{}
	for _, w := range all {
		out = append(out, map[string]any{"change": w.ID.String(), "job": w.Doc.String(), "serial_no": w.SerialNo, "label": w.Job, "code": w.Code, "detail": w.Detail,
			"refused_at": moment(w.RefusedAt), "made_at": moment(w.MadeAt), "did": w.Did, "whole": w.Whole})
	}
	return out
}

func toRows(rows []client.Row) any {
	type row struct {
		Job string `json:"job"`
		client.Row
		Withdrawn any `json:"withdrawn_at"`
	}
	out := []row{}
	for _, r := range rows {
		out = append(out, row{r.ID.String(), r, moment(r.Withdrawn)})
	}
	return out
}

func toView(v client.View) any {
	heads := []string{}
	for _, h := range v.Heads {
		heads = append(heads, h.String())
	}
	out := map[string]any{"id": v.ID.String(), "url": crdt.URL{Doc: v.ID}.String(), "heads": heads, "withdrawn_at": moment(v.Withdrawn), "kind": job.KindOf(v.Tree)}
	if v.IsJob {
		out["job"], out["clashes"] = v.Job, v.JobClashes
	}
	return out
}

func toEntries(all []client.Entry) any {
	type entry struct {
		What      audit.Entry     `json:"what"`
		Mine      bool            `json:"mine"`
		OnServer  *bool           `json:"on_server,omitempty"`
		OnDevices []client.Device `json:"on_devices,omitempty"`
	}
	out := []entry{}
	for _, e := range all {
		x := entry{What: e.Entry, Mine: e.Mine}
		if e.Receipt != nil {
			x.OnServer, x.OnDevices = &e.Receipt.Server, e.Receipt.Devices
		}
		out = append(out, x)
	}
	return out
}

func toLanes(l client.Lanes) any {
	lane := func(f client.FileLane) map[string]any {
		return map[string]any{"files": f.Files, "bytes": f.Bytes, "held": f.Held, "here_ms": f.Here.Milliseconds(), "fast_ms": f.Fast.Milliseconds()}
	}
	moving := []file{}
	for _, p := range l.Moving {
		moving = append(moving, toFile(p))
	}
	return map[string]any{"connected": l.Connected, "syncing": l.Syncing, "status": l.Status, "text": l.Text, "up": lane(l.Up), "down": lane(l.Down), "moving": moving}
}
