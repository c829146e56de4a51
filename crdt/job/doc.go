// Package job is the job document: the names of its keys, the rule by which its status log gives one status, tolerant reading of
// a job from a document's values, and the edits that make and change one. It is pure: it works on the tree of
// values that the engine reads (see crdt.Text for the types), and says what is to be written as data (crdt.Edit).
//
// # Layout
//
// The root is a map with kind "job" and schema_version 1. Wherever two people may add at once there is a map keyed by id, made when
// the job is made: status_log, assignees, attachments, comments, custom_fields, report_fields. Unknown keys are left alone.
//
// # Status
//
// The status is not a register but a function of status_log; see [Current].
package job
