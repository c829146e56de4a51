package goclient

import (
	"slices"
	"testing"

	"fieldsync/client"
	"fieldsync/conformance/internal/sut"
)

func TestWhatWasAskedForSurvivesARestartAndGoesFirst(t *testing.T) {
	addr, _ := startServer(t, t.TempDir(), "")
	dir := t.TempDir()
	c, err := client.Open(client.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Login(t.Context(), addr, sut.Dispatcher); err != nil {
		t.Fatal(err)
	}
	id := newJob(t, c, "With two photos")
	first, second := noise(t, 3000), noise(t, 4000)
	if _, err := c.Attach(t.Context(), id, first, ""); err != nil {
		t.Fatal(err)
	}
	att, err := c.Attach(t.Context(), id, second, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SendNow(t.Context(), id, att.ID); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}

	c = open(t, dir, "", "")
	asked := func() (out []string) {
		u, err := c.Unsent(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range u.Files {
			if f.Asked {
				out = append(out, f.SHA256)
			}
		}
		return out
	}
	if got := asked(); !slices.Equal(got, []string{att.SHA256}) {
		t.Fatalf("asked for: %v", got)
	}
	events := c.WatchAll(t.Context())
	if r := synced(t, c); r.FilesSent != 2 {
		t.Fatalf("%+v", r)
	}
	over := await(t, events, "a file is over", func(ev client.Event) bool { return ev.Kind == client.EventFile && ev.File.Ended })
	if over.File.SHA256 != att.SHA256 {
		t.Error("another file went before the one that was asked for")
	}

	// Once: the same file, for another job, waits like others.
	if _, err := c.Attach(t.Context(), newJob(t, c, "With the same"), second, ""); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c = open(t, dir, "", "")
	if got := asked(); len(got) != 0 {
		t.Errorf("still asked for: %v", got)
	}
}
