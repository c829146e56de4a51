package auth

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/problem"
)

// withNamesakes adds a user of one login to several organisations, each with a password of its own: the organisation's id.
func withNamesakes(t *testing.T, orgs ...string) *world {
	t.Helper()
	w := newWorld(t, nil)
	w.verify = func(password, stored string) bool { return stored == "hash of "+password }
	for _, org := range orgs {
		w.withOrg(t, org)
		u, err := w.CreateUser(t.Context(), Operator(org), NewUser{Login: "anna", Role: "worker"})
		if err != nil {
			t.Fatal(err)
		}
		w.setHash(t, u, "hash of password of "+org)
	}
	return w
}

func (w *world) setHash(t *testing.T, u User, hash string) {
	t.Helper()
	u.PasswordHash = hash
	op, err := put(userKey(u.ID), u)
	if err != nil || w.write(op) != nil {
		t.Fatal(err)
	}
}

func TestALoginBelongsToAnOrganisation(t *testing.T) {
	w := withNamesakes(t, "acme", "rival", "third")
	for _, c := range []struct{ org, password, in string }{
		{"acme", "password of acme", "acme"},
		{"", "password of acme", "acme"},
		{"", "password of rival", "rival"},
		{"", "password of third", "third"},
		{"rival", "password of acme", ""},
		{"nowhere", "password of acme", ""},
		{"", "password of nobody", ""},
	} {
		u, err := w.checkPassword(t.Context(), "somewhere", Login{Login: "Anna", Password: c.password, Org: c.org})
		if c.in == "" && crdt.KindOf(err) != crdt.KindUnauthenticated || c.in != "" && (err != nil || u.Org != c.in) {
			t.Errorf("%q in %q: %+v %v", c.password, c.org, u, err)
		}
	}
}

func TestWhoHasOnePasswordInTwoOrganisationsNamesOne(t *testing.T) {
	w := withNamesakes(t, "acme", "rival")
	rival, err := w.FindUser("rival", "anna")
	if err != nil {
		t.Fatal(err)
	}
	w.setHash(t, rival, "hash of password of acme")
	_, err = w.checkPassword(t.Context(), "somewhere", Login{Login: "anna", Password: "password of acme"})
	if p := problem.Of(err); p.Status != http.StatusConflict || p.Code != "organisation-needed" {
		t.Errorf("%v", err)
	}
	for _, org := range []string{"acme", "rival"} {
		if u, err := w.checkPassword(t.Context(), "somewhere", Login{Login: "anna", Password: "password of acme", Org: org}); err != nil || u.Org != org {
			t.Errorf("%s: %+v %v", org, u, err)
		}
	}
}

// Who has a login in one organisation must not use it to guess without end at his namesake's in another.
func TestARightPasswordCountsAgainstNamesakes(t *testing.T) {
	w := withNamesakes(t, "acme", "rival")
	tries := 0
	inner := w.verify
	w.verify = func(password, stored string) bool {
		if stored == "hash of password of rival" {
			tries++
		}
		return inner(password, stored)
	}
	for i := range 100 {
		w.clock = w.clock.Add(time.Second)
		u, err := w.FindUser("acme", "anna")
		if err != nil {
			t.Fatal(err)
		}
		guess := fmt.Sprint("guess ", i)
		w.setHash(t, u, "hash of "+guess) // her own, set by her administrator
		if u, err := w.checkPassword(t.Context(), "somewhere", Login{Login: "anna", Password: guess}); err != nil || u.Org != "acme" {
			t.Fatalf("%d: %+v %v", i, u, err)
		}
	}
	if tries > lockAfter {
		t.Errorf("%d guesses at the other's password", tries)
	}
}

// What attempts without an organisation have locked must not tell, with one, where there is such a login.
func TestALockDoesNotTellInWhichOrganisationALoginIs(t *testing.T) {
	w := withNamesakes(t, "acme").withOrg(t, "rival")
	attempt := func(i int, org string) crdt.Kind {
		w.clock = w.clock.Add(loginFailuresEvery)
		_, err := w.checkPassword(t.Context(), fmt.Sprint("address ", org, i), Login{Login: "anna", Password: "wrong", Org: org})
		return crdt.KindOf(err)
	}
	for i := range lockAfter + 5 {
		attempt(i, "")
	}
	if got := attempt(-1, ""); got != crdt.KindBusy {
		t.Fatalf("not locked: %v", got)
	}
	for i := range lockAfter + 5 {
		if there, not := attempt(i, "acme"), attempt(i, "rival"); there != not {
			t.Fatalf("attempt %d: %v where there is the login, %v where there is none", i, there, not)
		}
	}
}

