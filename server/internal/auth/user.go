package auth

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
)

// User is a person of one organisation.
type User struct {
	ID           string      `json:"id"`
	Org          string      `json:"org"`
	Login        string      `json:"login"` // in lower case; one user's within the organisation
	Name         string      `json:"name"`
	Role         access.Role `json:"role"`
	PasswordHash string      `json:"password_hash,omitempty"` // PHC string of argon2id; empty: no login by password
	Subject      string      `json:"subject,omitempty"`       // SHA-256 of issuer and subject at an OpenID provider; empty: none yet
	Disabled     bool        `json:"disabled,omitempty"`      // nothing of this user lets anybody in
	Demo         bool        `json:"demo,omitempty"`          // its secrets are public: lets in only where Options.Demo is set
	Created      time.Time   `json:"created,omitzero"`
	Version      uint64      `json:"version,omitempty"` // rises with each change, of the password too
}

// maxUsers bounds the users of an organisation: the greatest field services have some thousands of workers.
const maxUsers = 20_000

// NewUser is a user to make.
type NewUser struct {
	ID       string // the operator's choice; empty, as for everybody else: made by the server
	Login    string
	Name     string
	Role     string
	Password string // empty: none, until somebody sets one
}

// CreateUser makes a user in the organisation of whoever asks.
func (a *Auth) CreateUser(ctx context.Context, by access.Principal, n NewUser) (User, error) {
	if !manages(by) {
		return User{}, errRole
	}
	if n.ID == "" {
		n.ID = newID("user")
	} else if by.ID != operatorID {
		return User{}, errRole
	}
	if !idPattern.MatchString(n.ID) {
		return User{}, invalid("id", "an id has up to 63 of a-z, 0-9 and -, and does not begin with -")
	}
	u, err := UserChange{Login: &n.Login, Name: &n.Name, Role: &n.Role}.apply(by, User{ID: n.ID, Org: by.Org, Created: a.now().UTC()})
	if err != nil {
		return User{}, err
	}
	if n.Password != "" {
		if err := CheckPassword("password", n.Password, u.Login); err != nil {
			return User{}, err
		}
		leave, err := a.gate.enter(ctx)
		if err != nil {
			return User{}, err
		}
		u.PasswordHash, err = HashPassword(n.Password)
		leave()
		if err != nil {
			return User{}, err
		}
	}
	a.writing.Lock()
	defer a.writing.Unlock()
	switch _, err := load[User](a.store, userKey(u.ID)); {
	case err == nil: // also another organisation's: only the operator chooses ids, and may know
		return User{}, fieldError("id", crdt.KindConflict, "user %q is there already", u.ID)
	case !errors.Is(err, store.ErrNotFound):
		return User{}, unavailable(err)
	}
	if n, err := a.count(membersOf(by.Org)); err != nil {
		return User{}, err
	} else if n >= maxUsers {
		return User{}, crdt.Errorf(crdt.KindConflict, "an organisation has at most %d users", maxUsers)
	}
	return a.putUser(by, User{}, u, Entry{Action: "user.created", Subject: u.ID, Detail: string(u.Role)})
}

func (a *Auth) count(prefix []byte) (int, error) {
	n := 0
	err := a.store.Scan(prefix, nil, func([]byte, []byte) error { n++; return nil })
	if err != nil {
		return 0, unavailable(err)
	}
	return n, nil
}

// userOps are the writes that make a user what it is from what it was; a.writing is held.
func (a *Auth) userOps(before, u User) ([]store.Op, error) {
	if _, err := load[Org](a.store, orgKey(u.Org)); err != nil {
		return nil, wrapMissing(err, "organisation")
	}
	switch holder, err := a.store.Get(loginKey(u.Login, u.Org)); {
	case err == nil && string(holder) != u.ID:
		return nil, fieldError("login", crdt.KindConflict, "this login belongs to another user")
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return nil, unavailable(err)
	}
	op, err := put(userKey(u.ID), u)
	if err != nil {
		return nil, err
	}
	ops := []store.Op{op, {Key: loginKey(u.Login, u.Org), Value: []byte(u.ID)}, {Key: memberKey(u.Org, u.ID), Value: []byte{}}}
	if before.ID != "" && before.Login != u.Login {
		ops = append(ops, store.Op{Key: loginKey(before.Login, u.Org)})
	}
	return ops, nil
}

