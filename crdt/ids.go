package crdt

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/mr-tron/base58"
)

// DocID names a document: 16 bytes, a random UUIDv4. Its text form is base58check (Bitcoin alphabet, four bytes of
// double SHA-256 behind it, no version byte), as automerge-repo writes it (AutomergeUrl.ts).
type DocID [16]byte

// PeerID names one end of a connection (automerge-repo's senderId). It is chosen by the peer and proves nothing.
type PeerID string

// StorageID names a peer's storage, if it has one that outlives its connections.
type StorageID string

// ActorID is an Automerge actor: the raw bytes, held in a string so that it can be compared and be a map key.
type ActorID string

// Hash is the SHA-256 that names a change.
type Hash [32]byte

// Limits on the length of identifiers, in bytes. A peer chooses these, and they are kept for as long as the document lives.
const (
	MaxPeerID  = 256 // automerge-repo's are "peer-" and a random number, samod's a UUID; people choose names
	MaxActorID = 64  // every known client uses 16 random bytes
)

// String is the text form of the id, base58check.
func (d DocID) String() string { return encodeBase58Check(d[:]) }

// IsZero tells whether the id is unset.
func (d DocID) IsZero() bool { return d == DocID{} }

// ParseDocID reads the base58check form, or the legacy UUID text that older automerge-repo clients may still send.
func ParseDocID(s string) (DocID, error) {
	var id DocID
	if len(s) == 36 && strings.Count(s, "-") == 4 {
		raw, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
		if err != nil || len(raw) != len(id) {
			return id, Errorf(KindInvalid, "document id %q is not a UUID", s)
		}
		return DocID(raw), nil
	}
	if len(s) > 64 { // base58 decoding is quadratic in the length
		return id, Errorf(KindInvalid, "document id is %d characters long", len(s))
	}
	raw, err := decodeBase58Check(s)
	if err != nil {
		return id, Errorf(KindInvalid, "document id %q: %v", s, err)
	}
	if len(raw) != len(id) {
		return id, Errorf(KindInvalid, "document id %q holds %d bytes, not 16", s, len(raw))
	}
	return DocID(raw), nil
}

// String is the actor in lower-case hexadecimal, as Automerge prints it.
func (a ActorID) String() string { return hex.EncodeToString([]byte(a)) }

// String is the hash in lower-case hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// ParseHash reads the hexadecimal form.
func ParseHash(s string) (Hash, error) {
	var h Hash
	raw, err := hex.DecodeString(s)
	if err != nil || len(raw) != len(h) {
		return h, Errorf(KindInvalid, "hash %q is not 32 bytes in hexadecimal", s)
	}
	return Hash(raw), nil
}

func encodeBase58Check(payload []byte) string {
	sum := doubleSHA256(payload)
	return base58.Encode(append(append(make([]byte, 0, len(payload)+4), payload...), sum[:4]...))
}

func decodeBase58Check(s string) ([]byte, error) {
	raw, err := base58.Decode(s)
	if err != nil {
		return nil, err
	}
	if len(raw) < 4 {
		return nil, fmt.Errorf("too short for a checksum")
	}
	payload, want := raw[:len(raw)-4], raw[len(raw)-4:]
	if sum := doubleSHA256(payload); string(sum[:4]) != string(want) {
		return nil, fmt.Errorf("checksum does not match")
	}
	return payload, nil
}

func doubleSHA256(b []byte) [32]byte {
	first := sha256.Sum256(b)
	return sha256.Sum256(first[:])
}
