package auth

import (
	"time"

	"fieldsync/server/internal/access"
)

// StillIn gives who stands behind a credential (Principal.Credential) of a user now. Its error's kind is Unauthenticated where that lets nobody in any
// more, Unavailable where it cannot be told.
func (a *Auth) StillIn(user, credential string) (access.Principal, error) {
	h, err := a.findCredential(access.Principal{ID: access.PersonPrefix + user, User: user, Credential: credential})
	if err != nil {
		return access.Principal{}, err
	}
	p, err := a.lookUp(h)
	if err == nil && !p.Expires.IsZero() && !a.now().Before(p.Expires) {
		return access.Principal{}, errExpired
	}
	return p, err
}

// NameAndRole gives a user's name and role; empty where the organisation has no such user, or it cannot be told.
func (a *Auth) NameAndRole(org, user string) (name string, role access.Role) {
	u, err := a.member(org, user)
	if err != nil {
		return "", ""
	}
	return u.Name, u.Role
}

// Workday gives where an organisation works, and the minute of the day when work ends there; the defaults where it cannot be told.
func (a *Auth) Workday(org string) (zone *time.Location, end int) {
	o, err := a.Organisation(org)
	if err != nil {
		o.Settings = Settings{}.withDefaults()
	}
	if zone, err = ParseTimeZone(o.Settings.TimeZone); err != nil {
		zone = time.UTC
	}
	if end, err = ParseClock(o.Settings.WorkdayEnd); err != nil {
		end, _ = ParseClock(DefaultWorkdayEnd)
	}
	return zone, end
}
