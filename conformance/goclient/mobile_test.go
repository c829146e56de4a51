package goclient

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"fieldsync/client/mobile"
)

// heard collects a mobile client's events.
type heard struct {
	mu    sync.Mutex
	kinds map[string]int
	wake  chan struct{}
}

func (h *heard) OnEvent(data []byte) {
	var ev struct{ Kind string }
	_ = json.Unmarshal(data, &ev)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.kinds[ev.Kind]++
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

func (h *heard) await(t *testing.T, kind string) {
	t.Helper()
	for {
		h.mu.Lock()
		n := h.kinds[kind]
		h.mu.Unlock()
		if n > 0 {
			return
		}
		select {
		case <-h.wake:
		case <-t.Context().Done():
			t.Fatalf("%q was never heard: %v", kind, h.kinds)
		}
	}
}

// app is a mobile client as an app sees it: names and JSON.
type app struct {
	*testing.T
	c *mobile.Client
}

// do executes a command, and gives its result or its error's code.
func (a app) do(command string, kv ...any) (map[string]any, string) {
	a.Helper()
	args := map[string]any{}
	for i := 0; i+1 < len(kv); i += 2 {
		args[kv[i].(string)] = kv[i+1]
	}
	raw, err := json.Marshal(args)
	if err != nil {
		a.Fatal(err)
	}
	var out struct {
		Result any
		Error  struct{ Code, Text string }
	}
	if err := json.Unmarshal(a.c.Do(command, raw), &out); err != nil {
		a.Fatal(err)
	}
	if list, ok := out.Result.([]any); ok {
		return map[string]any{"list": list}, out.Error.Code
	}
	m, _ := out.Result.(map[string]any)
	return m, out.Error.Code
}

func (a app) must(command string, kv ...any) map[string]any {
	a.Helper()
	result, code := a.do(command, kv...)
	if code != "" {
		a.Fatalf("%s %v: %s", command, kv, a.c.Do(command, nil))
	}
	return result
}

func openApp(t *testing.T, dir string) app {
	t.Helper()
	c, err := mobile.Open(dir, []byte(strings.Repeat("k", 32)), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return app{t, c}
}

// An app's whole day through client/mobile, against the real server: sign in, a template, a job made and done without a network, a photo, a
// background slot, what is unsent, what others see.
func TestAnAppWorksThroughTheMobileInterface(t *testing.T) {
	data := t.TempDir()
	addr, stop := startServer(t, data, "")
	dir := t.TempDir()
	a := openApp(t, dir)
	if _, code := a.do("jobs_of_mine"); code != "unsupported" {
		t.Errorf("an unknown command: %q", code)
	}
	if _, code := a.do("comment", "job", "x", "text", "y"); code != "invalid" {
		t.Errorf("a job that is none: %q", code)
	}
	if _, code := a.do("whoami"); code != "not_logged_in" {
		t.Errorf("before the login: %q", code)
	}
	a.must("login", "server", "http://"+addr, "token", "demo-worker-anna")
	events := &heard{kinds: map[string]int{}, wake: make(chan struct{}, 1)}
	a.c.Listen(events)
	a.c.SetNetwork("lte", true)
	var slot struct{ Result struct{ Finished bool } }
	if err := json.Unmarshal(a.c.RunFor(60_000), &slot); err != nil || !slot.Result.Finished {
		t.Fatalf("the slot: %+v, %v", slot, err)
	}
	template := ""
	for _, x := range a.must("others", "kind", "template")["list"].([]any) {
		if row := x.(map[string]any); strings.HasPrefix(row["label"].(string), "Heating") {
			template = row["job"].(string)
		}
	}
	stop()

	id := a.must("new", "template", template, "form", map[string]any{"title": "Boiler at the baker", "status": "published"})["job"].(string)
	a.must("set_status", "job", id, "status", "started")
	a.must("comment", "job", id, "text", "It leaks")
	note := filepath.Join(t.TempDir(), "note.txt")
	if err := os.WriteFile(note, []byte("a note"), 0o600); err != nil {
		t.Fatal(err)
	}
	att := a.must("attach", "job", id, "path", note)
	u := a.must("unsent")
	if u["changes"] != 4.0 || u["files"] != 1.0 {
		t.Errorf("unsent: %v", u)
	}
	if _, code := a.do("sync"); code != "offline" {
		t.Errorf("a sync without a network: %q", code)
	}
	entries := a.must("history", "job", id)["entries"].([]any)
	if first := entries[0].(map[string]any); first["mine"] != true || first["on_server"] != false {
		t.Errorf("the newest entry: %v", first)
	}
	change := entries[1].(map[string]any)["what"].(map[string]any)["hash"].(string)
	a.must("undo", "job", id, "change", change) // the comment
	if got := a.must("job", "job", id)["job"].(map[string]any); fmt.Sprint(got["status"]) != "started" || len(got["comments"].([]any)) != 0 {
		t.Errorf("the job: %v", got)
	}

	// The process ends and begins again; then the network is back.
	if err := a.c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, code := a.do("jobs"); code != "closed" {
		t.Errorf("after Close: %q", code)
	}
	if _, err := mobile.Open(dir, []byte(strings.Repeat("x", 32)), false); err == nil || !strings.HasPrefix(err.Error(), "wrong_key: ") {
		t.Errorf("another key: %v", err)
	}
	startServer(t, data, addr)
	a = openApp(t, dir)
	events = &heard{kinds: map[string]int{}, wake: make(chan struct{}, 1)}
	a.c.Listen(events)
	a.c.Start(nil)
	a.c.PushReceived(id)
	events.await(t, "synced")
	a.c.Stop()
	if u := a.must("unsent"); u["changes"] != 0.0 || u["files"] != 0.0 {
		t.Errorf("unsent after a sync: %v", u)
	}
	to := filepath.Join(t.TempDir(), "copy.txt")
	a.must("fetch", "job", id, "attachment", att["uuid"], "path", to)
	if data, err := os.ReadFile(to); err != nil || string(data) != "a note" {
		t.Errorf("%q, %v", data, err)
	}
}
