package goclient

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"fieldsync/client"
	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
)

// worksIn is the environment variable that makes this test's binary a worker in a folder, until it is killed.
const worksIn = "FIELDSYNC_TEST_WORKS_IN"

func TestMain(m *testing.M) {
	if dir := os.Getenv(worksIn); dir != "" {
		if err := workForEver(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// workForEver stays connected, and writes a title, which the server refuses, and a comment, in turn; it prints the number of each when
// the client has said that it is saved.
func workForEver(dir string) error {
	ctx := context.Background()
	c, err := client.Open(client.Options{Dir: dir, Log: slog.New(slog.DiscardHandler), Unchecked: true})
	if err != nil {
		return err
	}
	ids, err := c.Documents()
	if err != nil || len(ids) != 1 {
		return fmt.Errorf("%d documents, %w", len(ids), err)
	}
	first, err := strconv.Atoi(os.Getenv(worksIn + "_FROM"))
	if err != nil {
		return err
	}
	go func() { _ = c.Run(ctx) }()
	pause := time.NewTicker(3 * time.Millisecond) // so that the refusals come between
	for n := first; ; n++ {
		edits, err := job.AddComment(job.Comment{ID: fmt.Sprint("c", n), Text: fmt.Sprint("comment ", n), By: "anna", HappenedAt: 1})
		if err != nil {
			return err
		}
		if n%2 == 0 {
			edits = []crdt.Edit{{Kind: crdt.EditSet, Path: crdt.Path{job.KeyTitle}, Value: fmt.Sprint("title ", n)}}
		}
		if err := c.Change(ctx, ids[0], func(tx *engine.Tx) error { return tx.Apply(edits...) }); err != nil {
			return err
		}
		fmt.Println(n)
		<-pause.C
	}
}

// At whatever moment of its recovery a client is killed: what it said to be saved is either at the server, or in the book of refused
// work, and nothing is there twice.
func TestAClientThatIsKilledWhileItRecoversLosesNothing(t *testing.T) {
	_, url := newRefusing(t)
	dir := t.TempDir()
	c := careless(t, dir, url, "any")
	id := newJob(t, c, "Pump")
	synced(t, c)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	var said []int
	recovered := 0
	for round := range 10 {
		before := len(said)
		said = append(said, workAndKill(t, dir, 1000*round, 1+rand.IntN(60))...)
		c := careless(t, dir, url, "any")
		if round%3 == 0 { // else the next life finds what this one left
			synced(t, c)
			recovered += len(said) - before
			check(t, c, url, id, said)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	c = careless(t, dir, url, "any")
	synced(t, c)
	check(t, c, url, id, said)
	if recovered == 0 {
		t.Error("nothing was done between two kills")
	}
}

// check holds a client in sync, and the server, against what was said to be saved: the numbers.
func check(t *testing.T, c *client.Client, url string, id crdt.DocID, said []int) {
	t.Helper()
	u := unsent(t, c)
	if u.Changes != 0 {
		t.Fatalf("%d changes are unsent", u.Changes)
	}
	titles := map[string]int{}
	for _, w := range u.Refused {
		if len(w.Did) != 1 || len(w.Along) > 0 {
			t.Fatalf("refused work: %+v", w)
		}
		titles[w.Did[0].New.(string)]++
	}
	at := atServer(t, url, id)
	if at.Job.Title != "Pump" || !at.Heads.Equal(view(t, c, id).Heads) || len(at.Clashes) > 0 {
		t.Fatalf("at the server: %q, %v", at.Job.Title, at.Clashes)
	}
	comments := map[string]int{}
	for _, x := range at.Job.Comments {
		comments[x.Text]++
	}
	for _, n := range said {
		if title := fmt.Sprint("title ", n); n%2 == 0 && titles[title] != 1 {
			t.Errorf("%q is among the refused work %d times", title, titles[title])
		}
		if text := fmt.Sprint("comment ", n); n%2 == 1 && comments[text] != 1 {
			t.Errorf("%q is at the server %d times", text, comments[text])
		}
	}
}

// workAndKill lets a process work, kills it with SIGKILL after some lines, and gives the numbers that it printed. The next one must begin
// elsewhere: the number after the last may have been saved, and not been said.
func workAndKill(t *testing.T, dir string, from, after int) (numbers []int) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), worksIn+"="+dir, worksIn+"_FROM="+strconv.Itoa(from))
	var said strings.Builder
	child.Stderr = &said
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		last, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Fatal(err)
		}
		if numbers = append(numbers, last); n == after {
			// Not at the moment when something is said to be saved, but in the middle of what comes then.
			time.AfterFunc(time.Duration(rand.IntN(12_000))*time.Microsecond, func() { _ = child.Process.Kill() })
		}
	}
	var exit *exec.ExitError
	if err := child.Wait(); !errors.As(err, &exit) || exit.Exited() {
		t.Fatalf("the child ended by itself: %v\n%s", err, said.String())
	}
	return numbers
}
