package blobtest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"fieldsync/blobs"
)

func badNames(t *testing.T, s blobs.Store) {
	ctx := t.Context()
	ref := blobs.RefOf([]byte("x"))
	try := func(space blobs.Space, ref blobs.Ref) {
		t.Helper()
		_, put := blobs.Receive(ctx, s, space, ref, 1, strings.NewReader("x"))
		_, stat := s.Stat(ctx, space, ref)
		_, open := s.OpenRange(ctx, space, ref, 0, -1)
		for verb, err := range map[string]error{"receive": put, "stat": stat, "open": open, "remove": s.Remove(ctx, space, ref)} {
			if !errors.Is(err, blobs.ErrInvalid) {
				t.Errorf("%s with space %q, ref %v: %v", verb, space, ref, err)
			}
		}
	}
	for _, space := range []blobs.Space{"", ".", "..", "../x", "a/b", "a\\b", "A", "ä", "a b", "a\x00", ".incoming", "a.b", "%2e", blobs.Space(strings.Repeat("a", 64))} {
		try(space, ref)
		if _, err := s.List(ctx, space, blobs.Ref{}, 1); !errors.Is(err, blobs.ErrInvalid) {
			t.Errorf("list with space %q: %v", space, err)
		}
	}
	try(Space, blobs.Ref{})
	for _, limit := range []int{-1, 0, blobs.MaxList + 1} {
		if _, err := s.List(ctx, Space, blobs.Ref{}, limit); !errors.Is(err, blobs.ErrInvalid) {
			t.Errorf("list with limit %d: %v", limit, err)
		}
	}
}

func spaces(t *testing.T, s blobs.Store) {
	data := Bytes(9, 1000)
	ref := Put(t, s, Space, data)
	other := Space + "-2"
	if _, err := s.Stat(t.Context(), other, ref); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("another organisation's file: %v", err)
	}
	if items, err := s.List(t.Context(), other, blobs.Ref{}, 10); err != nil || len(items) != 0 {
		t.Errorf("another organisation's list: %v, %v", items, err)
	}
	if created, err := blobs.Receive(t.Context(), s, other, ref, 1000, bytes.NewReader(data)); err != nil || !created {
		t.Errorf("the same file for another organisation: created %v, %v", created, err)
	}
	if err := s.Remove(t.Context(), Space, ref); err != nil {
		t.Fatal(err)
	}
	if got, err := blobs.ReadAll(t.Context(), s, other, ref, 1000); err != nil || !bytes.Equal(got, data) {
		t.Errorf("after the first organisation removed its own: %d bytes, %v", len(got), err)
	}
}

func remove(t *testing.T, s blobs.Store) {
	data := Bytes(10, 5000)
	ref := Put(t, s, Space, data)
	for range 2 {
		if err := s.Remove(t.Context(), Space, ref); err != nil {
			t.Fatal(err)
		}
		mustBeAbsent(t, s, ref)
	}
	if Put(t, s, Space, data) != ref {
		t.Error("the file came back under another name")
	}
}

func list(t *testing.T, s blobs.Store) {
	var want []blobs.Ref
	for i := range 25 {
		want = append(want, Put(t, s, Space, Bytes(uint64(100+i), 10+i)))
		Put(t, s, Space+"-2", Bytes(uint64(200+i), 10))
	}
	slices.SortFunc(want, func(a, b blobs.Ref) int { return strings.Compare(a.String(), b.String()) })
	for _, limit := range []int{1, 7, 25, 100} {
		var got []blobs.Ref
		var after blobs.Ref
		for {
			items, err := s.List(t.Context(), Space, after, limit)
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range items {
				if info, err := s.Stat(t.Context(), Space, item.Ref); err != nil || info.Size != item.Info.Size || item.Info.Created.IsZero() {
					t.Errorf("listed as %+v, Stat says %+v, %v", item.Info, info, err)
				}
				got = append(got, item.Ref)
			}
			if len(items) < limit {
				break
			}
			after = items[len(items)-1].Ref
		}
		if !slices.Equal(got, want) {
			t.Errorf("in pages of %d: %d of %d files, or another order", limit, len(got), len(want))
		}
	}
}

func cancelledReads(t *testing.T, s blobs.Store) {
	data := Bytes(11, 1000)
	ref := Put(t, s, Space, data)
	ctx, cancel := context.WithCancel(t.Context())
	open, err := s.OpenRange(ctx, Space, ref, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	cancel()
	_, stat := s.Stat(ctx, Space, ref)
	_, list := s.List(ctx, Space, blobs.Ref{}, 10)
	_, again := s.OpenRange(ctx, Space, ref, 0, -1)
	for verb, err := range map[string]error{"stat": stat, "list": list, "open": again, "remove": s.Remove(ctx, Space, ref)} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", verb, err)
		}
	}
	if _, err := s.Stat(t.Context(), Space, ref); err != nil {
		t.Errorf("a cancelled remove took the file: %v", err)
	}
}
