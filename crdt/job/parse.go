package job

import (
	"cmp"
	"slices"
)

// Parse takes the JSON form of a new job, as a client sends it, over a draft: an empty one, one from a template, or a follow-up. What the
// form names takes the place of what the draft has, by the rules of JSON Merge Patch. It fills in the first event: its status is
// the form's, scheduled or published. The errors name every field that cannot be taken.
func Parse(base Draft, form map[string]any, a Author) (Draft, FieldErrors) {
	b := &body{Draft: base}
	f := reading(Kind, a)
	f.readNew(form, b, KeyStatus, KeyFollows)
	b.First = Event{Status: Scheduled, HappenedAt: a.Now, By: a.User, Device: a.Device}
	if a.NewID != nil {
		b.First.ID = a.NewID()
	}
	if v, has := form[KeyStatus]; has && v != nil {
		s, _ := v.(string)
		if b.First.Status = Status(s); b.First.Status != Scheduled && b.First.Status != Published {
			f.errs.add(KeyStatus, "must be scheduled or published: what comes after is a status event")
		}
	}
	if v, has := form[KeyFollows]; has {
		b.Follows = f.line(v, KeyFollows, b.Follows)
	}
	return b.Draft, f.errs
}

// ParseTemplate is Parse for a template.
func ParseTemplate(form map[string]any, a Author) (Template, FieldErrors) {
	b, f := &body{}, reading(KindTemplate, a)
	f.readNew(form, b)
	f.needs("", KeyName, b.Name)
	return Template{Kind: KindTemplate, SchemaVersion: SchemaVersion, UUID: b.UUID, ExternalID: b.ExternalID, ExternalIDs: b.ExternalIDs, CreatedAt: b.CreatedAt,
		Name: b.Name, Archived: b.Archived, WorkerCreate: b.WorkerCreate, Plan: b.Plan}, f.errs
}

// ParseClient is Parse for a client.
func ParseClient(form map[string]any, a Author) (ClientRecord, FieldErrors) {
	b, f := &body{}, reading(KindClient, a)
	f.readNew(form, b)
	f.needs("", KeyName, b.Name)
	return ClientRecord{Kind: KindClient, SchemaVersion: SchemaVersion, UUID: b.UUID, ExternalID: b.ExternalID, ExternalIDs: b.ExternalIDs, CreatedAt: b.CreatedAt,
		Name: b.Name, Archived: b.Archived, Description: b.Description, Address: b.Address, Contacts: b.Contacts}, f.errs
}

// ParseSite is Parse for a site.
func ParseSite(form map[string]any, a Author) (Site, FieldErrors) {
	b, f := &body{}, reading(KindSite, a)
	f.readNew(form, b)
	f.needs("", KeyName, b.Name)
	return Site{Kind: KindSite, SchemaVersion: SchemaVersion, UUID: b.UUID, ExternalID: b.ExternalID, ExternalIDs: b.ExternalIDs, CreatedAt: b.CreatedAt,
		Name: b.Name, Archived: b.Archived, Client: b.Client, Territory: b.Territory, Description: b.Description, Address: b.Address, Contacts: b.Contacts}, f.errs
}

func reading(kind string, a Author) *form { return &form{Author: a, kind: kind} }

// readNew takes a new document's form. Names that only a document that is there can have are passed over where they say nothing,
// so that one may send what he got, cleared.
func (f *form) readNew(form map[string]any, b *body, also ...string) {
	b.CreatedAt = cmp.Or(b.CreatedAt, f.Now)
	for _, key := range sortedKeys(form) {
		v := form[key]
		part := memberOf(f.kind, key)
		switch {
		case part != nil:
			part.read(f, key, v, b)
		case slices.Contains(also, key), key == KeySchemaVersion:
		case key == KeyKind:
			if v != f.kind {
				f.errs.add(key, "must be %s", f.kind)
			}
		case key == KeyUUID:
			if v != nil {
				b.UUID, _ = f.id(v, key)
			}
		case key == KeyCreatedAt:
			b.CreatedAt = f.time(v, key, b.CreatedAt)
		case readOnly(f.kind, key) == "":
			f.errs.add(key, "is no field of a %s", f.kind)
		case !empty(v):
			f.errs.add(key, "is read-only: %s", readOnly(f.kind, key))
		}
	}
}

// empty tells whether a value of the JSON form says nothing.
func empty(v any) bool {
	switch x := v.(type) {
	case nil:
		return true
	case bool:
		return !x
	case string:
		return x == ""
	case []any:
		return len(x) == 0
	case map[string]any:
		return len(x) == 0
	}
	return false
}

// readOnly says why a name of the JSON form cannot be written; empty where there is no such name.
func readOnly(kind, key string) string {
	switch key {
	case KeyKind, KeyUUID, KeyCreatedAt, KeySchemaVersion:
		return "it is what the document was made with"
	case "id", "url", "version", "heads", "updated_at":
		return "the service derives it"
	}
	if kind != Kind {
		return ""
	}
	switch key {
	case KeyFollows:
		return "it is what the document was made with"
	case KeyStatus, KeyStatusLog:
		return "a status is set by a status event"
	case "clash", "timestamps":
		return "it follows from the status log"
	case KeyResolution:
		return "it comes with the status event that finishes the job"
	case KeyComments:
		return "comments are added one by one"
	case KeyAttachments:
		return "files are attached one by one"
	}
	return ""
}
