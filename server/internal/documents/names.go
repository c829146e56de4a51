package documents

import (
	"fieldsync/crdt"
	"fieldsync/crdt/replica"
	"fieldsync/server/internal/access"
)

// The ids of documents are the organisation's own (access.Namespace). Whatever here takes a principal with a document takes the outer id, as
// do his frames; what is between, the store, the drive, a record's Org beside it, has inner ids.

var _ replica.Naming = access.Namespace{}

// namesOf is replica.Config.Naming.
func namesOf(p replica.Principal) replica.Naming {
	who, _ := p.(principal)
	return who.names
}

// namespace gives an organisation's document ids.
func (s *Service) namespace(org string) (access.Namespace, error) {
	if s.opt.Namespace == nil {
		return access.Namespace{}, nil
	}
	n, err := s.opt.Namespace(org)
	if err != nil {
		return n, crdt.Errorf(crdt.KindUnavailable, "documents: the ids of an organisation: %w", err)
	}
	return n, nil
}

// inner gives the store's id of a principal's document.
func (s *Service) inner(p access.Principal, outer crdt.DocID) (crdt.DocID, error) {
	n, err := s.namespace(p.Org)
	return n.Inner(outer), err
}

// Inner gives the id under which an organisation's document is stored, and under which the server keeps what else belongs to it. Nobody is to
// see it. Its error's kind is Unavailable.
func (s *Service) Inner(org string, outer crdt.DocID) (crdt.DocID, error) {
	return s.inner(access.Principal{Org: org}, outer)
}
