//go:build !automerge_own && (!cgo || android || ios || !(linux || darwin) || !(amd64 || arm64))

package nocore

var _ int = "fieldsync: automerge-go brings a core for linux and darwin on amd64 and arm64, with cgo. For others link your own: docs/CLIENT.md, Platforms"
