package client

import (
	"errors"
	"strings"

	"fieldsync/crdt"
	"fieldsync/crdt/history"
	"fieldsync/crdt/job"
	"fieldsync/crdt/policy"
	"fieldsync/crdt/replica"
)

// What the server would refuse is not done in the first place: package policy judges our own changes as the server does, as far as
// the phone can know what we are to a document. Where it cannot, the server decides.

// owner is the folder's owner as the principal of his own changes.
type owner struct{ user, role string }

// Author implements replica.Principal.
func (owner) Author() history.Author { return self }

// owner gives the principal of our own changes; nil: they are not judged.
func (c *Client) owner(a *account) replica.Principal {
	if c.unchecked {
		return nil
	}
	return owner{user: a.User, role: a.Role}
}

// rules is replica.Config.Policy.
func rules(p replica.Principal, _ crdt.DocID, _ []byte) history.Policy {
	o, ok := p.(owner)
	if !ok {
		return nil // the server's changes: it has judged them
	}
	return func(a *history.Admission) *crdt.Refusal {
		part, known := o.part(a.History)
		if !known {
			return nil
		}
		c := policy.Case{User: o.user, Author: o, Own: o.own}
		r := c.Check(a)
		if r != nil && part == job.PartPlanner && strings.HasSuffix(r.Detail, job.WhySigned) {
			return nil // he may restore what somebody else had signed, and whose that was the server knows
		}
		return r
	}
}

var _ policy.Author = owner{}

// Part implements policy.Author.
func (o owner) Part(a *history.Admission) job.Part {
	part, _ := o.part(a.History)
	return part
}

// Kind implements policy.Author.
func (owner) Kind(h *history.History) string { return policy.Winner(h, h.Root(), job.KeyKind) }

// MayMake implements policy.Author. Which jobs workers make is the organisation's to say: MayMakeJob.
func (owner) MayMake(kind, _ string) string {
	switch kind {
	case job.KindTemplate, job.KindClient, job.KindSite:
		return "only a dispatcher makes templates, clients and sites"
	}
	return ""
}

// UserOf implements policy.Author: of changes that came from the server nobody's name is known here.
func (o owner) UserOf(a history.Author) string {
	if a == self {
		return o.user
	}
	return ""
}

// part is what the owner is to a document; false where the phone cannot know it.
func (o owner) part(h *history.History) (job.Part, bool) {
	switch o.role {
	case "owner", "administrator", "dispatcher":
		return job.PartPlanner, true
	case "director":
		return job.PartOnlooker, true
	case roleWorker:
	default:
		return 0, false
	}
	if h.Len() == 0 || made(h) {
		return job.PartCreator, true
	}
	switch policy.Winner(h, h.Root(), job.KeyKind) {
	case job.KindTemplate, job.KindClient, job.KindSite:
		return job.PartOnlooker, true
	case job.Kind:
	default:
		return 0, false
	}
	list, ok := h.GetObject(h.Root(), job.KeyAssignees)
	if !ok {
		return 0, false
	}
	entry, ok := h.GetObject(list, o.user)
	if !ok {
		return 0, false // he was assigned, or made the job elsewhere: the server knows
	}
	for _, op := range h.Get(entry, job.KeyEdit) {
		if edit, _ := op.Value.Bool(); edit {
			return job.PartEditor, true
		}
	}
	return job.PartViewer, true
}

// made tells whether the document was made here.
func made(h *history.History) bool {
	for i := range h.Len() {
		if len(h.Deps(i)) == 0 {
			return h.Author(i) == self
		}
	}
	return false
}

// own tells whether an entry is the owner's: it may have come from another device of his.
func (o owner) own(h *history.History, entry history.ObjID) bool {
	by := policy.Winner(h, entry, job.KeyBy)
	return by == "" || by == o.user
}

// ErrRules says that the server would refuse a change, so that it was not made; the text around says why.
var ErrRules = crdt.Errorf(crdt.KindForbidden, "the server would refuse this")

// appended gives an Append's answer the name that callers test for: ErrRules, ErrFull, ErrDisk.
func (c *Client) appended(err error) error {
	var r *crdt.Refusal
	if !errors.As(err, &r) {
		return asFull(err)
	}
	switch r.Code {
	case crdt.RefusedNotAllowed:
		return because(ErrRules, errors.New(r.Detail))
	case crdt.RefusedStoreFailed:
		if why := c.storageError(); why != nil {
			return because(why, errors.New(r.Detail))
		}
	}
	return err
}
