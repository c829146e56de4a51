package auth

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/server/internal/access"
)

func TestTokenGivesItsPrincipal(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleWorker)
	secret := w.token(t, "zoe")
	for range 2 { // from the store, then from the cache
		p, err := w.Authenticate(secret)
		if err != nil {
			t.Fatal(err)
		}
		if p.ID != "user:zoe" || p.Org != "acme" || p.Role != access.RoleWorker || p.User != "zoe" || p.Device == "" || p.Credential == "" || p.Name != "Some zoe" {
			t.Errorf("%+v", p)
		}
	}
	if other := w.token(t, "zoe"); other == secret || len(other) < 43 {
		t.Errorf("tokens %q and %q", secret, other)
	}
}

func TestSecretIsNotStored(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleWorker)
	secret := w.token(t, "zoe")
	seen := 0
	err := w.store.Scan(nil, nil, func(k, v []byte) error {
		seen++
		if row := string(k) + string(v); strings.Contains(row, secret) || strings.Contains(row, "correct horse") {
			t.Errorf("a secret stands in %q", k)
		}
		return nil
	})
	if err != nil || seen < 4 {
		t.Errorf("%d rows seen, %v", seen, err)
	}
}

func TestWhatDoesNotLetIn(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleWorker)
	secret := w.token(t, "zoe")
	for _, s := range []string{"", "x", secret + "x", secret[:len(secret)-1], strings.Repeat("x", maxTokenBytes+1), strings.ToUpper(secret)} {
		if _, err := w.Authenticate(s); crdt.KindOf(err) != crdt.KindUnauthenticated {
			t.Errorf("%q: %v", s, err)
		}
	}
	w.disable(t, "zoe")
	if _, err := w.Authenticate(secret); crdt.KindOf(err) != crdt.KindUnauthenticated {
		t.Errorf("disabled: %v", err)
	}
}

func TestRevokedTokenIsRefusedAtOnceAndTold(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleWorker)
	secret, other := w.token(t, "zoe"), w.token(t, "zoe")
	p, err := w.Authenticate(secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.SignOut(p); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Authenticate(secret); crdt.KindOf(err) != crdt.KindUnauthenticated {
		t.Errorf("after the revocation: %v", err)
	}
	if _, err := w.Authenticate(other); err != nil {
		t.Errorf("the other device: %v", err)
	}
	if len(w.revoked) != 1 || w.revoked[0] != p.Credential {
		t.Errorf("told %v", w.revoked)
	}
	if err := w.SignOut(p); crdt.KindOf(err) != crdt.KindUnauthenticated {
		t.Errorf("a second time: %v", err)
	}
}

// What a reader found before a revocation must not enter the cache after it.
func TestRevocationBeatsARaceWithTheCache(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleWorker)
	secret := w.token(t, "zoe")
	h := hashSecret(secret)
	_, _, generation := w.cache.get(h, w.clock)
	found, err := w.lookUp(h)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.SignOut(found); err != nil {
		t.Fatal(err)
	}
	w.cache.keep(h, found, generation, w.clock)
	if _, err := w.Authenticate(secret); crdt.KindOf(err) != crdt.KindUnauthenticated {
		t.Errorf("let in from the cache: %v", err)
	}
}

func TestRoleChangeReachesTheCache(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleDispatcher)
	secret := w.token(t, "zoe")
	if _, err := w.Authenticate(secret); err != nil {
		t.Fatal(err)
	}
	w.withUser(t, "zoe", access.RoleWorker)
	if p, err := w.Authenticate(secret); err != nil || p.Role != access.RoleWorker {
		t.Errorf("%+v %v", p, err)
	}
}

func TestStoreFailureIsNotARefusal(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleWorker)
	secret := w.token(t, "zoe")
	w.store.fail = errDisk
	if _, err := w.Authenticate(secret); crdt.KindOf(err) != crdt.KindUnavailable {
		t.Errorf("a client would forget its token: %v", err)
	}
	if _, err := w.issue(acme, "zoe", "x", newSecret(), false); crdt.KindOf(err) != crdt.KindUnavailable {
		t.Errorf("issue: %v", err)
	}
}

