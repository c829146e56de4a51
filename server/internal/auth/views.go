package auth

import (
	"errors"
	"unicode/utf8"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
)

// View is a list that somebody gave a name: the filters of its address, by name.
type View struct {
	Name   string            `json:"name"`
	Search map[string]string `json:"search"`
}

// Views are those that a person keeps, in his order.
type Views struct {
	Version uint64 `json:"version"` // rises with each change; 1: none was saved yet
	Views   []View `json:"views"`
}

// Bounds on what a person keeps: at most some 250 KiB, which an answer and a request hold.
const (
	MaxViews       = 50
	maxFilters     = 20
	maxFilterName  = 40  // bytes
	maxFilterValue = 200 // characters of one; an address bar holds about 2,000 of them all
)

// Views gives what a person keeps.
func (a *Auth) Views(by access.Principal) (Views, error) {
	if by.User == "" {
		return Views{}, errNoUser
	}
	v, err := load[Views](a.store, viewsKey(by.User))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Views{Version: 1}, nil
	case err != nil:
		return Views{}, unavailable(err)
	}
	return v, nil
}

// SetViews keeps a person's views in the place of those that he had, if these have still this version (0: whichever they have).
func (a *Auth) SetViews(by access.Principal, views []View, version uint64) (Views, error) {
	if err := checkViews(views); err != nil {
		return Views{}, err
	}
	a.writing.Lock()
	defer a.writing.Unlock()
	old, err := a.Views(by)
	if err != nil {
		return Views{}, err
	}
	if version != 0 && version != old.Version {
		return Views{}, ErrChanged
	}
	v := Views{Version: old.Version + 1, Views: views}
	op, err := put(viewsKey(by.User), v)
	if err != nil {
		return Views{}, err
	}
	return v, a.write(op)
}

func checkViews(views []View) error {
	if len(views) > MaxViews {
		return invalid("views", "one keeps at most %d", MaxViews)
	}
	names := map[string]bool{}
	for _, v := range views {
		if v.Name == "" {
			return invalid("views", "each has a name")
		}
		if err := checkName("views", v.Name); err != nil {
			return err
		}
		if names[v.Name] {
			return fieldError("views", crdt.KindInvalid, "two have the name %q", v.Name)
		}
		names[v.Name] = true
		if len(v.Search) > maxFilters {
			return invalid("views", "%q has more than %d filters", v.Name, maxFilters)
		}
		for name, value := range v.Search {
			if name == "" || len(name) > maxFilterName || utf8.RuneCountInString(value) > maxFilterValue {
				return invalid("views", "a filter of %q is too long", v.Name)
			}
			if err := checkName("views", name); err != nil {
				return err
			}
		}
	}
	return nil
}
