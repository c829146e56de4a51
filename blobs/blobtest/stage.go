package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"fieldsync/blobs"
)

// Staged is a store with a stage.
type Staged interface {
	blobs.Store
	blobs.Stage
}

// RunStage runs the suite of blobs.Stage. open gives a new, empty store to each test.
func RunStage(t *testing.T, open func(t *testing.T) Staged) {
	for name, test := range map[string]func(*testing.T, Staged){
		"a note is written as a whole, and only over the version that was seen": noteVersions,
		"of writers of one note at once exactly one wins each version":          noteRace,
		"notes are listed by prefix, in order, page by page":                    noteList,
		"a bad path of a note is refused by every verb":                         notePaths,
		"notes of organisations are apart, and apart from files":                noteSpaces,
		"parts become a file, and what they were is gone":                       assemble,
		"parts that are not what was verified get no name":                      assembleRefused,
		"a part that is put again replaces the first":                           partAgain,
		"a file that was dropped takes no parts":                                drop,
		"an assembled file replaces a damaged one":                              assembleOver,
		"the stage answers a cancelled caller with the context's error":         cancelledStage,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func noteVersions(t *testing.T, s Staged) {
	ctx := t.Context()
	if _, _, err := s.GetNote(ctx, Space, "open/a/state"); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("a note that is not there: %v", err)
	}
	if _, err := s.PutNote(ctx, Space, "open/a/state", []byte("x"), "whatever"); !errors.Is(err, blobs.ErrConflict) {
		t.Errorf("a version of what is not there: %v", err)
	}
	one, err := s.PutNote(ctx, Space, "open/a/state", []byte("one"), blobs.Absent)
	if err != nil || one == "" {
		t.Fatal(one, err)
	}
	if _, err := s.PutNote(ctx, Space, "open/a/state", []byte("two"), blobs.Absent); !errors.Is(err, blobs.ErrConflict) {
		t.Errorf("made a second time: %v", err)
	}
	large := Bytes(1, 3<<20)
	two, err := s.PutNote(ctx, Space, "open/a/state", large, one)
	if err != nil || two == one {
		t.Fatal(two, err)
	}
	if _, err := s.PutNote(ctx, Space, "open/a/state", []byte("three"), one); !errors.Is(err, blobs.ErrConflict) {
		t.Errorf("over a version that is gone: %v", err)
	}
	if got, version, err := s.GetNote(ctx, Space, "open/a/state"); err != nil || version != two || !bytes.Equal(got, large) {
		t.Errorf("%d bytes, version %q for %q, %v", len(got), version, two, err)
	}
	if _, err := s.PutNote(ctx, Space, "open/a/state", nil, ""); err != nil {
		t.Errorf("over anything, empty: %v", err)
	}
	if got, _, err := s.GetNote(ctx, Space, "open/a/state"); err != nil || len(got) != 0 {
		t.Errorf("an empty note: %q, %v", got, err)
	}
	for range 2 {
		if err := s.RemoveNote(ctx, Space, "open/a/state"); err != nil {
			t.Error(err)
		}
	}
	if _, _, err := s.GetNote(ctx, Space, "open/a/state"); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("after its removal: %v", err)
	}
	if _, err := s.PutNote(ctx, Space, "big", make([]byte, blobs.MaxNote+1), ""); !errors.Is(err, blobs.ErrTooLarge) {
		t.Errorf("a note that is too large: %v", err)
	}
}

