package access

import "slices"

// Access is what a principal may do to a document. The zero Access is: as if the document did not exist.
type Access struct {
	Read  bool
	Write bool
}

// Exists tells whether the principal may know that the document is there.
func (a Access) Exists() bool { return a.Read || a.Write }

// Decide says what a principal may do to the document of this record:
//
//   - another organisation, or nobody: nothing;
//   - owner, administrator, dispatcher: read and write every document of the organisation;
//   - director: read them;
//   - worker: read and write the documents that are assigned to him or that he created; who was assigned once may
//     still deliver what he did (write), and no longer reads.
//
// A role or an organisation that is empty or unknown gets nothing.
func Decide(p Principal, r Record) Access {
	if p.IsZero() || p.Org == "" || p.Org != r.Org {
		return Access{}
	}
	switch p.Role {
	case RoleOwner, RoleAdministrator, RoleDispatcher:
		return Access{Read: true, Write: true}
	case RoleDirector:
		return Access{Read: true}
	case RoleWorker:
		if r.Creator == p.ID || contains(r.Assignees, p.User) {
			return Access{Read: true, Write: true}
		}
		return Access{Write: contains(r.EverAssigned, p.User)}
	default:
		return Access{}
	}
}

// MayCreate tells whether a principal may bring a document into being in its organisation.
func MayCreate(p Principal) bool {
	if p.IsZero() || p.Org == "" {
		return false
	}
	switch p.Role {
	case RoleOwner, RoleAdministrator, RoleDispatcher, RoleWorker:
		return true
	default:
		return false
	}
}

func contains(sorted []string, user string) bool {
	_, found := slices.BinarySearch(sorted, user)
	return user != "" && found
}
