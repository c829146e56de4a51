// Package job is the job document and its companions, the template, the client and the site: the names of their keys, tolerant reading
// of a document's values, their JSON form and the way back from it, the rule by which the status log gives one status, the legal transitions,
// the clashes of what was written at once, and the edits that make and change a document. It is pure: it works on the tree of values that
// the engine reads (see crdt.Text for the types), and says what is to be written as data (crdt.Edit).
//
// docs/JOB.md is the layout and the rules, for implementations in any language; conformance/vectors/job are its test cases.
//
// # Layout
//
// The root is a map with its kind and schema_version 1. Wherever two people may add at once there is a map keyed by id, made when
// the document is made. Edits leave alone what they do not know.
//
// # Status
//
// The status is not a register but a function of status_log; see [Current].
//
// # Writing
//
// [New], [NewTemplate], [NewClient] and [NewSite] make documents, of what [Parse] and its kin take from the JSON form; [Patch] changes any of
// them. [SetStatus], [UndoStatus], [Fill], [Tick], [Attach] and their kin are what a person taps: they check what the job permits now.
// [AddEvent], [AddComment], [AddAttachment], [Assign], [SetField] are the plain edits beneath, without a look at the job.
package job
