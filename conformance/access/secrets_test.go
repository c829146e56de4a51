package access_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"fieldsync/conformance/internal/light"

	"github.com/gorilla/websocket"
)

// secrets are what must not get into a log, by what it is.
type secrets struct {
	mu  sync.Mutex
	all map[string]string
}

func (s *secrets) keep(what, secret string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(secret) >= 8 {
		s.all[what] = secret
	}
	return secret
}

// found gives the secrets that stand in a text, as they are or as URLs, JSON and base64 write them.
func (s *secrets) found(text string) (out []string) {
	for what, secret := range s.all {
		j, _ := json.Marshal(secret)
		for _, form := range []string{secret, url.QueryEscape(secret), strings.Trim(string(j), `"`), base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret))} {
			if at := strings.Index(text, form); at >= 0 {
				line := text[strings.LastIndexByte(text[:at], '\n')+1:]
				line, _, _ = strings.Cut(line, "\n")
				out = append(out, what+" in: "+line)
				break
			}
		}
	}
	return out
}

// TestNoSecretGetsIntoALog does with credentials, passwords and secrets whatever people and programs do with them, right and wrong, at a server
// that logs everything; and then looks for them in all that it has printed, and in the account log.
func TestNoSecretGetsIntoALog(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) { noSecretIn(t, format) })
	}
}

