package jobs

import (
	"errors"
	"net/http"
	"strings"

	"fieldsync/crdt"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/documents"
	"fieldsync/server/internal/index"
	"fieldsync/server/internal/problem"
)

// IfMatch says which state a change is meant for.
type IfMatch struct {
	Match string `header:"If-Match" maxLength:"500" doc:"The ETag of what is to be changed: with it the change is made on that state only (412 otherwise); without it, it merges with what others do"`
}

// IfNoneMatch says which state the client has.
type IfNoneMatch struct {
	NoneMatch string `header:"If-None-Match" maxLength:"500" doc:"The ETag of what the client has: 304 where that is still it"`
}

// lists tells whether a header names a tag. By the strong comparison (RFC 9110) a weak tag never matches.
func lists(header, tag string, weak bool) bool {
	for one := range strings.SplitSeq(header, ",") {
		one = strings.TrimSpace(one)
		if weak {
			one = strings.TrimPrefix(one, "W/")
		}
		if one == "*" || one == tag {
			return true
		}
	}
	return false
}

// precondition gives the heads that an edit must find; nil where it may find any.
func (s *Service) precondition(p access.Principal, id crdt.DocID, m IfMatch) (crdt.Heads, error) {
	if m.Match == "" {
		return nil, nil
	}
	heads, err := s.opt.Documents.Heads(p, id)
	if err != nil {
		return nil, err
	}
	if !lists(m.Match, index.ETag(heads), false) {
		return nil, differs(documents.ErrHeadsDiffer)
	}
	if strings.TrimSpace(m.Match) == "*" {
		return nil, nil
	}
	return heads, nil
}

// differs makes the answer to a precondition that does not hold.
func differs(err error) error {
	if !errors.Is(err, documents.ErrHeadsDiffer) {
		return err
	}
	return &problem.Problem{Status: http.StatusPreconditionFailed, Code: "changed", Detail: "It was changed meanwhile: read it again.", Err: err}
}
