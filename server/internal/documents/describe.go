package documents

import (
	"slices"
	"strings"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/job"
	"fieldsync/crdt/policy"
	"fieldsync/crdt/replica"
	"fieldsync/server/internal/access"
)

// describe is replica.Config.Describe: it derives the record from the operation index, without the engine.
func describe(_ crdt.DocID, prev []byte, h *history.History, from int, creator replica.Creator) []byte {
	var rec access.Record
	if prev != nil {
		if !h.TouchesUnder(from, h.Len(), job.KeyKind, job.KeyAssignees, job.KeyUUID, job.KeyWorkerCreate) && !access.Outdated(prev) {
			return prev
		}
		var err error
		if rec, err = access.DecodeRecord(prev); err != nil {
			return prev
		}
	} else {
		rec.Org, rec.Creator, _ = strings.Cut(string(creator.Author), "/")
		if who, ok := creator.Principal.(principal); ok {
			rec.CreatorRole = who.Role
		}
	}
	next := rec.WithKind(policy.Winner(h, h.Root(), job.KeyKind))
	next.Outdated = false
	switch next.Kind {
	case job.Kind:
		next = next.WithAssignees(assignees(h))
	case job.KindTemplate:
		next = next.WithTemplate(policy.Winner(h, h.Root(), job.KeyUUID), isTrue(h, h.Root(), job.KeyWorkerCreate))
	}
	if prev != nil && next.Equal(rec) {
		return prev
	}
	out, err := next.Encode()
	if err != nil {
		return prev // over a bound of the record: who is assigned stays as it was
	}
	return out
}

// assignees are the users in the map at the root's key, all of its conflicting versions together: while two dispatchers
// disagree on who the workers are, each named one has the job. Editors are those whom one of the versions gives edit access.
func assignees(h *history.History) (users, editors []string) {
	for _, op := range h.Stand(h.Root(), job.KeyAssignees) {
		if op.Action != format.ActionMakeMap {
			continue
		}
		for user := range h.Keys(op.Object) {
			users = append(users, user)
			if slices.ContainsFunc(h.Stand(op.Object, user), func(entry history.Written) bool {
				return entry.Action == format.ActionMakeMap && isTrue(h, entry.Object, job.KeyEdit)
			}) {
				editors = append(editors, user)
			}
		}
	}
	return users, editors
}

// isTrue tells whether one of the values at a key of a map is true.
func isTrue(h *history.History, obj history.ObjID, key string) bool {
	return slices.ContainsFunc(h.Stand(obj, key), func(w history.Written) bool { return w.True })
}