func TestFailedRevocationIsNotTold(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleWorker)
	p, err := w.Authenticate(w.token(t, "zoe"))
	if err != nil {
		t.Fatal(err)
	}
	w.store.fail = errDisk
	if err := w.SignOut(p); err == nil || len(w.revoked) != 0 {
		t.Errorf("%v, told %v", err, w.revoked)
	}
}

func TestSessionsExpireAndMakeRoom(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleWorker)
	first := w.session(t, "zoe", "browser")
	for i := range maxCredentialsPerUser {
		w.clock = w.clock.Add(time.Second)
		w.session(t, "zoe", fmt.Sprint(i))
	}
	if _, err := w.Authenticate(first); err == nil {
		t.Error("the oldest session still lets in")
	}
	if all, err := w.devicesOf("zoe"); err != nil || len(all) != maxCredentialsPerUser {
		t.Errorf("%d devices, %v", len(all), err)
	}
	last := w.session(t, "zoe", "last")
	if _, err := w.Authenticate(last); err != nil {
		t.Fatal(err)
	}
	w.clock = w.clock.Add(SessionLifetime)
	if _, err := w.Authenticate(last); crdt.KindOf(err) != crdt.KindUnauthenticated {
		t.Errorf("after its lifetime: %v", err)
	}
	w.token(t, "zoe") // takes the expired ones away
	if all, err := w.devicesOf("zoe"); err != nil || len(all) != 1 {
		t.Errorf("%d devices, %v", len(all), err)
	}
}

func TestTokensAreBoundedPerUser(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleWorker)
	session := w.session(t, "zoe", "browser")
	for range maxCredentialsPerUser {
		w.token(t, "zoe")
	}
	if _, err := w.Authenticate(session); crdt.KindOf(err) != crdt.KindUnauthenticated {
		t.Errorf("a browser's session keeps a phone out: %v", err)
	}
	if _, err := w.issue(acme, "zoe", "one more", newSecret(), false); crdt.KindOf(err) != crdt.KindConflict {
		t.Errorf("%v", err)
	}
}

func TestPasswords(t *testing.T) {
	hash, err := HashPassword("demo")
	if err != nil {
		t.Fatal(err)
	}
	again, err := HashPassword("demo")
	if err != nil || hash == again {
		t.Errorf("no salt: %q (%v)", hash, err)
	}
	if !verifyPassword("demo", hash) || verifyPassword("Demo", hash) || verifyPassword("", hash) {
		t.Error("verifies wrongly")
	}
	for _, stored := range []string{"", "demo", nobodysHash, hash[:len(hash)-2], "$argon2id$v=19$m=19456,t=0,p=0$AAAA$AAAA"} {
		if verifyPassword("demo", stored) {
			t.Errorf("%q verifies", stored)
		}
	}
	for _, p := range []string{"", strings.Repeat("x", maxPasswordBytes+1)} {
		if _, err := HashPassword(p); crdt.KindOf(err) != crdt.KindInvalid {
			t.Errorf("password of %d bytes: %v", len(p), err)
		}
	}
}

func TestDemoLetsInOnlyInADemonstration(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Demo = true })
	for range 2 { // a restart seeds again
		if err := w.SeedDemo(); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range DemoUsers() {
		p, err := w.Authenticate(d.Token)
		if err != nil || p.User != d.Login || p.Role != d.Role || p.Org != DemoOrg {
			t.Errorf("%s: %+v %v", d.Token, p, err)
		}
		if all, err := w.devicesOf(d.Login); err != nil || len(all) != 1 {
			t.Errorf("%s has %d devices, %v", d.Login, len(all), err)
		}
	}
	serious, err := New(Options{Store: w.store, ClientIP: w.clientIP})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range DemoUsers() {
		if _, err := serious.Authenticate(d.Token); crdt.KindOf(err) != crdt.KindUnauthenticated {
			t.Errorf("%s lets into a server that is no demonstration: %v", d.Token, err)
		}
		if _, err := serious.checkPassword(t.Context(), "x", Login{Login: d.Login, Password: DemoPassword}); crdt.KindOf(err) != crdt.KindUnauthenticated {
			t.Errorf("%s signs in to a server that is no demonstration: %v", d.Login, err)
		}
	}
}
