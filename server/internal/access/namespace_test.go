package access

import (
	"testing"

	"fieldsync/crdt"
)

func TestANamespaceIsAPermutationOfItsOwn(t *testing.T) {
	key := func(b byte) []byte { k := make([]byte, NamespaceKeyBytes); k[0] = b; return k }
	var all []Namespace
	for _, k := range [][]byte{key(1), key(2)} {
		n, err := NewNamespace(k)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, n)
	}
	seen := map[crdt.DocID]crdt.DocID{}
	for i := range 1000 {
		outer := crdt.DocID{byte(i), byte(i >> 8), 7}
		for _, n := range all {
			inner := n.Inner(outer)
			if inner == outer || n.Outer(inner) != outer {
				t.Fatalf("%v is %v inside, and that %v outside", outer, inner, n.Outer(inner))
			}
			if was, there := seen[inner]; there {
				t.Fatalf("%v and %v are the same inside", was, outer)
			}
			seen[inner] = outer
		}
		if (Namespace{}).Inner(outer) != outer || (Namespace{}).Outer(outer) != outer {
			t.Fatal("without a key an id is another inside")
		}
	}
	if _, err := NewNamespace([]byte("short")); err == nil {
		t.Error("a key that is too short is taken")
	}
}
