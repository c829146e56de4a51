package auth

import (
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/server/internal/access"
)

// again is the same store under a new process: what only memory knew is gone.
func (w *world) again(t *testing.T) {
	t.Helper()
	a, err := New(Options{
		Store: w.store, ClientIP: w.clientIP, Now: func() time.Time { return w.clock },
		OnRevoke: func(c string) { w.revoked = append(w.revoked, c) }, OnFailure: func(r Reason) { w.reasons = append(w.reasons, r) },
	})
	if err != nil {
		t.Fatal(err)
	}
	a.verify = w.verify
	w.Auth = a
}

// guess tries a password from an address, and tells what came of it.
func (w *world) guess(t *testing.T, login, password, from string) error {
	t.Helper()
	_, err := w.checkPassword(t.Context(), from, Login{Login: login, Password: password, Org: "acme"})
	return err
}

// lockOut fails until the account is locked, patiently.
func (w *world) lockOut(t *testing.T, login string) {
	t.Helper()
	for i := range lockAfter {
		w.clock = w.clock.Add(loginFailuresEvery)
		if err := w.guess(t, login, "wrong", fmt.Sprint("address ", i)); crdt.KindOf(err) != crdt.KindUnauthenticated {
			t.Fatalf("guess %d: %v", i, err)
		}
	}
	w.clock = w.clock.Add(loginFailuresEvery)
	if err := w.guess(t, login, password, "elsewhere"); crdt.KindOf(err) != crdt.KindBusy {
		t.Fatalf("after %d failures the right password gives %v", lockAfter, err)
	}
}

// TestAPasswordCannotBeGuessed simulates somebody who has all addresses of the world and all the time, against one account, with a server
// that is restarted every day.
func TestAPasswordCannotBeGuessed(t *testing.T) {
	const days, seed = 30, 7
	for _, login := range []string{"zoe", "nobody"} {
		t.Run(login, func(t *testing.T) {
			w := newWorld(t, nil).withUser(t, "zoe", access.RoleDispatcher)
			checked, today := 0, 0
			w.verify = func(string, string) bool { checked++; today++; return false }
			random := rand.New(rand.NewPCG(seed, seed))
			for day := range days {
				today = 0
				for range 24 * 60 * 2 { // every half minute, and a burst now and then
					w.clock = w.clock.Add(30 * time.Second)
					for range 1 + random.IntN(3) {
						_ = w.guess(t, login, fmt.Sprint("guess ", random.Int()), fmt.Sprint("address ", random.Int()))
					}
				}
				if day > 7 && today > lockAgainAfter {
					t.Fatalf("%d guesses on day %d", today, day)
				}
				if login == "zoe" {
					w.again(t)
				}
			}
			// 20 at first, 10 for each of the locks of 15 min to 16 h, which take less than three days, and 10 on each day.
			if limit := lockAfter + 8*lockAgainAfter + days*lockAgainAfter; checked > limit || checked < days {
				t.Errorf("%d guesses in %d days; at most %d were to be expected", checked, days, limit)
			}
			t.Logf("%d guesses in %d days", checked, days)
		})
	}
}

func TestManyAccountsAreNotGuessedAtFasterThanOne(t *testing.T) {
	w := newWorld(t, nil).withOrg(t, "acme")
	const people = 50
	for i := range people {
		if _, err := w.CreateUser(t.Context(), acme, NewUser{Login: fmt.Sprint("user", i), Role: "worker"}); err != nil {
			t.Fatal(err)
		}
	}
	checked := 0
	w.verify = func(string, string) bool { checked++; return false }
	for range 24 * 60 { // from one address
		w.clock = w.clock.Add(time.Minute)
		for i := range people {
			_ = w.guess(t, fmt.Sprint("user", i), "Summer2026!", "192.0.2.1")
		}
	}
	if perDay := int(24 * time.Hour / ipFailuresEvery); checked > perDay+ipFailuresBurst || checked > people*(lockAfter+6*lockAgainAfter) {
		t.Errorf("%d guesses in a day", checked)
	}
}

func TestALockOutOutlivesARestartAndEndsByItself(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleDispatcher)
	w.lockOut(t, "zoe")
	w.again(t)
	if err := w.guess(t, "zoe", password, "elsewhere"); crdt.KindOf(err) != crdt.KindBusy {
		t.Errorf("after a restart: %v", err)
	}
	if locked, err := w.Locked("zoe"); !locked || err != nil {
		t.Errorf("locked %v, %v", locked, err)
	}
	w.clock = w.clock.Add(lockFirst)
	if err := w.guess(t, "zoe", password, "elsewhere"); err != nil {
		t.Errorf("after its time: %v", err)
	}
	w.again(t)
	for i := range lockAfter - 1 { // that she came in has ended the count
		w.clock = w.clock.Add(loginFailuresEvery)
		if err := w.guess(t, "zoe", "wrong", fmt.Sprint("address ", i)); crdt.KindOf(err) != crdt.KindUnauthenticated {
			t.Fatalf("guess %d afterwards: %v", i, err)
		}
	}
}

