package idempotency

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
)

// Bounds. A key costs its answer on the disk and, while the server runs, a count.
const (
	Keep          = 24 * time.Hour // how long an answer is given again
	MaxKeyBytes   = 255            // of a key: a UUID has 36
	MaxAnswer     = 64 << 10       // bytes of an answer that is kept; the work of a larger one is done again, by the same ids
	maxPerOwner   = 20_000         // keys of a principal at a time: one every four seconds, all day
	maxPerOrg     = 100_000        // keys of all principals of an organisation, so that none uses up what there is for all
	maxInAll      = 500_000        // keys of all: some 400 MB of small answers
	sweepBatch    = 500            // keys forgotten in one write
	maxConcurrent = 1_000          // requests under way with a key
)

// Kinds of the API's keys in the store (store.API).
const (
	kindAnswer  = 'i' // hash of owner and key(32) -> entry
	kindExpires = 'x' // expiry in ms(8), hash(32) -> empty
)

// secretName is the fact in the store from which ids are derived. Whoever knows it could foresee ids, no more.
const secretName = "idempotency-secret"

// The errors of Begin beside a store's.
var (
	// ErrReused is of a key that came with another request.
	ErrReused = crdt.Errorf(crdt.KindInvalid, "this idempotency key came with another request before")
	// ErrUnderWay is of a key whose first request has not been answered.
	ErrUnderWay = crdt.Errorf(crdt.KindConflict, "the request with this idempotency key is under way")
	// ErrTooMany is of a principal with too many keys.
	ErrTooMany = crdt.Errorf(crdt.KindBusy, "too many idempotency keys in a day")
	// ErrKey is of a key that is none.
	ErrKey = crdt.Errorf(crdt.KindInvalid, "an idempotency key has 1 to %d visible ASCII characters", MaxKeyBytes)
)

// Answer is what was answered.
type Answer struct {
	Status int               `json:"status"`
	Header map[string]string `json:"header,omitempty"`
	Body   []byte            `json:"body,omitempty"`
}

// entry is what is stored of a key.
type entry struct {
	Owner   string   `json:"owner"` // whose it is, to count
	Request [32]byte `json:"request"`
	Answer  Answer   `json:"answer"`
	Expires int64    `json:"expires"` // ms since 1970
}

// Keeper keeps answers. Make one with New. Safe for concurrent use.
type Keeper struct {
	store  store.Store
	now    func() time.Time
	secret []byte

	writes   sync.Mutex // one write of answers at a time: each reads before it writes
	mu       sync.Mutex
	underWay map[[32]byte]bool
	counts   map[string]int // answers kept of each owner, and of each organisation
	total    int
}

// New opens what a store keeps. now may be nil: time.Now.
func New(s store.Store, now func() time.Time) (*Keeper, error) {
	if now == nil {
		now = time.Now
	}
	k := &Keeper{store: s, now: now, underWay: map[[32]byte]bool{}, counts: map[string]int{}}
	var err error
	if k.secret, err = secret(s); err != nil {
		return nil, err
	}
	return k, s.Scan(store.API(kindAnswer), nil, func(_, value []byte) error {
		var e entry
		if json.Unmarshal(value, &e) == nil {
			k.count(e.Owner, 1)
		}
		return nil
	})
}

func secret(s store.Store) ([]byte, error) {
	value, err := s.Get(store.Meta(secretName))
	if !errors.Is(err, store.ErrNotFound) {
		return value, err
	}
	value = make([]byte, 32)
	_, _ = rand.Read(value) // never fails (crypto/rand)
	return value, store.Write(s, []store.Op{{Key: store.Meta(secretName), Value: value}})
}

// Ticket is a request that is under way with a key. It ends with Done or Abandon.
type Ticket struct {
	keeper  *Keeper
	owner   string
	hash    [32]byte
	request [32]byte
}

