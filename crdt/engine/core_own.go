//go:build automerge_own

package engine

// With the build tag automerge_own the core is whoever builds to bring: a library of automerge-rs 0.5.0's C interface (automerge-c, the one
// that automerge_abi.h declares) for the platform, named by CGO_LDFLAGS. docs/CLIENT.md, Platforms, has the steps. Nothing else of this
// package knows where the core comes from.
