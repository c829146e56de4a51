package access

import (
	"crypto/aes"
	"crypto/cipher"

	"fieldsync/crdt"
)

// NamespaceKeyBytes is the length of a Namespace's key.
const NamespaceKeyBytes = 16

// Namespace is an organisation's own set of document ids. Its people, their clients, the API and what stands in documents have outer ids;
// the store, and all that lives beside it, has inner ones: the outer one enciphered with the organisation's key (AES-128, one block). So the
// same outer id is another document in each organisation, and nobody can aim at the document of another: he would need its
// key. Who learns inner ids, even of outer ones that he chose, learns no other. The zero Namespace calls documents as the store does:
// that of organisations that are older than this.
type Namespace struct{ key cipher.Block }

// NewNamespace makes a Namespace of a key of NamespaceKeyBytes.
func NewNamespace(key []byte) (Namespace, error) {
	if len(key) != NamespaceKeyBytes {
		return Namespace{}, crdt.Errorf(crdt.KindInternal, "access: the key of a namespace has %d bytes, not %d", len(key), NamespaceKeyBytes)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return Namespace{}, crdt.Errorf(crdt.KindInternal, "access: %w", err)
	}
	return Namespace{block}, nil
}

// Inner gives the store's id of a document.
func (n Namespace) Inner(outer crdt.DocID) crdt.DocID {
	if n.key == nil {
		return outer
	}
	var inner crdt.DocID
	n.key.Encrypt(inner[:], outer[:])
	return inner
}

// Outer gives the organisation's id of a document.
func (n Namespace) Outer(inner crdt.DocID) crdt.DocID {
	if n.key == nil {
		return inner
	}
	var outer crdt.DocID
	n.key.Decrypt(outer[:], inner[:])
	return outer
}
