package documents

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
	"fieldsync/crdt/replica"
)

func sumOf(digit string) string { return strings.Repeat(digit, sumChars) }

func TestFilesAreFoundInTheNewestStateWhetherAsStringOrAsText(t *testing.T) {
	o, doc := open(t), crdt.DocID{1}
	o.must(dora, doc, newJob("anna"))
	o.must(anna, doc, func(tx *engine.Tx) error {
		return tx.Set(crdt.Path{job.KeyAttachments, "a1"}, map[string]any{"sha256": sumOf("a"), "preview_sha256": crdt.Text(sumOf("b")), "name": sumOf("c")})
	})
	refs := func() map[string]string {
		t.Helper()
		got, err := o.FileRefs(context.Background(), org, doc)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for _, r := range got {
			out[r.SHA256] = r.Attachment + " " + r.Key + " " + string(r.Author)
		}
		return out
	}
	author := string(principal{Principal: anna}.Author())
	if got, want := refs(), map[string]string{sumOf("a"): "a1 sha256 " + author, sumOf("b"): "a1 preview_sha256 " + author}; !maps.Equal(got, want) {
		t.Errorf("%v; want %v", got, want)
	}
	o.must(anna, doc, func(tx *engine.Tx) error { return tx.Delete(crdt.Path{job.KeyAttachments, "a1"}) })
	if got := refs(); len(got) != 0 {
		t.Errorf("an attachment that was taken out: %v", got)
	}
}

func TestEveryNameThatAnyChangeEverWroteIsFound(t *testing.T) {
	o, doc := open(t), crdt.DocID{1}
	o.must(dora, doc, newJob("anna"))
	at := crdt.Path{job.KeyAttachments, "a1"}
	o.must(anna, doc, func(tx *engine.Tx) error {
		return tx.Set(at, map[string]any{"sha256": sumOf("a"), "thumbnail_sha256": crdt.Text(sumOf("b"))})
	})
	o.must(anna, doc, func(tx *engine.Tx) error { return tx.Set(at.Join("sha256"), sumOf("c")) })
	o.must(anna, doc, func(tx *engine.Tx) error { return tx.Delete(at) })
	o.must(anna, doc, func(tx *engine.Tx) error {
		return tx.Set(crdt.Path{job.KeyAttachments, sumOf("d")}, map[string]any{"elsewhere": sumOf("e"), "short": "ab", "upper": sumOf("A")})
	})
	var got []string
	if err := EverNamed(o.store, doc, func(sum string) { got = append(got, sum) }); err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	got = slices.Compact(got)
	if want := []string{sumOf("a"), sumOf("b"), sumOf("c"), sumOf("d"), sumOf("e")}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if err := EverNamed(o.store, crdt.DocID{9}, func(string) { t.Error("a name in a document that is not there") }); err != nil {
		t.Error(err)
	}
}

// A change that names many files is decoded once, not once for each.
func TestFilesOfOneChangeAreFoundByDecodingItOnce(t *testing.T) {
	const files = 300
	o, doc := open(t), crdt.DocID{1}
	o.must(dora, doc, newJob("anna"))
	o.must(anna, doc, func(tx *engine.Tx) error {
		for i := range files {
			if err := tx.Set(crdt.Path{job.KeyAttachments, fmt.Sprint("a", i)}, map[string]any{"sha256": sumOf("a"), "preview_sha256": crdt.Text(sumOf("b"))}); err != nil {
				return err
			}
		}
		return nil
	})
	if err := o.drive.Inspect(t.Context(), doc, func(d *replica.Document) error {
		h, _, err := d.View()
		if err != nil {
			return err
		}
		bytes := testing.Benchmark(func(b *testing.B) {
			for range b.N {
				found := 0
				for range fileRefs(h) {
					found++
				}
				if found != 2*files {
					b.Fatalf("%d files were found", found)
				}
			}
		}).AllocedBytesPerOp()
		if decoded := int64(h.NumOps()) * 200; bytes > 20*decoded { // an operation that is decoded takes some 200 bytes
			t.Errorf("%d files of one change of %d operations took %d bytes of memory", 2*files, h.NumOps(), bytes)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
