package auth

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"fieldsync/server/internal/access"
	"fieldsync/server/internal/problem"
)

// ask sends a request through Require, and gives the answer and what the inner handler saw.
func ask(w *world, change func(*http.Request)) (*httptest.ResponseRecorder, *http.Request) {
	var seen *http.Request
	h := w.Require(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r }))
	r := httptest.NewRequest(http.MethodGet, "http://sync.example/api/v1/thing?a=b", nil)
	change(r)
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec, seen
}

func bearer(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

func TestRequireTakesEachSourceAndHidesTheSecret(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleWorker)
	secret := w.token(t, "zoe")
	for name, change := range map[string]func(*http.Request){
		"header":             bearer(secret),
		"lower-case scheme":  func(r *http.Request) { r.Header.Set("Authorization", "bearer "+secret) },
		"query":              func(r *http.Request) { setQuery(r, "access_token="+secret+"&a=b") },
		"query with escapes": func(r *http.Request) { setQuery(r, "%61ccess_token="+secret+"&a=b") },
		"header over query": func(r *http.Request) {
			bearer(secret)(r)
			setQuery(r, "access_token=old&a=b")
		},
	} {
		rec, seen := ask(w, change)
		if seen == nil {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
			continue
		}
		if p, ok := PrincipalFrom(seen.Context()); !ok || p.User != "zoe" {
			t.Errorf("%s: principal %+v", name, p)
		}
		if seen.URL.Query().Get("a") != "b" {
			t.Errorf("%s: query %q", name, seen.URL.RawQuery)
		}
		if dump := fmt.Sprint(seen.URL, seen.RequestURI, seen.Header); strings.Contains(dump, secret) || strings.Contains(dump, "access_token") {
			t.Errorf("%s: the handler sees the secret: %s", name, dump)
		}
	}
}

func setQuery(r *http.Request, q string) {
	r.URL.RawQuery = q
	r.RequestURI = "/api/v1/thing?" + q
}

func TestRequireRefuses(t *testing.T) {
	w := newWorld(t, nil)
	for name, c := range map[string]struct {
		change func(*http.Request)
		reason Reason
	}{
		"nothing":      {func(*http.Request) {}, ReasonNone},
		"basic":        {func(r *http.Request) { r.SetBasicAuth("a", "b") }, ReasonNone},
		"wrong header": {bearer("nonsense"), ReasonUnknownToken},
		"wrong query":  {func(r *http.Request) { setQuery(r, "access_token=nonsense") }, ReasonUnknownToken},
		"wrong cookie": {func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "fieldsync", Value: "nonsense"}) }, ReasonUnknownToken},
	} {
		w.reasons = nil
		rec, seen := ask(w, c.change)
		if seen != nil || rec.Code != http.StatusUnauthorized || rec.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %d, seen %v", name, rec.Code, seen != nil)
		}
		if len(w.reasons) != 1 || w.reasons[0] != c.reason {
			t.Errorf("%s: counted %v", name, w.reasons)
		}
	}
}

func TestStoreFailureAnswersUnavailable(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleWorker)
	secret := w.token(t, "zoe")
	w.store.fail = errDisk
	rec, _ := ask(w, bearer(secret))
	if rec.Code != http.StatusServiceUnavailable || strings.Contains(rec.Body.String(), "fire") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

func TestFailuresOfAnAddressAreLimitedAndAValidTokenIsNot(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleWorker)
	secret := w.token(t, "zoe")
	for i := range ipFailuresBurst {
		if rec, _ := ask(w, bearer("guess")); rec.Code != http.StatusUnauthorized {
			t.Fatalf("guess %d: %d", i, rec.Code)
		}
	}
	rec, _ := ask(w, bearer("guess"))
	if rec.Code != http.StatusTooManyRequests || rec.Header().Get("Retry-After") == "" {
		t.Errorf("one more: %d", rec.Code)
	}
	if _, seen := ask(w, bearer(secret)); seen == nil {
		t.Error("a neighbour with a valid token is shut out")
	}
	elsewhere := func(r *http.Request) { bearer("guess")(r); r.RemoteAddr = "198.51.100.7:1" }
	if rec, _ := ask(w, elsewhere); rec.Code != http.StatusUnauthorized {
		t.Errorf("another address: %d", rec.Code)
	}
	w.clock = w.clock.Add(ipFailuresEvery)
	if rec, _ := ask(w, bearer("guess")); rec.Code != http.StatusUnauthorized {
		t.Errorf("after waiting: %d", rec.Code)
	}
}

