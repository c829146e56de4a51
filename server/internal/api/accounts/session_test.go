package accounts

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"fieldsync/crdt/store/memstore"
	"fieldsync/server/internal/auth"
)

// newAuth is an Auth in which zoe is a dispatcher.
func newAuth(t *testing.T) *auth.Auth {
	t.Helper()
	a, err := auth.New(auth.Options{
		Store:    memstore.New(memstore.Options{}),
		ClientIP: func(*http.Request) netip.Addr { return netip.MustParseAddr("192.0.2.1") },
	})
	if err != nil {
		t.Fatal(err)
	}
	name := "Acme"
	if _, err := a.CreateOrg("acme", auth.OrgChange{Name: &name}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.CreateUser(t.Context(), auth.Operator("acme"), auth.NewUser{ID: "zoe", Login: "zoe", Name: "Zoe", Role: "dispatcher", Password: "correct horse"}); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestWhoSignsInIsKnownUntilSheSignsOut(t *testing.T) {
	h := Handlers{Auth: newAuth(t)}
	ask := func(method, body string, cookie *http.Cookie) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "http://sync.example/api/v1/session", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Origin", "http://sync.example")
		if cookie != nil {
			r.AddCookie(cookie)
		}
		rec := httptest.NewRecorder()
		switch method {
		case http.MethodPost:
			h.SignIn(rec, r)
		case http.MethodGet:
			h.Auth.Require(http.HandlerFunc(h.WhoAmI)).ServeHTTP(rec, r)
		case http.MethodDelete:
			h.Auth.Require(http.HandlerFunc(h.SignOut)).ServeHTTP(rec, r)
		}
		return rec
	}
	if rec := ask("POST", `{"login":"zoe","password":"wrong"}`, nil); rec.Code != http.StatusUnauthorized || len(rec.Result().Cookies()) != 0 {
		t.Errorf("wrong password: %d", rec.Code)
	}
	rec := ask("POST", `{"login":"zoe","password":"correct horse"}`, nil)
	if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), `"role":"dispatcher"`) {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	c := rec.Result().Cookies()[0]
	if rec := ask("GET", "", c); rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), `"user":"zoe"`) {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	if rec := ask("DELETE", "", c); rec.Code != http.StatusNoContent || rec.Result().Cookies()[0].MaxAge >= 0 {
		t.Errorf("%d %v", rec.Code, rec.Result().Cookies())
	}
	if rec := ask("GET", "", c); rec.Code != http.StatusUnauthorized {
		t.Errorf("after signing out: %d", rec.Code)
	}
}
