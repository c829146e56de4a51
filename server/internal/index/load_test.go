package index

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
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

// The operator is told of a document by the id that people know.
func TestTheLogNamesADocumentAsItsOrganisationDoes(t *testing.T) {
	names, err := access.NewNamespace(bytes.Repeat([]byte{7}, access.NamespaceKeyBytes))
	check(t, err)
	var log bytes.Buffer
	w := newWorld(t)
	w.open(func(o *Options) {
		o.Namespace = func(string) (access.Namespace, error) { return names, nil }
		o.Log = slog.New(slog.NewTextHandler(&log, nil))
	})
	w.set(jobDoc(1, nil)) // under an inner id
	w.fail[docID(1)] = errors.New("damaged")
	w.now(docID(1))
	if said := log.String(); !strings.Contains(said, "org=org doc="+names.Outer(docID(1)).String()) || strings.Contains(said, docID(1).String()) {
		t.Errorf("the log: %s", said)
	}
	if err := w.Check(t.Context(), func(Progress) {}, func(line string) { log.WriteString(line) }); err != nil || strings.Contains(log.String(), docID(1).String()) {
		t.Errorf("a check: %v: %s", err, &log)
	}
}