func TestSigningInEveryDayLocksNoNamesakeOut(t *testing.T) {
	w := withNamesakes(t, "acme", "rival")
	for i := range 5 * lockAfter {
		w.clock = w.clock.Add(time.Minute)
		if u, err := w.checkPassword(t.Context(), "somewhere", Login{Login: "anna", Password: "password of acme"}); err != nil || u.Org != "acme" {
			t.Fatalf("%d: %+v %v", i, u, err)
		}
	}
	if u, err := w.checkPassword(t.Context(), "elsewhere", Login{Login: "anna", Password: "password of rival"}); err != nil || u.Org != "rival" {
		t.Errorf("the namesake: %+v %v", u, err)
	}
}

func TestAWrongLoginCostsAsMuchAsAWrongPassword(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleWorker).withUser(t, "gone", access.RoleWorker)
	if _, err := w.CreateUser(t.Context(), acme, NewUser{Login: "without", Role: "worker"}); err != nil {
		t.Fatal(err)
	}
	w.disable(t, "gone")
	for _, login := range []string{"zoe", "nobody", "gone", "without"} {
		for _, org := range []string{"", "acme", "nowhere"} {
			n := 0
			w.verify = func(_, stored string) bool {
				if !strings.HasPrefix(stored, "$argon2id$v=19$m=19456,t=2,p=1$") {
					t.Errorf("%s: compared with %q, which is quick", login, stored)
				}
				n++
				return false
			}
			if _, err := w.checkPassword(t.Context(), "somewhere", Login{Login: login, Password: "x", Org: org}); crdt.KindOf(err) != crdt.KindUnauthenticated || n != 1 {
				t.Errorf("%s in %q: %d comparisons, %v", login, org, n, err)
			}
		}
	}
}

func TestTheOrganisationsThatAreTriedAreBounded(t *testing.T) {
	var orgs []string
	for i := range maxSameLogin + 3 {
		orgs = append(orgs, fmt.Sprintf("org%02d", i))
	}
	w := withNamesakes(t, orgs...)
	n := 0
	w.verify = func(string, string) bool { n++; return false }
	if _, err := w.checkPassword(t.Context(), "somewhere", Login{Login: "anna", Password: "x"}); crdt.KindOf(err) != crdt.KindUnauthenticated || n != maxSameLogin {
		t.Errorf("%d comparisons, %v", n, err)
	}
}

