package index

import (
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/job"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/documents"
)

// What has no row is not loaded: its bytes may hold what the engine cannot read.
func TestOnlyDocumentsThatHaveRowsAreLoaded(t *testing.T) {
	w := newWorld(t)
	load := FromStore(w.store, documents.NewRoom())
	raw, hash, err := format.EncodeChange(&format.Change{Actor: "anna", Seq: 1, StartOp: 1, Ops: []format.Op{{Key: "a", Action: format.ActionSet}}})
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)-1] ^= 1
	for kind, fails := range map[string]bool{"": false, "note": false, job.Kind: true, job.KindSite: true} {
		doc := crdt.DocID{byte(len(kind) + 1)}
		rec := replica.Record{Heads: crdt.Heads{hash}, Next: 1, Meta: must(access.Record{Org: "org"}.WithKind(kind).Encode())}
		check(t, store.Write(w.store, []store.Op{
			{Key: store.DocRecord(doc), Value: rec.Append(nil)},
			{Key: store.DocChange(doc, 0), Value: replica.AppendEntry(nil, 7, raw)},
		}))
		d, err := load(t.Context(), doc)
		if fails != (err != nil) {
			t.Errorf("kind %q: %v", kind, err)
		}
		if err == nil && (d.Changes != 1 || d.Last != 7 || d.Tree != nil || d.Org != "org") {
			t.Errorf("kind %q: %+v", kind, d)
		}
	}
}
