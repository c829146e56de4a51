//go:build !automerge_own && (!cgo || android || ios || !(linux || darwin) || !(amd64 || arm64))

// Package nocore stops a build for a platform that no core is there for, with words instead of a linker's: it does not compile.
package nocore

var _ int = "fieldsync: automerge-go brings a core for linux and darwin on amd64 and arm64, with cgo. For others link your own: docs/CLIENT.md, Platforms"
