package job

import (
	"slices"

	"fieldsync/crdt"
)

// Draft is what a new job starts with. Zero fields are left out, except where the layout needs them.
type Draft struct {
	UUID, SerialNo, ExternalID, ExternalOrderID string
	ExternalIDs                                 map[string]string
	Template                                    Ref
	Follows                                     string // document id of the job that this one follows up
	CreatedAt                                   crdt.Timestamp
	Plan
	ScheduledAt crdt.Timestamp
	Assignees   []Assignee
	// First is the first entry of the status log; its Status may be empty for Scheduled.
	First Event
}

// FromTemplate gives the draft of a job that copies a template. The reference is how the job names it.
func FromTemplate(t Template, ref Ref) Draft {
	return Draft{Template: ref, Plan: t.copied(true)}
}

// FollowUp gives the draft of a job that goes on where another one ended: the same place, client and questions; the answers of the
// report, the ticks, the plan's time and who does it are left to be said anew. The id is the other job's document.
func FollowUp(j Job, id string) Draft {
	return Draft{Template: j.Template, Follows: id, Plan: j.copied(false)}
}

// copied is a plan for another job. Answers of files stay with the job that has the files.
func (p Plan) copied(answers bool) Plan {
	p.Skills, p.Contacts, p.Possible = slices.Clone(p.Skills), slices.Clone(p.Contacts), slices.Clone(p.Possible)
	p.CustomFields, p.ReportFields, p.Checklist = slices.Clone(p.CustomFields), slices.Clone(p.ReportFields), slices.Clone(p.Checklist)
	if p.Address.Location != nil {
		at := *p.Address.Location
		p.Address.Location = &at
	}
	for i := range p.CustomFields {
		if p.CustomFields[i].Type.IsFile() {
			p.CustomFields[i].Value = nil
		}
	}
	for i := range p.ReportFields {
		if p.ReportFields[i].Type.IsFile() || !answers {
			p.ReportFields[i].Value = nil
		}
	}
	for i := range p.Checklist {
		p.Checklist[i].Done, p.Checklist[i].DoneAt, p.Checklist[i].By = false, 0, ""
	}
	return p
}

// New gives the edits that make an empty document a job. All maps that people will add to are made here, once, so that nobody
// makes them a second time elsewhere.
func New(d Draft) ([]crdt.Edit, error) {
	if d.First.Status == "" {
		d.First.Status = Scheduled
	}
	if err := checkEvent(d.First); err != nil {
		return nil, err
	}
	for _, a := range d.Assignees {
		if checkID(a.User) != nil {
			return nil, invalid("an assignee without a user id")
		}
	}
	extra := map[string]any{KeyStatusLog: map[string]any{d.First.ID: eventValue(d.First)}}
	putString(extra, KeyFollows, d.Follows)
	return create(Kind, &body{Draft: d}, extra, KeyAssignees, KeyAttachments, KeyComments, KeySkills, KeyPossible, KeyCustomFields, KeyReportFields, KeyChecklist)
}

// NewTemplate gives the edits that make an empty document a template.
func NewTemplate(t Template) ([]crdt.Edit, error) {
	return create(KindTemplate, t.body(), nil, KeySkills, KeyPossible, KeyCustomFields, KeyReportFields, KeyChecklist)
}

// NewClient gives the edits that make an empty document a client.
func NewClient(c ClientRecord) ([]crdt.Edit, error) { return create(KindClient, c.body(), nil) }

// NewSite gives the edits that make an empty document a site.
func NewSite(s Site) ([]crdt.Edit, error) { return create(KindSite, s.body(), nil) }

// create writes a whole document: its members, what else it begins with, and the maps that must be there, empty or not.
func create(kind string, b *body, root map[string]any, maps ...string) ([]crdt.Edit, error) {
	if root == nil {
		root = map[string]any{}
	}
	for _, e := range rewrite(kind, nil, &body{}, b) {
		key, _ := e.Path[0].(string)
		if root[key] = e.Value; e.Kind == crdt.EditSetText {
			root[key] = crdt.Text(e.Text)
		}
	}
	root[KeyKind], root[KeySchemaVersion] = kind, SchemaVersion
	putString(root, KeyUUID, b.UUID)
	putTime(root, KeyCreatedAt, b.CreatedAt)
	for _, key := range append(maps, KeyAddress, KeyContacts, KeyExternalIDs) {
		if root[key] == nil {
			root[key] = map[string]any{}
		}
	}
	if root[KeyDescription] == nil {
		root[KeyDescription] = crdt.Text("")
	}
	edits := make([]crdt.Edit, 0, len(root))
	for _, k := range sortedKeys(root) {
		if err := checkKeys(root[k]); err != nil {
			return nil, err
		}
		edits = append(edits, crdt.Edit{Kind: crdt.EditSet, Path: crdt.Path{k}, Value: root[k]})
	}
	return edits, nil
}

// checkKeys refuses ids that cannot be a map's key.
func checkKeys(value any) error {
	m, isMap := value.(map[string]any)
	if !isMap {
		return nil
	}
	for k, v := range m {
		if err := checkID(k); err != nil {
			return err
		}
		if err := checkKeys(v); err != nil {
			return err
		}
	}
	return nil
}
