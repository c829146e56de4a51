package access

import "fieldsync/crdt"

// WorkerJobs says which jobs the workers of an organisation may make. It is kept in stored accounts.
type WorkerJobs string

// What workers may make.
const (
	WorkerJobsNone      WorkerJobs = "none"      // no job
	WorkerJobsTemplates WorkerJobs = "templates" // jobs from the templates that say so; the default
	WorkerJobsAny       WorkerJobs = "any"       // any job
)

// ParseWorkerJobs reads the setting; empty is the default.
func ParseWorkerJobs(s string) (WorkerJobs, error) {
	switch w := WorkerJobs(s); w {
	case "":
		return WorkerJobsTemplates, nil
	case WorkerJobsNone, WorkerJobsTemplates, WorkerJobsAny:
		return w, nil
	}
	return "", crdt.Errorf(crdt.KindInvalid, "worker_jobs %q is not one of none, templates, any", s)
}
