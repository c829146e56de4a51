package oidc

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"fieldsync/server/internal/access"
	"fieldsync/server/internal/auth"

	"github.com/go-jose/go-jose/v4"
)

func TestAPersonSignsInAndReturnsToThePage(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	start := w.get(b, w.server.URL+StartPath)
	c := start.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.MaxAge != int(pendingFor/time.Second) {
		t.Errorf("the cookie: %+v", c)
	}
	to, err := url.Parse(start.Header.Get("Location"))
	if err != nil || strings.Contains(c.Value, to.Query().Get("state")) || strings.Contains(c.Value, to.Query().Get("nonce")) {
		t.Errorf("the cookie shows what belongs to the sign-in: %v", err)
	}
	answer := w.get(b, w.begin(b, "/jobs?status=started#top"))
	if answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != "/jobs?status=started#top" {
		t.Errorf("%d to %s", answer.StatusCode, answer.Header.Get("Location"))
	}
	if user, ok := w.session(answer); !ok || user != w.zoe {
		t.Errorf("signed in as %q", user)
	}
	u, err := w.auth.User(auth.Operator("acme"), w.zoe)
	if err != nil || u.Subject == "" || u.Name != "Zoe of acme" {
		t.Errorf("%+v %v", u, err)
	}
}

func TestWhatTheProviderSaysIsChecked(t *testing.T) {
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	set := func(name string, value any) func(*world) {
		return func(w *world) { w.issuer.claims = func(c map[string]any) { c[name] = value } }
	}
	without := func(name string) func(*world) {
		return func(w *world) { w.issuer.claims = func(c map[string]any) { delete(c, name) } }
	}
	for name, c := range map[string]struct {
		change func(*world)
		why    string
	}{
		"another nonce":        {set("nonce", "x"), "nonce"},
		"no nonce":             {without("nonce"), "nonce"},
		"another audience":     {set("aud", "another-client"), "the ID token is not one for us"},
		"no audience":          {without("aud"), "the ID token is not one for us"},
		"authorized another":   {set("azp", "another-client"), "the ID token is another client's"},
		"another issuer":       {set("iss", "https://sso.example"), "the ID token is not one for us"},
		"expired":              {func(w *world) { set("exp", w.clock.Add(-time.Second).Unix())(w) }, "the ID token has expired"},
		"no expiry":            {without("exp"), "the ID token has expired"},
		"no subject":           {without("sub"), "the ID token's claims"},
		"unverified":           {set("email_verified", false), "the e-mail address is not verified"},
		"unverified in text":   {set("email_verified", "false"), "the e-mail address is not verified"},
		"verified or not":      {without("email_verified"), "the e-mail address is not verified"},
		"verified, of a sort":  {set("email_verified", 1), "the e-mail address is not verified"},
		"no address":           {without("email"), ""},
		"an address of nobody": {set("email", "abe@acme.example"), ""},
		"an address of a path": {set("email", "zoe@acme.example/rival"), ""},
		"another's key": {func(w *world) {
			w.issuer.sign = func(c map[string]any) string { return signed(w.t, jose.ES256, other, c) }
		}, "the ID token is not one for us"},
		"signed with the secret": {func(w *world) {
			w.issuer.sign = func(c map[string]any) string {
				return signed(w.t, jose.HS256, []byte(strings.Repeat(clientSecret, 3)), c)
			}
		}, "the ID token is not one for us"},
		"not signed": {func(w *world) {
			w.issuer.sign = func(c map[string]any) string {
				body, _ := json.Marshal(c)
				enc := base64.RawURLEncoding
				return enc.EncodeToString([]byte(`{"alg":"none","kid":"k1"}`)) + "." + enc.EncodeToString(body) + "."
			}
		}, "the ID token is not one for us"},
		"no token": {func(w *world) { w.issuer.sign = func(map[string]any) string { return "" } }, "the ID token is not one for us"},
		"disabled": {func(w *world) {
			yes := true
			if _, err := w.auth.ChangeUser(auth.Operator("acme"), w.zoe, auth.UserChange{Disabled: &yes}, 0); err != nil {
				w.t.Fatal(err)
			}
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			w := newWorld(t, func(o *Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
			c.change(w)
			b := w.browser()
			answer := w.get(b, w.begin(b, "/jobs"))
			if user, ok := w.session(answer); ok || answer.StatusCode != http.StatusForbidden {
				t.Errorf("%d, signed in as %q", answer.StatusCode, user)
			}
			if w.reasons[auth.ReasonProvider] != 1 {
				t.Errorf("counted %v", w.reasons)
			}
			if c.why != "" && !strings.Contains(log.String(), c.why) || strings.Contains(strings.ToLower(log.String()), "zoe") || strings.Contains(log.String(), "subject-1") {
				t.Errorf("the log says %s", log.String())
			}
			w.issuer.claims, w.issuer.sign = nil, nil
			if _, ok := w.session(w.get(b, w.begin(b, "/jobs"))); ok != (name != "disabled") {
				t.Errorf("a proper one afterwards: %v", ok)
			}
		})
	}
}

func TestASignInIsGoodOnceForWhoBeganItAndForAWhile(t *testing.T) {
	w := newWorld(t, nil)
	refused := func(what string, answer *http.Response) {
		t.Helper()
		if user, ok := w.session(answer); ok || answer.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d, signed in as %q", what, answer.StatusCode, user)
		}
	}
	b := w.browser()
	back := w.begin(b, "/")
	refused("another browser", w.get(w.browser(), back))

	u, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("state", "x"+q.Get("state")[1:])
	u.RawQuery = q.Encode()
	server, _ := url.Parse(w.server.URL)
	kept := b.Jar.Cookies(server)
	refused("another state", w.get(b, u.String()))

	asked := w.issuer.codes["code-1"]
	b.Jar.SetCookies(server, kept)
	if _, ok := w.session(w.get(b, back)); !ok {
		t.Fatal("the proper one is refused")
	}
	if len(b.Jar.Cookies(server)) != 1 { // the session's
		t.Errorf("the cookie stays: %v", b.Jar.Cookies(server))
	}
	w.issuer.codes["fresh"] = asked // even if the provider gave another code for it
	again := w.browser()
	again.Jar.SetCookies(server, kept)
	refused("a second time", w.get(again, strings.Replace(back, "code=code-1", "code=fresh", 1)))

	late := w.browser()
	back = w.begin(late, "/")
	w.clock = w.clock.Add(pendingFor)
	refused("too late", w.get(late, back))

	forged := w.browser()
	back = w.begin(forged, "/")
	c := *forged.Jar.Cookies(server)[0]
	c.Value = c.Value[:len(c.Value)-4] + "AAAA"
	forged.Jar.SetCookies(server, []*http.Cookie{&c})
	refused("a forged cookie", w.get(forged, back))

	declined := w.browser()
	back = w.begin(declined, "/")
	u, _ = url.Parse(back)
	refused("the person declined", w.get(declined, w.server.URL+CallbackPath+"?error=access_denied&state="+u.Query().Get("state")))
}

func TestTheWayBackIsAPathOfThisServer(t *testing.T) {
	w := newWorld(t, nil)
	for _, back := range []string{"https://evil.example/", "//evil.example/", `/\evil.example`, `\\evil.example`, "javascript:alert(1)", "jobs", "/\tevil", "/\n/evil.example",
		"http:/evil.example", "/" + strings.Repeat("x", maxReturn), "@evil.example", ".evil.example", "/ü"} {
		answer := w.get(w.browser(), w.server.URL+StartPath+"?"+url.Values{"return": {back}}.Encode())
		if answer.StatusCode != http.StatusBadRequest || answer.Header.Get("Location") != "" || len(answer.Cookies()) != 0 {
			t.Errorf("%q: %d to %q", back, answer.StatusCode, answer.Header.Get("Location"))
		}
	}
	for _, back := range []string{"", "/", "/jobs/1", "/m/?a=b#c", "/a//b"} {
		if answer := w.get(w.browser(), w.server.URL+StartPath+"?"+url.Values{"return": {back}}.Encode()); answer.StatusCode != http.StatusFound {
			t.Errorf("%q: %d", back, answer.StatusCode)
		}
	}
}

func TestAProviderThatIsDownKeepsNobodyOutForEver(t *testing.T) {
	w := newWorld(t, nil)
	w.issuer.down = true
	start := func() int {
		t.Helper()
		answer := w.get(w.browser(), w.server.URL+StartPath)
		if answer.StatusCode == http.StatusServiceUnavailable && answer.Header.Get("Retry-After") == "" {
			t.Error("nobody is told to come again")
		}
		return answer.StatusCode
	}
	for range 3 {
		if got := start(); got != http.StatusServiceUnavailable {
			t.Errorf("while it is down: %d", got)
		}
	}
	if n := w.issuer.asked["/.well-known/openid-configuration"]; n != 1 {
		t.Errorf("it was asked %d times within %s", n, askAgain)
	}
	w.issuer.down = false
	w.clock = w.clock.Add(askAgain)
	if got := start(); got != http.StatusFound {
		t.Errorf("when it is back: %d", got)
	}

	b := w.browser()
	back := w.begin(b, "/")
	w.issuer.down = true
	answer := w.get(b, back)
	if _, ok := w.session(answer); ok || answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("down meanwhile: %d", answer.StatusCode)
	}
	if w.reasons[auth.ReasonProvider] != 0 {
		t.Error("the person is blamed for it")
	}
	w.clock = w.clock.Add(2 * goodFor) // what it is like is read again; while it is down what was known will do
	if got := start(); got != http.StatusFound {
		t.Errorf("down, and known: %d", got)
	}
}