func TestOneOrganisationDoesNotReachIntoAnother(t *testing.T) {
	w := withNamesakes(t, "acme", "rival").withUser(t, "zoe", access.RoleOwner)
	her := w.as(t, "zoe")
	anna, err := w.FindUser("rival", "anna")
	if err != nil {
		t.Fatal(err)
	}
	name := "x"
	for what, err := range map[string]error{
		"read":    second(w.User(her, anna.ID)),
		"change":  second(w.ChangeUser(her, anna.ID, UserChange{Name: &name}, 0)),
		"reset":   w.ResetPassword(t.Context(), her, anna.ID, "a new password", true),
		"unlock":  w.Unlock(her, anna.ID),
		"revoke":  w.RevokeAll(her, anna.ID),
		"devices": third(w.Devices(her, anna.ID, "", 0)),
		"nobody":  second(w.User(her, "user-nobody")),
	} {
		if crdt.KindOf(err) != crdt.KindNotFound || err.Error() != errNoSuchUser.Error() {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func third[T, U any](_ T, _ U, err error) error { return err }

// An older server kept a login under itself alone, and no list of an organisation's people.
func TestWhatAnOlderServerStoredIsUpgraded(t *testing.T) {
	w := newWorld(t, nil)
	w.withOrg(t, "acme")
	const many = upgradeAtOnce + 20
	var ops []store.Op
	for i := range many {
		u := User{ID: fmt.Sprint("old", i), Org: "acme", Login: fmt.Sprintf("old%d@acme.example", i), Name: "Old", Role: access.RoleWorker}
		op, err := put(userKey(u.ID), u)
		if err != nil {
			t.Fatal(err)
		}
		ops = append(ops, op, store.Op{Key: store.Account('l', u.Login), Value: []byte(u.ID)})
	}
	if err := w.write(ops...); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := w.Upgrade(); err != nil {
			t.Fatal(err)
		}
		u, err := w.FindUser("acme", "old7@acme.example")
		if err != nil || u.ID != "old7" || u.Version != 1 {
			t.Errorf("%+v %v", u, err)
		}
		n := 0
		for after := ""; ; {
			users, next, err := w.Users(acme, UserFilter{}, after, 0)
			if err != nil {
				t.Fatal(err)
			}
			n += len(users)
			if after = next; after == "" {
				break
			}
		}
		if n != many {
			t.Errorf("%d users", n)
		}
		if old, err := w.oldLogins(); err != nil || len(old) != 0 {
			t.Errorf("%d logins of the old form, %v", len(old), err)
		}
	}
}

func TestTheAccountLogIsBoundedAndNobodyPushesOthersOut(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleWorker)
	const used = 3 * ringEntries
	full := []store.Op{{Key: logNextKey("acme", ringOwn), Value: binary.BigEndian.AppendUint64(nil, used)}} // as if it had been used for years
	for n := used - ringEntries; n < used; n++ {
		op, err := put(logKey("acme", ringOwn, uint64(n)), Entry{Number: uint64(n), Action: "session.opened"})
		if err != nil {
			t.Fatal(err)
		}
		full = append(full, op)
	}
	if err := w.write(full...); err != nil {
		t.Fatal(err)
	}
	her := w.as(t, "zoe")
	office, err := w.nextEntry("acme", ringOffice)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		if _, err := w.RenameDevice(her, "zoe", her.Device, fmt.Sprint("name ", i)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := w.count(logPrefix("acme", ringOwn)); err != nil || n != ringEntries {
		t.Errorf("%d entries of her own, %v", n, err)
	}
	if n, err := w.nextEntry("acme", ringOffice); err != nil || n != office {
		t.Errorf("what she did stands in the office's log: %d after %d, %v", n, office, err)
	}
	log, err := w.Log(acme, true, 0, MaxPage)
	if err != nil || len(log) != MaxPage || !slices.IsSortedFunc(log, func(x, y Entry) int { return int(y.Number) - int(x.Number) }) {
		t.Errorf("%d entries, %v", len(log), err)
	}
}

func TestAnOrganisationKeepsAnOwner(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleOwner).withUser(t, "abe", access.RoleOwner)
	zoe, abe := w.as(t, "zoe"), w.as(t, "abe")
	worker, yes := "worker", true
	if _, err := w.ChangeUser(zoe, "abe", UserChange{Disabled: &yes}, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := w.ChangeUser(zoe, "zoe", UserChange{Role: &worker}, 0); crdt.KindOf(err) != crdt.KindConflict {
		t.Errorf("the last one steps back: %v", err)
	}
	if _, err := w.ChangeUser(abe, "zoe", UserChange{Disabled: &yes}, 0); crdt.KindOf(err) != crdt.KindConflict {
		t.Errorf("a request of the other that was under way: %v", err)
	}
	if _, err := w.ChangeUser(acme, "zoe", UserChange{Role: &worker}, 0); err != nil {
		t.Errorf("by the machine: %v", err)
	}
}

func TestAPasswordChangeEndsOtherSessions(t *testing.T) {
	for _, devices := range []bool{false, true} {
		w := newWorld(t, nil).withUser(t, "zoe", access.RoleWorker)
		mine, other, phone := w.session(t, "zoe", "mine"), w.session(t, "zoe", "other"), w.token(t, "zoe")
		her, err := w.Authenticate(mine)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.ChangePassword(t.Context(), her, password, "another password", devices); err != nil {
			t.Fatal(err)
		}
		for secret, lives := range map[string]bool{mine: true, other: false, phone: !devices} {
			if _, err := w.Authenticate(secret); (err == nil) != lives {
				t.Errorf("with devices %v: %v, want %v", devices, err, lives)
			}
		}
		if err := w.guess(t, "zoe", password, "x"); crdt.KindOf(err) != crdt.KindUnauthenticated {
			t.Errorf("the old password: %v", err)
		}
		if err := w.guess(t, "zoe", "another password", "x"); err != nil {
			t.Errorf("the new one: %v", err)
		}
	}
}

func TestSettingsAreReadFromMemoryAndNeverOld(t *testing.T) {
	w := newWorld(t, nil).withOrg(t, "acme")
	if o, err := w.Organisation("acme"); err != nil || o.Settings.WorkerJobs != access.WorkerJobsTemplates {
		t.Errorf("%+v %v", o, err)
	}
	anyJob := "any"
	if _, err := w.ChangeOrg(acme, OrgChange{WorkerJobs: &anyJob}, 0); err != nil {
		t.Fatal(err)
	}
	if o, err := w.Organisation("acme"); err != nil || o.Settings.WorkerJobs != access.WorkerJobsAny {
		t.Errorf("%+v %v", o, err)
	}
	w.store.fail = errDisk
	if o, err := w.Organisation("acme"); err != nil || o.Settings.WorkerJobs != access.WorkerJobsAny {
		t.Errorf("not from memory: %+v %v", o, err)
	}
	none := "none"
	if _, err := w.ChangeOrg(acme, OrgChange{WorkerJobs: &none}, 0); err == nil {
		t.Error("a change that was not stored is said to be")
	}
	if o, err := w.Organisation("acme"); err != nil || o.Settings.WorkerJobs != access.WorkerJobsAny {
		t.Errorf("after a change that failed: %+v %v", o, err)
	}
}

func TestUsesAreWrittenDownRarely(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleWorker)
	secret := w.token(t, "zoe")
	writes := 0
	count := func() int { n := writes; writes = 0; return n }
	w.store.wrote = func([]store.Op) { writes++ }
	for range 100 {
		w.clock = w.clock.Add(time.Second)
		if _, err := w.Authenticate(secret); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(); n != 0 {
		t.Errorf("being let in wrote %d times", n)
	}
	if devices, err := w.devicesOf("zoe"); err != nil || len(devices) != 1 || !devices[0].Seen.Equal(w.clock) {
		t.Errorf("who was let in now was seen %+v, %v", devices, err)
	}
	for i, want := range []int{1, 0, 0, 1} { // every six minutes
		if err := w.SaveSeen([]access.Principal{w.mustBe(t, secret)}); err != nil {
			t.Fatal(err)
		}
		if n := count(); n != want {
			t.Errorf("time %d: %d writes, want %d", i, n, want)
		}
		w.clock = w.clock.Add(6 * time.Minute)
	}
	p := w.mustBe(t, secret)
	if err := w.SignOut(p); err != nil {
		t.Fatal(err)
	}
	w.clock = w.clock.Add(time.Hour)
	if err := w.SaveSeen([]access.Principal{p}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.Get(seenKey(hashSecret(secret))); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("of a token that was revoked it is written when it was seen: %v", err)
	}
}

func (w *world) mustBe(t *testing.T, secret string) access.Principal {
	t.Helper()
	p, err := w.Authenticate(secret)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAnAPIKeyIsAnIntegrationUntilItEnds(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleOwner)
	zoe := w.as(t, "zoe")
	k, secret, err := w.CreateAPIKey(zoe, "Billing", "dispatcher", w.clock.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		p := w.mustBe(t, secret)
		if p.ID != "integration:"+k.ID || p.Org != "acme" || p.Role != access.RoleDispatcher || p.User != "" || p.Device != "" || !p.Integration() || p.Name != "Billing" {
			t.Errorf("%+v", p)
		}
		if err := w.Confirm(p); err != nil {
			t.Error(err)
		}
	}
	p := w.mustBe(t, secret)
	if err := w.SignOut(p); crdt.KindOf(err) != crdt.KindForbidden {
		t.Errorf("a key ends itself: %v", err)
	}
	w.clock = w.clock.Add(time.Hour)
	if _, err := w.Authenticate(secret); crdt.KindOf(err) != crdt.KindUnauthenticated {
		t.Errorf("after its time: %v", err)
	}
	if err := w.Confirm(p); crdt.KindOf(err) != crdt.KindUnauthenticated {
		t.Errorf("confirmed after its time: %v", err)
	}

	k, secret, err = w.CreateAPIKey(zoe, "For ever", "director", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	p = w.mustBe(t, secret)
	w.clock = w.clock.Add(20 * 365 * 24 * time.Hour)
	w.mustBe(t, secret)
	if err := w.RevokeAPIKey(zoe, k.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Authenticate(secret); crdt.KindOf(err) != crdt.KindUnauthenticated || len(w.revoked) != 1 || w.revoked[0] != p.Credential {
		t.Errorf("%v, told %v", err, w.revoked)
	}
	if err := w.Confirm(p); crdt.KindOf(err) != crdt.KindUnauthenticated {
		t.Errorf("confirmed: %v", err)
	}
	rows := 0
	if err := w.store.Scan(nil, nil, func(key, value []byte) error {
		if strings.Contains(string(key)+string(value), secret) {
			rows++
		}
		return nil
	}); err != nil || rows > 0 {
		t.Errorf("the secret stands in %d rows, %v", rows, err)
	}
}

func TestStoredAccountsAreJSONThatNamesNoField(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleWorker)
	b, err := w.store.Get(userKey("zoe"))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"id", "org", "login", "name", "role", "password_hash", "created", "version"} { // stored by servers that are out there
		if got[key] == nil {
			t.Errorf("%s is missing: %s", key, b)
		}
	}
}
