// Package rules says who is told what of a job's changes. It is pure: a function of what changes did (package audit), of the job as it is now and of who
// asks; time zones are arguments.
//
// A person is told that a job was assigned to him, taken from him or cancelled, that somebody else has set it En route, Started, Paused or Finished, and
// what else somebody else has changed. He is not told of what he did himself, nor of what its author has muted, nor of what was changed back.
package rules
