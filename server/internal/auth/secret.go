package auth

import (
	"context"
	"errors"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
)

// ownPassword names the failed attempts at changing one's own password: who has taken over a session guesses no more than who
// has none, and who is locked out of signing in by a stranger may still change it where he is signed in.
func ownPassword(user string) string { return user + "/password" }

// ChangePassword gives whoever asks another password, if he knows the old one. His other sessions end, and his tokens too if
// devices is set.
func (a *Auth) ChangePassword(ctx context.Context, by access.Principal, old, next string, devices bool) error {
	if by.User == "" {
		return errNoUser
	}
	u, err := a.member(by.Org, by.User)
	if err != nil {
		return err
	}
	if err := CheckPassword("new_password", next, u.Login); err != nil {
		return err
	}
	leave, err := a.gate.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	name := ownPassword(u.ID)
	if locked, err := a.locks.locked(name, a.now()); err != nil {
		return err
	} else if locked {
		return errLocked
	}
	if u.PasswordHash == "" {
		return fieldError("old_password", crdt.KindConflict, "this account has no password: an administrator sets one")
	}
	if len(old) > maxPasswordBytes || !a.verify(old, u.PasswordHash) {
		if _, err := a.locks.failed(name, a.now()); err != nil {
			return err
		}
		return fieldError("old_password", crdt.KindForbidden, "the old password is wrong")
	}
	a.locks.forget(name, func(error) {})
	return a.setPassword(by, u, next, devices, func(u User) error { return nil })
}

// ResetPassword gives another user a password, which ends a lock-out too. All sessions of that user end, and the tokens too if devices
// is set: without it phones go on, and bring what was done offline.
func (a *Auth) ResetPassword(ctx context.Context, by access.Principal, user, next string, devices bool) error {
	if by.User != "" && by.User == user {
		return crdt.Errorf(crdt.KindConflict, "one's own password is changed with the old one")
	}
	u, err := a.managed(by, user)
	if err != nil {
		return err
	}
	if err := CheckPassword("password", next, u.Login); err != nil {
		return err
	}
	leave, err := a.gate.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if err := a.setPassword(by, u, next, devices, func(u User) error { // who he is now
		if !managesRole(by, u.Role) {
			return errRole
		}
		return nil
	}); err != nil {
		return err
	}
	return a.forgetFailures(u)
}

func (a *Auth) setPassword(by access.Principal, seen User, password string, devices bool, still func(User) error) error {
	hash, err := HashPassword(password)
	if err != nil {
		return err
	}
	a.writing.Lock()
	defer a.writing.Unlock()
	before, err := a.member(by.Org, seen.ID)
	if err != nil {
		return err
	}
	if before.PasswordHash != seen.PasswordHash {
		return ErrChanged // somebody was faster; the old password that was shown is not the old one any more
	}
	if err := still(before); err != nil {
		return err
	}
	all, err := a.credentials(before.ID)
	if err != nil {
		return err
	}
	var gone []credential
	var ops []store.Op
	for _, c := range all {
		if (c.Session || devices) && c.name() != by.Credential {
			gone = append(gone, c)
			ops = append(ops, removal(c)...)
		}
	}
	u := before
	u.PasswordHash = hash
	if _, err := a.putUser(by, before, u, Entry{Action: "password.changed", Subject: u.ID}, ops...); err != nil {
		return err
	}
	a.revoked(gone)
	return nil
}

// Unlock ends a lock-out.
func (a *Auth) Unlock(by access.Principal, user string) error {
	u, err := a.managed(by, user)
	if err != nil {
		return err
	}
	if err := a.forgetFailures(u); err != nil {
		return err
	}
	a.writing.Lock()
	defer a.writing.Unlock()
	return a.record(by, u.Org, Entry{Action: "user.unlocked", Subject: user})
}

// Locked tells whether nobody can sign in as a user for now, because of failed attempts.
func (a *Auth) Locked(user string) (bool, error) {
	for _, name := range attemptsAt(user) {
		if is, err := a.locks.locked(name, a.now()); is || err != nil {
			return is, err
		}
	}
	return false, nil
}

// forgetFailures ends all waits for a user, durably.
func (a *Auth) forgetFailures(u User) error {
	a.byLogin.forget(u.Login + "/")
	a.byLogin.forget(u.Login + "/" + u.Org)
	var failed error
	for _, name := range append(attemptsAt(u.ID), ownPassword(u.ID)) {
		done := make(chan error, 1)
		a.locks.forget(name, func(err error) { done <- err })
		failed = errors.Join(failed, <-done)
	}
	if failed != nil {
		return unavailable(failed)
	}
	return nil
}
