package mobile

import (
	"bytes"
	"encoding/json"
	"slices"

	"fieldsync/client"
	"fieldsync/crdt"
	"fieldsync/crdt/job"
)

// args are the arguments of all commands; each takes those that its line below names.
type args struct {
	Job string `json:"job"` // a document's id

	Server   string `json:"server"`
	Token    string `json:"token"`
	Login    string `json:"login"`
	Password string `json:"password"`
	Org      string `json:"org"`
	Label    string `json:"label"`

	Kind       string         `json:"kind"`
	Template   string         `json:"template"`
	Form       map[string]any `json:"form"`
	Status     string         `json:"status"`
	Note       string         `json:"note"`
	Resolution string         `json:"resolution"`
	Location   *job.Location  `json:"location"`
	Text       string         `json:"text"`
	Field      string         `json:"field"`
	Value      any            `json:"value"`
	Done       bool           `json:"done"`
	Choice     int            `json:"choice"`
	Clash      job.Clash      `json:"clash"`
	Path       string         `json:"path"`
	Attachment string         `json:"attachment"`
	Change     string         `json:"change"`
	After      string         `json:"after"`
	Limit      int            `json:"limit"`
	Heads      []string       `json:"heads"`
	EvenSo     bool           `json:"even_so"`

	client.Preferences
	Push client.PushTarget `json:"push"`
}

// maxArgs bounds the arguments of a command, in bytes.
const maxArgs = 1 << 20

// do finds a command by its name. These need no network, but for those that are marked with *.
//
//	login* server token · sign_in* server login password org label · logout · whoami
//	jobs · others kind · job job · find* job · new template form · set_status job status note resolution location
//	comment job text · fill job field value · tick job field done · patch job form · settle job clash choice
//	attach job path field · fetch* job attachment path · has job attachment · send_now job attachment
//	history job after limit · at job change · undo job change · since job · looked job heads
//	unsent · refused · again change · dismiss change · deliveries · storage · export path · import* path · wipe even_so
//	register_push* push · unregister_push* · push_state
//	sync* · sync_now · link · lanes · preferences · set_preferences wifi_only data_saver
func (m *Client) do(command string, raw []byte) (any, error) {
	var a args
	if len(raw) > maxArgs {
		return nil, crdt.Errorf(crdt.KindTooLarge, "arguments of %d bytes", len(raw))
	}
	if len(bytes.TrimSpace(raw)) > 0 {
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&a); err != nil {
			return nil, crdt.Errorf(crdt.KindInvalid, "arguments: %w", err)
		}
	}
	for _, group := range []func(string, *args) (any, bool, error){m.account, m.reading, m.working, m.files, m.past, m.unsent, m.exchange, m.push} {
		if result, found, err := group(command, &a); found || err != nil {
			return result, err
		}
	}
	return nil, crdt.Errorf(crdt.KindUnsupported, "there is no command %q", command)
}

// job gives the document that the arguments name.
func (a *args) job() (crdt.DocID, error) {
	id, err := crdt.ParseDocID(a.Job)
	if err != nil {
		return id, crdt.Errorf(crdt.KindInvalid, "job: %w", err)
	}
	return id, nil
}

func (m *Client) account(command string, a *args) (any, bool, error) {
	switch command {
	case "login":
		who, err := m.c.Login(m.ctx, a.Server, a.Token)
		return who, true, err
	case "sign_in":
		who, err := m.c.SignIn(m.ctx, a.Server, a.Login, a.Password, a.Org, a.Label)
		return who, true, err
	case "logout":
		return nil, true, m.c.Logout()
	case "whoami":
		who, err := m.c.WhoAmI()
		if err != nil {
			return nil, true, err
		}
		last, err := m.c.LastSync()
		if err != nil {
			return nil, true, err
		}
		revoked, err := m.c.Revoked()
		return struct {
			client.Identity
			LastSync any `json:"last_sync"`
			Revoked  any `json:"revoked_at"`
		}{who, moment(last), moment(revoked)}, true, err
	}
	return nil, false, nil
}

func (m *Client) reading(command string, a *args) (any, bool, error) {
	switch command {
	case "jobs":
		rows, err := m.c.Jobs(m.ctx)
		return toRows(rows), true, err
	case "others":
		rows, err := m.c.Others(m.ctx, a.Kind)
		return toRows(rows), true, err
	case "job":
		id, err := a.job()
		if err != nil {
			return nil, true, err
		}
		v, err := m.c.View(id)
		if err != nil {
			return nil, true, err
		}
		return toView(v), true, nil
	case "find":
		id, err := a.job()
		if err == nil {
			err = m.c.Find(m.ctx, id)
		}
		return nil, true, err
	case "storage":
		return map[string]any{"state": m.c.Storage()}, true, nil
	}
	return nil, false, nil
}

func (m *Client) working(command string, a *args) (any, bool, error) {
	if command == "new" {
		var template crdt.DocID
		if a.Template != "" {
			var err error
			if template, err = crdt.ParseDocID(a.Template); err != nil {
				return nil, true, crdt.Errorf(crdt.KindInvalid, "template: %w", err)
			}
		}
		id, err := m.c.NewJob(m.ctx, template, a.Form)
		return map[string]any{"job": id.String()}, true, err
	}
	if !slices.Contains([]string{"set_status", "comment", "fill", "tick", "patch", "settle"}, command) {
		return nil, false, nil
	}
	id, err := a.job()
	if err != nil {
		return nil, true, err
	}
	switch command {
	case "set_status":
		err = m.c.SetStatus(m.ctx, id, client.StatusChange{Status: job.Status(a.Status), Note: a.Note, Resolution: a.Resolution, Location: a.Location})
	case "comment":
		c, err := m.c.Comment(m.ctx, id, a.Text)
		return c, true, err
	case "fill":
		err = m.c.Fill(m.ctx, id, a.Field, a.Value)
	case "tick":
		err = m.c.Tick(m.ctx, id, a.Field, a.Done)
	case "patch":
		changed, err := m.c.Patch(m.ctx, id, a.Form)
		return map[string]any{"changed": changed}, true, err
	case "settle":
		err = m.c.Settle(m.ctx, id, a.Clash, a.Choice)
	}
	return nil, true, err
}

// push says where this device is told of changes: push is {"service": "webpush" | "fcm" | "apns", "endpoint", "p256dh", "auth", "token", "app", "sandbox", "silent",
// "time_zone"}, as client.PushTarget has it. An "offline" is no failure: the server is told with the next connection.
func (m *Client) push(command string, a *args) (any, bool, error) {
	switch command {
	case "register_push":
		return nil, true, m.c.RegisterPush(m.ctx, a.Push)
	case "unregister_push":
		return nil, true, m.c.UnregisterPush(m.ctx)
	case "push_state":
		p, err := m.c.Push()
		return map[string]any{"push": p.Target, "told_at": moment(p.Told), "failed": p.Failed}, true, err
	}
	return nil, false, nil
}

func (m *Client) exchange(command string, a *args) (any, bool, error) {
	switch command {
	case "sync":
		r, err := m.c.Sync(m.ctx)
		return toReport(r), true, err
	case "sync_now":
		m.c.SyncNow()
		return nil, true, nil
	case "link":
		return toLink(m.c.Link()), true, nil
	case "lanes":
		l, err := m.c.Lanes(m.ctx)
		return toLanes(l), true, err
	case "preferences":
		return m.c.Preferences(), true, nil
	case "set_preferences":
		return nil, true, m.c.SetPreferences(a.Preferences)
	}
	return nil, false, nil
}
