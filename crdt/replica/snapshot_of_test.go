package replica_test

import (
	"testing"

	"fieldsync/crdt/engine"
)

// snapshotOf builds a document chunk of changes.
func snapshotOf(t *testing.T, raws [][]byte) []byte {
	t.Helper()
	chunk, err := engine.Snapshot(raws)
	if err != nil {
		t.Fatal(err)
	}
	return chunk
}
