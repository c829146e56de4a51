package documents

import (
	"slices"
	"strings"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/job"
	"fieldsync/crdt/replica"
	"fieldsync/server/internal/access"
)

// decide is replica.Config.Access: the table of package access over the document's record.
func decide(p replica.Principal, _ crdt.DocID, meta []byte) replica.Access {
	who, ok := p.(principal)
	if !ok {
		return 0
	}
	if meta == nil {
		if access.MayCreate(who.Principal) {
			return replica.AccessCreate
		}
		return 0
	}
	rec, err := access.DecodeRecord(meta)
	if err != nil {
		return 0
	}
	var out replica.Access
	a := access.Decide(who.Principal, rec)
	if a.Read {
		out |= replica.AccessRead
	}
	if a.Write {
		out |= replica.AccessWrite
	}
	return out
}

// policy is replica.Config.Policy: an actor belongs to the principal who first delivered it, so nobody can write under
// another's name.
func policy(replica.Principal, crdt.DocID, []byte) history.Policy { return ownActor }

func ownActor(a *history.Admission) *crdt.Refusal {
	if owner, bound := a.History.Binding(a.Change.Actor); bound && owner != a.Author {
		return &crdt.Refusal{Code: crdt.RefusedActorTaken, Change: a.Change.Hash, Detail: "the actor belongs to somebody else"}
	}
	return nil
}

// describe is replica.Config.Describe: it derives the record from the operation index, without the engine.
func describe(_ crdt.DocID, prev []byte, h *history.History, from int, creator history.Author) []byte {
	if prev != nil && !concernsRecord(h, from) {
		return prev
	}
	org, id, _ := strings.Cut(string(creator), "/")
	rec := access.Record{Org: org, Creator: id}
	if prev != nil {
		var err error
		if rec, err = access.DecodeRecord(prev); err != nil {
			return prev
		}
	}
	next := rec.WithKind(rootString(h, job.KeyKind)).WithAssignees(assignees(h))
	if prev != nil && next.Equal(rec) {
		return prev
	}
	out, err := next.Encode()
	if err != nil {
		return prev // over a bound of the record: who is assigned stays as it was
	}
	return out
}

// concernsRecord tells whether a change from an index on may have changed what the record is made of. Most do not.
func concernsRecord(h *history.History, from int) bool {
	if h.Touches(from, h.Len(), h.Root(), job.KeyKind, job.KeyAssignees) {
		return true
	}
	for _, op := range h.Get(h.Root(), job.KeyAssignees) {
		if op.Action == format.ActionMakeMap && h.Touches(from, h.Len(), op.Object) {
			return true
		}
	}
	return false
}

// rootString is the text at a key of the root; empty if something else is there.
func rootString(h *history.History, key string) string {
	ops := h.Get(h.Root(), key)
	if len(ops) == 0 {
		return ""
	}
	last := ops[len(ops)-1]
	if last.Action != format.ActionSet || last.Value.Type != format.ValueString {
		return ""
	}
	return string(last.Value.Raw)
}

// assignees are the users in the map at the root's key, all of its conflicting versions together: while two dispatchers
// disagree on who the workers are, each named one has the job.
func assignees(h *history.History) []string {
	var out []string
	for _, op := range h.Get(h.Root(), job.KeyAssignees) {
		if op.Action == format.ActionMakeMap {
			out = slices.AppendSeq(out, h.Keys(op.Object))
		}
	}
	return out
}

// references tells whether an attachment names the file.
func references(h *history.History, sha256 string) bool {
	for _, maps := range h.Get(h.Root(), job.KeyAttachments) {
		if maps.Action != format.ActionMakeMap {
			continue
		}
		for id := range h.Keys(maps.Object) {
			for _, entry := range h.Get(maps.Object, id) {
				if entry.Action == format.ActionMakeMap && (has(h, entry.Object, "sha256", sha256) || has(h, entry.Object, "preview_sha256", sha256)) {
					return true
				}
			}
		}
	}
	return false
}

func has(h *history.History, obj history.ObjID, key, want string) bool {
	for _, op := range h.Get(obj, key) {
		if op.Action == format.ActionSet && op.Value.Type == format.ValueString && string(op.Value.Raw) == want {
			return true
		}
	}
	return false
}
