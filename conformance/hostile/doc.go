// Package hostile sends a real fieldsyncd what no client of good will sends: the cases that took other servers and cores
// down, and more. After each, the server is up, its memory is bounded, somebody else still reads and edits the same
// document, what it holds loads in automerge-go, and what was refused is counted under its reason.
//
// automerge-go runs in a process of its own here (conformance/admission): if something was admitted that aborts it, that is
// a failed test, not the end of the tests.
package hostile
