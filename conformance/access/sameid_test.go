package access_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"fieldsync/conformance/internal/author"
	"fieldsync/conformance/internal/light"
	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store/badgerstore"
)

// heard are the bodies that a webhook's receiver got.
type heard struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
}

func newHeard(t *testing.T) *heard {
	h := &heard{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.bodies = append(h.bodies, string(b))
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *heard) all() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.bodies)
}

// twin is a document that one organisation makes under an id of its choice.
type twin struct {
	*stage
	who string
	doc string
	c   *scene
}

// makes has somebody make a job under an id, change by change, and tells what becomes of each.
func (tw *twin) makes(ext bool, changes []change) (out []string, err error) {
	p, err := tw.dial(tw.who, ext)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	for _, ch := range changes {
		o, err := p.deliver(tw.doc, tw.c.heads, ch)
		if err != nil {
			return out, err
		}
		out = append(out, strings.ReplaceAll(fmt.Sprintf("%+v", o), tw.doc, "<doc>"))
		tw.c.heads, tw.c.expected[ch.Hash] = []string{ch.Hash}, true
	}
	return out, nil
}

// base are the changes of a job as automerge JS makes it.
func (s *stage) base(doc, maker, assignee string) []change {
	s.t.Helper()
	b := s.pen.ask(request{Do: "base", Core: s.core, Doc: doc, Kind: "job", Actors: []string{newActor(), newActor()}, Me: maker, Assignees: map[string]bool{assignee: true}})
	if b.Error != "" {
		s.t.Fatal(b.Error)
	}
	return b.Changes
}

