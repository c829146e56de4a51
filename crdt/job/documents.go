package job

import "fieldsync/crdt"

// Template is what new jobs start with: a name of its own, and a plan that they copy. The answers in its fields are what the
// new job's fields are filled with beforehand.
type Template struct {
	Kind          string            `json:"kind"`
	SchemaVersion int64             `json:"schema_version"`
	UUID          string            `json:"uuid,omitempty"`
	ExternalID    string            `json:"external_id,omitempty"`
	ExternalIDs   map[string]string `json:"external_ids,omitempty"`
	CreatedAt     crdt.Timestamp    `json:"created_at,omitempty"`
	Name          string            `json:"name"`
	Archived      bool              `json:"archived"`      // kept for the jobs that refer to it, and no longer offered
	WorkerCreate  bool              `json:"worker_create"` // workers may make jobs from it
	Plan
}

// ClientRecord is somebody whom jobs are done for.
type ClientRecord struct {
	Kind          string            `json:"kind"`
	SchemaVersion int64             `json:"schema_version"`
	UUID          string            `json:"uuid,omitempty"`
	ExternalID    string            `json:"external_id,omitempty"`
	ExternalIDs   map[string]string `json:"external_ids,omitempty"`
	CreatedAt     crdt.Timestamp    `json:"created_at,omitempty"`
	Name          string            `json:"name"`
	Archived      bool              `json:"archived"` // kept for the jobs that refer to it, and no longer offered
	Description   string            `json:"description,omitempty"`
	Address       Address           `json:"address,omitzero"`
	Contacts      []Contact         `json:"contacts"`
}

// Site is a place where jobs are done.
type Site struct {
	Kind          string            `json:"kind"`
	SchemaVersion int64             `json:"schema_version"`
	UUID          string            `json:"uuid,omitempty"`
	ExternalID    string            `json:"external_id,omitempty"`
	ExternalIDs   map[string]string `json:"external_ids,omitempty"`
	CreatedAt     crdt.Timestamp    `json:"created_at,omitempty"`
	Name          string            `json:"name"`
	Archived      bool              `json:"archived"`        // kept for the jobs that refer to it, and no longer offered
	Client        Ref               `json:"client,omitzero"` // whose it is
	Territory     Ref               `json:"territory,omitzero"`
	Description   string            `json:"description,omitempty"`
	Address       Address           `json:"address,omitzero"`
	Contacts      []Contact         `json:"contacts"`
}

// KindOf is what a document's root says that it is; empty where it names no kind, or one that the service does not know.
func KindOf(tree map[string]any) string {
	kind, _ := asString(tree[KeyKind])
	switch kind {
	case Kind, KindTemplate, KindClient, KindSite:
		return kind
	}
	return ""
}

// IsJob tells whether a document's root says that it is a job.
func IsJob(tree map[string]any) bool { return KindOf(tree) == Kind }
