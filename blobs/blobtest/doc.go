// Package blobtest is the acceptance suite of blobs.Store: what every backend must hold, run against each of them.
package blobtest