// UserChange is what to change about a user; nil stays as it is.
type UserChange struct {
	Login    *string
	Name     *string
	Role     *string
	Disabled *bool
}

// ChangeUser changes a user of the organisation of whoever asks, if it still has this version (0: whichever it has). Who is
// disabled, or gets another role, loses all open connections; with another role he may come back at once.
func (a *Auth) ChangeUser(by access.Principal, id string, c UserChange, version uint64) (User, error) {
	a.writing.Lock()
	defer a.writing.Unlock()
	before, err := a.managed(by, id)
	if err != nil {
		return User{}, err
	}
	if version != 0 && version != before.Version {
		return User{}, ErrChanged
	}
	u, err := c.apply(by, before)
	if err != nil {
		return User{}, err
	}
	what := changed(before, u)
	if len(what) == 0 {
		return before, nil
	}
	if owns(before) && !owns(u) && by.ID != operatorID {
		if last, err := a.lastOwner(before); err != nil {
			return User{}, err
		} else if last {
			return User{}, crdt.Errorf(crdt.KindConflict, "this is the last owner: make somebody else an owner first")
		}
	}
	e := Entry{Action: "user.changed", Subject: id, Fields: what}
	switch {
	case u.Disabled && !before.Disabled:
		e.Action = "user.disabled"
	case !u.Disabled && before.Disabled:
		e.Action = "user.enabled"
	}
	if u.Role != before.Role {
		e.Detail = string(before.Role) + " to " + string(u.Role)
	}
	return a.putUser(by, before, u, e)
}

// putUser stores a user that is new (before is zero then) or was changed, and tells; a.writing is held.
func (a *Auth) putUser(by access.Principal, before, u User, e Entry, more ...store.Op) (User, error) {
	u.Version = before.Version + 1
	ops, err := a.userOps(before, u)
	if err != nil {
		return User{}, err
	}
	if err := a.record(by, u.Org, e, append(ops, more...)...); err != nil {
		return User{}, err
	}
	a.cache.forgetAll() // its role or name may have changed
	if before.ID != "" && (before.Role != u.Role || before.Disabled != u.Disabled) {
		a.changedUser(u.ID)
	}
	return u, nil
}

func owns(u User) bool { return u.Role == access.RoleOwner && !u.Disabled }

// lastOwner tells whether nobody but this user owns the organisation.
func (a *Auth) lastOwner(u User) (bool, error) {
	last := true
	_, _, err := a.scanUsers(u.Org, "", maxUsers, func(other User) bool {
		last = last && (other.ID == u.ID || !owns(other))
		return false
	})
	return last, err
}

func changed(x, y User) []string {
	var what []string
	for name, same := range map[string]bool{
		"login": x.Login == y.Login, "name": x.Name == y.Name, "role": x.Role == y.Role, "disabled": x.Disabled == y.Disabled,
	} {
		if !same {
			what = append(what, name)
		}
	}
	slices.Sort(what)
	return what
}

// apply gives the changed user.
func (c UserChange) apply(by access.Principal, u User) (User, error) {
	var err error
	if c.Login != nil {
		if u.Login, err = checkLogin(*c.Login); err != nil {
			return u, err
		}
	}
	if c.Name != nil {
		u.Name = strings.TrimSpace(*c.Name)
		if err := checkName("name", u.Name); err != nil {
			return u, err
		}
	}
	if c.Role != nil {
		role, err := access.ParseRole(*c.Role)
		if err != nil {
			return u, fieldError("role", crdt.KindInvalid, "%w", err)
		}
		if !managesRole(by, role) {
			return u, fieldError("role", crdt.KindForbidden, "only an owner makes owners")
		}
		u.Role = role
	}
	if c.Disabled != nil {
		if *c.Disabled && u.ID == by.User {
			return u, fieldError("disabled", crdt.KindConflict, "nobody disables himself")
		}
		u.Disabled = *c.Disabled
	}
	return u, nil
}

