package documents

import (
	"strings"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/job"
	"fieldsync/crdt/policy"
	"fieldsync/crdt/replica"
	"fieldsync/server/internal/access"
)

// policy is replica.Config.Policy: an actor belongs to the principal who first delivered it, so nobody can write under another's name;
// and each operation must be one that the rules of crdt/job allow to what the principal is to the document.
func (s *Service) policy(p replica.Principal, doc crdt.DocID, meta []byte) history.Policy {
	who, _ := p.(principal)
	w := &writer{service: s, who: who.Principal, meta: meta}
	w.rules = policy.Case{User: w.who.User, Author: w}
	return w.check
}

var _ policy.Author = (*writer)(nil)

// writer is a principal who delivers changes to a document in a message.
type writer struct {
	service *Service
	who     access.Principal
	meta    []byte // empty: the document is made in this message
	rules   policy.Case

	record *access.Record // decoded when it is first asked for
}

func (w *writer) check(a *history.Admission) *crdt.Refusal {
	if owner, bound := a.History.Binding(a.Change.Actor); bound && owner != a.Author {
		return &crdt.Refusal{Code: crdt.RefusedActorTaken, Change: a.Change.Hash, Detail: "the actor belongs to somebody else"}
	}
	return w.rules.Check(a)
}

// rec is the document's record; the zero one where it is being made, or cannot be read.
func (w *writer) rec() *access.Record {
	if w.record == nil {
		rec, err := access.DecodeRecord(w.meta)
		if err != nil {
			rec = access.Record{}
		}
		w.record = &rec
	}
	return w.record
}

// Part is what the principal is to the document.
func (w *writer) Part(a *history.Admission) job.Part {
	if len(w.meta) == 0 && a.History.Len() > 0 {
		if org, _, _ := strings.Cut(string(a.History.Author(0)), "/"); org != w.who.Org {
			return job.PartOnlooker // it waited for a document that another organisation made meanwhile
		}
	}
	switch w.who.Role {
	case access.RoleOwner, access.RoleAdministrator, access.RoleDispatcher:
		return job.PartPlanner
	}
	if len(w.meta) == 0 {
		if access.MayCreate(w.who) && (a.History.Len() == 0 || a.History.Author(0) == a.Author) {
			return job.PartCreator
		}
		return job.PartOnlooker
	}
	is := access.StandingOf(w.who, *w.rec())
	if is.WasEditor && knowsAsEditor(a, w.who.User) {
		return job.PartEditor
	}
	return is.Part
}

// Kind is what the document is.
func (w *writer) Kind(h *history.History) string {
	if len(w.meta) == 0 {
		return policy.Winner(h, h.Root(), job.KeyKind)
	}
	return w.rec().Kind
}

// knowsAsEditor tells whether a worker had edit access as far as a change knows: in the entry that was the last to assign him. Somebody
// whom the access was taken from while his phone was offline delivers what he did until then.
func knowsAsEditor(a *history.Admission, user string) bool {
	h := a.History
	latest := func(all []history.Written) (last history.Written) {
		for _, w := range all {
			if w.Action != format.ActionDelete && a.Knows(w.Change) && w.ID.Compare(last.ID) > 0 {
				last = w
			}
		}
		return last
	}
	var entry history.Written
	for _, maps := range h.Ever(h.Root(), job.KeyAssignees) {
		if maps.Action == format.ActionMakeMap {
			if e := latest(h.Ever(maps.Object, user)); e.ID.Compare(entry.ID) > 0 {
				entry = e
			}
		}
	}
	if entry.Action != format.ActionMakeMap || entry.Object == 0 {
		return false
	}
	var flag history.Written
	for _, w := range h.Ever(entry.Object, job.KeyEdit) {
		if a.Knows(w.Change) && w.ID.Compare(flag.ID) > 0 {
			flag = w
		}
	}
	return flag.True
}

// UserOf gives the user behind an author; empty for an integration.
func (w *writer) UserOf(a history.Author) string {
	_, id, _ := strings.Cut(string(a), "/")
	user, _ := strings.CutPrefix(id, access.PersonPrefix)
	if user == id {
		return ""
	}
	return user
}

// MayMake tells why a worker may not make a document of a kind; template is the one that a job says it is from.
func (w *writer) MayMake(kind, template string) string {
	if !access.MayCreate(w.who) {
		return "may make no document"
	}
	switch kind {
	case job.KindTemplate, job.KindClient, job.KindSite:
		return "only a dispatcher makes templates, clients and sites"
	case job.Kind:
	default:
		return ""
	}
	setting := access.WorkerJobsTemplates
	if w.service.opt.WorkerJobs != nil {
		setting = w.service.opt.WorkerJobs(w.who.Org)
	}
	switch setting {
	case access.WorkerJobsAny:
		return ""
	case access.WorkerJobsNone:
		return "workers make no jobs here"
	}
	if template != "" && w.service.workerTemplate(w.who.Org, template) {
		return ""
	}
	return "workers make jobs from the templates that are meant for it"
}
