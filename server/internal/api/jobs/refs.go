package jobs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/documents"
)

// Form is a document in its JSON form, or a JSON Merge Patch over it, as a client sends it. Package job reads it.
type Form map[string]any

// refID gives the document id in a reference, which is the id itself or {uuid: id}; false for a plain name, an id of another system,
// or none.
func refID(v any) (crdt.DocID, bool) {
	if m, isMap := v.(map[string]any); isMap {
		v = m[job.KeyUUID]
	}
	s, ok := v.(string)
	if !ok {
		return crdt.DocID{}, false
	}
	id, err := crdt.ParseDocID(s)
	return id, err == nil && !id.IsZero()
}

func wrong(field, format string, args ...any) error {
	return job.FieldErrors{{Field: field, Message: fmt.Sprintf(format, args...)}}
}

// tree reads the values of a document of a kind that a field refers to.
func (s *Service) tree(ctx context.Context, p access.Principal, field string, id crdt.DocID, kind string) (map[string]any, error) {
	c, tree, err := s.load(ctx, p, id, kind)
	if errors.Is(err, documents.ErrNoDocument) {
		return nil, wrong(field, "there is no such %s", kind)
	}
	if err != nil {
		return nil, err
	}
	c.Close()
	return tree, nil
}

// place is a client or a site, as far as a job takes something of it.
type place struct {
	name     string
	address  job.Address
	contacts []job.Contact
}

// named gives a form whose references to clients, sites and templates have the names of those, and the places that they name, the site
// first. The form that was given stays as it is.
func (s *Service) named(ctx context.Context, p access.Principal, form Form) (Form, []place, error) {
	out := maps.Clone(form)
	var places []place
	for _, key := range []string{job.KeySite, job.KeyClient} {
		id, ok := refID(form[key])
		if !ok {
			continue
		}
		tree, err := s.tree(ctx, p, key, id, key) // the field is called as the kind is
		if err != nil {
			return nil, nil, err
		}
		var at place
		if key == job.KeySite {
			r, _ := job.ReadSite(tree)
			at = place{r.Name, r.Address, r.Contacts}
		} else {
			r, _ := job.ReadClient(tree)
			at = place{r.Name, r.Address, r.Contacts}
		}
		places = append(places, at)
		out[key] = map[string]any{job.KeyUUID: id.String(), job.KeyName: at.name}
	}
	return out, places, nil
}

// settleIn gives a new job the address and the contacts of where it is, if it has none of its own: the worker sees no clients and sites.
func settleIn(d *job.Draft, places []place) {
	for _, at := range places {
		if d.Address == (job.Address{}) {
			d.Address = at.address
		}
		if len(d.Contacts) == 0 {
			d.Contacts = at.contacts
		}
	}
}

// checkAssignees tells whether all users that a form assigns exist.
func (s *Service) checkAssignees(p access.Principal, form Form) error {
	var users []string
	switch v := form[job.KeyAssignees].(type) {
	case []any:
		for _, e := range v {
			if m, isMap := e.(map[string]any); isMap {
				e = m["user"]
			}
			if user, ok := e.(string); ok {
				users = append(users, user)
			}
		}
	case map[string]any:
		for user, e := range v {
			if e != nil {
				users = append(users, user)
			}
		}
	}
	slices.Sort(users)
	users = slices.Compact(users)
	if len(users) > job.MaxAssignees {
		return nil // package job complains of it
	}
	for _, user := range users {
		if err := s.checkUser(p, job.KeyAssignees, user); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) checkUser(p access.Principal, field, user string) error {
	ok, err := s.opt.People.Active(p.Org, user)
	if err == nil && !ok {
		err = wrong(field, "there is no user %.80q, or he may not sign in", user)
	}
	return err
}