func TestAProviderThatAnswersWithoutEndIsCutOff(t *testing.T) {
	w := newWorld(t, nil)
	w.issuer.answer = func(rw http.ResponseWriter) bool {
		rw.Header().Set("Content-Type", "application/json")
		_, _ = rw.Write([]byte(`{"access_token":"`))
		_, _ = rw.Write(bytes.Repeat([]byte("x"), 4*maxAnswer)) // fails when we hang up
		return true
	}
	b := w.browser()
	answer := w.get(b, w.begin(b, "/"))
	if _, ok := w.session(answer); ok || answer.StatusCode < 400 {
		t.Errorf("%d", answer.StatusCode)
	}
}

func TestUsersAreMadeOnlyWhereThatIsSet(t *testing.T) {
	for _, role := range []access.Role{"", access.RoleWorker} {
		w := newWorld(t, func(o *Options) { o.Create = role })
		w.issuer.claims = func(c map[string]any) { c["email"], c["sub"], c["name"] = "abe@acme.example", "subject-2", "Abe" }
		b := w.browser()
		user, ok := w.session(w.get(b, w.begin(b, "/")))
		if ok != (role != "") {
			t.Errorf("create %q: signed in %v", role, ok)
		}
		u, err := w.auth.FindUser("acme", "abe@acme.example")
		if (err == nil) != ok || ok && (u.ID != user || u.Role != access.RoleWorker || u.Name != "Abe" || u.PasswordHash != "") {
			t.Errorf("create %q: %+v %v", role, u, err)
		}
	}
}

