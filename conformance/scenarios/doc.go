// Package scenarios plays people who work on the same jobs without a network, and come back: in the office and on the phone, with the Go
// client and with unmodified automerge-repo, against the real server. Everybody must come to the same job, and nobody's work may be missing.
package scenarios
