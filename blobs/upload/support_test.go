package upload

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"

	"fieldsync/blobs"
	"fieldsync/blobs/memblob"
)

const space blobs.Space = "org-1"

var anna = Owner{Space: space, ID: "user:anna"}

// like S3: a part has at least 1000 bytes; and a part's worth is 4000.
func s3like() *memblob.Store {
	s := memblob.New(0)
	s.SetMinPart(1000)
	return s
}

func uploads(t testing.TB, s Backend, change ...func(*Config)) *Uploads {
	t.Helper()
	cfg := Config{Store: s, PartSize: 4000}
	for _, c := range change {
		c(&cfg)
	}
	u, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func fileOf(data []byte) File {
	return File{Ref: blobs.RefOf(data), Size: int64(len(data)), Meta: map[string]string{"job": "j"}}
}

// mustHold checks that the file is there, right, once, and that nothing of its upload is left but the note that it is done.
func mustHold(t testing.TB, s Backend, data []byte) {
	t.Helper()
	got, err := blobs.ReadAll(context.Background(), s, space, blobs.RefOf(data), 1<<30)
	if err != nil || !bytes.Equal(got, data) {
		t.Fatalf("%d of %d bytes, %v", len(got), len(data), err)
	}
	mustBeEmpty(t, s, "state/", "piece/")
	if items, err := s.List(context.Background(), space, blobs.Ref{}, 10); err != nil || len(items) != 1 {
		t.Errorf("%d files, %v", len(items), err)
	}
}

func mustBeEmpty(t testing.TB, s Backend, prefixes ...string) {
	t.Helper()
	for _, prefix := range prefixes {
		left, err := s.ListNotes(context.Background(), space, prefix, "", 10)
		if err != nil || len(left) != 0 {
			t.Errorf("left: %v, %v", left, err)
		}
	}
	if m, ok := s.(*memblob.Store); ok {
		if _, growing := m.Staged(space); growing != 0 {
			t.Errorf("%d growing files are left", growing)
		}
	}
}

// mortal is a process's view of a store: after some calls that change something the process dies, so to say: that call, with
// its effect or without it, and all later ones fail.
type mortal struct {
	Backend
	mu     sync.Mutex
	left   int
	effect bool
	dead   bool
}

var errDead = errors.New("the process is dead")

func (m *mortal) step(do func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return errDead
	}
	if m.left--; m.left < 0 {
		m.dead = true
		if m.effect {
			_ = do()
		}
		return errDead
	}
	return do()
}

func (m *mortal) PutNote(ctx context.Context, s blobs.Space, path string, data []byte, old blobs.Version) (v blobs.Version, err error) {
	err = m.step(func() (e error) { v, e = m.Backend.PutNote(ctx, s, path, data, old); return e })
	return v, err
}

func (m *mortal) RemoveNote(ctx context.Context, s blobs.Space, path string) error {
	return m.step(func() error { return m.Backend.RemoveNote(ctx, s, path) })
}

func (m *mortal) BeginFile(ctx context.Context, f blobs.Growing) (token string, err error) {
	err = m.step(func() (e error) { token, e = m.Backend.BeginFile(ctx, f); return e })
	return token, err
}

func (m *mortal) PutPart(ctx context.Context, f blobs.Growing, p blobs.Part, data []byte) (tag string, err error) {
	err = m.step(func() (e error) { tag, e = m.Backend.PutPart(ctx, f, p, data); return e })
	return tag, err
}

func (m *mortal) Assemble(ctx context.Context, f blobs.Growing, whole *blobs.Verified, parts []blobs.Part) error {
	return m.step(func() error { return m.Backend.Assemble(ctx, f, whole, parts) })
}

func (m *mortal) DropFile(ctx context.Context, f blobs.Growing) error {
	return m.step(func() error { return m.Backend.DropFile(ctx, f) })
}

func (m *mortal) Store(ctx context.Context, in *blobs.Incoming) (created bool, err error) {
	err = m.step(func() (e error) { created, e = m.Backend.Store(ctx, in); return e })
	return created, err
}

// send appends data from an offset on, in chunks of a size, as one process.
func send(u *Uploads, id string, data []byte, chunk int) (offset int64, err error) {
	for {
		up, err := u.Open(context.Background(), anna, id)
		if err != nil {
			return offset, err
		}
		s := up.State()
		offset = s.Offset
		if s.Done {
			return offset, nil
		}
		next := data[offset:min(int(offset)+chunk, len(data))]
		n, err := up.Append(context.Background(), offset, bytes.NewReader(next))
		offset += n
		if err != nil {
			return offset, err
		}
	}
}

// only hides all but Read.
type only struct{ io.Reader }