func noteRace(t *testing.T, s Staged) {
	version, err := s.PutNote(t.Context(), Space, "race", []byte("0"), blobs.Absent)
	if err != nil {
		t.Fatal(err)
	}
	for round := range 5 {
		var wg sync.WaitGroup
		won := make([]blobs.Version, 6)
		for i := range won {
			wg.Go(func() {
				v, err := s.PutNote(t.Context(), Space, "race", fmt.Appendf(nil, "%d by %d", round, i), version)
				if err == nil {
					won[i] = v
				} else if !errors.Is(err, blobs.ErrConflict) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		won = slices.DeleteFunc(won, func(v blobs.Version) bool { return v == "" })
		if len(won) != 1 {
			t.Fatalf("%d of 6 writers won round %d", len(won), round)
		}
		version = won[0]
	}
}

func noteList(t *testing.T, s Staged) {
	paths := []string{"done/x", "open/a-b", "open/a/data", "open/a/state", "open/b/state", "opened"}
	for _, p := range paths {
		if _, err := s.PutNote(t.Context(), Space, p, []byte(p), ""); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(paths)
	for prefix, want := range map[string][]string{
		"": paths, "open/": {"open/a-b", "open/a/data", "open/a/state", "open/b/state"}, "open/a/": {"open/a/data", "open/a/state"},
		"open/a": {"open/a-b", "open/a/data", "open/a/state"}, "open": {"open/a-b", "open/a/data", "open/a/state", "open/b/state", "opened"},
		"none/": nil,
	} {
		for _, limit := range []int{1, 2, 100} {
			var got []string
			for after := ""; ; after = got[len(got)-1] {
				page, err := s.ListNotes(t.Context(), Space, prefix, after, limit)
				if err != nil {
					t.Fatal(err)
				}
				for _, n := range page {
					got = append(got, n.Path)
					if n.Size != int64(len(n.Path)) || n.Modified.IsZero() {
						t.Errorf("%+v", n)
					}
				}
				if len(page) < limit {
					break
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("prefix %q, pages of %d: %q", prefix, limit, got)
			}
		}
	}
}

func notePaths(t *testing.T, s Staged) {
	for _, path := range []string{"", "/", "a//b", "../x", "a/../b", ".", "A", "a b", "a.b", "a\x00", "ä", "/a", "a/", `a\b`, strings.Repeat("a", 201),
		strings.Repeat("a/", 400) + "a"} {
		_, put := s.PutNote(t.Context(), Space, path, nil, "")
		_, _, get := s.GetNote(t.Context(), Space, path)
		for verb, err := range map[string]error{"put": put, "get": get, "remove": s.RemoveNote(t.Context(), Space, path)} {
			if !errors.Is(err, blobs.ErrInvalid) {
				t.Errorf("%s %q: %v", verb, path, err)
			}
		}
		_, err := s.BeginFile(t.Context(), blobs.Growing{Space: Space, Ref: blobs.RefOf(nil), ID: path})
		if !errors.Is(err, blobs.ErrInvalid) {
			t.Errorf("a growing file called %q: %v", path, err)
		}
	}
	if _, err := s.ListNotes(t.Context(), Space, "../", "", 10); !errors.Is(err, blobs.ErrInvalid) {
		t.Errorf("list: %v", err)
	}
	if _, err := s.PutNote(t.Context(), "..", "a", nil, ""); !errors.Is(err, blobs.ErrInvalid) {
		t.Errorf("a bad space: %v", err)
	}
}

func noteSpaces(t *testing.T, s Staged) {
	ctx := t.Context()
	if _, err := s.PutNote(ctx, Space, "n", []byte("x"), ""); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.GetNote(ctx, Space+"-2", "n"); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("another organisation's note: %v", err)
	}
	if items, err := s.List(ctx, Space, blobs.Ref{}, 10); err != nil || len(items) != 0 {
		t.Errorf("a note is listed as a file: %v, %v", items, err)
	}
	Put(t, s, Space+"-2", []byte("file"))
	if notes, err := s.ListNotes(ctx, Space+"-2", "", "", 10); err != nil || len(notes) != 0 {
		t.Errorf("a file is listed as a note: %v, %v", notes, err)
	}
	if got, err := s.Spaces(ctx); err != nil || !slices.Equal(got, []blobs.Space{Space, Space + "-2"}) {
		t.Errorf("organisations %v, %v", got, err)
	}
}

// grow begins a file of some parts of the least size and a last one of a byte, and puts them.
func grow(t *testing.T, s Staged, seed uint64, full int) (f blobs.Growing, parts []blobs.Part, data []byte) {
	t.Helper()
	size := s.MinPart()
	data = Bytes(seed, full*int(size)+1)
	f = blobs.Growing{Space: Space, Ref: blobs.RefOf(data), ID: fmt.Sprintf("grow-%d", seed)}
	var err error
	if f.Token, err = s.BeginFile(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	for at := int64(0); at < int64(len(data)); at += size {
		piece := data[at:min(at+size, int64(len(data)))]
		p := blobs.Part{Number: 1 + 2*len(parts), Offset: at, Size: int64(len(piece))} // numbers may be left out
		if p.Tag, err = s.PutPart(t.Context(), f, p, piece); err != nil {
			t.Fatal(err)
		}
		parts = append(parts, p)
	}
	return f, parts, data
}

// verified is what a blobs.Running says of data.
func verified(t *testing.T, data []byte) *blobs.Verified {
	t.Helper()
	r, err := blobs.NewRunning(blobs.RefOf(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Write(data); err != nil {
		t.Fatal(err)
	}
	v, err := r.Verify()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func assemble(t *testing.T, s Staged) {
	f, parts, data := grow(t, s, 20, 2)
	mustBeAbsent(t, s, f.Ref)
	for range 2 { // the second: its answer was lost
		if err := s.Assemble(t.Context(), f, verified(t, data), parts); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := blobs.ReadAll(t.Context(), s, Space, f.Ref, 1<<30); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d of %d bytes, %v", len(got), len(data), err)
	}
	if _, err := s.PutPart(t.Context(), f, blobs.Part{Number: 9, Offset: 0, Size: 1}, []byte("x")); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("a part of what is a file already: %v", err)
	}
	if err := s.DropFile(t.Context(), f); err != nil {
		t.Error(err)
	}
	if _, err := s.Stat(t.Context(), Space, f.Ref); err != nil {
		t.Errorf("dropping what grew took the file: %v", err)
	}
}

func assembleRefused(t *testing.T, s Staged) {
	f, parts, data := grow(t, s, 21, 1)
	whole := verified(t, data)
	for name, bad := range map[string][]blobs.Part{
		"the first alone": parts[:1], "none": nil, "the last alone": parts[1:], "twice the first": {parts[0], parts[0]},
		"in the wrong order": {parts[1], parts[0]},
	} {
		if err := s.Assemble(t.Context(), f, whole, bad); !errors.Is(err, blobs.ErrMismatch) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.Assemble(t.Context(), f, verified(t, []byte("other")), parts); !errors.Is(err, blobs.ErrMismatch) {
		t.Errorf("verified was another file: %v", err)
	}
	if err := s.Assemble(t.Context(), f, nil, parts); !errors.Is(err, blobs.ErrMismatch) {
		t.Errorf("nothing was verified: %v", err)
	}
	mustBeAbsent(t, s, f.Ref)
	if err := s.Assemble(t.Context(), f, whole, parts); err != nil {
		t.Errorf("after all that, the right ones: %v", err)
	}
}

func partAgain(t *testing.T, s Staged) {
	f, parts, data := grow(t, s, 22, 1)
	last := &parts[len(parts)-1]
	if _, err := s.PutPart(t.Context(), f, *last, []byte("zzz")); err != nil { // longer, too
		t.Fatal(err)
	}
	var err error
	if last.Tag, err = s.PutPart(t.Context(), f, *last, data[last.Offset:]); err != nil {
		t.Fatal(err)
	}
	if err := s.Assemble(t.Context(), f, verified(t, data), parts); err != nil {
		t.Fatal(err)
	}
	if got, err := blobs.ReadAll(t.Context(), s, Space, f.Ref, 1<<30); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d of %d bytes, %v", len(got), len(data), err)
	}
}

func drop(t *testing.T, s Staged) {
	f, parts, data := grow(t, s, 23, 1)
	for range 2 {
		if err := s.DropFile(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.PutPart(t.Context(), f, parts[1], data[parts[1].Offset:]); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("a part: %v", err)
	}
	if err := s.Assemble(t.Context(), f, verified(t, data), parts); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("assemble: %v", err)
	}
	mustBeAbsent(t, s, f.Ref)
}

func assembleOver(t *testing.T, s Staged) {
	f, parts, data := grow(t, s, 24, 1)
	Put(t, s, Space, data)
	if err := s.Assemble(t.Context(), f, verified(t, data), parts); err != nil {
		t.Fatal(err)
	}
	if got, err := blobs.ReadAll(t.Context(), s, Space, f.Ref, 1<<30); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d of %d bytes, %v", len(got), len(data), err)
	}
	if items, err := s.List(t.Context(), Space, blobs.Ref{}, 10); err != nil || len(items) != 1 {
		t.Errorf("%d files, %v", len(items), err)
	}
}

func cancelledStage(t *testing.T, s Staged) {
	f, parts, data := grow(t, s, 25, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, put := s.PutNote(ctx, Space, "n", nil, "")
	_, _, get := s.GetNote(ctx, Space, "n")
	_, list := s.ListNotes(ctx, Space, "", "", 10)
	_, spaces := s.Spaces(ctx)
	_, begin := s.BeginFile(ctx, f)
	_, part := s.PutPart(ctx, f, parts[1], data[parts[1].Offset:])
	for verb, err := range map[string]error{"put": put, "get": get, "list": list, "spaces": spaces, "begin": begin, "part": part,
		"assemble": s.Assemble(ctx, f, verified(t, data), parts), "drop": s.DropFile(ctx, f), "remove": s.RemoveNote(ctx, Space, "n")} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", verb, err)
		}
	}
	if err := s.Assemble(t.Context(), f, verified(t, data), parts); err != nil {
		t.Errorf("a cancelled drop took it: %v", err)
	}
}
