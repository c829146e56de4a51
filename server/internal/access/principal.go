package access

import "fieldsync/crdt"

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

// Principal is who acts: a person on a device. The zero Principal is nobody.
type Principal struct {
	ID         string // under which authorship is recorded: the same for all devices of one person; never reused
	Org        string // the organisation's id
	Role       Role
	User       string // the person's id, as it stands in a job's assignees
	Device     string // the device's id; a browser session is a device too
	Name       string // for people to read; personal data, never logged
	Credential string // names the token or session without revealing it; what a revocation names
}

// IsZero tells whether this is nobody.
func (p Principal) IsZero() bool { return p.ID == "" }
