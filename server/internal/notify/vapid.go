package notify

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
)

// vapidKeys are the keys by which push services know this server. A subscription is bound to the one that it was made with, so an old one
// stays until no subscription has it.
type vapidKeys struct {
	Keys []vapidKey `json:"keys"` // the newest first
}

type vapidKey struct {
	Private []byte         `json:"private"` // as ecdsa.PrivateKey.Bytes gives it
	Public  []byte         `json:"public"`  // uncompressed, 65 bytes
	Made    crdt.Timestamp `json:"made"`

	key *ecdsa.PrivateKey
}

// openVAPID reads the keys, or makes the first.
func (n *Notifier) openVAPID() error {
	value, err := n.opt.Store.Get(store.API(kindVAPID))
	if errors.Is(err, store.ErrNotFound) {
		return n.RotateKey()
	}
	if err != nil {
		return unavailable(err)
	}
	var keys vapidKeys
	if err := json.Unmarshal(value, &keys); err != nil || len(keys.Keys) == 0 {
		return crdt.Errorf(crdt.KindInternal, "notify: the stored VAPID keys are not ours")
	}
	for i := range keys.Keys {
		if keys.Keys[i].key, err = ecdsa.ParseRawPrivateKey(elliptic.P256(), keys.Keys[i].Private); err != nil {
			return crdt.Errorf(crdt.KindInternal, "notify: a stored VAPID key is none: %w", err)
		}
	}
	n.vapid = keys
	return nil
}

// RotateKey makes a new key, durably, and forgets those that no subscription has. Devices that register from then on are bound to the new one;
// the others learn of it when they next look (PublicKey).
func (n *Notifier) RotateKey() error {
	n.writing.Lock()
	defer n.writing.Unlock()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return crdt.Errorf(crdt.KindInternal, "notify: %w", err)
	}
	private, err := key.Bytes()
	if err != nil {
		return crdt.Errorf(crdt.KindInternal, "notify: %w", err)
	}
	public, err := key.PublicKey.Bytes()
	if err != nil {
		return crdt.Errorf(crdt.KindInternal, "notify: %w", err)
	}
	n.mu.Lock()
	used := map[string]bool{}
	for _, s := range n.subs {
		used[string(s.VAPIDKey)] = true
	}
	next := vapidKeys{Keys: []vapidKey{{Private: private, Public: public, Made: n.now(), key: key}}}
	for _, old := range n.vapid.Keys {
		if used[string(old.Public)] {
			next.Keys = append(next.Keys, old)
		}
	}
	n.mu.Unlock()
	value, err := json.Marshal(next)
	if err != nil {
		return crdt.Errorf(crdt.KindInternal, "notify: %w", err)
	}
	if err := store.Write(n.opt.Store, []store.Op{{Key: store.API(kindVAPID), Value: value}}); err != nil {
		return unavailable(err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.vapid = next
	return nil
}

// PublicKey is the key that devices are to subscribe with: a point of P-256 in 65 bytes.
func (n *Notifier) PublicKey() []byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.vapid.Keys[0].Public)
}

// Key gives the private key of one of our public keys; nil: it is not ours.
func (n *Notifier) Key(public []byte) *ecdsa.PrivateKey {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, k := range n.vapid.Keys {
		if slices.Equal(k.Public, public) {
			return k.key
		}
	}
	return nil
}
