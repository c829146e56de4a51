package blobs

import (
	"context"
	"io"
	"sync"
)

// Verifier answers for the parts of files: a range cannot be checked by itself, so the whole file is read and checked once
// before its first range is served, and the result is remembered for the version that Stat names. An Attested file is not
// read. Safe for concurrent use.
//
// What it cannot see: bytes that rot on the disk, without a write, after they were checked and before the process ends.
// Whoever reads the whole file sees it; and so does whoever asks after a restart.
type Verifier struct {
	src   Source
	slots chan struct{} // bounds the whole-file reads that run at once

	mu    sync.Mutex
	known map[place]string // the version that was checked
	order []place          // the keys of known, as a ring: oldest at next
	next  int
}

type place struct {
	space Space
	ref   Ref
}

// Bounds of a Verifier.
const (
	MaxRemembered = 16384 // files; about 200 bytes each, so 3 MiB
	MaxVerifying  = 2     // whole-file reads at once: they are disk and CPU that a client asks for with one small request
)

// NewVerifier makes a Verifier that remembers nothing yet.
func NewVerifier(src Source) *Verifier {
	return &Verifier{src: src, slots: make(chan struct{}, MaxVerifying), known: make(map[place]string)}
}

// Check returns the file's Info once every byte of that version is known to be right: at once if it is Attested or was
// checked before, else after reading it. Errors: ErrNotFound, ErrMismatch, ErrUnavailable, or the context's, which also
// bounds the wait for other checks.
func (v *Verifier) Check(ctx context.Context, space Space, ref Ref) (Info, error) {
	info, err := v.src.Stat(ctx, space, ref)
	if err != nil || info.Attested || v.knows(space, ref, info) {
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
	if err != nil || v.knows(space, ref, info) {
		return info, err
	}
	if _, err := Copy(ctx, io.Discard, v.src, space, ref); err != nil {
		return Info{}, err
	}
	v.Remember(space, ref, info)
	return info, nil
}

func (v *Verifier) knows(space Space, ref Ref, info Info) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	version, ok := v.known[place{space, ref}]
	return ok && version == info.Version
}

// Remember notes that the whole file was read and found right, by a reader that got it through VerifyReader. The info is
// the one that Stat gave before the reading.
func (v *Verifier) Remember(space Space, ref Ref, info Info) {
	v.mu.Lock()
	defer v.mu.Unlock()
	at := place{space, ref}
	if _, ok := v.known[at]; !ok {
		if len(v.order) < MaxRemembered {
			v.order = append(v.order, at)
		} else {
			delete(v.known, v.order[v.next])
			v.order[v.next] = at
			v.next = (v.next + 1) % MaxRemembered
		}
	}
	v.known[at] = info.Version
}
