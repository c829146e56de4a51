package scripts

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"fieldsync/client"
	"fieldsync/crdt"
	"fieldsync/crdt/engine"
)

// editsIn is the environment variable that makes this test's binary a process that edits in a folder until it is killed.
const editsIn = "FIELDSYNC_TEST_EDITS_IN"

const keyLast = "last"

// editForEver changes one document again and again, and prints each number after the client has said that it is saved.
func editForEver(dir string) int {
	fail := func(err error) int {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	c, err := client.Open(client.Options{Dir: dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fail(err)
	}
	ids, err := c.Documents()
	if err != nil {
		return fail(err)
	}
	for {
		var saved int64
		err := c.Change(context.Background(), ids[0], func(tx *engine.Tx) error {
			last, err := tx.Get(keyLast)
			if err != nil {
				return err
			}
			saved = last.(int64) + 1
			if err := tx.Set(crdt.Path{keyLast}, saved); err != nil {
				return err
			}
			return tx.Set(crdt.Path{"n" + strconv.FormatInt(saved, 10)}, saved)
		})
		if err != nil {
			return fail(err)
		}
		fmt.Println(saved)
	}
}

// whoever answers any token with one identity.
func whoever(t *testing.T) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(w, `{"org":"demo","user":"anna","name":"Anna","role":"worker","device":"d"}`)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestWhatAKilledClientSaidToBeSavedIsThere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "anna")
	c := open(t, dir)
	if _, err := c.Login(t.Context(), whoever(t), "any"); err != nil {
		t.Fatal(err)
	}
	id, err := c.Create(t.Context(), crdt.Edit{Kind: crdt.EditSet, Path: crdt.Path{keyLast}, Value: int64(0)})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for round := range 8 {
		said := editAndKill(t, dir, 1+rand.IntN(60))
		c := open(t, dir)
		v, err := c.View(id)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		last := v.Tree[keyLast].(int64)
		if last < said {
			t.Fatalf("round %d: %d was said to be saved, %d is there", round, said, last)
		}
		for n := int64(1); n <= last; n++ {
			if v.Tree["n"+strconv.FormatInt(n, 10)] != n {
				t.Fatalf("round %d: change %d is lost", round, n)
			}
		}
		u, err := c.Unsent(t.Context())
		if err != nil || int64(u.Changes) != last+1 {
			t.Fatalf("round %d: %d changes are unsent, %d were made: %v", round, u.Changes, last+1, err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func open(t *testing.T, dir string) *client.Client {
	t.Helper()
	c, err := client.Open(client.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// editAndKill lets a process edit, kills it with SIGKILL after some edits, and gives the last number that it printed.
func editAndKill(t *testing.T, dir string, after int) int64 {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), editsIn+"="+dir)
	var said strings.Builder
	child.Stderr = &said
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var last int64
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		if last, err = strconv.ParseInt(lines.Text(), 10, 64); err != nil {
			t.Fatal(err)
		}
		if n == after {
			_ = child.Process.Kill()
		}
	}
	if err := child.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the child ended by itself: %v\n%s", err, said.String())
	}
	return last
}
