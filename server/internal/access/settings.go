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

// PhotoLocation says what clients do with the place that a camera writes into a photo, before they send it. It is kept in stored
// accounts. (The place of an attachment that stands in the job is another matter.)
type PhotoLocation string

// What becomes of the place in a photo.
const (
	PhotoLocationKeep  PhotoLocation = "keep"  // it stays; the default
	PhotoLocationStrip PhotoLocation = "strip" // it is taken out before the photo is hashed and sent
)

// ParsePhotoLocation reads the setting; empty is the default.
func ParsePhotoLocation(s string) (PhotoLocation, error) {
	switch l := PhotoLocation(s); l {
	case "":
		return PhotoLocationKeep, nil
	case PhotoLocationKeep, PhotoLocationStrip:
		return l, nil
	}
	return "", crdt.Errorf(crdt.KindInvalid, "photo_location %q is not one of keep, strip", s)
}