// The same id is another document in each organisation: who makes one under an id that another organisation has, by the WebSocket, is answered as with
// an id that nobody has, and from then on each works on its own.
func TestTheSameIDIsAnotherDocumentInEachOrganisation(t *testing.T) {
	w := newWorld(t, "--webhook-allow", "127.0.0.1")
	w.add("acme", "dispatcher", "office", "dora")
	w.add("acme", "worker", "anna")
	w.add("rival", "dispatcher", "dora")
	w.add("rival", "worker", "wanda")
	s := &stage{world: w, pen: newPen(t), core: "3"}

	// Making it, with the extension and without, from one's own changes and from the very bytes of theirs.
	var twins []*twin
	for _, ext := range []bool{true, false} {
		for _, theirBytes := range []bool{false, true} {
			theirs := s.job("anna", true)
			changes := s.base("rival's", s.me("dora@rival"), s.me("wanda@rival"))
			if theirBytes {
				changes = nil
				got, err := author.Fetch(t.Context(), s.url("dora"), "copyist", theirs.doc)
				if err != nil {
					t.Fatal(err)
				}
				changes = append(changes, change{Hash: got.Changes()[0].Hash.String(), raw: got.Raws()[0]}) // the others are signed by their people
			}
			var outcomes [2][]string
			for i, doc := range []string{theirs.doc, newDoc()} {
				tw := &twin{s, "dora@rival", doc, &scene{stage: s, who: "dora@rival", doc: doc, name: doc, expected: map[string]bool{}}}
				var err error
				if outcomes[i], err = tw.makes(ext, changes); err != nil {
					t.Fatal(err)
				}
				if !theirBytes {
					twins = append(twins, tw)
				}
			}
			if !slices.Equal(outcomes[0], outcomes[1]) || slices.ContainsFunc(outcomes[0], func(o string) bool { return !strings.Contains(o, "stored:true") }) {
				t.Errorf("ext %v, their bytes %v: made under their id %q, under nobody's %q", ext, theirBytes, outcomes[0], outcomes[1])
			}
			if got, err := author.Fetch(t.Context(), s.url("dora"), "owner", theirs.doc); err != nil || len(got.Changes()) != len(theirs.expected) {
				t.Errorf("theirs has %d changes, not %d: %v", len(got.Changes()), len(theirs.expected), err)
			}
		}
	}
	ours, nobodys := twins[0], twins[1]
	doc := ours.doc

	// Each has a hook, a file, words, a status.
	hooks := map[string]*heard{}
	words := map[string]string{"acme": "zanzibar", "rival": "lisbon"}
	as := map[string]string{"acme": w.people["dora"].token, "rival": w.people["dora@rival"].token}
	var said []string // by the server
	work := func(org, doc string) (statuses, shapes []string) {
		t.Helper()
		word := words[org]
		sum := sha256.Sum256([]byte(word))
		file := hex.EncodeToString(sum[:])
		for _, c := range []struct {
			method, path string
			body         any
		}{
			{"GET", "jobs/" + doc, nil}, {"PATCH", "jobs/" + doc, m("title", word, "territory", word)},
			{"POST", "jobs/" + doc + "/comments", m("text", word)}, {"PUT", "files/" + file + "?job=" + url.QueryEscape(doc), word},
			{"POST", "jobs/" + doc + "/attachments", m("sha256", file, "size", len(word), "name", word)},
			{"GET", "jobs/" + doc + "/files", nil}, {"GET", "jobs/" + doc + "/history", nil}, {"GET", "jobs/" + doc + "/history/events", nil},
			{"GET", "jobs/" + doc + "/history/export", nil}, {"POST", "jobs", m("title", word, "follows", doc)}, {"GET", "files/" + file + "?job=" + url.QueryEscape(doc), nil},
		} {
			status, body := w.call2(as[org], c.method, "/api/v1/"+c.path, c.body)
			said = append(said, string(body))
			statuses = append(statuses, fmt.Sprint(c.method, " ", strings.ReplaceAll(c.path, doc, "<doc>"), " ", status))
			shapes = append(shapes, shape(string(body)))
			for other, foreign := range words {
				if other != org && strings.Contains(string(body), foreign) {
					t.Errorf("%s %s tells %s of %s: %.300s", c.method, c.path, org, other, body)
				}
			}
			if status >= 400 {
				t.Errorf("%s %s in %s: %d %s", c.method, c.path, org, status, body)
			}
		}
		return statuses, shapes
	}
	for org := range words {
		hooks[org] = newHeard(t)
		if status, body := w.call(w.people[name("owner", org)].token, "POST", "/api/v1/webhooks", m("url", hooks[org].URL)); status != http.StatusCreated {
			t.Fatalf("webhook: %d %s", status, body)
		}
	}
	work("acme", doc)
	gotStatus, gotShape := work("rival", doc)
	wantStatus, wantShape := work("rival", nobodys.doc)
	if !slices.Equal(gotStatus, wantStatus) || !slices.Equal(gotShape, wantShape) {
		t.Errorf("of the id that another has\n%q\n%q\nof one's own\n%q\n%q", gotStatus, gotShape, wantStatus, wantShape)
	}

	// Neither has the other's file by it, whether it is read, claimed or listed.
	for org, other := range map[string]string{"acme": "rival", "rival": "acme"} {
		sum := sha256.Sum256([]byte(words[other]))
		file := hex.EncodeToString(sum[:])
		of := "files/" + file + "?job=" + url.QueryEscape(doc)
		if status, body := w.call(as[org], "GET", "/api/v1/"+of, nil); status != http.StatusNotFound {
			t.Errorf("%s gets the file of %s: %d %s", org, other, status, body)
		}
		claim := "files/" + file + "/claim?job=" + url.QueryEscape(doc)
		if status, body := w.call(as[org], "POST", "/api/v1/"+claim, m("size", len(words[other]), "from", doc)); status != http.StatusOK || !strings.Contains(string(body), `"prove"`) {
			t.Errorf("%s claims the file of %s: %d %s", org, other, status, body)
		}
	}

	w.deliverFor(t, doc, words)

	separate := func(when string) {
		t.Helper()
		for org, word := range words {
			var list struct {
				Jobs []struct{ ID, Title string }
			}
			for _, query := range []string{"q=" + word, "territory=" + word} {
				w.eventually(when+": the list has the job", func() bool {
					_, body := w.call(as[org], "GET", "/api/v1/jobs?limit=1&"+query, nil)
					said = append(said, decodedCursor(body))
					_, body = w.call(as[org], "GET", "/api/v1/jobs?"+query, nil)
					said = append(said, string(body))
					return json.Unmarshal(body, &list) == nil && slices.ContainsFunc(list.Jobs, func(j struct{ ID, Title string }) bool { return j.ID == doc })
				})
				for _, j := range list.Jobs {
					if j.Title != word {
						t.Errorf("%s: %s lists %+v", when, org, j)
					}
				}
			}
			for other, foreign := range words {
				if other == org {
					continue
				}
				if _, body := w.call(as[org], "GET", "/api/v1/jobs?q="+foreign, nil); strings.Contains(string(body), doc) {
					t.Errorf("%s: %s finds %q: %s", when, org, foreign, body)
				}
				for _, path := range []string{"", "/history", "/files"} {
					if _, body := w.call(as[org], "GET", "/api/v1/jobs/"+doc+path, nil); strings.Contains(string(body), foreign) {
						t.Errorf("%s: jobs/…%s tells %s of %s: %s", when, path, org, other, body)
					}
				}
			}
		}
	}
	separate("at work")
	for org, h := range hooks {
		w.eventually("the hooks of "+org+" hear of it", func() bool {
			return slices.ContainsFunc(h.all(), func(b string) bool { return strings.Contains(b, doc) && strings.Contains(b, words[org]) })
		})
		said = append(said, h.all()...)
		for other, foreign := range words {
			if other != org && slices.ContainsFunc(h.all(), func(b string) bool { return strings.Contains(b, foreign) }) {
				t.Errorf("the hooks of %s hear of %s", org, other)
			}
		}
	}
	s.separateOnTheWire(t, doc)

	// It stays so after the rows were made anew, and after a restart.
	w.Stop()
	inner := w.innerIDs()
	if len(inner) < 10 || slices.ContainsFunc(inner, func(id crdt.DocID) bool { return id.String() == doc }) {
		t.Errorf("the store has %d documents, and perhaps %s", len(inner), doc)
	}
	for _, id := range inner {
		for _, text := range []string{id.String(), string(id[:]), hex.EncodeToString(id[:])} {
			if slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, text) }) {
				t.Errorf("the store's id of a document got out: %s", id)
			}
		}
	}
	if out := w.command("index", "rebuild") + w.command("index", "check"); strings.Contains(out, "document ") {
		t.Errorf("the index: %s", out)
	}
	if err := w.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	separate("after a restart")
}

