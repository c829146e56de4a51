// Package memblob keeps files in memory, with faults on demand. It is a blobs.Store for tests.
package memblob

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"fieldsync/blobs"
)

var _ blobs.Store = (*Store)(nil)

// Verb names what a fault hits.
type Verb string

// The verbs of a store.
const (
	Open   Verb = "open"
	Read   Verb = "read" // after a file was opened, at its first byte
	Write  Verb = "write"
	Stat   Verb = "stat"
	Remove Verb = "remove"
	List   Verb = "list"
)

// Store is a map of files. Safe for concurrent use. The zero value is not ready: New.
type Store struct {
	mu      sync.Mutex
	files   map[string]entry
	faults  map[Verb]error
	bytes   int64
	limit   int64
	tokens  int
	opened  int
	notes   map[blobs.Space]map[string]note
	growing map[string]map[int][]byte // space, id and token -> number -> part
	minPart int64
}

type entry struct {
	space blobs.Space
	ref   blobs.Ref
	data  []byte // never written to after it was stored
	info  blobs.Info
}

// New makes an empty store that takes limit bytes in all; 0 means no limit. Over it, writing is blobs.ErrFull.
func New(limit int64) *Store {
	return &Store{files: make(map[string]entry), faults: make(map[Verb]error), limit: limit,
		notes: make(map[blobs.Space]map[string]note), growing: make(map[string]map[int][]byte), minPart: 1}
}

// Fail makes every call of a verb fail with err until Fail is called again with nil.
func (s *Store) Fail(verb Verb, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[verb] = err
}

// Corrupt changes one byte of a file behind everybody's back: its Info stays as it was. It reports whether the file was there.
func (s *Store) Corrupt(space blobs.Space, ref blobs.Ref, at int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	key, _ := blobs.Key(space, ref)
	e, ok := s.files[key]
	if !ok || at >= len(e.data) {
		return false
	}
	e.data = slices.Clone(e.data)
	e.data[at] ^= 1
	s.files[key] = e
	return true
}

// Opened counts the calls of OpenRange that succeeded.
func (s *Store) Opened() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opened
}

func (s *Store) check(ctx context.Context, verb Verb) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults[verb]
}

// OpenRange implements blobs.Fetcher.
func (s *Store) OpenRange(ctx context.Context, space blobs.Space, ref blobs.Ref, offset, length int64) (io.ReadCloser, error) {
	key, err := blobs.Key(space, ref)
	if err != nil {
		return nil, err
	}
	if offset < 0 {
		return nil, fmt.Errorf("memblob: %w: offset %d", blobs.ErrInvalid, offset)
	}
	if err := s.check(ctx, Open); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.files[key]
	if !ok {
		return nil, fmt.Errorf("memblob: %w", blobs.ErrNotFound)
	}
	s.opened++
	data := e.data[min(offset, int64(len(e.data))):]
	if length >= 0 {
		data = data[:min(length, int64(len(data)))]
	}
	return &reader{ctx: ctx, store: s, Reader: bytes.NewReader(data)}, nil
}

type reader struct {
	*bytes.Reader
	ctx   context.Context
	store *Store
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.store.check(r.ctx, Read); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

func (r *reader) Close() error { return nil }

// Store implements blobs.Receiver.
func (s *Store) Store(ctx context.Context, in *blobs.Incoming) (bool, error) {
	data, err := io.ReadAll(in)
	if err != nil {
		return false, err
	}
	if err := s.check(ctx, Write); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := in.Key()
	old, there := s.files[key]
	if there && old.info.Size == in.Size() && !in.Replaces() {
		return false, nil
	}
	if s.limit > 0 && s.bytes+int64(len(data)) > s.limit {
		return false, fmt.Errorf("memblob: %w", blobs.ErrFull)
	}
	s.bytes += int64(len(data)) - int64(len(old.data))
	info := blobs.Info{Size: in.Size(), Created: time.Now()}
	s.files[key] = entry{space: in.Space(), ref: in.Ref(), data: data, info: info}
	return true, nil
}

// Stat implements blobs.Statter.
func (s *Store) Stat(ctx context.Context, space blobs.Space, ref blobs.Ref) (blobs.Info, error) {
	key, err := blobs.Key(space, ref)
	if err != nil {
		return blobs.Info{}, err
	}
	if err := s.check(ctx, Stat); err != nil {
		return blobs.Info{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.files[key]
	if !ok {
		return blobs.Info{}, fmt.Errorf("memblob: %w", blobs.ErrNotFound)
	}
	return e.info, nil
}

// Remove implements blobs.Remover.
func (s *Store) Remove(ctx context.Context, space blobs.Space, ref blobs.Ref) error {
	key, err := blobs.Key(space, ref)
	if err != nil {
		return err
	}
	if err := s.check(ctx, Remove); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bytes -= int64(len(s.files[key].data))
	delete(s.files, key)
	return nil
}

// List implements blobs.Enumerator.
func (s *Store) List(ctx context.Context, space blobs.Space, after blobs.Ref, limit int) ([]blobs.Item, error) {
	if err := space.Validate(); err != nil {
		return nil, err
	}
	if limit <= 0 || limit > blobs.MaxList {
		return nil, fmt.Errorf("memblob: %w: limit %d is not 1 to %d", blobs.ErrInvalid, limit, blobs.MaxList)
	}
	if err := s.check(ctx, List); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var items []blobs.Item
	for _, e := range s.files {
		if e.space == space && (after.IsZero() || e.ref.String() > after.String()) {
			items = append(items, blobs.Item{Ref: e.ref, Info: e.info})
		}
	}
	slices.SortFunc(items, func(a, b blobs.Item) int { return bytes.Compare(sum(a), sum(b)) })
	return items[:min(limit, len(items))], nil
}

func sum(i blobs.Item) []byte {
	s := i.Ref.Sum()
	return s[:]
}