// Begin takes a request up. owner names the principal, behind his organisation and a slash; request is the hash of all that makes the request what it is. Either an
// answer was kept, which is to be given again, or the request is to be done, under the ticket.
func (k *Keeper) Begin(owner, key string, request [32]byte) (*Answer, *Ticket, error) {
	if !valid(key) {
		return nil, nil, ErrKey
	}
	t := &Ticket{keeper: k, owner: owner, request: request}
	t.hash = [32]byte(k.derive("answer", owner, key))
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.underWay[t.hash] {
		return nil, nil, ErrUnderWay
	}
	value, err := k.store.Get(store.API(kindAnswer, t.hash[:]))
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return nil, nil, crdt.Errorf(crdt.KindUnavailable, "idempotency: %w", err)
	default:
		var e entry
		if err := json.Unmarshal(value, &e); err != nil {
			return nil, nil, crdt.Errorf(crdt.KindInternal, "idempotency: a kept answer is not ours: %w", err)
		}
		if e.Expires > k.now().UnixMilli() {
			if e.Request != request {
				return nil, nil, ErrReused
			}
			return &e.Answer, nil, nil
		}
		// It expired and was not swept yet: it is written over.
	}
	if k.counts[owner] >= maxPerOwner || k.counts[orgOf(owner)] >= maxPerOrg || k.total >= maxInAll || len(k.underWay) >= maxConcurrent {
		return nil, nil, ErrTooMany
	}
	k.underWay[t.hash] = true
	return nil, t, nil
}

func valid(key string) bool {
	for i := range len(key) {
		if key[i] < '!' || key[i] > '~' {
			return false
		}
	}
	return key != "" && len(key) <= MaxKeyBytes
}

// derive makes 32 bytes that nobody else can foresee.
func (k *Keeper) derive(parts ...string) []byte {
	mac := hmac.New(sha256.New, k.secret)
	for _, p := range parts {
		mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(p))))
		mac.Write([]byte(p))
	}
	return mac.Sum(nil)
}

// ID gives the id of a thing that the request makes, always the same for this key and purpose.
func (t *Ticket) ID(purpose string) (id [16]byte) {
	copy(id[:], t.keeper.derive("id", string(t.hash[:]), purpose))
	return id
}

// Done keeps the answer, durably, and ends the request. An answer that is too large is not kept.
func (t *Ticket) Done(a Answer) error {
	defer t.Abandon()
	if len(a.Body) > MaxAnswer {
		return nil
	}
	k := t.keeper
	e := entry{Owner: t.owner, Request: t.request, Answer: a, Expires: k.now().Add(Keep).UnixMilli()}
	value, err := json.Marshal(e)
	k.writes.Lock()
	defer k.writes.Unlock()
	if err != nil {
		return crdt.Errorf(crdt.KindInternal, "idempotency: %w", err)
	}
	ops := []store.Op{{Key: store.API(kindAnswer, t.hash[:]), Value: value}, {Key: expiryKey(e.Expires, t.hash), Value: []byte{}}}
	renewed := false
	if old, err := k.store.Get(store.API(kindAnswer, t.hash[:])); err == nil { // expired, not swept
		var was entry
		if renewed = json.Unmarshal(old, &was) == nil; renewed && was.Expires != e.Expires {
			ops = append(ops, store.Op{Key: expiryKey(was.Expires, t.hash)})
		}
	}
	if err := store.Write(k.store, ops); err != nil {
		return crdt.Errorf(crdt.KindUnavailable, "idempotency: %w", err)
	}
	if !renewed {
		k.count(t.owner, 1)
	}
	return nil
}

// Abandon ends a request whose answer is not kept: it may be tried again under its key.
func (t *Ticket) Abandon() {
	t.keeper.mu.Lock()
	defer t.keeper.mu.Unlock()
	delete(t.keeper.underWay, t.hash)
}

func (k *Keeper) count(owner string, by int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.total += by
	for _, who := range []string{owner, orgOf(owner)} {
		if k.counts[who] += by; k.counts[who] <= 0 {
			delete(k.counts, who)
		}
	}
}

// orgOf is the organisation of an owner, whose name has no slash: no owner is called so.
func orgOf(owner string) string {
	org, _, _ := strings.Cut(owner, "/")
	return org
}

func expiryKey(at int64, hash [32]byte) []byte {
	return store.API(kindExpires, binary.BigEndian.AppendUint64(nil, uint64(at)), hash[:])
}