// deliverFor has a worker of each organisation deliver a file for its job of an id, and name one that the other's worker delivered: his own is
// served, the other's is what a phone has promised, as if nobody had delivered it.
func (w *world) deliverFor(t *testing.T, doc string, words map[string]string) {
	t.Helper()
	workers := map[string]string{"acme": "anna", "rival": "wanda@rival"}
	hash := func(org string) string {
		sum := sha256.Sum256([]byte(words[org] + " by a worker"))
		return hex.EncodeToString(sum[:])
	}
	for org, who := range workers {
		token := w.people[who].token
		path := "/api/v1/files/" + hash(org) + "?job=" + url.QueryEscape(doc)
		if status, body := w.call2(token, "PUT", path, words[org]+" by a worker"); status >= 300 {
			t.Fatalf("%s delivers: %d %s", who, status, body)
		}
		for _, of := range []string{"acme", "rival"} {
			if status, body := w.call(token, "POST", "/api/v1/jobs/"+doc+"/attachments", m("sha256", hash(of), "size", 3, "name", "x")); status != http.StatusOK {
				t.Fatalf("%s names the file of %s: %d %s", who, of, status, body)
			}
		}
		if status, body := w.call(w.people[name("owner", org)].token, "GET", path, nil); status != http.StatusOK {
			t.Errorf("what %s delivered: %d %s", who, status, body)
		}
	}
	for org, who := range workers {
		var list struct {
			Files []struct{ SHA256, State string }
		}
		if _, body := w.call(w.people[who].token, "GET", "/api/v1/jobs/"+doc+"/files", nil); json.Unmarshal(body, &list) != nil {
			t.Fatalf("files: %s", body)
		}
		for _, f := range list.Files {
			for of := range workers {
				if want := map[bool]string{true: "here", false: "promised"}[of == org]; f.SHA256 == hash(of) && f.State != want {
					t.Errorf("to %s the file of %s is %s; want %s", org, of, f.State, want)
				}
			}
		}
		if len(list.Files) < 2 {
			t.Errorf("%s has %d files", org, len(list.Files))
		}
	}
}

// decodedCursor is what stands in a list's cursor.
func decodedCursor(list []byte) string {
	var of struct{ Next string }
	_ = json.Unmarshal(list, &of)
	b, _ := base64.RawURLEncoding.DecodeString(of.Next)
	return string(b)
}

