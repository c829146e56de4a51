package auth

import (
	"errors"
	"slices"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
)

// Device is a token or a session of a user, as people see it.
type Device struct {
	ID         string // as it stands in a job's status log
	User       string
	Label      string // what a person calls it
	Session    bool   // a browser's session, not a token
	Created    time.Time
	Seen       time.Time     // when it was last used, to a quarter of an hour; zero: not since it was made
	Expires    time.Time     // zero: never
	Credential string        // names it as Principal.Credential does
	Report     *DeviceReport // what it last said of itself; nil: nothing
}

func (c credential) device(seen time.Time) Device {
	return Device{ID: c.Device, User: c.User, Label: c.Label, Session: c.Session, Created: c.Created, Seen: seen, Expires: c.Expires, Credential: c.name()}
}

// devicesOf lists a user's tokens and sessions that have not expired, the oldest first.
func (a *Auth) devicesOf(user string) ([]Device, error) {
	all, err := a.credentials(user)
	if err != nil {
		return nil, err
	}
	now := a.now()
	var out []Device
	for _, c := range all {
		if c.expired(now) {
			continue
		}
		seen, err := a.lastSeen(a.store, secretHash(c.Hash))
		if err != nil {
			return nil, unavailable(err)
		}
		d := c.device(seen)
		if d.Report, err = a.lastReport(secretHash(c.Hash)); err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	slices.SortFunc(out, func(x, y Device) int { return x.Created.Compare(y.Created) })
	return out, nil
}

// usersOnAPage bounds the users who are looked at for one page of devices.
const usersOnAPage = 1000

// Devices lists the devices of a user, or with an empty user those of everybody in the organisation, user by user behind the id
// after; a page ends with a user's last device and may hold none. next is what to go on behind, and empty at the end. Whoever does not see accounts lists
// his own.
func (a *Auth) Devices(by access.Principal, user, after string, limit int) (devices []Device, next string, err error) {
	if !seesAccounts(by) && (user == "" || user != by.User) {
		return nil, "", errRole
	}
	if user != "" {
		if _, err := a.member(by.Org, user); err != nil {
			return nil, "", err
		}
		devices, err = a.devicesOf(user)
		return devices, "", err
	}
	users, more, err := a.scanUsers(by.Org, after, usersOnAPage, func(User) bool { return true })
	if err != nil {
		return nil, "", err
	}
	limit = pageSize(limit)
	for i, u := range users {
		of, err := a.devicesOf(u.ID)
		if err != nil {
			return nil, "", err
		}
		devices = append(devices, of...)
		if len(devices) >= limit && (i < len(users)-1 || more != "") {
			return devices, u.ID, nil
		}
	}
	return devices, more, nil
}

// deviceOf finds a device that somebody may change; a.writing is held.
func (a *Auth) deviceOf(by access.Principal, user, device string) (credential, error) {
	if by.User == "" || user != by.User {
		if _, err := a.managed(by, user); err != nil {
			return credential{}, err
		}
	}
	all, err := a.credentials(user)
	if err != nil {
		return credential{}, err
	}
	for _, c := range all {
		if c.Device == device {
			return c, nil
		}
	}
	return credential{}, crdt.Errorf(crdt.KindNotFound, "no such device")
}

// RenameDevice gives a device another label.
func (a *Auth) RenameDevice(by access.Principal, user, device, label string) (Device, error) {
	if err := checkName("label", label); err != nil {
		return Device{}, err
	}
	a.writing.Lock()
	defer a.writing.Unlock()
	c, err := a.deviceOf(by, user, device)
	if err != nil {
		return Device{}, err
	}
	seen, err := a.lastSeen(a.store, secretHash(c.Hash))
	if err != nil {
		return Device{}, unavailable(err)
	}
	if c.Label == label {
		return c.device(seen), nil
	}
	c.Label = label
	op, err := put(credentialKey(secretHash(c.Hash)), c)
	if err != nil {
		return Device{}, err
	}
	return c.device(seen), a.record(by, by.Org, Entry{Action: "device.renamed", Subject: device, Detail: user, own: by.User == user}, op)
}

// RevokeDevice ends a device's token or session. When it returns nil it lets nobody in, not even after a crash, and what was
// begun with it is being ended.
func (a *Auth) RevokeDevice(by access.Principal, user, device string) error {
	a.writing.Lock()
	defer a.writing.Unlock()
	c, err := a.deviceOf(by, user, device)
	if err != nil {
		return err
	}
	return a.revoke(by, by.Org, user, "device.revoked", c)
}

// SignOut ends the credential that somebody came in with.
func (a *Auth) SignOut(p access.Principal) error {
	if p.Integration() {
		return crdt.Errorf(crdt.KindForbidden, "an API key is revoked by an administrator")
	}
	a.writing.Lock()
	defer a.writing.Unlock()
	h, err := a.findCredential(p)
	if err != nil {
		return err
	}
	c, err := load[credential](a.store, credentialKey(h))
	if errors.Is(err, store.ErrNotFound) {
		return errUnknownToken
	} else if err != nil {
		return unavailable(err)
	}
	return a.revoke(p, p.Org, p.User, "signed.out", c)
}

// revoke ends credentials of a user; a.writing is held.
func (a *Auth) revoke(by access.Principal, org, user, action string, gone ...credential) error {
	for len(gone) > 0 {
		c := gone[0]
		if err := a.record(by, org, Entry{Action: action, Subject: c.Device, Detail: user, own: by.User == user}, removal(c)...); err != nil {
			return err
		}
		a.revoked(gone[:1])
		gone = gone[1:]
	}
	return nil
}

// RevokeAll ends all devices and sessions of a user: of a phone that was lost, a laptop that was stolen.
func (a *Auth) RevokeAll(by access.Principal, user string) error {
	a.writing.Lock()
	defer a.writing.Unlock()
	if by.User == "" || user != by.User {
		if _, err := a.managed(by, user); err != nil {
			return err
		}
	}
	all, err := a.credentials(user)
	if err != nil {
		return err
	}
	return a.revoke(by, by.Org, user, "device.revoked", all...)
}
