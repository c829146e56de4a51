package storetest

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"fieldsync/crdt/store"
)

func scanBack(t testing.TB, s store.Reader, prefix string, start []byte) []string {
	t.Helper()
	var got []string
	if err := s.ScanBack([]byte(prefix), start, func(k, v []byte) error {
		got = append(got, string(k)+"="+string(v))
		return nil
	}); err != nil {
		t.Fatalf("scan back: %v", err)
	}
	return got
}

func testScanBack(t *testing.T, open Open) {
	s := open(t)
	for _, k := range []string{"k/b", "k/\xff\xff", "k", "k/a", "l/a", "k/\x00", "j/z", "k/aa", "k0", "\xff", "\xff\xff", "\xff\xff\x01", "z\xff", "z\xffa", "{"} {
		write(t, s, put(k, []byte("v")))
	}
	check := func(s store.Reader) {
		for _, tt := range []struct {
			prefix, start string
			want          []string
		}{
			{"k/", "", []string{"k/\xff\xff", "k/b", "k/aa", "k/a", "k/\x00"}},
			{"k/", "k/aa", []string{"k/aa", "k/a", "k/\x00"}},
			{"k/", "k/ab", []string{"k/aa", "k/a", "k/\x00"}},
			{"k/", "k/a\xff", []string{"k/aa", "k/a", "k/\x00"}},
			{"k/", "k/", nil},
			{"k/", "k0", []string{"k/\xff\xff", "k/b", "k/aa", "k/a", "k/\x00"}},
			{"k/", "l", []string{"k/\xff\xff", "k/b", "k/aa", "k/a", "k/\x00"}},
			{"k/", "j", nil},
			{"k/a", "", []string{"k/aa", "k/a"}},
			{"k/\xff", "", []string{"k/\xff\xff"}},
			{"z\xff", "", []string{"z\xffa", "z\xff"}},
			{"\xff", "", []string{"\xff\xff\x01", "\xff\xff", "\xff"}},
			{"\xff\xff", "\xff\xff", []string{"\xff\xff"}},
			{"\xff\xff", "\xff", nil},
			{"nothing", "", nil},
		} {
			var start []byte
			if tt.start != "" {
				start = []byte(tt.start)
			}
			got := scanBack(t, s, tt.prefix, start)
			for i := range got {
				got[i] = got[i][:len(got[i])-2]
			}
			if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", tt.want) {
				t.Errorf("prefix %q from %q: %q; want %q", tt.prefix, tt.start, got, tt.want)
			}
		}
		if got := scanBack(t, s, "", []byte{}); len(got) != 0 {
			t.Errorf("not greater than the empty key: %q", got)
		}
	}
	check(s)
	if err := s.View(func(r store.Reader) error { check(r); return nil }); err != nil {
		t.Error(err)
	}
	var all []string
	if err := s.Scan(nil, nil, func(k, _ []byte) error { all = append(all, string(k)); return nil }); err != nil {
		t.Fatal(err)
	}
	var back []string
	if err := s.ScanBack(nil, nil, func(k, _ []byte) error { back = append(back, string(k)); return nil }); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(back)
	if !slices.Equal(all, back) {
		t.Errorf("all keys: %q forwards, %q backwards", all, back)
	}
	closeStore(t, s)
	s = open(t) // from files, where they were in memory
	defer closeStore(t, s)
	check(s)
}

func testScanBackNewest(t *testing.T, open Open) {
	s := open(t)
	defer closeStore(t, s)
	for i := range 20 {
		for round := range 3 {
			write(t, s, put(fmt.Sprintf("k/%02d", i), []byte(fmt.Sprint(round))))
		}
	}
	var want []string
	for i := 19; i >= 0; i-- {
		if i%3 == 0 {
			write(t, s, store.Op{Key: fmt.Appendf(nil, "k/%02d", i)})
			continue
		}
		want = append(want, fmt.Sprintf("k/%02d=2", i))
	}
	if got := scanBack(t, s, "k/", nil); !slices.Equal(got, want) {
		t.Errorf("%q; want %q", got, want)
	}
	other := errors.New("other")
	for _, end := range []error{store.ErrStop, other} {
		n := 0
		err := s.ScanBack([]byte("k/"), nil, func(_, _ []byte) error {
			if n++; n == 2 {
				return end
			}
			return nil
		})
		if want := map[error]error{store.ErrStop: nil, other: other}[end]; !errors.Is(err, want) || n != 2 {
			t.Errorf("ended by %v: %v after %d visits", end, err, n)
		}
	}
}

func testInterleavedScans(t *testing.T, open Open) {
	s := open(t)
	defer closeStore(t, s)
	for i := range 100 {
		write(t, s, put(fmt.Sprintf("%c/%02d", 'a'+i%4, i), empty()))
	}
	if err := s.View(func(r store.Reader) error {
		pull := func(prefix string, back bool) (func() (string, bool), func()) {
			return iter.Pull(func(yield func(string) bool) {
				scan := r.Scan
				if back {
					scan = r.ScanBack
				}
				if err := scan([]byte(prefix), nil, func(k, _ []byte) error {
					if !yield(string(k)) {
						return store.ErrStop
					}
					return nil
				}); err != nil {
					t.Error(err)
				}
			})
		}
		var got [4][]string
		var next [4]func() (string, bool)
		for i := range next {
			var stop func()
			next[i], stop = pull(string(rune('a'+i))+"/", i%2 == 1)
			defer stop()
		}
		for range 20 {
			for i := range next {
				k, ok := next[i]()
				if !ok {
					t.Fatalf("scan %d ended early", i)
				}
				got[i] = append(got[i], k)
			}
		}
		for i := range got {
			sorted := slices.SortedFunc(slices.Values(got[i]), func(a, b string) int {
				if i%2 == 1 {
					a, b = b, a
				}
				return strings.Compare(a, b)
			})
			if !slices.Equal(sorted, got[i]) || len(slices.Compact(sorted)) != 20 || got[i][0][0] != byte('a'+i) {
				t.Errorf("scan %d of four: %q", i, got[i])
			}
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}
