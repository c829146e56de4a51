// Package access decides who may do what to a document. It is pure: a decision depends on the principal and on the
// document's record, and on nothing else, so that it can be read, tabled and tested. The record is derived from the
// document by whoever admits its changes; the principal comes from package auth.
package access
