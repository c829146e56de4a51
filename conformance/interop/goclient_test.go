package interop_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"fieldsync/client"
	"fieldsync/conformance/internal/phone"
	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt"
	"fieldsync/crdt/engine"
)

// goPatience is a watchdog: a step of the Go client or of the JavaScript one that takes this long hangs.
const goPatience = 60 * time.Second

// js is goclient.mjs: an unmodified automerge-repo client that does what it is told.
type js struct {
	t *testing.T
	*sut.Script
}

func startJS(t *testing.T, gen, url string) *js {
	t.Helper()
	return &js{t, sut.StartScript(t, "goclient.mjs", "GEN="+gen, "URL="+url)}
}

type answer struct {
	ID    string
	Heads []string
	Shows map[string]any
}

// do gives a command, and the answer to it.
func (j *js) do(command string, with map[string]any) (a answer) {
	j.t.Helper()
	if err := j.Ask(sut.Command(command, with), &a); err != nil {
		j.t.Fatalf("%s: %v", command, err)
	}
	return a
}

func startGo(t *testing.T, server *sut.Process, token string) (*client.Client, <-chan client.Event) {
	t.Helper()
	c, err := client.Open(client.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := c.Login(t.Context(), "http://"+server.Addr, token); err != nil {
		t.Fatal(err)
	}
	return c, phone.Run(t, c)
}

// editGo makes edits of the kinds that goclient.mjs makes, each a change of its own.
func editGo(ctx context.Context, c *client.Client, id crdt.DocID, from, n int) error {
	for i := from; i < from+n; i++ {
		err := c.Change(ctx, id, func(tx *engine.Tx) error {
			length, err := tx.Len("list")
			if err != nil {
				return err
			}
			return errors.Join(
				tx.Splice(crdt.Path{"text"}, 0, 0, fmt.Sprintf("<go%d>", i)),
				tx.Insert(crdt.Path{"list", length}, fmt.Sprintf("go%d", i)),
				tx.Set(crdt.Path{"map", fmt.Sprintf("go%d", i)}, map[string]any{"by": "go", "n": i}),
				tx.Increment(crdt.Path{"counter"}, 3),
			)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// settled waits until the server has everything of the Go client's, and the Go client holds what ok wants.
func settled(t *testing.T, c *client.Client, events <-chan client.Event, id crdt.DocID, ok func(tree map[string]any) bool) client.View {
	t.Helper()
	late := time.After(goPatience)
	for {
		v, err := c.View(id)
		if err != nil {
			t.Fatal(err)
		}
		u, err := c.Unsent(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if ok(v.Tree) && u.Changes == 0 {
			return v
		}
		select {
		case <-events:
		case <-late:
			t.Fatalf("never: %d unsent, the document is %v", u.Changes, v.Tree)
		}
	}
}

func hasEdits(n int) func(map[string]any) bool {
	return func(tree map[string]any) bool {
		text, _ := tree["text"].(crdt.Text)
		list, _ := tree["list"].([]any)
		if tree["counter"] != crdt.Counter(5*n) || len(list) != 1+2*n {
			return false
		}
		names := strings.Fields(strings.Trim(fmt.Sprint(list), "[]")) // JavaScript's strings are texts, ours are scalars
		for i := range n {
			for _, who := range []string{"go", "js"} {
				if name := fmt.Sprintf("%s%d", who, i); !strings.Contains(string(text), "<"+name+">") || !slices.Contains(names, name) {
					return false
				}
			}
		}
		return strings.Contains(string(text), "pump")
	}
}

// plainJSON is a value as JSON has it, for comparing with what JavaScript shows.
func plainJSON(t *testing.T, tree map[string]any) map[string]any {
	t.Helper()
	data, err := engine.MarshalTree(tree)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func hexHeads(h crdt.Heads) []string {
	out := make([]string, len(h))
	for i := range h {
		out[i] = h[i].String()
	}
	return out
}

func TestTheGoClientMixedWithUnmodifiedClients(t *testing.T) {
	for _, gen := range []string{"gen25", "gen20"} {
		t.Run(gen, func(t *testing.T) {
			server := startTarget(t)
			if !server.HasAuth {
				return // our client speaks to our server: it asks it who it is
			}
			c, events := startGo(t, server, sut.Dispatcher)
			for name, create := range map[string]func(*js) crdt.DocID{
				"made by JavaScript": func(j *js) crdt.DocID {
					made := j.do("create", map[string]any{"value": map[string]any{"text": "pump", "list": []any{"start"}, "map": map[string]any{}}})
					j.do("acknowledged", nil)
					id, err := crdt.ParseDocID(made.ID)
					if err != nil {
						t.Fatal(err)
					}
					if err := c.Find(t.Context(), id); err != nil {
						t.Fatalf("the Go client does not find it: %v", err)
					}
					return id
				},
				"made by Go": func(j *js) crdt.DocID {
					var edits []crdt.Edit
					for key, v := range map[string]any{"text": crdt.Text("pump"), "list": []any{"start"}, "map": map[string]any{}, "counter": crdt.Counter(0)} {
						edits = append(edits, crdt.Edit{Kind: crdt.EditSet, Path: crdt.Path{key}, Value: v})
					}
					id, err := c.Create(t.Context(), edits...)
					if err != nil {
						t.Fatal(err)
					}
					settled(t, c, events, id, func(map[string]any) bool { return true })
					j.do("find", map[string]any{"url": crdt.URL{Doc: id}.String()})
					return id
				},
			} {
				t.Run(name, func(t *testing.T) {
					j := startJS(t, gen, server.URL(sut.Dispatcher))
					j.t = t
					id := create(j)
					// Live: both edit at once.
					edited := make(chan error, 1)
					go func() { edited <- editGo(t.Context(), c, id, 0, 10) }()
					j.do("edit", map[string]any{"from": 0, "n": 10})
					if err := <-edited; err != nil {
						t.Fatal(err)
					}
					v := settled(t, c, events, id, hasEdits(10))
					if shows := j.do("shows", map[string]any{"heads": hexHeads(v.Heads)}).Shows; !reflect.DeepEqual(shows, plainJSON(t, v.Tree)) {
						t.Errorf("live, they show\n%v\n%v", shows, plainJSON(t, v.Tree))
					}
					// Apart: the server is killed, both edit, it comes back.
					server.Kill()
					j.do("disconnected", nil)
					if err := editGo(t.Context(), c, id, 10, 10); err != nil {
						t.Fatal(err)
					}
					j.do("edit", map[string]any{"from": 10, "n": 10})
					if err := server.Start(t.Context()); err != nil {
						t.Fatal(err)
					}
					v = settled(t, c, events, id, hasEdits(20))
					if shows := j.do("shows", map[string]any{"heads": hexHeads(v.Heads)}).Shows; !reflect.DeepEqual(shows, plainJSON(t, v.Tree)) {
						t.Errorf("after the server came back, they show\n%v\n%v", shows, plainJSON(t, v.Tree))
					}
				})
			}
		})
	}
}
