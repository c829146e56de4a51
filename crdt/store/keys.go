package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"fieldsync/crdt"
)

// The layout of the keys. One byte names the family; ids are raw bytes and numbers big-endian, so that byte order is the order
// wanted; names of variable length are preceded by their length in one byte. All of a document lies in one range.
//
//	a <kind 1> <rest>                       what the server's API keeps: answers under idempotency keys, webhooks, their outbox
//	d <doc 16> a <actor>                    who delivered an actor first
//	d <doc 16> c <admission index 8>        a change chunk, in the order of admission
//	d <doc 16> p <storage id>               what is shared with a peer that has a storage of its own
//	d <doc 16> r                            the document's record: organisation, kind, heads, access
//	d <doc 16> s                            the snapshot: a document chunk
//	i <n><organisation> <n><user> <doc 16>  the documents of a user
//	l <kind 1> <id>                         what a client keeps beside the documents: its outbox, the server's refusals
//	m <name>                                facts about the store itself: the schema version
//	u <kind 1> <id>                         accounts: organisations, users, devices, tokens
//	x <n><organisation> <part 1> <rest>     index rows of an organisation, with all that follows from them
const (
	familyAPI     = 'a'
	familyDoc     = 'd'
	familyIndex   = 'i'
	familyMeta    = 'm'
	familyAccount = 'u'
	familyLocal   = 'l'
	familyRow     = 'x'

	partAuthor   = 'a'
	partChange   = 'c'
	partPeer     = 'p'
	partRecord   = 'r'
	partSnapshot = 's'
)

// MaxName is the greatest length of a name inside a key, in bytes.
const MaxName = 255

// Family says what a key holds.
type Family uint8

const (
	FamilyUnknown  Family = iota // none of this version's
	FamilyAuthor                 // Key.Doc, Key.Actor
	FamilyChange                 // Key.Doc, Key.Index
	FamilyRecord                 // Key.Doc
	FamilySnapshot               // Key.Doc
	FamilyUserDoc                // Key.Org, Key.User, Key.Doc
	FamilyMeta                   // Key.Name
	FamilyPeer                   // Key.Storage, Key.Doc
	FamilyAccount                // Key.Kind, Key.Name
	FamilyLocal                  // Key.Kind, Key.Name
	FamilyRow                    // Key.Org, Key.Kind, Key.Name
	FamilyAPI                    // Key.Kind, Key.Name
)

// Key is a parsed key. Which fields are set is said at its Family.
type Key struct {
	Family    Family
	Doc       crdt.DocID
	Index     uint64       // admission index, from 0
	Actor     crdt.ActorID // raw bytes
	Org, User string
	Storage   crdt.StorageID
	Kind      byte // of an account, of the API's or of a local entry; the part of an index
	Name      string
}

// DocPrefix is the prefix of all that is kept of a document: its authors, changes, peers, record and snapshot, in this order.
func DocPrefix(doc crdt.DocID) []byte { return docKey(doc, 0) }

// DocsPrefix is the prefix of all documents.
func DocsPrefix() []byte { return []byte{familyDoc} }

// AfterDoc is where a scan over DocsPrefix goes on to reach the document behind this one without reading the rest of it.
func AfterDoc(doc crdt.DocID) []byte { return append(docKey(doc, 0), 0xff) }

// DocRecord is the key of a document's record.
func DocRecord(doc crdt.DocID) []byte { return append(docKey(doc, 1), partRecord) }

// DocSnapshot is the key of a document's snapshot.
func DocSnapshot(doc crdt.DocID) []byte { return append(docKey(doc, 1), partSnapshot) }

// DocChange is the key of the change that was admitted as the index-th, from 0.
func DocChange(doc crdt.DocID, index uint64) []byte {
	return binary.BigEndian.AppendUint64(append(docKey(doc, 9), partChange), index)
}

// DocChanges is the prefix of a document's changes.
func DocChanges(doc crdt.DocID) []byte { return append(docKey(doc, 1), partChange) }

// DocAuthor is the key that tells whose an actor is.
func DocAuthor(doc crdt.DocID, actor crdt.ActorID) []byte {
	return append(append(docKey(doc, 1+len(actor)), partAuthor), actor...)
}

func docKey(doc crdt.DocID, more int) []byte {
	return append(append(make([]byte, 0, 17+more), familyDoc), doc[:]...)
}

// DocPeer is the key of the sync state of a peer with a storage id for a document. Storage ids are at most 256 bytes (package wire).
func DocPeer(doc crdt.DocID, storage crdt.StorageID) []byte {
	return append(append(docKey(doc, 1+len(storage)), partPeer), storage...)
}

// Account is the key of an account of a kind. The kinds are the server's.
func Account(kind byte, id string) []byte {
	return append([]byte{familyAccount, kind}, id...)
}

// API is the key of what the server's API keeps of a kind, or the prefix of several. The kinds are the API's.
func API(kind byte, rest ...[]byte) []byte {
	return append([]byte{familyAPI, kind}, bytes.Join(rest, nil)...)
}

// Local is the key of a client's own entry of a kind. The kinds are the client's.
func Local(kind byte, id []byte) []byte {
	return append([]byte{familyLocal, kind}, id...)
}

