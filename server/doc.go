// Package server puts a fieldsync server together: the store, the files, who may come in, the sync endpoint, the JSON
// interface, health, metrics and logs. A program, or a test, makes one with New and either mounts its Handler or calls
// Run, which serves until its context ends and then stops gracefully.
package server
