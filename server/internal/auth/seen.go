package auth

import (
	"encoding/binary"
	"errors"
	"time"

	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
)

// seenEvery is how exact a device's last use is known: a later one within this time writes nothing.
const seenEvery = 15 * time.Minute

// seenAtOnce bounds the uses that are written in one write.
const seenAtOnce = 1000

// SaveSeen writes down which credentials were used lately, those of connections that are open now, and what devices said of themselves (Report). It is to be called every
// few minutes and at the end: a request itself writes nothing. What a crash loses is a quarter of an hour.
func (a *Auth) SaveSeen(connected []access.Principal) error {
	now := a.now()
	seen := a.cache.takeSeen()
	for _, p := range connected {
		if len(seen) >= 2*cacheEntries {
			break
		}
		if h, err := a.findCredential(p); err == nil {
			seen[h] = now
		}
	}
	if err := a.saveUnsaved(); err != nil {
		return err
	}
	var hashes []secretHash
	for h := range seen {
		hashes = append(hashes, h)
	}
	for len(hashes) > 0 {
		n := min(len(hashes), seenAtOnce)
		if err := a.saveSeen(hashes[:n], seen); err != nil {
			return err
		}
		hashes = hashes[n:]
	}
	return nil
}

// saveUnsaved writes down what devices said of themselves.
func (a *Auth) saveUnsaved() error {
	a.writing.Lock()
	defer a.writing.Unlock()
	reports := a.cache.unsaved()
	if err := a.saveReports(reports); err != nil {
		return err
	}
	a.cache.saved(reports)
	return nil
}

func (a *Auth) saveSeen(hashes []secretHash, seen map[secretHash]time.Time) error {
	a.writing.Lock() // so that nothing is noted of what is revoked meanwhile
	defer a.writing.Unlock()
	var ops []store.Op
	for _, h := range hashes {
		if _, err := a.store.Get(credentialKey(h)); errors.Is(err, store.ErrNotFound) {
			continue
		} else if err != nil {
			return unavailable(err)
		}
		last, err := writtenSeen(a.store, h)
		if err != nil {
			return unavailable(err)
		}
		if seen[h].Sub(last) >= seenEvery {
			ops = append(ops, store.Op{Key: seenKey(h), Value: binary.BigEndian.AppendUint64(nil, uint64(seen[h].UnixMilli()))})
		}
	}
	if len(ops) == 0 {
		return nil
	}
	return a.write(ops...)
}

// lastSeen gives when a credential was last used, as far as it is known; zero: never.
func (a *Auth) lastSeen(r store.Reader, h secretHash) (time.Time, error) {
	written, err := writtenSeen(r, h)
	if lately := a.cache.lastSeen(h); lately.After(written) {
		return lately, err
	}
	return written, err
}

// writtenSeen is lastSeen as far as it was written down.
func writtenSeen(r store.Reader, h secretHash) (time.Time, error) {
	b, err := r.Get(seenKey(h))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, err
	case len(b) != 8:
		return time.Time{}, nil
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(b))).UTC(), nil
}
