package jobs

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fieldsync/client"
	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
)

// patience is a watchdog: a step that takes this long hangs.
const patience = 2 * time.Minute

// peer is jobpeer.mjs: an unmodified automerge-repo client.
type peer struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Scanner
}

func startPeer(t *testing.T, url string) *peer {
	t.Helper()
	dir, err := sut.NodeModules()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "jobpeer.mjs")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GEN=gen25", "URL="+url)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	watchdog := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	t.Cleanup(func() {
		watchdog.Stop()
		_ = in.Close()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("jobpeer.mjs printed:\n%s", stderr.String())
		}
	})
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 16<<20)
	return &peer{t, in, lines}
}

// do gives a command, and the answer to it.
func (p *peer) do(command map[string]any, answer any) {
	p.t.Helper()
	if err := json.NewEncoder(p.in).Encode(command); err != nil {
		p.t.Fatal(err)
	}
	if !p.out.Scan() {
		p.t.Fatalf("%s: no answer", command["do"])
	}
	var failed struct{ Error string }
	if err := json.Unmarshal(p.out.Bytes(), &failed); err != nil || failed.Error != "" {
		p.t.Fatalf("%s: %v %s", command["do"], err, failed.Error)
	}
	if answer != nil {
		if err := json.Unmarshal(p.out.Bytes(), answer); err != nil {
			p.t.Fatal(err)
		}
	}
}

// sent are edits as jobedits.mjs takes them.
func sent(edits []crdt.Edit) []map[string]any {
	var out []map[string]any
	for _, e := range edits {
		m := map[string]any{"path": e.Path}
		switch e.Kind {
		case crdt.EditSet:
			m["op"], m["value"] = "set", sentValue(e.Value)
		case crdt.EditDelete:
			m["op"] = "delete"
		case crdt.EditEnsureMap:
			m["op"] = "map"
		case crdt.EditSetText:
			m["op"], m["text"] = "text", e.Text
		default:
			panic(fmt.Sprint("no edit ", e.Kind))
		}
		out = append(out, m)
	}
	return out
}

func sentValue(v any) any {
	switch x := v.(type) {
	case crdt.Timestamp:
		return map[string]any{"$time": int64(x)}
	case crdt.Text:
		return map[string]any{"$text": string(x)}
	case map[string]any:
		out := map[string]any{}
		for k, e := range x {
			out[k] = sentValue(e)
		}
		return out
	case []any:
		out := []any{}
		for _, e := range x {
			out = append(out, sentValue(e))
		}
		return out
	}
	return v
}

// phone is somebody with a Go client.
func phone(t *testing.T, c *client.Client, id *crdt.DocID, class job.Class) *person {
	t.Helper()
	who, err := c.WhoAmI()
	if err != nil {
		t.Fatal(err)
	}
	return &person{Author: job.Author{User: who.User, Class: class},
		tree: func() (map[string]any, error) {
			v, err := c.View(*id)
			return v.Tree, err
		},
		write: func(edits []crdt.Edit) (bool, error) {
			before, err := c.Heads(*id)
			if err != nil {
				return false, err
			}
			if err := c.Change(t.Context(), *id, func(tx *engine.Tx) error { return tx.Apply(edits...) }); err != nil {
				return false, err
			}
			after, err := c.Heads(*id)
			return !after.Equal(before), err
		}}
}