func TestTheUsernameCountsWhereThatIsSet(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Claim = ClaimUsername })
	u, err := w.auth.CreateUser(t.Context(), auth.Operator("acme"), auth.NewUser{Login: "zoe", Role: "worker"})
	if err != nil {
		t.Fatal(err)
	}
	w.issuer.claims = func(c map[string]any) { delete(c, "email_verified") }
	b := w.browser()
	if user, ok := w.session(w.get(b, w.begin(b, "/"))); !ok || user != u.ID {
		t.Errorf("signed in as %q, %v", user, ok)
	}
}

func TestTheSubjectCountsOnceItIsKnown(t *testing.T) {
	w := newWorld(t, nil)
	signIn := func(sub, email string) (string, bool) {
		w.issuer.claims = func(c map[string]any) { c["sub"], c["email"] = sub, email }
		b := w.browser()
		return w.session(w.get(b, w.begin(b, "/")))
	}
	if user, _ := signIn("subject-1", "zoe@acme.example"); user != w.zoe {
		t.Fatalf("signed in as %q", user)
	}
	if user, ok := signIn("subject-1", "zoe.married@acme.example"); user != w.zoe {
		t.Errorf("with a new address: %q %v", user, ok)
	}
	if user, ok := signIn("subject-9", "zoe@acme.example"); ok {
		t.Errorf("somebody else with her old address is signed in as %q", user)
	}
	if err := w.auth.Unlink(auth.Operator("acme"), w.zoe); err != nil {
		t.Fatal(err)
	}
	if user, _ := signIn("subject-9", "zoe@acme.example"); user != w.zoe {
		t.Errorf("after she was unlinked: %q", user)
	}
	if _, ok := signIn("subject-1", "zoe@acme.example"); ok {
		t.Error("and the one before too")
	}
}

func TestABrowserIsSentBackToItsPageWithTheReason(t *testing.T) {
	w := newWorld(t, nil)
	w.issuer.claims = func(c map[string]any) { c["email_verified"] = false }
	b := w.browser()
	answer := w.get(b, w.begin(b, "/jobs?a=b"), "Accept", "text/html,application/xhtml+xml")
	if answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != "/jobs?a=b&sign_in_error=forbidden" {
		t.Errorf("%d to %s", answer.StatusCode, answer.Header.Get("Location"))
	}
}

func TestABrowserIsSentBackAlsoWhenTheProviderIsDownOrTheSignInIsNotKnown(t *testing.T) {
	w := newWorld(t, nil)
	w.issuer.down = true
	for _, c := range []struct{ path, want string }{
		{StartPath + "?return=/jobs", "/jobs?sign_in_error=unavailable"},
		{CallbackPath + "?state=old&code=c", "/?sign_in_error=forbidden"},
	} {
		answer := w.get(w.browser(), w.server.URL+c.path, "Accept", "text/html,application/xhtml+xml")
		if answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != c.want {
			t.Errorf("%s: %d to %q", c.path, answer.StatusCode, answer.Header.Get("Location"))
		}
	}
}

func TestFailuresOfAnAddressAreLimited(t *testing.T) {
	w := newWorld(t, nil)
	w.issuer.claims = func(c map[string]any) { c["nonce"] = "x" }
	blocked := 0
	for range 30 {
		b := w.browser()
		if w.get(b, w.begin(b, "/")).StatusCode == http.StatusTooManyRequests {
			blocked++
		}
	}
	if blocked != 10 {
		t.Errorf("%d of 30 failures were too many", blocked)
	}
	before := w.issuer.asked["/token"]
	w.issuer.claims = nil
	b := w.browser()
	if answer := w.get(b, w.begin(b, "/")); answer.StatusCode != http.StatusTooManyRequests || w.issuer.asked["/token"] != before {
		t.Errorf("%d, and the provider is asked all the same", answer.StatusCode)
	}
}
