package store

import (
	"bytes"
	"strings"
	"testing"

	"fieldsync/crdt"
)

func must(key []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return key
}

func TestEveryKeyParsesBackToItsParts(t *testing.T) {
	doc := crdt.DocID{1, 2, 0xff}
	tests := []struct {
		key  []byte
		want Key
	}{
		{DocRecord(doc), Key{Family: FamilyRecord, Doc: doc}},
		{DocSnapshot(doc), Key{Family: FamilySnapshot, Doc: doc}},
		{DocChange(doc, 1<<40), Key{Family: FamilyChange, Doc: doc, Index: 1 << 40}},
		{DocAuthor(doc, "\x00\xffr"), Key{Family: FamilyAuthor, Doc: doc, Actor: "\x00\xffr"}},
		{must(UserDoc("org", "anna", doc)), Key{Family: FamilyUserDoc, Org: "org", User: "anna", Doc: doc}},
		{must(UserDoc("", strings.Repeat("x", 255), doc)), Key{Family: FamilyUserDoc, User: strings.Repeat("x", 255), Doc: doc}},
		{Meta("schema"), Key{Family: FamilyMeta, Name: "schema"}},
		{Account('t', "abc"), Key{Family: FamilyAccount, Kind: 't', Name: "abc"}},
		{Local('o', []byte("abc")), Key{Family: FamilyLocal, Kind: 'o', Name: "abc"}},
		{append(must(OrgRows("org", 'r')), "abc"...), Key{Family: FamilyRow, Org: "org", Kind: 'r', Name: "abc"}},
		{must(OrgRows("", 'n')), Key{Family: FamilyRow, Kind: 'n'}},
		{API('i', []byte("ab"), []byte("c")), Key{Family: FamilyAPI, Kind: 'i', Name: "abc"}},
	}
	for _, tt := range tests {
		if got := ParseKey(tt.key); got != tt.want {
			t.Errorf("%q: %+v; want %+v", tt.key, got, tt.want)
		}
	}
	peer := ParseKey(DocPeer(doc, "storage"))
	if peer.Family != FamilyPeer || peer.Doc != doc || peer.Storage != "storage" {
		t.Errorf("peer key parsed as %+v", peer)
	}
	for _, bad := range []string{"", "d", "z", "dshort", string(DocChanges(doc)) + "1234567", string(DocRecord(doc)) + "x", "p", "i\x05ab", "u", "x", "x\x03abc", "x\x05ab"} {
		if got := ParseKey([]byte(bad)); got.Family != FamilyUnknown {
			t.Errorf("%q: %+v", bad, got)
		}
	}
}

func TestAllOfADocumentIsOneRangeWithItsChangesInOrder(t *testing.T) {
	doc, next := crdt.DocID{15: 1}, crdt.DocID{15: 2}
	sorted := [][]byte{DocAuthor(doc, "\xff"), DocChange(doc, 0), DocChange(doc, 1), DocChange(doc, 255), DocChange(doc, 256),
		DocChange(doc, 1<<63), DocRecord(doc), DocSnapshot(doc), AfterDoc(doc), DocAuthor(next, "\x00"), DocRecord(next)}
	for i, key := range sorted {
		if i > 0 && bytes.Compare(sorted[i-1], key) >= 0 {
			t.Errorf("%q is not before %q", sorted[i-1], key)
		}
		if inside := i < 8; inside && !bytes.HasPrefix(key, DocPrefix(doc)) {
			t.Errorf("%q is outside its document's range", key)
		}
	}
}

func TestNamesCannotReachIntoEachOther(t *testing.T) {
	a, b := must(UserDocs("ab", "c")), must(UserDocs("a", "bc"))
	if bytes.HasPrefix(must(UserDoc("a", "bc", crdt.DocID{})), a) || bytes.HasPrefix(must(UserDoc("ab", "c", crdt.DocID{})), b) {
		t.Error("the keys of one user lie under another's prefix")
	}
	if bytes.HasPrefix(must(UserDocs("org", "anna2")), must(UserDocs("org", "anna"))) {
		t.Error("anna2's documents lie under anna's prefix")
	}
	if bytes.HasPrefix(must(OrgRows("ab", 'r')), must(OrgRows("a", 'b'))) || bytes.HasPrefix(must(OrgRows("a\x01", 'r')), must(OrgRows("a", '\x01'))) {
		t.Error("the rows of one organisation lie under another's prefix")
	}
	if _, err := OrgRows(strings.Repeat("x", 256), 'r'); crdt.KindOf(err) != crdt.KindTooLarge {
		t.Errorf("an organisation's name of 256 bytes: %v", err)
	}
	if _, err := UserDocs(strings.Repeat("x", 256), ""); crdt.KindOf(err) != crdt.KindTooLarge {
		t.Errorf("a name of 256 bytes: %v", err)
	}
}
