package memblob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"fieldsync/blobs"
)

var _ blobs.Stage = (*Store)(nil)

// Verbs of the stage.
const (
	PutNote  Verb = "put note"
	GetNote  Verb = "get note"
	PutPart  Verb = "put part"
	Assemble Verb = "assemble"
)

// SetMinPart sets what MinPart answers, 1 otherwise: a large one makes the store behave like S3.
func (s *Store) SetMinPart(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.minPart = n
}

// Age makes all notes of a space older.
func (s *Store) Age(space blobs.Space, by time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for path, n := range s.notes[space] {
		n.modified = n.modified.Add(-by)
		s.notes[space][path] = n
	}
}

// Staged counts the notes of a space, and the growing files of all.
func (s *Store) Staged(space blobs.Space) (notes, growing int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.notes[space]), len(s.growing)
}

type note struct {
	data     []byte // never written to after it was stored
	modified time.Time
}

func versionOf(data []byte) blobs.Version {
	sum := sha256.Sum256(data)
	return blobs.Version(hex.EncodeToString(sum[:16]))
}

// PutNote implements blobs.NoteKeeper.
func (s *Store) PutNote(ctx context.Context, space blobs.Space, path string, data []byte, old blobs.Version) (blobs.Version, error) {
	if err := blobs.CheckNote(space, path, data); err != nil {
		return "", err
	}
	if err := s.check(ctx, PutNote); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	was, there := s.notes[space][path]
	if old == blobs.Absent && there || old != "" && old != blobs.Absent && (!there || versionOf(was.data) != old) {
		return "", fmt.Errorf("memblob: %w", blobs.ErrConflict)
	}
	if s.limit > 0 && s.bytes+int64(len(data)) > s.limit {
		return "", fmt.Errorf("memblob: %w", blobs.ErrFull)
	}
	if s.notes[space] == nil {
		s.notes[space] = map[string]note{}
	}
	s.bytes += int64(len(data)) - int64(len(was.data))
	s.notes[space][path] = note{data: slices.Clone(data), modified: time.Now()}
	return versionOf(data), nil
}

// GetNote implements blobs.NoteKeeper.
func (s *Store) GetNote(ctx context.Context, space blobs.Space, path string) ([]byte, blobs.Version, error) {
	if err := blobs.CheckNote(space, path, nil); err != nil {
		return nil, "", err
	}
	if err := s.check(ctx, GetNote); err != nil {
		return nil, "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n, ok := s.notes[space][path]
	if !ok {
		return nil, "", fmt.Errorf("memblob: %w", blobs.ErrNotFound)
	}
	return slices.Clone(n.data), versionOf(n.data), nil
}

// RemoveNote implements blobs.NoteKeeper.
func (s *Store) RemoveNote(ctx context.Context, space blobs.Space, path string) error {
	if err := blobs.CheckNote(space, path, nil); err != nil {
		return err
	}
	if err := s.check(ctx, Remove); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bytes -= int64(len(s.notes[space][path].data))
	delete(s.notes[space], path)
	return nil
}

// ListNotes implements blobs.NoteKeeper.
func (s *Store) ListNotes(ctx context.Context, space blobs.Space, prefix, after string, limit int) ([]blobs.NoteInfo, error) {
	if err := blobs.CheckList(space, prefix, after, limit); err != nil {
		return nil, err
	}
	if err := s.check(ctx, List); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []blobs.NoteInfo
	for _, path := range slices.Sorted(maps.Keys(s.notes[space])) {
		if n := s.notes[space][path]; strings.HasPrefix(path, prefix) && path > after && len(out) < limit {
			out = append(out, blobs.NoteInfo{Path: path, Size: int64(len(n.data)), Modified: n.modified})
		}
	}
	return out, nil
}

// Spaces implements blobs.NoteKeeper.
func (s *Store) Spaces(ctx context.Context) ([]blobs.Space, error) {
	if err := s.check(ctx, List); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[blobs.Space]struct{}{}
	for _, e := range s.files {
		all[e.space] = struct{}{}
	}
	for space, notes := range s.notes {
		if len(notes) > 0 {
			all[space] = struct{}{}
		}
	}
	return slices.Sorted(maps.Keys(all)), nil
}

// MinPart implements blobs.Assembler.
func (s *Store) MinPart() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.minPart
}

func growingKey(f blobs.Growing) string { return string(f.Space) + "/" + f.ID + "/" + f.Token }

// BeginFile implements blobs.Assembler.
func (s *Store) BeginFile(ctx context.Context, f blobs.Growing) (string, error) {
	if err := f.Validate(); err != nil {
		return "", err
	}
	if err := s.check(ctx, PutPart); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens++
	f.Token = strconv.Itoa(s.tokens)
	s.growing[growingKey(f)] = map[int][]byte{}
	return f.Token, nil
}

// PutPart implements blobs.Assembler.
func (s *Store) PutPart(ctx context.Context, f blobs.Growing, p blobs.Part, data []byte) (string, error) {
	if err := f.Validate(); err != nil {
		return "", err
	}
	if err := s.check(ctx, PutPart); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.growing[growingKey(f)]
	if g == nil {
		return "", fmt.Errorf("memblob: part: %w", blobs.ErrNotFound)
	}
	if s.limit > 0 && s.bytes+int64(len(data)) > s.limit {
		return "", fmt.Errorf("memblob: %w", blobs.ErrFull)
	}
	s.bytes += int64(len(data)) - int64(len(g[p.Number]))
	g[p.Number] = slices.Clone(data)
	return string(versionOf(data)), nil
}

// Assemble implements blobs.Assembler.
func (s *Store) Assemble(ctx context.Context, f blobs.Growing, whole *blobs.Verified, parts []blobs.Part) error {
	if err := blobs.CheckAssembly(f, whole, parts); err != nil {
		return err
	}
	if err := s.check(ctx, Assemble); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key, _ := blobs.Key(f.Space, f.Ref) // CheckAssembly has looked
	g := s.growing[growingKey(f)]
	if g == nil {
		if e, ok := s.files[key]; ok && e.info.Size == whole.Size() {
			return nil // an earlier try, whose answer was lost
		}
		return fmt.Errorf("memblob: assemble: %w", blobs.ErrNotFound)
	}
	var data []byte
	for i, p := range parts {
		part, ok := g[p.Number]
		if !ok || string(versionOf(part)) != p.Tag || i < len(parts)-1 && int64(len(part)) < s.minPart {
			return fmt.Errorf("memblob: assemble: part %d: %w", p.Number, blobs.ErrMismatch)
		}
		data = append(data, part...)
	}
	for _, part := range g {
		s.bytes -= int64(len(part))
	}
	delete(s.growing, growingKey(f))
	s.bytes += int64(len(data)) - int64(len(s.files[key].data))
	s.files[key] = entry{space: f.Space, ref: f.Ref, data: data,
		info: blobs.Info{Size: whole.Size(), Created: time.Now()}}
	return nil
}

// DropFile implements blobs.Assembler.
func (s *Store) DropFile(ctx context.Context, f blobs.Growing) error {
	if err := f.Validate(); err != nil {
		return err
	}
	if err := s.check(ctx, Remove); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, part := range s.growing[growingKey(f)] {
		s.bytes -= int64(len(part))
	}
	delete(s.growing, growingKey(f))
	return nil
}