func TestEachLockLastsLongerUpToADay(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleDispatcher)
	w.verify = func(string, string) bool { return false }
	want := lockFirst
	for round := range 12 {
		failures := lockAfter
		if round > 0 {
			failures = lockAgainAfter
		}
		for range failures {
			w.clock = w.clock.Add(loginFailuresEvery)
			if err := w.guess(t, "zoe", "wrong", "somewhere"); crdt.KindOf(err) != crdt.KindUnauthenticated {
				t.Fatalf("round %d: %v", round, err)
			}
		}
		w.clock = w.clock.Add(want - time.Second)
		if locked, _ := w.Locked("zoe"); !locked {
			t.Errorf("lock %d is over before %s", round, want)
		}
		w.clock = w.clock.Add(time.Second)
		if locked, _ := w.Locked("zoe"); locked {
			t.Errorf("lock %d is not over after %s", round, want)
		}
		want = min(2*want, lockLongest)
	}
	w.clock = w.clock.Add(lockForgotten)
	if err := w.guess(t, "zoe", "wrong", "somewhere"); crdt.KindOf(err) != crdt.KindUnauthenticated {
		t.Fatal(err)
	}
	if s, err := w.locks.get("zoe", w.clock); err != nil || s.Locks != 0 || s.Failures != 1 {
		t.Errorf("after a quiet week: %+v %v", s, err)
	}
}

func TestAStrangerLocksNobodyOutOfWhereHeIsSignedIn(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleDispatcher).withUser(t, "abe", access.RoleAdministrator)
	token, session := w.token(t, "zoe"), w.session(t, "zoe", "browser")
	w.lockOut(t, "zoe")
	var her access.Principal
	for _, secret := range []string{token, session} {
		var err error
		if her, err = w.Authenticate(secret); err != nil {
			t.Errorf("signed in: %v", err)
		}
		if err := w.Confirm(her); err != nil {
			t.Errorf("coming in again: %v", err)
		}
	}
	if err := w.ChangePassword(t.Context(), her, password, "another password", false); err != nil {
		t.Errorf("changing the password where she is signed in: %v", err)
	}
	if _, p, err := w.SignInBySubject(Subject{Org: "acme", Issuer: "i", Subject: "s", Login: "zoe"}); err != nil || p.User != "zoe" {
		t.Errorf("by the provider: %v", err)
	}
	if err := w.guess(t, "abe", password, "elsewhere"); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	if err := w.guess(t, "zoe", "another password", "elsewhere"); crdt.KindOf(err) != crdt.KindBusy {
		t.Errorf("the lock is over already: %v", err)
	}
}

func TestALockOutIsEndedByWhoManagesTheAccount(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *world) error{
		"unlocked":       func(t *testing.T, w *world) error { return w.Unlock(w.as(t, "abe"), "zoe") },
		"by the machine": func(_ *testing.T, w *world) error { return w.Unlock(acme, "zoe") },
		"a new password": func(t *testing.T, w *world) error {
			if err := w.ResetPassword(t.Context(), w.as(t, "abe"), "zoe", "another password", false); err != nil {
				return err
			}
			return w.ResetPassword(t.Context(), acme, "zoe", password, false)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil).withUser(t, "zoe", access.RoleDispatcher).withUser(t, "abe", access.RoleAdministrator)
			w.lockOut(t, "zoe")
			for range loginFailuresBurst { // its other wait is used up too
				w.byLogin.add("zoe/acme", w.clock)
			}
			if err := end(t, w); err != nil {
				t.Fatal(err)
			}
			if err := w.guess(t, "zoe", password, "elsewhere"); err != nil {
				t.Errorf("%v", err)
			}
			w.again(t)
			if locked, err := w.Locked("zoe"); locked || err != nil {
				t.Errorf("after a restart: %v %v", locked, err)
			}
		})
	}
}

func TestTheOwnPasswordIsNotGuessedByWhoTookASession(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleDispatcher)
	her := w.as(t, "zoe")
	for i := range lockAfter {
		if err := w.ChangePassword(t.Context(), her, "wrong", "another password", false); crdt.KindOf(err) != crdt.KindForbidden {
			t.Fatalf("guess %d: %v", i, err)
		}
	}
	if err := w.ChangePassword(t.Context(), her, password, "another password", false); crdt.KindOf(err) != crdt.KindBusy {
		t.Errorf("the right one after too many: %v", err)
	}
	if err := w.guess(t, "zoe", password, "elsewhere"); err != nil {
		t.Errorf("she cannot sign in because of it: %v", err)
	}
}

func TestAnOutageOfTheDiskLocksNobodyOutAndLetsNobodyGuess(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleDispatcher)
	w.lockOut(t, "zoe")
	w.again(t)
	w.store.fail = errDisk
	if err := w.guess(t, "zoe", password, "elsewhere"); crdt.KindOf(err) != crdt.KindUnavailable {
		t.Errorf("%v", err)
	}
	w.store.fail = nil
	if err := w.guess(t, "zoe", password, "elsewhere"); crdt.KindOf(err) != crdt.KindBusy {
		t.Errorf("afterwards: %v", err)
	}
}

// What a locked account, an unknown login and a wrong password answer must not tell which of them it is.
func TestTheAnswersOfALockedAndAnUnknownLoginAreTheSame(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleDispatcher)
	w.verify = func(string, string) bool { return false }
	tell := func(login string) (out []string) {
		for range lockAfter + 5 {
			w.clock = w.clock.Add(loginFailuresEvery)
			rec := httptest.NewRecorder()
			serveSignIn(w, rec, loginRequest(login, "wrong", "198.51.100.1:1"))
			out = append(out, fmt.Sprint(rec.Code, rec.Header()["Retry-After"], rec.Body.String()))
		}
		return out
	}
	known, unknown := tell("zoe"), tell("nobody")
	for i := range known {
		if known[i] != unknown[i] {
			t.Errorf("attempt %d: %s and %s", i+1, known[i], unknown[i])
		}
	}
}