// innerIDs are the documents of a stopped server's store.
func (w *world) innerIDs() (all []crdt.DocID) {
	w.t.Helper()
	st, err := badgerstore.Open(badgerstore.Options{Dir: filepath.Join(w.dir, "store"), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		w.t.Fatal(err)
	}
	defer st.Close()
	if err := drive.Records(st, func(doc crdt.DocID, _ replica.Record) error { all = append(all, doc); return nil }); err != nil {
		w.t.Fatal(err)
	}
	return all
}

// call2 is call with a body that may be a file's bytes.
func (w *world) call2(token, method, path string, body any) (int, []byte) {
	w.t.Helper()
	file, ok := body.(string)
	if !ok {
		return w.call(token, method, path, body)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, "http://"+w.Addr+path, strings.NewReader(file))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/octet-stream")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return res.StatusCode, out
}

// separateOnTheWire has both organisations' people at a document of the same id, who hear of their own only: changes, presence, comparisons.
func (s *stage) separateOnTheWire(t *testing.T, doc string) {
	t.Helper()
	people := map[string]string{"acme": "dora", "rival": "dora@rival"}
	listeners := map[string]*peer{}
	held := map[string]crdt.Heads{}
	for org, who := range people {
		got, err := author.Fetch(t.Context(), s.url(who), "fetcher-"+org, doc)
		if err != nil {
			t.Fatal(err)
		}
		held[org] = got.Heads()
		p, err := s.dial(who, true)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		p.ask(t, doc)
		p.frames(t, "the document comes", isFor(doc, "sync"))
		listeners[org] = p
	}
	if held["acme"].Equal(held["rival"]) {
		t.Fatal("both have the same document")
	}
	for _, org := range []string{"rival", "acme"} { // so the first has been heard when the second is
		speaker, err := s.dial(people[org], false)
		if err != nil {
			t.Fatal(err)
		}
		defer speaker.Close()
		speaker.ask(t, doc)
		speaker.frames(t, "the document comes", isFor(doc, "sync"))
		speaker.says(t, doc, 1)
		if f := listeners[org].next(t, doc, "ephemeral"); f.SenderID != speaker.PeerID {
			t.Errorf("a word of %s reaches %s", f.SenderID, org)
		}
		if status, body := s.call(s.people[people[org]].token, "POST", "/api/v1/jobs/"+doc+"/comments", m("text", "live in "+org)); status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
		now, err := author.Fetch(t.Context(), s.url(people[org]), "after-"+org, doc)
		if err != nil {
			t.Fatal(err)
		}
		held[org] = now.Heads()
		f := listeners[org].next(t, doc, "sync")
		m, err := light.ParseSync(f.Data)
		if err != nil {
			t.Fatal(err)
		}
		if !sameHeads(m.Heads, held[org]) {
			t.Errorf("%s is told of other heads than its own", org)
		}
	}
	id, err := crdt.ParseDocID(doc)
	if err != nil {
		t.Fatal(err)
	}
	next := id
	for i := len(next) - 1; i >= 0; i-- {
		if next[i]++; next[i] != 0 {
			break
		}
	}
	for org, who := range people {
		p, err := s.dial(who, true)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Send(&light.Frame{Type: "fieldsync-catch-up", SenderID: p.PeerID, TargetID: p.ServerID, Ranges: []light.Range{{From: id[:], To: next[:], Digest: emptyDigest()}}}); err != nil {
			t.Fatal(err)
		}
		all := p.frames(t, "the comparison is answered", func(f *light.Frame) bool { return f.Type == "fieldsync-catch-up" })
		p.Close()
		digest := sha256.Sum256(held[org].Bytes())
		want := slices.Concat(id[:], digest[:16])
		if r := all[len(all)-1].Ranges; len(r) != 1 || string(r[0].Items) != string(want) {
			t.Errorf("a comparison tells %s %+v; want its own document", org, r)
		}
	}
}

// next is the next frame of a kind about a document.
func (p *peer) next(t *testing.T, doc, kind string) *light.Frame {
	t.Helper()
	all := p.frames(t, kind, isFor(doc, kind))
	return all[len(all)-1]
}

func sameHeads(a []light.Hash, b crdt.Heads) bool {
	seen := map[crdt.Hash]bool{}
	for _, h := range a {
		seen[crdt.Hash(h)] = true
	}
	return maps.Equal(seen, func() map[crdt.Hash]bool {
		all := map[crdt.Hash]bool{}
		for _, h := range b {
			all[h] = true
		}
		return all
	}())
}
