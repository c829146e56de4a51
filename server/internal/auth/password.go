package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"

	"fieldsync/crdt"

	"golang.org/x/crypto/argon2"
)

// The cost of a password (OWASP's argon2id choice for servers): about 20 ms and 19 MiB.
const (
	argonTime    = 2
	argonMemory  = 19 << 10 // KiB
	argonThreads = 1
	argonKeyLen  = 32
	argonSaltLen = 16
)

// Bounds of checking passwords, each of which takes argonMemory.
const (
	maxPasswordBytes   = 1024 // longer ones are no password
	passwordsAtOnce    = 2
	passwordsInWaiting = 32 // over it: busy
)

// HashPassword gives a password's stored form.
func HashPassword(password string) (string, error) {
	if password == "" || len(password) > maxPasswordBytes {
		return "", crdt.Errorf(crdt.KindInvalid, "a password has 1 to %d bytes", maxPasswordBytes)
	}
	salt := make([]byte, argonSaltLen)
	_, _ = rand.Read(salt) // never fails (crypto/rand)
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonKeyLen)
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads,
		enc.EncodeToString(salt), enc.EncodeToString(key)), nil
}

// nobodysHash is compared where there is no such login, so that the time taken tells nothing: all zeros, which no
// password gives.
const nobodysHash = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// verifyPassword tells whether the password has this stored form. The form is our own: its cost is not a stranger's.
func verifyPassword(password, stored string) bool {
	var version, memory, time uint32
	var threads uint8
	var rest string
	if _, err := fmt.Sscanf(stored, "$argon2id$v=%d$m=%d,t=%d,p=%d$%s", &version, &memory, &time, &threads, &rest); err != nil {
		return false
	}
	saltText, keyText, ok := cutLast(rest)
	if !ok || version != argon2.Version || threads == 0 || time == 0 {
		return false
	}
	enc := base64.RawStdEncoding
	salt, err1 := enc.DecodeString(saltText)
	want, err2 := enc.DecodeString(keyText)
	if err1 != nil || err2 != nil || len(want) != argonKeyLen {
		return false
	}
	got := argon2.IDKey([]byte(password), salt, time, memory, threads, argonKeyLen)
	return subtle.ConstantTimeCompare(got, want) == 1
}

func cutLast(s string) (before, after string, ok bool) {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '$' {
			return s[:i], s[i+1:], true
		}
	}
	return "", "", false
}

// passwordGate lets a few passwords be checked at once and a few wait.
type passwordGate struct {
	waiting chan struct{}
	running chan struct{}
}

func newPasswordGate() passwordGate {
	return passwordGate{waiting: make(chan struct{}, passwordsInWaiting), running: make(chan struct{}, passwordsAtOnce)}
}

// enter gives the function that leaves again, or KindBusy.
func (g passwordGate) enter(ctx context.Context) (leave func(), err error) {
	select {
	case g.waiting <- struct{}{}:
	default:
		return nil, crdt.Errorf(crdt.KindBusy, "too many logins at once; try again")
	}
	defer func() { <-g.waiting }()
	select {
	case g.running <- struct{}{}:
		return func() { <-g.running }, nil
	case <-ctx.Done():
		return nil, crdt.Errorf(crdt.KindBusy, "too many logins at once; try again")
	}
}
