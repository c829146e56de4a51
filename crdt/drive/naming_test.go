package drive_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store/memstore"
)

// mask is a Naming.
type mask byte

func (m mask) Inner(doc crdt.DocID) crdt.DocID {
	for i := range doc {
		doc[i] ^= byte(m)
	}
	return doc
}

func (m mask) Outer(doc crdt.DocID) crdt.DocID { return m.Inner(doc) }

// masks are how the two houses of these tests call their documents.
var masks = map[string]mask{"anna": 0x5a, "ben": 0xa5}

// houses is a server for two houses that call other documents by the same ids.
func houses(t *testing.T) *node {
	return newNode(t, "server", memstore.New(memstore.Options{}), func(cfg *drive.Config) {
		all, rc := cfg.Inventory, *cfg.Replica
		rc.Naming = func(p replica.Principal) replica.Naming { return masks[string(p.Author())] }
		cfg.Replica = &rc
		cfg.Inventory = func(p replica.Principal) ([]replica.Item, error) {
			items, err := all(p)
			var own []replica.Item
			for _, it := range items {
				if it.Doc = masks[string(p.Author())].Outer(it.Doc); it.Doc[15] == 1 { // as docNumber makes them
					own = append(own, it)
				}
			}
			return replica.SortItems(own), err
		}
	})
}

func TestPeersThatCallDocumentsOtherwiseShareNoneByTheirIDs(t *testing.T) {
	for _, ranges := range []bool{false, true} {
		t.Run(fmt.Sprint("ranges only ", ranges), func(t *testing.T) { synctest.Test(t, func(t *testing.T) { twoHouses(t, ranges) }) })
	}
}

func twoHouses(t *testing.T, ranges bool) {
	const docs = 300
	server := houses(t)
	clients := map[string]*node{}
	for name := range masks {
		clients[name] = newNode(t, name, memstore.New(memstore.Options{}), func(cfg *drive.Config) { cfg.Replica.RangesOnly = ranges })
		for i := range docs {
			clients[name].edit(docNumber(i), name, set("title", fmt.Sprint(name, "'s job ", i)))
		}
	}
	var down []*pipe
	meet := func() (cut func()) {
		var cuts []func()
		for name, c := range clients {
			_, d, cut := connect(c, server, name)
			down, cuts = append(down, d), append(cuts, cut)
		}
		synctest.Wait()
		return func() {
			for _, cut := range cuts {
				cut()
			}
		}
	}
	inStep := func(when string) {
		t.Helper()
		for name, c := range clients {
			for i := range docs + 1 {
				if here, there := c.heads(docNumber(i)), server.heads(masks[name].Inner(docNumber(i))); !here.Equal(there) {
					t.Errorf("%s, document %d of %s is not what the server holds of it", when, i, name)
				}
			}
		}
	}
	cut := meet()
	if n := count(server.store); n != 2*docs {
		t.Fatalf("the server has %d documents of two houses with %d each", n, docs)
	}
	inStep("at first")
	cut()

	// A reconnect finds what differs, by the peer's names.
	server.edit(masks["anna"].Inner(docNumber(3)), "anna", set("note", "of anna's house"))
	server.edit(masks["ben"].Inner(docNumber(docs)), "ben", set("title", "new in ben's house"))
	clients["ben"].edit(docNumber(3), "ben", set("note", "of ben's house"))
	cut = meet()
	defer cut()
	inStep("after a reconnect")
	if a, b := clients["anna"].lastCompared(), clients["ben"].lastCompared(); len(a.Differ) != 1 || a.Differ[0] != docNumber(3) || len(b.Differ) != 2 {
		t.Errorf("compared: %+v and %+v", a, b)
	}
	// And what changes then arrives where it belongs.
	server.edit(masks["anna"].Inner(docNumber(7)), "anna", set("note", "live"))
	synctest.Wait()
	inStep("live")

	for _, d := range down {
		for _, f := range d.sent {
			for name, m := range masks {
				for i := range docs + 1 {
					inner := m.Inner(docNumber(i))
					if bytes.Contains(f, inner[:]) || bytes.Contains(f, []byte(inner.String())) {
						t.Fatalf("a frame has our name of document %d of %s: %x", i, name, f)
					}
				}
			}
		}
	}
	if err := server.Inspect(context.Background(), docNumber(1), func(d *replica.Document) error {
		if d.Exists() {
			t.Error("a peer's name is a document of ours")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// Who dials may call documents otherwise as well: what differs is told by our names.
func TestWhoDialsMayCallDocumentsOtherwise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := masks["anna"]
		server := newNode(t, "server", memstore.New(memstore.Options{}), nil)
		client := newNode(t, "client", memstore.New(memstore.Options{}), func(cfg *drive.Config) {
			all, rc := cfg.Inventory, *cfg.Replica
			rc.Naming = func(replica.Principal) replica.Naming { return m }
			cfg.Replica = &rc
			cfg.Inventory = func(p replica.Principal) ([]replica.Item, error) {
				items, err := all(p)
				for i := range items {
					items[i].Doc = m.Outer(items[i].Doc)
				}
				return replica.SortItems(items), err
			}
		})
		client.edit(m.Inner(docNumber(1)), "anna", set("title", "here"))
		server.edit(docNumber(2), "dora", set("title", "there"))
		_, _, cut := connect(client, server, "anna")
		defer cut()
		synctest.Wait()
		for _, i := range []int{1, 2} {
			if here, there := client.heads(m.Inner(docNumber(i))), server.heads(docNumber(i)); len(here) != 1 || !here.Equal(there) {
				t.Errorf("document %d is at %v here and %v there", i, here, there)
			}
		}
		if c := client.lastCompared(); c == nil || len(c.Differ) != 2 || len(c.Unlisted) != 1 || c.Unlisted[0] != m.Inner(docNumber(1)) {
			t.Errorf("compared: %+v", c)
		}
	})
}
