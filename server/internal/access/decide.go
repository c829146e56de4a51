package access

import (
	"slices"

	"fieldsync/crdt/job"
)

// Access is what a principal may do to a document. The zero Access is: as if the document did not exist.
type Access struct {
	Read  bool
	Write bool
}

// Exists tells whether the principal may know that the document is there.
func (a Access) Exists() bool { return a.Read || a.Write }

// Decide says what a principal may do to the document of this record as a whole; what he may write in it, Standing says:
//
//   - another organisation, or nobody: nothing;
//   - owner, administrator, dispatcher: read and write every document of the organisation;
//   - director: read them;
//   - worker: read and write the jobs that are assigned to him or that he made as a worker; who was assigned once may still deliver
//     what he did (write), and no longer reads. Read templates. No client and no site: a job carries what he needs of them. Of
//     documents of no kind that we know, read and write his own.
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
		if r.Kind == job.KindTemplate {
			return Access{Read: true}
		}
		switch s := StandingOf(p, r); {
		case s.Part == job.PartOnlooker:
			return Access{}
		case s.Late:
			return Access{Write: true}
		}
		return Access{Read: true, Write: true}
	default:
		return Access{}
	}
}

// Standing is what a principal is to a document, for the rules of who may write what.
type Standing struct {
	Part job.Part
	// Late: he was assigned once, and is not now. He delivers what he did before.
	Late bool
	// WasEditor: he had edit access once, and has not now. What he did before he heard of that counts as an editor's.
	WasEditor bool
}

// StandingOf gives what a principal of the document's organisation is to it.
func StandingOf(p Principal, r Record) Standing {
	switch p.Role {
	case RoleOwner, RoleAdministrator, RoleDispatcher:
		return Standing{Part: job.PartPlanner}
	case RoleWorker:
	default:
		return Standing{}
	}
	made := p.ID != "" && r.Creator == p.ID
	switch {
	case r.Opaque():
		if made {
			return Standing{Part: job.PartCreator}
		}
		return Standing{}
	case r.Kind != job.Kind:
		return Standing{}
	case made && r.MadeAsWorker():
		return Standing{Part: job.PartCreator}
	case contains(r.Editors, p.User):
		return Standing{Part: job.PartEditor}
	case contains(r.EverAssigned, p.User), contains(r.Assignees, p.User):
		return Standing{Part: job.PartViewer, Late: !contains(r.Assignees, p.User), WasEditor: contains(r.EverEditors, p.User)}
	}
	return Standing{}
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
