package scenarios

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"fieldsync/client"
	"fieldsync/conformance/internal/author"
	"fieldsync/conformance/internal/cut"
	"fieldsync/conformance/internal/light"
	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt"
)

// patience is a watchdog: a step that takes this long hangs.
const patience = 60 * time.Second

// world is one server with everybody who speaks to it.
type world struct {
	t       *testing.T
	server  *sut.Process
	line    *cut.Proxy                // between automerge-repo and the server
	clients map[string]*client.Client // by the name of who has the device
	users   map[string]string         // user ids, by name
	js      *node

	scenarios []*scenario // for the report of a failure
}

// newWorld starts a server and everybody. unchecked: the worker's phone makes changes also where the rules say that the server refuses them.
func newWorld(t *testing.T, unchecked bool) *world {
	t.Helper()
	bin, err := sut.BuildFieldsyncd(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, clients: map[string]*client.Client{}, users: map[string]string{}}
	if w.server, err = sut.Fieldsyncd(bin, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if err := w.server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.server.Kill()
		if t.Failed() {
			t.Logf("the server printed:\n%s", w.server.Output())
		}
	})
	if w.line, err = cut.New(w.server.Addr); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.line.Cut)
	w.js = &node{t, sut.StartScript(t, "scenarios.mjs")}
	for name, token := range map[string]string{dora: sut.Dispatcher, anna: sut.WorkerAnna} {
		c, err := client.Open(client.Options{Dir: t.TempDir(), StallAfter: patience / 2, Unchecked: unchecked && name == anna})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := c.Close(); err != nil {
				t.Errorf("closing: %v", err)
			}
		})
		who, err := c.Login(t.Context(), "http://"+w.server.Addr, token)
		if err != nil {
			t.Fatal(err)
		}
		w.clients[name], w.users[name] = c, who.User
		w.js.do("start", map[string]any{"who": name, "user": who.User, "url": sut.WebSocketURL(w.line.Addr(), w.server.Path, token)}, nil)
	}
	return w
}

func (w *world) sync(who string) {
	w.t.Helper()
	if _, err := w.clients[who].Sync(w.t.Context()); err != nil {
		u, _ := w.clients[who].Unsent(w.t.Context())
		w.t.Fatalf("%s: %v\nunsent: %+v\n%v", who, err, u, w.scenarios)
	}
}

// fetch reads documents from the server as somebody who never saw them, with the dispatcher's token.
func (w *world) fetch(docs ...crdt.DocID) map[crdt.DocID]*author.Copy {
	w.t.Helper()
	copies := map[crdt.DocID]*author.Copy{}
	var list []*author.Copy
	for _, doc := range docs {
		copies[doc] = author.NewCopy(doc.String(), "stranger")
		list = append(list, copies[doc])
	}
	c, err := author.Dial(w.t.Context(), w.server.URL(sut.Dispatcher), "stranger", light.Options{}, list...)
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close()
	for _, copied := range list {
		if err := c.Until(copied.Complete); err != nil {
			w.t.Fatal(err)
		}
	}
	return copies
}

// await asks the server for a document until it holds changes.
func (w *world) await(doc crdt.DocID, hashes []string) {
	w.t.Helper()
	copied := author.NewCopy(doc.String(), "stranger")
	c, err := author.Dial(w.t.Context(), w.server.URL(sut.Dispatcher), "stranger", light.Options{}, copied)
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close()
	if err := c.Until(func() bool { return copied.Complete() && len(missing(copied, hashes)) == 0 }); err != nil {
		w.t.Fatalf("%s never came to %v: %v", doc, missing(copied, hashes), err)
	}
}

// missing gives the changes that a copy lacks.
func missing(c *author.Copy, hashes []string) (out []string) {
	for _, s := range hashes {
		if h, err := crdt.ParseHash(s); err != nil || !c.Has(h) {
			out = append(out, s)
		}
	}
	return out
}

// api reads a job from the server's API, as the dispatcher.
func (w *world) api(doc crdt.DocID, into any) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://%s/api/v1/jobs/%s", w.server.Addr, doc), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+sut.Dispatcher)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = errors.New(res.Status)
	}
	if err == nil {
		err = json.Unmarshal(body, into)
	}
	if err != nil {
		w.t.Fatalf("the API's answer for %s: %v\n%s", doc, err, body)
	}
}

// node is scenarios.mjs.
type node struct {
	t *testing.T
	*sut.Script
}

// do gives a command, and reads the answer to it; into may be nil.
func (n *node) do(command string, with map[string]any, into any) {
	n.t.Helper()
	if err := n.Ask(sut.Command(command, with), into); err != nil {
		n.t.Fatalf("%s: %v", command, err)
	}
}
