package blobs

import (
	"errors"
	"strings"
	"testing"
)

func TestRefParsesWhatItPrintsAndNothingElse(t *testing.T) {
	ref := RefOf([]byte("hello"))
	const want = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
	if ref.String() != want {
		t.Errorf("SHA-256 of hello: %v", ref)
	}
	if got, err := ParseRef(want); err != nil || got != ref || got.IsZero() {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"", want[:63], want + "0", strings.ToUpper(want), want[:63] + "g", want[:62] + "ä", " " + want[1:], "../" + want[3:], want[:63] + "\x00"} {
		if got, err := ParseRef(bad); !errors.Is(err, ErrInvalid) || !got.IsZero() {
			t.Errorf("%q: %v, %v", bad, got, err)
		}
	}
}

func TestKeyIsTheDocumentedPathAndNeverAnother(t *testing.T) {
	ref := RefOf([]byte("hello"))
	if key, err := Key("org-1", ref); err != nil || key != "org-1/2c/"+ref.String() {
		t.Errorf("%q, %v", key, err)
	}
	if _, err := Key("org-1", Ref{}); !errors.Is(err, ErrInvalid) {
		t.Errorf("the zero Ref: %v", err)
	}
	for _, bad := range []string{"", ".", "..", "a/b", "A", "a_b", "a.b", "é", strings.Repeat("a", MaxSpace+1), "a\n"} {
		if _, err := ParseSpace(bad); !errors.Is(err, ErrInvalid) {
			t.Errorf("space %q: %v", bad, err)
		}
		if _, err := Key(Space(bad), ref); !errors.Is(err, ErrInvalid) {
			t.Errorf("key in space %q: %v", bad, err)
		}
	}
	if _, err := ParseSpace(strings.Repeat("a", MaxSpace)); err != nil {
		t.Error(err)
	}
}

func FuzzParseRef(f *testing.F) {
	f.Add(RefOf(nil).String())
	f.Add("../../etc/passwd")
	f.Fuzz(func(t *testing.T, s string) {
		if ref, err := ParseRef(s); err == nil && ref.String() != s {
			t.Errorf("%q is %v", s, ref)
		}
	})
}
