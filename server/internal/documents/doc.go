// Package documents runs the server's replica: it binds crdt/drive to the accounts (who may do what, package access), to
// the index of who may see which document, to the engine that builds snapshots, and to the metrics.
package documents
