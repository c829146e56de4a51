package sealed

import (
	"bytes"
	"crypto/ecdh"
	"encoding/base64"
	"errors"
	"testing"
)

func b64(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The example of RFC 8291, section 5 and appendix A.
func TestTheExampleOfTheRFC(t *testing.T) {
	key, err := ecdh.P256().NewPrivateKey(b64(t, "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := seal(key, [16]byte(b64(t, "DGv6ra1nlYgDCS1FRnbzlw")),
		b64(t, "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"), b64(t, "BTBZMqHH6r4Tts7J_aSIgg"),
		[]byte("When I grow up, I want to be a watermelon"), 0)
	want := b64(t, "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN")
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%v\n%x\n%x", err, got, want)
	}
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	key := b64(t, "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4")
	auth := b64(t, "BTBZMqHH6r4Tts7J_aSIgg")
	if _, err := Seal(key, auth, make([]byte, MaxText+1)); !errors.Is(err, ErrTooLong) {
		t.Error(err)
	}
	if out, err := Seal(key, auth, make([]byte, MaxText)); err != nil || len(out) != MaxBody {
		t.Errorf("%d %v", len(out), err)
	}
	a, _ := Seal(key, auth, []byte("a"))
	b, _ := Seal(key, auth, make([]byte, 200))
	if len(a) != len(b) || bytes.Equal(a[:16], b[:16]) {
		t.Errorf("a message's length shows: %d %d, or the salt is the same", len(a), len(b))
	}
	off := bytes.Clone(key)
	off[40] ^= 1
	for _, bad := range [][2][]byte{{off, auth}, {key[:33], auth}, {nil, auth}, {key, auth[:15]}, {key, nil}} {
		if err := Check(bad[0], bad[1]); !errors.Is(err, ErrKeys) {
			t.Errorf("%x: %v", bad, err)
		}
		if _, err := Seal(bad[0], bad[1], []byte("x")); err == nil {
			t.Errorf("%x: sealed", bad)
		}
	}
}
