package access

import (
	"strings"
	"time"

	"fieldsync/crdt"
)

// Role is what a person or an integration is in an organisation. The zero Role may do nothing.
type Role string

// The roles. They are kept in stored accounts and are never renamed.
const (
	RoleOwner         Role = "owner"         // everything in the organisation
	RoleAdministrator Role = "administrator" // everything in the organisation
	RoleDispatcher    Role = "dispatcher"    // plans: every document of the organisation
	RoleWorker        Role = "worker"        // carries out: the documents that are his
	RoleDirector      Role = "director"      // looks on: reads every document of the organisation
)

// Roles are all roles, in the order of their power.
func Roles() []Role {
	return []Role{RoleOwner, RoleAdministrator, RoleDispatcher, RoleWorker, RoleDirector}
}

// ParseRole reads a role's name.
func ParseRole(s string) (Role, error) {
	for _, r := range Roles() {
		if string(r) == s {
			return r, nil
		}
	}
	return "", crdt.Errorf(crdt.KindInvalid, "role %q is not one of owner, administrator, dispatcher, worker, director", s)
}

// The beginnings of a Principal's ID.
const (
	PersonPrefix      = "user:"        // and the user's id
	IntegrationPrefix = "integration:" // and the id of the API key
)

// Principal is who acts: a person on a device, or an integration with its API key. The zero Principal is nobody.
type Principal struct {
	ID         string // under which authorship is recorded: the same for all devices of one person; never reused
	Org        string // the organisation's id
	Role       Role
	User       string    // the person's id, as it stands in a job's assignees; empty for an integration
	Device     string    // the device's id; a browser session is a device too; empty for an integration
	Name       string    // for people to read; personal data, never logged
	Credential string    // names the token, session or key without revealing it; what a revocation names
	Expires    time.Time // when the credential ends by itself, and what was begun with it; zero: never
}

// Integration tells whether this is a program with an API key, behind which no user stands.
func (p Principal) Integration() bool { return strings.HasPrefix(p.ID, IntegrationPrefix) }

// IsZero tells whether this is nobody.
func (p Principal) IsZero() bool { return p.ID == "" }