// Locals is the prefix of a client's own entries of a kind.
func Locals(kind byte) []byte { return []byte{familyLocal, kind} }

// UserDocs is the prefix of the documents of a user of an organisation. The error is of crdt.KindTooLarge, for names over MaxName.
func UserDocs(org, user string) ([]byte, error) {
	if len(org) > MaxName || len(user) > MaxName {
		return nil, crdt.Errorf(crdt.KindTooLarge, "store: a name in a key is over %d bytes", MaxName)
	}
	key := make([]byte, 0, 3+len(org)+len(user)+16)
	key = append(append(key, familyIndex, byte(len(org))), org...)
	return append(append(key, byte(len(user))), user...), nil
}

// UserDoc is the key that lists a document among those of a user.
func UserDoc(org, user string, doc crdt.DocID) ([]byte, error) {
	key, err := UserDocs(org, user)
	return append(key, doc[:]...), err
}

// Rows is the prefix of all index rows.
func Rows() []byte { return []byte{familyRow} }

// OrgRows is the prefix of a part of an organisation's index rows. The parts are the server's. The error is of crdt.KindTooLarge,
// for names over MaxName.
func OrgRows(org string, part byte) ([]byte, error) {
	if len(org) > MaxName {
		return nil, crdt.Errorf(crdt.KindTooLarge, "store: a name in a key is over %d bytes", MaxName)
	}
	key := append(make([]byte, 0, 3+len(org)+64), familyRow, byte(len(org)))
	return append(append(key, org...), part), nil
}

// Meta is the key of a fact about the store itself.
func Meta(name string) []byte { return append([]byte{familyMeta}, name...) }

// ParseKey takes a key apart. Keys of a family or form that this version does not know give FamilyUnknown.
func ParseKey(key []byte) Key {
	if len(key) == 0 {
		return Key{}
	}
	rest := key[1:]
	switch key[0] {
	case familyDoc:
		return parseDocKey(rest)
	case familyIndex:
		org, rest, ok := cutName(rest)
		user, rest, ok2 := cutName(rest)
		if ok && ok2 && len(rest) == 16 {
			return Key{Family: FamilyUserDoc, Org: org, User: user, Doc: crdt.DocID(rest)}
		}
	case familyMeta:
		return Key{Family: FamilyMeta, Name: string(rest)}
	case familyAccount:
		if len(rest) >= 1 {
			return Key{Family: FamilyAccount, Kind: rest[0], Name: string(rest[1:])}
		}
	case familyAPI:
		if len(rest) >= 1 {
			return Key{Family: FamilyAPI, Kind: rest[0], Name: string(rest[1:])}
		}
	case familyLocal:
		if len(rest) >= 1 {
			return Key{Family: FamilyLocal, Kind: rest[0], Name: string(rest[1:])}
		}
	case familyRow:
		if org, rest, ok := cutName(rest); ok && len(rest) >= 1 {
			return Key{Family: FamilyRow, Org: org, Kind: rest[0], Name: string(rest[1:])}
		}
	}
	return Key{}
}

func parseDocKey(rest []byte) Key {
	if len(rest) < 17 {
		return Key{}
	}
	doc, part, rest := crdt.DocID(rest[:16]), rest[16], rest[17:]
	switch {
	case part == partAuthor:
		return Key{Family: FamilyAuthor, Doc: doc, Actor: crdt.ActorID(rest)}
	case part == partPeer:
		return Key{Family: FamilyPeer, Doc: doc, Storage: crdt.StorageID(rest)}
	case part == partChange && len(rest) == 8:
		return Key{Family: FamilyChange, Doc: doc, Index: binary.BigEndian.Uint64(rest)}
	case part == partRecord && len(rest) == 0:
		return Key{Family: FamilyRecord, Doc: doc}
	case part == partSnapshot && len(rest) == 0:
		return Key{Family: FamilySnapshot, Doc: doc}
	}
	return Key{}
}

func cutName(b []byte) (name string, rest []byte, ok bool) {
	if len(b) == 0 || len(b) < 1+int(b[0]) {
		return "", nil, false
	}
	n := 1 + int(b[0])
	return string(b[1:n]), b[n:], true
}

// SchemaVersion is the version of the layout that this code reads and writes. It rises when older code would misread
// what newer code writes.
const SchemaVersion = 1

// schemaKey holds the version as four bytes.
const schemaKey = "schema"

// CheckSchema writes the schema version into an empty store, and refuses one that newer code wrote (crdt.KindUnsupported). Backends
// that outlive the process call it when they open.
func CheckSchema(s Store) error {
	value, err := s.Get(Meta(schemaKey))
	if errors.Is(err, ErrNotFound) {
		return Write(s, []Op{{Key: Meta(schemaKey), Value: binary.BigEndian.AppendUint32(nil, SchemaVersion)}})
	}
	if err != nil {
		return err
	}
	if len(value) != 4 {
		return fmt.Errorf("store: the schema version is damaged: %x", value)
	}
	if v := binary.BigEndian.Uint32(value); v > SchemaVersion {
		return crdt.Errorf(crdt.KindUnsupported, "store: written by a newer version (schema %d, this program knows %d)", v, SchemaVersion)
	}
	return nil
}
