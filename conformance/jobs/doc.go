// Package jobs holds the rules of a job document against shared vectors (conformance/vectors/job): the Go implementation in crdt/job,
// and an independent one in JavaScript on automerge JS 3.x, which shares nothing with it but the vectors and docs/JOB.md. Each side
// also reads the changes that the other made, in every order of delivery.
package jobs
