package job

import (
	"slices"

	"fieldsync/crdt"
)

// body is all that can be planned of a document of any kind.
type body struct {
	Draft
	Name         string
	Archived     bool
	WorkerCreate bool
}

// member is one name of the JSON form that can be written: how it is read from there, and which edits lead from one state to another.
type member struct {
	key   string
	kinds []string
	read  func(f *form, at string, v any, b *body)
	write func(p spot, was, shall *body)
}

var (
	everything = Kinds()
	planned    = []string{Kind, KindTemplate}
	others     = []string{KindTemplate, KindClient, KindSite}
)

// members are all names that can be written, in the order in which people look at them. It is never changed.
var members = []member{
	lineMember(KeyName, others, func(b *body) *string { return &b.Name }),
	lineMember(KeySerialNo, []string{Kind}, func(b *body) *string { return &b.SerialNo }),
	lineMember(KeyExternalID, everything, func(b *body) *string { return &b.ExternalID }),
	lineMember(KeyExternalOrderID, []string{Kind}, func(b *body) *string { return &b.ExternalOrderID }),
	{KeyExternalIDs, everything,
		func(f *form, at string, v any, b *body) {
			b.ExternalIDs = f.labels(v, at, b.ExternalIDs, MaxSystems)
		},
		func(p spot, was, shall *body) { p.labels(KeyExternalIDs, was.ExternalIDs, shall.ExternalIDs) }},
	flagMember(KeyArchived, others, func(b *body) *bool { return &b.Archived }),
	flagMember(KeyWorkerCreate, []string{KindTemplate}, func(b *body) *bool { return &b.WorkerCreate }),
	lineMember(KeyTitle, planned, func(b *body) *string { return &b.Title }),
	{KeyDescription, everything,
		func(f *form, at string, v any, b *body) { b.Description = f.text(v, at, b.Description) },
		func(p spot, was, shall *body) { p.text(KeyDescription, was.Description, shall.Description) }},
	refMember(KeyTemplate, []string{Kind}, func(b *body) *Ref { return &b.Template }),
	lineMember(KeyType, planned, func(b *body) *string { return &b.Type }),
	refMember(KeyClient, []string{Kind, KindTemplate, KindSite}, func(b *body) *Ref { return &b.Client }),
	refMember(KeySite, planned, func(b *body) *Ref { return &b.Site }),
	refMember(KeyTerritory, []string{Kind, KindTemplate, KindSite}, func(b *body) *Ref { return &b.Territory }),
	{KeySkills, planned,
		func(f *form, at string, v any, b *body) { b.Skills = f.names(v, at, b.Skills, MaxSkills) },
		func(p spot, was, shall *body) { p.names(KeySkills, was.Skills, shall.Skills) }},
	listMember(contacts, everything),
	{KeyAddress, everything,
		func(f *form, at string, v any, b *body) { b.Address = f.address(v, at, b.Address) },
		func(p spot, was, shall *body) { p.address(KeyAddress, was.Address, shall.Address) }},
	{KeyScheduledAt, []string{Kind},
		func(f *form, at string, v any, b *body) { b.ScheduledAt = f.time(v, at, b.ScheduledAt) },
		func(p spot, was, shall *body) { p.time(KeyScheduledAt, was.ScheduledAt, shall.ScheduledAt) }},
	{KeyScheduledDuration, planned,
		func(f *form, at string, v any, b *body) { b.ScheduledDuration = f.duration(v, at, b.ScheduledDuration) },
		func(p spot, was, shall *body) {
			p.minutes(KeyScheduledDuration, was.ScheduledDuration.Minutes, shall.ScheduledDuration.Minutes)
		}},
	{KeyAssignees, []string{Kind},
		func(f *form, at string, v any, b *body) { b.Assignees = f.assignees(v, at, b.Assignees) },
		func(p spot, was, shall *body) { p.assignees(KeyAssignees, was.Assignees, shall.Assignees) }},
	listMember(possible, planned),
	listMember(customFields, planned),
	listMember(reportFields, planned),
	listMember(checklist, planned),
}

func lineMember(key string, kinds []string, of func(b *body) *string) member {
	return member{key, kinds,
		func(f *form, at string, v any, b *body) { *of(b) = f.line(v, at, *of(b)) },
		func(p spot, was, shall *body) { p.line(key, *of(was), *of(shall)) }}
}

func flagMember(key string, kinds []string, of func(b *body) *bool) member {
	return member{key, kinds,
		func(f *form, at string, v any, b *body) { *of(b) = f.boolean(v, at) },
		func(p spot, was, shall *body) { p.flag(key, *of(was), *of(shall)) }}
}

func refMember(key string, kinds []string, of func(b *body) *Ref) member {
	return member{key, kinds,
		func(f *form, at string, v any, b *body) { *of(b) = f.ref(v, at, *of(b)) },
		func(p spot, was, shall *body) { p.ref(key, *of(was), *of(shall)) }}
}

func listMember[T any](l list[T], kinds []string) member {
	return member{l.key, kinds,
		func(f *form, at string, v any, b *body) { *l.of(b) = l.read(f, at, v, *l.of(b)) },
		l.write}
}

// memberOf finds the member of a name; nil where a document of this kind has none that can be written.
func memberOf(kind, key string) *member {
	i := slices.IndexFunc(members, func(p member) bool { return p.key == key && slices.Contains(p.kinds, kind) })
	if i < 0 {
		return nil
	}
	return &members[i]
}

// rewrite gives the edits that lead a document from one state to another.
func rewrite(kind string, tree map[string]any, was, shall *body) []crdt.Edit {
	var edits []crdt.Edit
	root := spot{m: tree, out: &edits}
	for _, p := range members {
		if slices.Contains(p.kinds, kind) {
			p.write(root, was, shall)
		}
	}
	return edits
}

func (j *Job) body() *body {
	return &body{Draft: Draft{UUID: j.UUID, SerialNo: j.SerialNo, ExternalID: j.ExternalID, ExternalOrderID: j.ExternalOrderID, ExternalIDs: j.ExternalIDs,
		Template: j.Template, Follows: j.Follows, CreatedAt: j.CreatedAt, Plan: j.Plan, ScheduledAt: j.ScheduledAt, Assignees: j.Assignees}}
}

func (t *Template) body() *body {
	return &body{Name: t.Name, Archived: t.Archived, WorkerCreate: t.WorkerCreate,
		Draft: Draft{UUID: t.UUID, ExternalID: t.ExternalID, ExternalIDs: t.ExternalIDs, CreatedAt: t.CreatedAt, Plan: t.Plan}}
}

func (c *ClientRecord) body() *body {
	return &body{Name: c.Name, Archived: c.Archived, Draft: Draft{UUID: c.UUID, ExternalID: c.ExternalID, ExternalIDs: c.ExternalIDs, CreatedAt: c.CreatedAt,
		Plan: Plan{Description: c.Description, Address: c.Address, Contacts: c.Contacts}}}
}

func (s *Site) body() *body {
	return &body{Name: s.Name, Archived: s.Archived, Draft: Draft{UUID: s.UUID, ExternalID: s.ExternalID, ExternalIDs: s.ExternalIDs, CreatedAt: s.CreatedAt,
		Plan: Plan{Client: s.Client, Territory: s.Territory, Description: s.Description, Address: s.Address, Contacts: s.Contacts}}}
}
