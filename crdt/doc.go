// Package crdt is the vocabulary of fieldsync's document core: the identifiers, heads, URLs, refusals and
// error kinds that every other package speaks in. It is pure: no network, no files, no clock, no goroutine.
package crdt
