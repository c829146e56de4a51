package api_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/store/memstore"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/api/idempotency"
	"fieldsync/server/internal/auth"

	"github.com/danielgtaylor/huma/v2"
)

// shop is an API whose one operation makes things under ids of NewID.
type shop struct {
	http.Handler
	made    []string // ids, in order
	fail    error
	under   chan struct{} // if not nil: the operation waits for it
	entered chan struct{}
}

func openShop(t *testing.T, st *memstore.Store) *shop {
	t.Helper()
	keys, err := idempotency.New(st, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{entered: make(chan struct{}, 10)}
	mux := http.NewServeMux()
	s.Handler = mux
	a := api.New(mux, api.Options{
		Version: "1", Keys: keys, Quickly: func(h http.Handler) http.Handler { return h },
		Require: func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				p := access.Principal{ID: "user:" + r.Header.Get("User"), Org: "acme", Role: access.RoleDispatcher}
				h.ServeHTTP(w, r.WithContext(auth.WithPrincipal(r.Context(), p)))
			})
		},
	})
	type in struct{ Body thing }
	type out struct {
		ETag string `header:"ETag"`
		Body struct {
			ID string `json:"id"`
		}
	}
	huma.Register(a, api.Keyed(huma.Operation{OperationID: "make", Method: http.MethodPost, Path: "/api/v1/things", DefaultStatus: 201}),
		func(ctx context.Context, in *in) (*out, error) {
			s.entered <- struct{}{}
			if s.under != nil {
				<-s.under
			}
			id, _ := api.NewID(ctx, "thing")
			if s.fail != nil {
				return nil, s.fail
			}
			s.made = append(s.made, hex.EncodeToString(id[:]))
			o := &out{ETag: `"1"`}
			o.Body.ID = s.made[len(s.made)-1]
			return o, nil
		})
	return s
}

func TestARepeatedRequestIsDoneOnceAndAnsweredTheSame(t *testing.T) {
	st := memstore.New(memstore.Options{})
	s := openShop(t, st)
	key := []string{"Idempotency-Key", `"` + rand.Text() + `"`}
	first, _ := ask(s, "POST", "/api/v1/things", `{"name":"a"}`, key...)
	if first.Code != 201 || len(s.made) != 1 {
		t.Fatalf("%d %s", first.Code, first.Body)
	}
	s = openShop(t, st) // the server starts again
	for _, k := range []string{key[1], strings.Trim(key[1], `"`)} {
		again, _ := ask(s, "POST", "/api/v1/things", `{"name":"a"}`, "Idempotency-Key", k)
		if again.Code != 201 || again.Body.String() != first.Body.String() || again.Header().Get("ETag") != `"1"` ||
			again.Header().Get("Idempotent-Replayed") != "true" || again.Header().Get("Content-Type") != first.Header().Get("Content-Type") {
			t.Errorf("%d %s %v", again.Code, again.Body, again.Header())
		}
	}
	if len(s.made) != 0 {
		t.Errorf("made again: %v", s.made)
	}
	if w, d := ask(s, "POST", "/api/v1/things", `{"name":"b"}`, key...); w.Code != 422 || d.Code != "idempotency-key-reused" {
		t.Errorf("another body: %d %s", w.Code, w.Body)
	}
	if w, _ := ask(s, "POST", "/api/v1/things", `{"name":"b"}`, append(key, "User", "ben")...); w.Code != 201 || len(s.made) != 1 {
		t.Errorf("another's key: %d %s", w.Code, w.Body)
	}
	for range 2 {
		if w, _ := ask(s, "POST", "/api/v1/things", `{"name":"a"}`); w.Code != 201 {
			t.Errorf("without a key: %d", w.Code)
		}
	}
	if len(s.made) != 3 || s.made[1] == s.made[2] {
		t.Errorf("made %v", s.made)
	}
}

func TestAFailedRequestMayBeTriedAgainAndMakesTheSame(t *testing.T) {
	s := openShop(t, memstore.New(memstore.Options{}))
	key := []string{"Idempotency-Key", "k"}
	s.fail = crdt.Errorf(crdt.KindUnavailable, "no disk")
	for range 2 {
		if w, _ := ask(s, "POST", "/api/v1/things", `{"name":"a"}`, key...); w.Code != 503 || w.Header().Get("Retry-After") == "" {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	if w, d := ask(s, "POST", "/api/v1/things", `{}`, key...); w.Code != 400 || d.Code != "invalid" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	s.fail = nil
	if w, _ := ask(s, "POST", "/api/v1/things", `{"name":"a"}`, key...); w.Code != 201 || len(s.made) != 1 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
}

func TestARequestUnderWayIsAConflict(t *testing.T) {
	s := openShop(t, memstore.New(memstore.Options{}))
	s.under = make(chan struct{})
	done := make(chan int)
	go func() {
		w, _ := ask(s, "POST", "/api/v1/things", `{"name":"a"}`, "Idempotency-Key", "k")
		done <- w.Code
	}()
	<-s.entered
	if w, d := ask(s, "POST", "/api/v1/things", `{"name":"a"}`, "Idempotency-Key", "k"); w.Code != 409 || d.Code != "in-progress" || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	close(s.under)
	if code := <-done; code != 201 {
		t.Errorf("%d", code)
	}
}

func TestAKeyThatIsNoneIsRefusedAndABodyIsBounded(t *testing.T) {
	s := openShop(t, memstore.New(memstore.Options{}))
	for _, c := range []struct {
		key, body string
		status    int
	}{
		{"", `{"name":"a"}`, 400}, {`""`, `{"name":"a"}`, 400}, {"a b", `{"name":"a"}`, 400},
		{"k", fmt.Sprintf(`{"name":%q}`, strings.Repeat("a", api.MaxBody)), 413},
	} {
		if w, d := ask(s, "POST", "/api/v1/things", c.body, "Idempotency-Key", c.key); w.Code != c.status || d.Code == "" {
			t.Errorf("%q: %d %s", c.key, w.Code, w.Body)
		}
	}
	if len(s.made) > 0 {
		t.Errorf("made %v", s.made)
	}
}
