// Package historytest makes valid documents by several writers, for tests of package history and of what stands on it,
// and holds a naive model of a document to compare with. Everything follows from the caller's source of randomness.
package historytest
