package notify

import (
	"crypto/sha256"
	"encoding/binary"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
)

// Kinds of the keys in the store (store.API).
const (
	kindMark         = 'n' // doc(16, inner), index of the first change(8) -> mark
	kindSubscription = 's' // subID(16) -> Subscription
	kindOutbox       = 'o' // subID(16), doc(16, inner) -> message
	kindLog          = 'p' // <n><organisation>, number(8) -> Entry
	kindVAPID        = 'v' // -> vapidKeys
	kindSettings     = 'y' // <n><organisation>, user -> Settings
)

// subID names a subscription inside: the device of an organisation.
type subID [16]byte

func subIDOf(org, device string) subID {
	sum := sha256.Sum256([]byte(org + "\x00" + device))
	return subID(sum[:16])
}

// slot is a place in the outbox: what a device is to be told of a job.
type slot struct {
	sub subID
	doc crdt.DocID // the inner id
}

func markKey(doc crdt.DocID, from int) []byte {
	return binary.BigEndian.AppendUint64(store.API(kindMark, doc[:]), uint64(from)) //nolint:gosec // an index
}
func marksOf(doc crdt.DocID) []byte      { return store.API(kindMark, doc[:]) }
func subscriptionKey(id subID) []byte    { return store.API(kindSubscription, id[:]) }
func (s slot) key() []byte               { return store.API(kindOutbox, s.sub[:], s.doc[:]) }
func outboxOf(id subID) []byte           { return store.API(kindOutbox, id[:]) }
func logOf(org string) []byte            { return store.API(kindLog, []byte{byte(len(org))}, []byte(org)) }
func logKey(org string, n uint64) []byte { return binary.BigEndian.AppendUint64(logOf(org), n) }
func settingsKey(org, user string) []byte {
	return store.API(kindSettings, []byte{byte(len(org))}, []byte(org), []byte(user))
}

// slotOf reads a key of the outbox.
func slotOf(key []byte) (s slot, ok bool) {
	rest := key[len(store.API(kindOutbox)):]
	if len(rest) != len(s.sub)+len(s.doc) {
		return s, false
	}
	copy(s.sub[:], rest)
	copy(s.doc[:], rest[len(s.sub):])
	return s, true
}