func TestTableOfFailuresIsBounded(t *testing.T) {
	f, err := newFailures(1, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for i := range failureTableSize * 2 {
		f.add(fmt.Sprint(i), now)
	}
	if n := f.table.Len(); n != failureTableSize {
		t.Errorf("%d entries", n)
	}
}

func loginRequest(login, password, from string) *http.Request {
	body, _ := json.Marshal(Login{Login: login, Password: password})
	r := httptest.NewRequest(http.MethodPost, "http://sync.example/api/v1/session", strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", "http://sync.example")
	r.RemoteAddr = from
	return r
}

func signIn1(w *world, login, password string, change func(*http.Request)) *httptest.ResponseRecorder {
	r := loginRequest(login, password, "192.0.2.1:1234")
	if change != nil {
		change(r)
	}
	rec := httptest.NewRecorder()
	serveSignIn(w, rec, r)
	return rec
}

// serveSignIn is what package accounts makes of these functions.
func serveSignIn(w *world, rec http.ResponseWriter, r *http.Request) {
	err := w.CheckOrigin(r)
	var in Login
	if err == nil {
		err = json.NewDecoder(r.Body).Decode(&in)
	}
	if err == nil {
		var secret string
		if secret, _, err = w.SignIn(r, in); err == nil {
			http.SetCookie(rec, w.SessionCookie(r, secret))
			return
		}
	}
	w.Refused(err)
	problem.Write(rec, err)
}

func TestSessionOfABrowser(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleDispatcher)
	rec := signIn1(w, "Zoe", "correct horse", nil)
	if rec.Code != http.StatusOK {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	c := rec.Result().Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Secure || c.Path != "/" || c.Domain != "" {
		t.Errorf("cookie %+v", c)
	}
	with := func(method, origin, upgrade string) int {
		rec, _ := ask(w, func(r *http.Request) {
			r.Method = method
			r.AddCookie(c)
			if origin != "" {
				r.Header.Set("Origin", origin)
			}
			if upgrade != "" {
				r.Header.Set("Upgrade", upgrade)
			}
		})
		return rec.Code
	}
	for _, x := range []struct {
		method, origin, upgrade string
		want                    int
	}{
		{"GET", "", "", 200},
		{"POST", "http://sync.example", "", 200},
		{"GET", "http://sync.example", "websocket", 200},
		{"POST", "", "", 403},
		{"POST", "null", "", 403},
		{"POST", "http://evil.example", "", 403},
		{"DELETE", "http://sync.example.evil.example", "", 403},
		{"GET", "http://evil.example", "websocket", 403},
		{"GET", "", "websocket", 403},
	} {
		if got := with(x.method, x.origin, x.upgrade); got != x.want {
			t.Errorf("%+v: %d", x, got)
		}
	}

	p, err := w.Authenticate(c.Value)
	if err != nil || w.SignOut(p) != nil {
		t.Fatal(err)
	}
	if got := with("GET", "", ""); got != http.StatusUnauthorized {
		t.Errorf("the cookie after signing out: %d", got)
	}
}

func TestCookieOverTLS(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.PublicURL = "https://sync.example" }).withUser(t, "zoe", access.RoleDispatcher)
	rec := signIn1(w, "zoe", "correct horse", func(r *http.Request) { r.Header.Set("Origin", "https://sync.example") })
	c := rec.Result().Cookies()[0]
	if c.Name != "__Host-fieldsync" || !c.Secure || !c.HttpOnly {
		t.Errorf("%+v", c)
	}
	if rec := signIn1(w, "zoe", "correct horse", nil); rec.Code != http.StatusForbidden {
		t.Errorf("a page over plain http of the same name: %d", rec.Code)
	}
}

func TestFriendlyOrigin(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Origins = []string{"https://apps.example"} }).withUser(t, "zoe", access.RoleDispatcher)
	if rec := signIn1(w, "zoe", "correct horse", func(r *http.Request) { r.Header.Set("Origin", "https://apps.example") }); rec.Code != http.StatusOK {
		t.Errorf("%d", rec.Code)
	}
}

func TestSignInRefuses(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleDispatcher)
	if _, err := w.CreateUser(t.Context(), acme, NewUser{ID: "machine", Login: "machine", Role: "worker"}); err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, c := range [][2]string{{"zoe", "wrong"}, {"nobody", "wrong"}, {"machine", ""}, {"machine", "x"}, {"a b", "x"}, {"zoe", strings.Repeat("x", 2000)}} {
		rec := signIn1(w, c[0], c[1], nil)
		if rec.Code != http.StatusUnauthorized || len(rec.Result().Cookies()) != 0 {
			t.Errorf("%v: %d", c, rec.Code)
		}
		texts = append(texts, rec.Body.String())
	}
	for _, text := range texts {
		if text != texts[0] {
			t.Errorf("the words tell which logins exist: %q and %q", texts[0], text)
		}
	}
	if rec := signIn1(w, "zoe", "correct horse", func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }); rec.Code != http.StatusForbidden {
		t.Errorf("from another site: %d", rec.Code)
	}
}

func TestGuessingAPasswordIsLimitedByLoginToo(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleDispatcher)
	from := func(i int) func(*http.Request) {
		return func(r *http.Request) { r.RemoteAddr = fmt.Sprintf("198.51.100.%d:1", i) }
	}
	for i := range loginFailuresBurst {
		if rec := signIn1(w, "zoe", "guess", from(i)); rec.Code != http.StatusUnauthorized {
			t.Fatalf("guess %d: %d", i, rec.Code)
		}
	}
	if rec := signIn1(w, "zoe", "correct horse", from(200)); rec.Code != http.StatusTooManyRequests {
		t.Errorf("the right one among too many guesses: %d", rec.Code)
	}
	w.clock = w.clock.Add(loginFailuresEvery)
	if rec := signIn1(w, "zoe", "correct horse", from(200)); rec.Code != http.StatusOK {
		t.Errorf("after waiting: %d", rec.Code)
	}
}

func TestGuessingLoginsIsLimitedByAddress(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleDispatcher)
	for range ipFailuresBurst {
		w.byIP.add("192.0.2.1", w.clock) // httptest's address
	}
	if rec := signIn1(w, "zoe", "correct horse", nil); rec.Code != http.StatusTooManyRequests {
		t.Errorf("after too many failures from here: %d", rec.Code)
	}
	elsewhere := func(r *http.Request) { r.RemoteAddr = "198.51.100.7:1" }
	if rec := signIn1(w, "zoe", "correct horse", elsewhere); rec.Code != http.StatusOK {
		t.Errorf("from elsewhere: %d", rec.Code)
	}
}

func TestPasswordGateIsBounded(t *testing.T) {
	g := newPasswordGate()
	for range passwordsAtOnce {
		if _, err := g.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for range passwordsInWaiting {
		g.waiting <- struct{}{}
	}
	if _, err := g.enter(t.Context()); err == nil {
		t.Error("one more waits")
	}
}
