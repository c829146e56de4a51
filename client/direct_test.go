package client

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"fieldsync/client/internal/service"
	"fieldsync/crdt/job"
)

// twoWays is a server that takes one file past it and through it, and counts what came on either way.
type twoWays struct {
	mu     sync.Mutex
	asked  int   // for an address past it
	past   int64 // bytes that came past it
	tus    int64 // bytes that came through it
	cut    int64 // bytes past it after which the request breaks; 0: none
	cutTus int64 // bytes of one chunk through it after which that breaks, once; what came is kept
	broke  func()
}

func (w *twoWays) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	at := func() string { w.mu.Lock(); defer w.mu.Unlock(); return strconv.FormatInt(w.tus, 10) }
	switch {
	case r.URL.Path == "/api/v1/session":
		_, _ = io.WriteString(rw, `{"org":"demo","user":"anna","name":"Anna","role":"worker","device":"d"}`)
	case strings.HasSuffix(r.URL.Path, "/direct"):
		w.mu.Lock()
		w.asked++
		w.mu.Unlock()
		_, _ = fmt.Fprintf(rw, `{"method":"PUT","url":"http://%s/bucket","token":"t"}`, r.Host)
	case strings.HasSuffix(r.URL.Path, "/confirm"):
		_, _ = io.WriteString(rw, `{"state":"here"}`)
	case r.URL.Path == "/bucket":
		w.take(r.Body, &w.past, w.cut)
	case r.URL.Path == "/api/v1/uploads":
		rw.Header().Set("Location", "/api/v1/uploads/1")
		rw.WriteHeader(http.StatusCreated)
	case r.URL.Path == "/api/v1/uploads/1":
		if r.Method == http.MethodPatch {
			w.mu.Lock()
			cut := w.cutTus
			w.cutTus = 0
			w.mu.Unlock()
			w.take(r.Body, &w.tus, cut)
		}
		rw.Header().Set("Upload-Offset", at())
		rw.WriteHeader(http.StatusNoContent)
	default:
		http.NotFound(rw, r)
	}
}

func (w *twoWays) take(body io.Reader, to *int64, cut int64) {
	whole := cut == 0
	if whole {
		cut = 1 << 40
	}
	n, _ := io.CopyN(io.Discard, body, cut) // it ends where the file does
	w.mu.Lock()
	*to += n
	w.mu.Unlock()
	if !whole {
		if w.broke != nil {
			w.broke()
		}
		panic(http.ErrAbortHandler)
	}
}

// onALink opens a folder whose link was measured to carry so much.
func onALink(t *testing.T, dir, server string, bitsPerSecond int64) *Client {
	t.Helper()
	c, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := c.WhoAmI(); errors.Is(err, ErrNotLoggedIn) {
		if _, err := c.Login(t.Context(), server, "token"); err != nil {
			t.Fatal(err)
		}
	}
	c.carries.Store(bitsPerSecond / 8)
	c.chunk.Store(maxChunk)
	return c
}

// sendOne uploads the one file of the outbox.
func sendOne(ctx context.Context, t *testing.T, c *Client) error {
	t.Helper()
	files, err := c.outbox()
	if err != nil || len(files) != 1 {
		t.Fatalf("%d files wait, %v", len(files), err)
	}
	a, at, err := c.signedIn()
	if err != nil {
		t.Fatal(err)
	}
	api := service.New(at, a.Token)
	defer api.Close()
	_, err = c.upload(ctx, api, files[0])
	return err
}

func TestAFileGoesPastTheServerWhereLittleIsLostAndIsBegunThatWayOnce(t *testing.T) {
	const size = 9 << 20
	path := filepath.Join(t.TempDir(), "video.mp4")
	data := make([]byte, size)
	_, _ = rand.Read(data) // it never fails
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	with := func(t *testing.T, w *twoWays, bitsPerSecond int64) (*Client, string, string) {
		t.Helper()
		s := httptest.NewServer(w)
		t.Cleanup(s.Close)
		dir := t.TempDir()
		c := onALink(t, dir, s.URL, bitsPerSecond)
		edits, err := job.New(job.Draft{First: job.Event{ID: "made", Status: job.Published, HappenedAt: 1}})
		if err != nil {
			t.Fatal(err)
		}
		id, err := c.Create(t.Context(), edits...)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Attach(t.Context(), id, path, ""); err != nil {
			t.Fatal(err)
		}
		return c, dir, s.URL
	}
	is := func(t *testing.T, w *twoWays, asked int, past, tus int64) {
		t.Helper()
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.asked != asked || w.past != past || w.tus != tus {
			t.Errorf("asked %d times, %d bytes past the server, %d through it; not %d, %d, %d", w.asked, w.past, w.tus, asked, past, tus)
		}
	}
	t.Run("on a link that carries it soon", func(t *testing.T) {
		w := &twoWays{}
		c, _, _ := with(t, w, 40_000_000)
		if err := sendOne(t.Context(), t, c); err != nil {
			t.Fatal(err)
		}
		is(t, w, 1, size, 0)
	})
	t.Run("on a link that needs longer, over which it goes on where a chunk was cut", func(t *testing.T) {
		w := &twoWays{cutTus: 1 << 20}
		c, _, _ := with(t, w, 16_000_000)
		if err := sendOne(t.Context(), t, c); err != nil {
			t.Fatal(err)
		}
		is(t, w, 0, 0, size)
	})
	t.Run("on a link that costs by the byte", func(t *testing.T) {
		w := &twoWays{}
		c, _, _ := with(t, w, 40_000_000)
		c.SetNetwork(NetworkLTE, true)
		if err := sendOne(t.Context(), t, c); err != nil {
			t.Fatal(err)
		}
		is(t, w, 0, 0, size)
	})
	t.Run("cut on its way it goes through the server", func(t *testing.T) {
		w := &twoWays{cut: 3 << 20, cutTus: 1 << 20}
		c, _, _ := with(t, w, 40_000_000)
		if err := sendOne(t.Context(), t, c); err != nil {
			t.Fatal(err)
		}
		is(t, w, 1, 3<<20, size)
	})
	t.Run("killed on its way, by the next life too", func(t *testing.T) {
		ctx, kill := context.WithCancel(t.Context())
		w := &twoWays{cut: 3 << 20, broke: kill}
		c, dir, server := with(t, w, 40_000_000)
		if err := sendOne(ctx, t, c); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if err := sendOne(t.Context(), t, onALink(t, dir, server, 40_000_000)); err != nil {
			t.Fatal(err)
		}
		is(t, w, 1, 3<<20, size)
	})
}
