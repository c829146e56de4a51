package blobs

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash/maphash"
	"io"
	"sync"
)

// Verifier answers for what leaves a store. A whole file is checked each time it is read (Open): by its SHA-256, and once that was right, by a
// checksum that costs a tenth and was made of the same bytes. A range cannot be checked by itself, so the whole file is read and checked once before
// its first range is served (Check), and the result is remembered for the version that Stat names. An Attested file is not read for that. Safe for
// concurrent use.
//
// The checksum is keyed with a number of this process that nobody learns (hash/maphash, 64 bits): what rots, or is changed on the disk by
// somebody who keeps the version as it was, passes with a chance of one in 2^64.
//
// What it cannot see: bytes of a range that rot on the disk, without a write, after they were checked and before the process ends.
// Whoever reads the whole file sees it; and so does whoever asks after a restart.
type Verifier struct {
	src   Source
	slots chan struct{} // bounds the whole-file reads that run at once
	seed  maphash.Seed

	mu    sync.Mutex
	known map[place]proof
	order []place // of what became known: a ring, oldest at next
	next  int
}

type place struct {
	space Space
	ref   Ref
}

// proof is what is known of a file whose hash was right.
type proof struct {
	right   bool   // its hash was right; false: forgotten
	version string // the version that was checked
	mark    uint64 // the keyed checksum of its bytes
}

// Bounds of a Verifier.
const (
	MaxRemembered = 16384 // files; about 210 bytes each, so 3 MiB
	MaxVerifying  = 2     // whole-file reads at once: they are disk and CPU that a client asks for with one small request
)

// NewVerifier makes a Verifier that remembers nothing yet.
func NewVerifier(src Source) *Verifier {
	return &Verifier{src: src, slots: make(chan struct{}, MaxVerifying), seed: maphash.MakeSeed(), known: make(map[place]proof)}
}

// Check returns the file's Info once every byte of that version is known to be right: at once if it is Attested or was
// checked before, else after reading it. Errors: ErrNotFound, ErrMismatch, ErrUnavailable, or the context's, which also
// bounds the wait for other checks.
func (v *Verifier) Check(ctx context.Context, space Space, ref Ref) (Info, error) {
	info, err := v.src.Stat(ctx, space, ref)
	if err != nil || info.Attested || v.proof(place{space, ref}).of(info) {
		return info, err
	}
	select {
	case v.slots <- struct{}{}:
		defer func() { <-v.slots }()
	case <-ctx.Done():
		return Info{}, ctx.Err()
	}
	// Another request may have checked it while this one waited, or the file may have been replaced.
	info, err = v.src.Stat(ctx, space, ref)
	if err != nil || v.proof(place{space, ref}).of(info) {
		return info, err
	}
	whole := v.Open(ctx, space, ref, info)
	defer whole.Close()
	_, err = io.CopyBuffer(io.Discard, struct{ io.Reader }{whole}, make([]byte, CopyBuffer))
	return info, err
}

// Open gives a whole file, of which Stat said info. It must be read from its beginning; the end of it is given only if it is what ref names, as
// VerifyReader does.
func (v *Verifier) Open(ctx context.Context, space Space, ref Ref, info Info) *Seeker {
	s := NewSeeker(ctx, v.src, space, ref, info.Size)
	s.check = func() checksum {
		at := place{space, ref}
		c := &checked{v: v, at: at, version: info.Version}
		c.mark.SetSeed(v.seed)
		if p := v.proof(at); p.of(info) {
			c.want = &p
		} else {
			c.named = &named{ref, sha256.New()}
		}
		return c
	}
	return s
}

// checked is the checksum of a file that is read through a Verifier: it makes the proof, or is measured against it.
type checked struct {
	v       *Verifier
	at      place
	version string
	mark    maphash.Hash
	want    *proof // nil: there is none yet
	named   *named // nil: there is a proof
}

func (c *checked) add(p []byte) {
	c.mark.Write(p)
	if c.named != nil {
		c.named.add(p)
	}
}

func (c *checked) right() error {
	got := proof{true, c.version, c.mark.Sum64()}
	switch {
	case c.named != nil:
		if err := c.named.right(); err != nil {
			return err
		}
		c.v.remember(c.at, got)
	case got != *c.want:
		c.v.forget(c.at) // whoever reads it next goes by its name
		return fmt.Errorf("%w: %v is not what it was when its hash was right", ErrMismatch, c.at.ref)
	}
	return nil
}

// of tells whether the proof is of this version.
func (p proof) of(info Info) bool { return p.right && p.version == info.Version }

func (v *Verifier) proof(at place) proof {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.known[at]
}

func (v *Verifier) remember(at place, p proof) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, ok := v.known[at]; !ok {
		if len(v.order) < MaxRemembered {
			v.order = append(v.order, at)
		} else {
			delete(v.known, v.order[v.next])
			v.order[v.next] = at
			v.next = (v.next + 1) % MaxRemembered
		}
	}
	v.known[at] = p
}

// forget keeps the place in the ring.
func (v *Verifier) forget(at place) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, ok := v.known[at]; ok {
		v.known[at] = proof{}
	}
}
