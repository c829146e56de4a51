package job

import (
	"cmp"
	"slices"
	"strconv"

	"fieldsync/crdt"
)

// Problem is a value that could not be understood and was passed over.
type Problem struct {
	Path crdt.Path
	Want string // what should have stood there
}

// MaxProblems bounds the list of problems: one broken job must not fill a log.
const MaxProblems = 50

// Read understands a document's tree as a job, whatever stands in it: what has the wrong type is passed over and listed, what is unknown
// is left alone. The tree is not kept. The work is in proportion to the tree.
func Read(tree map[string]any) (Job, []Problem) {
	var problems []Problem
	root := reader(tree, Kind, &problems)
	j := Job{
		Kind: Kind, SchemaVersion: root.integer(KeySchemaVersion), UUID: root.str(KeyUUID), SerialNo: root.label(KeySerialNo),
		ExternalID: root.label(KeyExternalID), ExternalOrderID: root.label(KeyExternalOrderID), ExternalIDs: root.labels(KeyExternalIDs),
		Template: root.ref(KeyTemplate), Follows: root.str(KeyFollows), CreatedAt: root.time(KeyCreatedAt),
		Plan: root.plan(), ScheduledAt: root.time(KeyScheduledAt), Assignees: []Assignee{},
		Log: events(root), Comments: []Comment{}, Attachments: attachments(root),
	}
	root.each(KeyAssignees, func(id string, c cursor) {
		j.Assignees = append(j.Assignees, Assignee{User: id, Edit: c.boolean(KeyEdit)})
	})
	root.each(KeyComments, func(id string, c cursor) {
		j.Comments = append(j.Comments, Comment{ID: id, Text: c.str(KeyText), By: c.str(KeyBy), HappenedAt: c.time(KeyHappenedAt)})
	})
	slices.SortStableFunc(j.Comments, func(a, b Comment) int { return cmp.Compare(a.HappenedAt, b.HappenedAt) })
	j.Outcome = Current(j.Log)
	j.InClash = j.Clash()
	j.Timestamps = TimestampsOf(j.Log)
	j.Resolution = resolutionOf(j.Outcome, j.Possible, root.ref(KeyResolution))
	answer(j.CustomFields, j.Attachments)
	answer(j.ReportFields, j.Attachments)
	return j, problems
}

// ReadTemplate is Read for a template.
func ReadTemplate(tree map[string]any) (Template, []Problem) {
	var problems []Problem
	root := reader(tree, KindTemplate, &problems)
	return Template{
		Kind: KindTemplate, SchemaVersion: root.integer(KeySchemaVersion), UUID: root.str(KeyUUID), ExternalID: root.label(KeyExternalID),
		ExternalIDs: root.labels(KeyExternalIDs), CreatedAt: root.time(KeyCreatedAt), Name: root.str(KeyName), Archived: root.boolean(KeyArchived),
		WorkerCreate: root.boolean(KeyWorkerCreate), Plan: root.plan(),
	}, problems
}

// ReadClient is Read for a client.
func ReadClient(tree map[string]any) (ClientRecord, []Problem) {
	var problems []Problem
	root := reader(tree, KindClient, &problems)
	return ClientRecord{
		Kind: KindClient, SchemaVersion: root.integer(KeySchemaVersion), UUID: root.str(KeyUUID), ExternalID: root.label(KeyExternalID),
		ExternalIDs: root.labels(KeyExternalIDs), CreatedAt: root.time(KeyCreatedAt), Name: root.str(KeyName), Archived: root.boolean(KeyArchived),
		Description: root.str(KeyDescription), Address: root.address(), Contacts: root.contacts(),
	}, problems
}

// ReadSite is Read for a site.
func ReadSite(tree map[string]any) (Site, []Problem) {
	var problems []Problem
	root := reader(tree, KindSite, &problems)
	return Site{
		Kind: KindSite, SchemaVersion: root.integer(KeySchemaVersion), UUID: root.str(KeyUUID), ExternalID: root.label(KeyExternalID),
		ExternalIDs: root.labels(KeyExternalIDs), CreatedAt: root.time(KeyCreatedAt), Name: root.str(KeyName), Archived: root.boolean(KeyArchived), Client: root.ref(KeyClient),
		Territory: root.ref(KeyTerritory), Description: root.str(KeyDescription), Address: root.address(), Contacts: root.contacts(),
	}, problems
}

// Log reads the status log alone. An entry without a status is passed over, as if it were not there.
func Log(tree map[string]any) ([]Event, []Problem) {
	var problems []Problem
	return events(cursor{m: tree, problems: &problems}), problems
}

func reader(tree map[string]any, kind string, problems *[]Problem) cursor {
	root := cursor{m: tree, problems: problems}
	if KindOf(tree) != kind {
		root.problem(KeyKind, strconv.Quote(kind))
	}
	return root
}

func events(root cursor) []Event {
	out := []Event{}
	root.each(KeyStatusLog, func(id string, c cursor) {
		e := Event{ID: id, Status: Status(c.str(KeyStatus)), HappenedAt: c.time(KeyHappenedAt), By: c.str(KeyBy), Device: c.str(KeyDevice),
			After: c.strings(KeyAfter), Location: c.location(KeyLocation), Note: c.str(KeyNote), Resolution: c.ref(KeyResolution).key()}
		if e.Status == "" {
			c.problem(KeyStatus, "a status")
			return
		}
		out = append(out, e)
	})
	slices.SortStableFunc(out, func(a, b Event) int { return cmp.Compare(a.HappenedAt, b.HappenedAt) })
	return out
}

func attachments(root cursor) []Attachment {
	out := []Attachment{}
	root.each(KeyAttachments, func(id string, c cursor) {
		a := Attachment{ID: id, SHA256: c.str(KeySHA256), Size: c.integer(KeySize), MediaType: c.str(KeyMediaType), Name: c.str(KeyName),
			Field: c.str(KeyField), TakenAt: c.time(KeyTakenAt), By: c.str(KeyBy), Location: c.location(KeyLocation), PreviewSHA256: c.str(KeyPreviewSHA256),
			ThumbnailSHA256: c.str(KeyThumbnailSHA256)}
		if !isSHA256(a.SHA256) {
			c.problem(KeySHA256, "a SHA-256 in lower-case hexadecimal")
			return
		}
		for key, sum := range map[string]*string{KeyPreviewSHA256: &a.PreviewSHA256, KeyThumbnailSHA256: &a.ThumbnailSHA256} {
			if *sum != "" && !isSHA256(*sum) {
				c.problem(key, "a SHA-256 in lower-case hexadecimal")
				*sum = ""
			}
		}
		if a.Size < 0 {
			c.problem(KeySize, "a size")
			a.Size = 0
		}
		out = append(out, a)
	})
	slices.SortStableFunc(out, func(a, b Attachment) int { return cmp.Compare(a.TakenAt, b.TakenAt) })
	return out
}

// answer gives the fields that files answer the ids of those.
func answer(fields []Field, files []Attachment) {
	by := map[string][]string{}
	for _, a := range files {
		if a.Field != "" {
			by[a.Field] = append(by[a.Field], a.ID)
		}
	}
	for i := range fields {
		if ids := by[fields[i].ID]; ids != nil && fields[i].Type.IsFile() {
			fields[i].Value = ids
		}
	}
}
