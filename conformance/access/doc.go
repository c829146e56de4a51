// Package access tests who may read and write what, on a real fieldsyncd and through its WebSocket, with changes that automerge JS has
// made: testdata/matrix.txt is the whole table, written by hand. It tests besides that reading ends with an assignment, that
// organisations are sealed from one another at every endpoint, and that no credential gets into a log.
package access
