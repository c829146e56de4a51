package engine

import (
	"encoding/binary"
	"math"
	"sync"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
)

func encode(t *testing.T, ops ...format.Op) []byte {
	t.Helper()
	raw, _, err := format.EncodeChange(&format.Change{Actor: "odd", Seq: 1, StartOp: 1, Ops: ops})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func at(counter uint64) format.OpID { return format.OpID{Counter: counter} }

func str(s string) format.Value { return format.Value{Type: format.ValueString, Raw: []byte(s)} }

// What other clients may write and admission may pass, though the engine itself never would.
func TestUnusualChangesAreReadWithoutHarm(t *testing.T) {
	set := func(key string, v format.Value) format.Op {
		return format.Op{Key: key, Action: format.ActionSet, Value: v}
	}
	notANumber := binary.LittleEndian.AppendUint64(nil, math.Float64bits(math.NaN()))
	raw := encode(t,
		format.Op{Key: "table", Action: format.ActionMakeTable},                                                                                                      // 1
		format.Op{Object: at(1), Key: "row", Action: format.ActionSet, Value: str("in a table")},                                                                     // 2
		set("unknown", format.Value{Type: 12, Raw: []byte{1, 2}}),                                                                                                    // 3
		set("nan", format.Value{Type: format.ValueFloat, Raw: notANumber}),                                                                                           // 4
		format.Op{Key: "text", Action: format.ActionMakeText},                                                                                                        // 5
		format.Op{Object: at(5), InSeq: true, Insert: true, Action: format.ActionSet, Value: str("many😀")},                                                           // 6: one element
		format.Op{Object: at(5), InSeq: true, Elem: at(6), Insert: true, Action: format.ActionSet, Value: str("b")},                                                  // 7
		format.Op{Object: at(5), InSeq: true, Elem: at(7), Insert: true, Action: format.ActionSet, Value: format.Value{}},                                            // 8: null in a text
		format.Op{Object: at(5), InSeq: true, Elem: at(8), Insert: true, Action: format.ActionMakeMap},                                                               // 9: an object in a text
		format.Op{Object: at(5), InSeq: true, Insert: true, Action: format.ActionMark, HasMark: true, MarkName: "bold", Value: format.Value{Type: format.ValueTrue}}, // 10
		format.Op{Object: at(5), InSeq: true, Elem: at(7), Insert: true, Action: format.ActionMark},                                                                  // 11
		format.Op{Key: "list", Action: format.ActionMakeList},                                                                                                        // 12
		format.Op{Object: at(12), InSeq: true, Insert: true, Action: format.ActionSet, Value: format.Value{Type: 15}},                                                // 13
		format.Op{Object: at(12), InSeq: true, Elem: at(13), Insert: true, Action: format.ActionMakeTable},                                                           // 14
		set("counter", format.Value{Type: format.ValueCounter, Raw: []byte{5}}),                                                                                      // 15
		set("", str("no key")), // 16
	)
	d := open(t, raw)
	tree, err := d.Tree()
	if err != nil {
		t.Fatal(err)
	}
	wantGet(t, d, "in a table", "table", "row")
	wantGet(t, d, crdt.Unknown{Type: 12, Raw: []byte{1, 2}}, "unknown")
	wantGet(t, d, "no key", "")
	if tree[""] != "no key" {
		t.Errorf("the empty key reads %v", tree[""])
	}
	if f, ok := tree["nan"].(float64); !ok || !math.IsNaN(f) {
		t.Errorf("nan reads %v", tree["nan"])
	}
	if s, ok := tree["text"].(crdt.Text); !ok || len(s) < len("many😀b") {
		t.Errorf("text reads %q", tree["text"])
	}
	t.Log(jsonOf(t, d))
	if _, err := d.Clashes(); err != nil {
		t.Error(err)
	}
	size, err := d.Len("text")
	if err != nil {
		t.Fatal(err)
	}
	// Every splice that the length admits must work or fail, not abort.
	for from := range size + 1 {
		for del := range size - from + 1 {
			fork, err := d.Fork()
			if err != nil {
				t.Fatal(err)
			}
			raw, err := fork.Edit(Commit{Actor: anna}, func(tx *Tx) error { return tx.Splice(crdt.Path{"text"}, from, del, "é") })
			if err == nil && raw != nil {
				if _, err := fork.Save(); err != nil {
					t.Errorf("splice %d %d: %v", from, del, err)
				}
			}
			fork.Close()
		}
	}
	edit(t, d, anna, func(tx *Tx) error { return tx.SetText(crdt.Path{"text"}, "plain") })
	wantGet(t, d, crdt.Text("plain"), "text")
	if _, err := d.Save(); err != nil {
		t.Error(err)
	}
}

func TestWhatIsNestedTooDeepReadsAsNil(t *testing.T) {
	const depth = 5000
	ops := make([]format.Op, depth)
	for i := range ops {
		ops[i] = format.Op{Object: at(uint64(i)), Key: "k", Action: format.ActionMakeMap}
	}
	d := open(t, encode(t, ops...))
	tree, err := d.Tree()
	if err != nil {
		t.Fatal(err)
	}
	levels, v := 0, any(tree)
	for v != nil {
		v = v.(map[string]any)["k"]
		levels++
	}
	if levels != MaxDepth {
		t.Errorf("read %d levels, want %d", levels, MaxDepth)
	}
	if _, err := d.Clashes(); err != nil {
		t.Error(err)
	}
}

func TestADocumentMayBeUsedByManyGoroutines(t *testing.T) {
	d := open(t, jobHistory(t, 8)...)
	var wg sync.WaitGroup
	const writers, edits = 4, 20
	for range writers {
		wg.Go(func() {
			for range edits {
				if _, err := d.Edit(Commit{Actor: anna}, func(tx *Tx) error {
					n, err := tx.Get("n")
					if err != nil {
						return tx.Set(crdt.Path{"n"}, int64(1))
					}
					return tx.Set(crdt.Path{"n"}, n.(int64)+1)
				}); err != nil {
					t.Error(err)
				}
				_, _ = d.Tree()
				_, _ = d.Save()
				d.Heads()
			}
		})
	}
	wg.Wait()
	wantGet(t, d, int64(writers*edits), "n")
}
