package auth

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
)

func TestEachNewOrganisationHasDocumentIDsOfItsOwn(t *testing.T) {
	w := newWorld(t, nil)
	doc := crdt.DocID{1}
	inner := map[string]crdt.DocID{}
	for _, org := range []string{"one", "two"} {
		if _, err := w.CreateOrg(org, OrgChange{Name: &org}); err != nil {
			t.Fatal(err)
		}
		n, err := w.Namespace(org)
		if err != nil {
			t.Fatal(err)
		}
		inner[org] = n.Inner(doc)
	}
	if inner["one"] == inner["two"] || inner["one"] == doc || inner["two"] == doc {
		t.Fatalf("inside: %v", inner)
	}
	// They are the same after changes and from the store, and no Org shows the key.
	name := "another"
	if _, err := w.ChangeOrg(Operator("one"), OrgChange{Name: &name}, 0); err != nil {
		t.Fatal(err)
	}
	w.namespaces.Purge()
	if n, err := w.Namespace("one"); err != nil || n.Inner(doc) != inner["one"] {
		t.Errorf("read again: %v, %v", n.Inner(doc), err)
	}
	key, err := w.store.Get(namespaceKey("one"))
	if err != nil {
		t.Fatal(err)
	}
	orgs, err := w.Orgs()
	if err != nil {
		t.Fatal(err)
	}
	log, err := w.Log(Operator("one"), false, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := json.Marshal([]any{orgs, log})
	for _, shown := range []string{string(b), fmt.Sprintf("%v %+v %x", orgs, log, string(b))} {
		for _, k := range []string{string(key), hex.EncodeToString(key), fmt.Sprint(key)} { //nolint:staticcheck // as numbers, not as a string
			if strings.Contains(shown, k) {
				t.Error("the key is shown")
			}
		}
	}
	if _, err := w.Namespace("nowhere"); crdt.KindOf(err) != crdt.KindNotFound {
		t.Errorf("of no organisation: %v", err)
	}
}

// An organisation that was made before there were keys has the store's ids, also after it was changed.
func TestAnOlderOrganisationKeepsTheStoresDocumentIDs(t *testing.T) {
	w := newWorld(t, nil)
	name := "old"
	op, err := put(orgKey(name), Org{ID: name, Name: name})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Write(w.store, []store.Op{op}); err != nil {
		t.Fatal(err)
	}
	doc, renamed := crdt.DocID{1}, "older"
	for range 2 {
		if n, err := w.Namespace(name); err != nil || n.Inner(doc) != doc {
			t.Errorf("%v, %v", n.Inner(doc), err)
		}
		if _, err := w.ChangeOrg(Operator(name), OrgChange{Name: &renamed}, 0); err != nil {
			t.Fatal(err)
		}
		w.namespaces.Purge()
	}
	// It is sealed from those with keys; a second one like it is not, and such a store is refused.
	if _, err := w.CreateOrg("new", OrgChange{Name: &renamed}); err != nil {
		t.Fatal(err)
	}
	if err := w.Upgrade(); err != nil {
		t.Errorf("one of before and a new one: %v", err)
	}
	if op, err = put(orgKey("older"), Org{ID: "older", Name: "older"}); err != nil {
		t.Fatal(err)
	}
	if err := store.Write(w.store, []store.Op{op}); err != nil {
		t.Fatal(err)
	}
	if err := w.Upgrade(); crdt.KindOf(err) != crdt.KindUnsupported || !strings.Contains(err.Error(), "old and older") {
		t.Errorf("two of before: %v", err)
	}
}

// A store that fails is not taken for an organisation without a key: its documents would be others.
func TestAKeyThatCannotBeReadIsAnError(t *testing.T) {
	w := newWorld(t, nil)
	name := "one"
	if _, err := w.CreateOrg(name, OrgChange{Name: &name}); err != nil {
		t.Fatal(err)
	}
	w.store.fail = errDisk
	if _, err := w.Namespace(name); crdt.KindOf(err) != crdt.KindUnavailable {
		t.Errorf("%v", err)
	}
	w.store.fail = nil
	if err := store.Write(w.store, []store.Op{{Key: namespaceKey(name), Value: []byte("torn")}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Namespace(name); err == nil {
		t.Error("a key of another length is taken")
	}
}
