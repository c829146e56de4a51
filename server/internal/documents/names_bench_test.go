package documents

import (
	"bytes"
	"encoding/binary"
	"log/slog"
	"slices"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/store/memstore"
	"fieldsync/server/internal/access"
)

// BenchmarkNaming measures what it costs that an organisation's documents have ids of their own, beside the same without: in turns, medians.
func BenchmarkNaming(b *testing.B) {
	names, err := access.NewNamespace(bytes.Repeat([]byte{1}, access.NamespaceKeyBytes))
	if err != nil {
		b.Fatal(err)
	}
	offices := map[bool]*office{}
	for _, named := range []bool{false, true} {
		opt := Options{Store: memstore.New(memstore.Options{}), Metrics: silent{}, Log: slog.New(slog.DiscardHandler)}
		if named {
			opt.Namespace = func(string) (access.Namespace, error) { return names, nil }
		}
		s, err := New(opt)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(s.Close)
		offices[named] = &office{s, b, opt.Store}
	}
	const documents = 1000
	doc := func(n int) crdt.DocID {
		return crdt.DocID(binary.BigEndian.AppendUint64(make([]byte, 8, 16), uint64(n+1))) //nolint:gosec // small
	}
	for n := range documents {
		for _, o := range offices {
			if _, _, err := o.Create(b.Context(), dora, CreateOptions{ID: doc(n)}, []crdt.Edit{{Path: crdt.Path{"kind"}, Value: "note"}}); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("id", func(b *testing.B) {
		id := doc(1)
		for b.Loop() {
			id = names.Outer(names.Inner(id))
		}
	})
	for _, c := range []struct {
		name string
		do   func(o *office, n int) error
	}{
		{"heads of a document", func(o *office, n int) error {
			_, err := o.Heads(dora, doc(n%documents))
			return err
		}},
		{"comparison of 1,000 documents", func(o *office, _ int) error {
			who, err := o.Principal(dora)
			if err != nil {
				return err
			}
			_, err = o.inventory(who)
			return err
		}},
		{"an edit by the API", func(o *office, n int) error {
			_, err := o.Edit(b.Context(), dora, doc(n%documents), EditOptions{}, set("title", n))
			return err
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			took := map[bool][]float64{}
			for n := range b.N {
				for _, named := range []bool{n%2 == 0, n%2 == 1} {
					started := time.Now()
					if err := c.do(offices[named], n); err != nil {
						b.Fatal(err)
					}
					took[named] = append(took[named], float64(time.Since(started))/1000)
				}
			}
			b.ReportMetric(0, "ns/op")
			for _, all := range took {
				slices.Sort(all)
			}
			without, with := took[false][b.N/2], took[true][b.N/2]
			b.ReportMetric(without, "µs/without")
			b.ReportMetric(with, "µs/with")
			b.ReportMetric(with/without, "ratio")
		})
	}
}