func noSecretIn(t *testing.T, format string) {
	receiver := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusTeapot) }))
	defer receiver.Close()
	host := strings.TrimPrefix(receiver.URL, "http://")
	logFile := filepath.Join(t.TempDir(), "log")
	f, err := os.Create(logFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := prepareWorld(t, "--log-level", "debug", "--log-format", format, "--webhook-allow", "127.0.0.1", "--trusted-proxies", "127.0.0.1/32")
	w.Log = f
	w.start()
	s := &secrets{all: map[string]string{}}
	s.keep("the password", password)
	for who, p := range w.people {
		s.keep("a token of "+who, p.token)
	}
	w.add("acme", "worker", "anna")
	w.key("acme", "erp", "dispatcher")
	anna, key := s.keep("anna's token", w.people["anna"].token), s.keep("an API key", w.people["erp"].token)
	owner := w.people["owner"].token
	wrong := s.keep("a wrong token", "fs_Wr0ngT0kenThatNobodyEverHad0123456789abcdef")
	// Things that are secret although no credential: what stands in documents, and people's names.
	customer, person := s.keep("a customer's name", "Bartholomew Quigley"), s.keep("a person's name", "Zebedee Featherstone")
	from := 0
	do := func(token, method, path string, header http.Header, body any) []byte {
		t.Helper()
		var in []byte
		switch b := body.(type) {
		case nil:
		case string:
			in = []byte(b)
		default:
			in, _ = json.Marshal(b)
		}
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+w.Addr+path, bytes.NewReader(in))
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range header {
			req.Header[k] = v
		}
		from++ // each from another address: too many failures from one are refused before anything else
		req.Header.Set("X-Forwarded-For", fmt.Sprintf("10.%d.%d.1", from>>8, from&0xff))
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		if body != nil && req.Header.Get("Content-Type") == "" {
			req.Header.Set("Content-Type", "application/json")
		}
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		for _, c := range res.Cookies() {
			s.keep("a session", c.Value)
		}
		if strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
			return nil
		}
		out, _ := io.ReadAll(res.Body)
		return out
	}

	// Signing in, with right and wrong passwords, for browsers and phones; changing and resetting passwords.
	badPassword, nextPassword := s.keep("a wrong password", "Tr0ub4dor-and-3-nonsense"), s.keep("a new password", "a new and much longer password")
	for _, path := range []string{"/api/v1/session", "/api/v1/tokens"} {
		for _, pw := range []string{password, badPassword} {
			do("", "POST", path, http.Header{"Origin": {"http://" + w.Addr}}, m("login", "anna", "org", "acme", "password", pw, "label", person))
		}
		do("", "POST", path, nil, `{"login": "anna", "password": "`+badPassword+`"`)
		do("", "POST", path, nil, m("login", badPassword, "password", badPassword, "more", badPassword))
		do("", "POST", path+"?password="+url.QueryEscape(badPassword), nil, m("login", 5, "password", []string{badPassword}))
	}
	var user struct{ ID string }
	_ = json.Unmarshal(do(owner, "POST", "/api/v1/users", nil, m("login", "zeb", "name", person, "role", "worker", "password", s.keep("zeb's password", "the password of zebedee"))), &user)
	do(owner, "PUT", "/api/v1/users/"+user.ID+"/password", nil, m("password", nextPassword))
	do(anna, "PUT", "/api/v1/me/password", nil, m("old_password", badPassword, "new_password", nextPassword))
	do(anna, "PUT", "/api/v1/me/password", nil, m("old_password", password, "new_password", nextPassword))

	// Every operation with credentials in every place, and names and secrets where ids and words should be.
	for _, op := range w.operations() {
		path := op.path
		for _, p := range op.params {
			if p.In == "path" {
				path = strings.ReplaceAll(path, "{"+p.Name+"}", wrong)
			}
		}
		var body any
		if op.hasBody {
			body = m("password", badPassword, "token", wrong, "title", customer, "name", person, "text", customer, "url", "https://"+host+"/"+wrong)
		}
		cookie := http.Header{"Cookie": {"fieldsync_session=" + wrong + "; __Host-fieldsync_session=" + wrong}, "Origin": {"https://evil.example/" + wrong},
			"Idempotency-Key": {wrong[:32]}, "If-Match": {`"` + wrong + `"`}, "Last-Event-ID": {wrong}, "Upload-Metadata": {"sha256 " + base64.StdEncoding.EncodeToString([]byte(wrong))}, "User-Agent": {wrong}}
		do(wrong, op.method, path, nil, body)
		do("", op.method, path+"?access_token="+url.QueryEscape(wrong), nil, body)
		do("", op.method, path, cookie, body)
		do("", op.method, path, http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte("anna:"+badPassword))}}, body)
		do("", op.method, path, http.Header{"Authorization": {"Bearer " + wrong + " " + badPassword}}, body)
		if op.id != "sign-out" && !strings.HasPrefix(op.id, "stream") {
			do(anna, op.method, path+"?q="+url.QueryEscape(customer)+"&cursor="+wrong, cookie, body)
			do("", op.method, path+"?access_token="+url.QueryEscape(key), nil, body)
		}
	}
	for _, path := range []string{"/", "/healthz", "/readyz", "/metrics", "/nothing/" + wrong, "/api/v1/" + wrong, "/sync", "/sync/" + wrong} {
		for _, q := range []string{"?access_token=" + url.QueryEscape(wrong), "?access_token=" + url.QueryEscape(anna), "?token=" + wrong} {
			do("", "GET", path+q, nil, nil)
			do("", "BREW", path+q, nil, nil)
		}
	}

	// Webhooks: their secret, an address that is one, and a delivery that fails.
	address := s.keep("a webhook's address", "T024BE7LD-B0AQJ1V6Z-webhook-address")
	var hook struct{ ID, Secret string }
	if out := do(owner, "POST", "/api/v1/webhooks", nil, m("url", receiver.URL+"/"+address)); json.Unmarshal(out, &hook) != nil || hook.Secret == "" {
		t.Fatalf("webhook: %s", out)
	}
	s.keep("a webhook's secret", hook.Secret)
	do(owner, "POST", "/api/v1/webhooks/"+hook.ID+"/test", nil, nil)
	_ = json.Unmarshal(do(owner, "POST", "/api/v1/webhooks/"+hook.ID+"/rotate", nil, nil), &hook)
	s.keep("a webhook's next secret", hook.Secret)
	do(owner, "POST", "/api/v1/webhooks", nil, m("url", "http://user:"+badPassword+"@"+host+"/"))

	// Documents by the WebSocket: what is refused, and names wherever a peer chooses one.
	do(owner, "DELETE", "/api/v1/users/"+w.people["anna"].user+"/lock", nil, nil)
	w.signInWith("anna", "acme", nextPassword)
	anna = s.keep("anna's next token", w.people["anna"].token)
	pen := newPen(t)
	office := &stage{world: w, pen: pen, core: "3"}
	office.people["office"] = office.people["owner"]
	job := office.job("anna", false)
	p, err := light.Dial(t.Context(), w.url("anna"), person, light.Options{Fieldsync: 1, StorageID: wrong})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	a := pen.ask(request{Do: "edit", Core: "3", Doc: job.name, Edit: "title: set", Actor: newActor(), Me: customer})
	if o, err := (&peer{p}).deliver(job.doc, job.heads, a.Changes[0]); err != nil || !o.refused {
		t.Fatalf("%+v, %v", o, err)
	}
	a = pen.ask(request{Do: "edit", Core: "3", Doc: job.name, Edit: "assignees/other: add", Actor: newActor(), Me: customer, Other: customer})
	if o, err := (&peer{p}).deliver(job.doc, job.heads, a.Changes[0]); err != nil || !strings.Contains(o.detail, customer) {
		t.Fatalf("%+v, %v", o, err) // the person is told; the log is not
	}
	for _, frame := range [][]byte{[]byte(wrong), {0xf6}} {
		if c, err := light.Dial(t.Context(), w.url("anna"), wrong, light.Options{}); err == nil {
			_ = c.SendRaw(frame)
			_, _ = c.Read()
			c.Close()
		}
	}
	if ws, _, err := websocket.DefaultDialer.DialContext(t.Context(), w.url("anna"), nil); err == nil { //nolint:bodyclose // gorilla: it needs no close
		_ = ws.WriteMessage(websocket.TextMessage, []byte(wrong))
		_, _, _ = ws.ReadMessage()
		_ = ws.Close()
	}
	do(anna, "DELETE", "/api/v1/session", nil, nil)
	do(anna, "GET", "/api/v1/me", nil, nil)

	// Commands beside the server, and its end.
	s.keep("a key of the operator's", strings.TrimSpace(w.command("apikey", "add", "op", "--org", "acme", "--role", "director")))
	w.command("user", "password", "anna", "--org", "acme")
	w.command("device", "list", "--org", "acme")
	accountLog := w.command("org", "log", "--org", "acme", "--json", "--limit", "500") + w.command("org", "log", "--org", "acme", "--own", "--json", "--limit", "500")
	logged := string(do(owner, "GET", "/api/v1/account-log?limit=100", nil, nil)) + string(do(owner, "GET", "/api/v1/account-log?own=true&limit=100", nil, nil))
	w.Stop()

	printed, err := os.ReadFile(logFile)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(printed), "\n"); n < 500 || !strings.Contains(string(printed), "change refused") || len(accountLog) < 500 || len(logged) < 500 {
		t.Fatalf("%d lines were logged; the test has looked at nothing:\n%.2000s", n, printed)
	}
	for _, what := range s.found(string(printed)) {
		t.Errorf("the log holds %s", what)
	}
	delete(s.all, "a person's name") // the account log may say whom it is about; it is read by administrators
	for _, what := range append(s.found(accountLog), s.found(logged)...) {
		t.Errorf("the account log holds %s", what)
	}
}