var errNoSuchUser = crdt.Errorf(crdt.KindNotFound, "no such user")

// member gives a user of an organisation. Another organisation's is not there.
func (a *Auth) member(org, id string) (User, error) {
	if org == "" || !idPattern.MatchString(id) {
		return User{}, errNoSuchUser
	}
	u, err := load[User](a.store, userKey(id))
	if err != nil {
		return User{}, wrapMissing(err, "user")
	}
	if u.Org != org {
		return User{}, errNoSuchUser
	}
	u.Version = max(u.Version, 1) // of before versions were counted
	return u, nil
}

// managed gives a user whom somebody may change.
func (a *Auth) managed(by access.Principal, id string) (User, error) {
	if !manages(by) {
		return User{}, errRole
	}
	u, err := a.member(by.Org, id)
	if err != nil {
		return User{}, err
	}
	if !managesRole(by, u.Role) {
		return User{}, crdt.Errorf(crdt.KindForbidden, "only an owner changes an owner's account")
	}
	return u, nil
}

// User gives a user of the organisation of whoever asks. Those who do not see accounts may know id and name only, and may
// read all of their own: ShowsAll tells.
func (a *Auth) User(by access.Principal, id string) (User, error) { return a.member(by.Org, id) }

// ShowsAll tells whether somebody may read all of a user's account, or just the name.
func ShowsAll(by access.Principal, u User) bool {
	return u.Org == by.Org && (seesAccounts(by) || by.User != "" && u.ID == by.User)
}

// UserFilter says which users to list.
type UserFilter struct {
	Role  access.Role // empty: all; a filter of those alone who see accounts
	Login string      // empty: all; else the one who has it
}

// Users lists users of the organisation of whoever asks, by their ids, behind the id after. next is what to go on behind, and
// empty at the end.
func (a *Auth) Users(by access.Principal, f UserFilter, after string, limit int) (users []User, next string, err error) {
	if (f.Role != "" || f.Login != "") && !seesAccounts(by) {
		return nil, "", errRole
	}
	if f.Login != "" {
		u, err := a.FindUser(by.Org, f.Login)
		if crdt.KindOf(err) == crdt.KindNotFound || err == nil && f.Role != "" && u.Role != f.Role {
			return nil, "", nil
		}
		if err != nil {
			return nil, "", err
		}
		return []User{u}, "", nil
	}
	return a.scanUsers(by.Org, after, pageSize(limit), func(u User) bool { return f.Role == "" || u.Role == f.Role })
}

// scanUsers visits an organisation's users by their ids, behind one, until limit of them were wanted.
func (a *Auth) scanUsers(org, after string, limit int, want func(User) bool) (users []User, next string, err error) {
	prefix := membersOf(org)
	err = a.store.View(func(r store.Reader) error {
		return r.Scan(prefix, memberKey(org, after), func(key, _ []byte) error {
			id := string(key[len(prefix):])
			if id == after {
				return nil
			}
			if len(users) >= limit {
				next = users[len(users)-1].ID
				return store.ErrStop
			}
			u, err := load[User](r, userKey(id))
			if err != nil {
				return err
			}
			u.Version = max(u.Version, 1)
			if want(u) {
				users = append(users, u)
			}
			return nil
		})
	})
	if err != nil {
		return nil, "", unavailable(err)
	}
	return users, next, nil
}

// FindUser gives the user of a login in an organisation, or an error of KindNotFound.
func (a *Auth) FindUser(org, login string) (User, error) {
	login = strings.ToLower(login)
	if !loginPattern.MatchString(login) || !idPattern.MatchString(org) {
		return User{}, errNoSuchUser
	}
	id, err := a.store.Get(loginKey(login, org))
	if err != nil {
		return User{}, wrapMissing(err, "user")
	}
	return a.member(org, string(id))
}