func login(t *testing.T, server *sut.Process, token string) *client.Client {
	t.Helper()
	c, err := client.Open(client.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := c.Login(t.Context(), "http://"+server.Addr, token); err != nil {
		t.Fatal(err)
	}
	return c
}

func synced(t *testing.T, c *client.Client) {
	t.Helper()
	r, err := c.Sync(t.Context())
	if err != nil || r.Refused > 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	if u, err := c.Unsent(t.Context()); err != nil || u.Changes > 0 {
		t.Fatalf("unsent: %+v, %v", u, err)
	}
}

// The office and a worker's phone, by the Go client, and a second office by automerge-repo in JavaScript change 200 jobs without knowing of
// one another. Then the server's API, the Go client and automerge JS say the same of each, and nothing of anyone's work is missing.
func TestServerClientAndJavaScriptAgreeOnWhatWasChangedApart(t *testing.T) {
	dir := t.TempDir()
	bin, err := sut.BuildFieldsyncd(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	server, err := sut.Fieldsyncd(bin, filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	office, anna := login(t, server, sut.Dispatcher), login(t, server, sut.WorkerAnna)

	var id crdt.DocID
	dora, worker := phone(t, office, &id, job.ClassDispatcher), phone(t, anna, &id, job.ClassWorker)
	ids, played := make([]crdt.DocID, days), make([]*day, days)
	var urls []string
	for i := range played {
		d := &day{t: t, r: rand.New(rand.NewPCG(uint64(i), 1)), people: []*person{dora, worker}, workers: []string{"anna", "ben", "carl"}}
		if id, err = office.Create(t.Context(), d.form()...); err != nil {
			t.Fatal(err)
		}
		ids[i], played[i], urls = id, d, append(urls, crdt.URL{Doc: id}.String())
	}
	synced(t, office)
	synced(t, anna)
	js := startPeer(t, server.URL(sut.Dispatcher))
	js.do(map[string]any{"do": "find", "urls": urls}, nil)

	for i, d := range played {
		id = ids[i]
		// The second office does one thing; its copy is the one that all have now.
		second := &person{Author: dora.Author, tree: dora.tree, write: func(edits []crdt.Edit) (bool, error) {
			if len(edits) > 0 {
				js.do(map[string]any{"do": "edit", "id": id.String(), "edits": sent(edits)}, nil)
			}
			return len(edits) > 0, nil
		}}
		d.act(second)
		for range 1 + d.r.IntN(3) {
			d.act(worker)
		}
		for range d.r.IntN(3) {
			d.act(dora)
		}
	}
	js.do(map[string]any{"do": "acknowledged"}, nil)
	synced(t, anna)
	synced(t, office)

	clashes := 0
	for i, d := range played {
		v, err := office.View(ids[i])
		if err != nil {
			t.Fatal(err)
		}
		d.complete(v.Tree)
		heads := []string{}
		for _, h := range v.Heads {
			heads = append(heads, h.String())
		}
		slices.Sort(heads)
		var a answer
		js.do(map[string]any{"do": "answer", "id": ids[i].String(), "heads": heads}, &a)
		got := job.Clashes(v.Tree, v.Clashes)
		if diff := a.differs(t, v.Tree, got); diff != "" {
			t.Errorf("day %d, %s: JavaScript\n%s", i, strings.Join(d.did, "; "), diff)
		}
		want, _ := through(t, v.Job).(map[string]any)
		want["heads"] = through(t, heads)
		want["next_statuses"] = through(t, job.Next(v.Job.Outcome, job.ClassDispatcher))
		fields := []any{}
		for _, c := range got {
			fields = append(fields, string(c.Kind)+" "+c.Field)
		}
		want["clashes"] = fields
		if diff := cmp.Diff(want, fromAPI(t, server, ids[i], want)); diff != "" {
			t.Errorf("day %d, %s: the server\n%s", i, strings.Join(d.did, "; "), diff)
		}
		if v.Job.InClash {
			clashes++
		}
	}
	t.Logf("%d of %d jobs end in a clash", clashes, days)
	if clashes < days/20 {
		t.Error("too few to say much")
	}
}

// fromAPI is a job as the API gives it, as far as something is to be held against it; of the clashes what they are about.
func fromAPI(t *testing.T, server *sut.Process, id crdt.DocID, wanted map[string]any) map[string]any {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+server.Addr+"/api/v1/jobs/"+id.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+sut.Dispatcher)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v", res.Status, err)
	}
	maps.DeleteFunc(out, func(name string, _ any) bool {
		_, is := wanted[name]
		return !is
	})
	clashes, _ := out["clashes"].([]any)
	for i := range clashes {
		c, _ := clashes[i].(map[string]any)
		clashes[i] = fmt.Sprint(c["kind"], " ", c["field"])
	}
	return out
}
