package uploads

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"fieldsync/blobs"
	"fieldsync/blobs/blobtest"
	"fieldsync/client"
	"fieldsync/conformance/internal/cut"
	"fieldsync/conformance/internal/phone"
	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt"
)

// The run of photos: sizes and rates.
const (
	photoBytes = 2_000_000
	linkRate   = 8 << 20 // bytes per second: a good LTE; in 0.2 to 0.4 s it carries about a photo
	chunkLost  = 256 << 10
)

// photosInTest is how many photos are sent; FIELDSYNC_PHOTOS says how many instead. A hundred take one to two minutes.
const photosInTest = 12

func photos(t testing.TB, otherwise int) int {
	n, err := strconv.Atoi(os.Getenv("FIELDSYNC_PHOTOS"))
	if os.Getenv("FIELDSYNC_PHOTOS") == "" {
		return otherwise
	}
	if err != nil || n < 3 {
		t.Fatalf("FIELDSYNC_PHOTOS is not a number from 3 on: %v", err)
	}
	return n
}

// cutting breaks a link until it is stopped, each time after as many bytes as it carries in 0.2 to 0.4 seconds: by bytes and not by the
// clock, so that a busy machine gets as far between two cuts as an idle one.
func cutting(link *cut.Proxy) (stop func()) {
	ctx, end := context.WithCancel(context.Background())
	var done sync.WaitGroup
	rng := rand.New(rand.NewPCG(1, 2))
	carried := func() int64 { return linkRate/5 + rng.Int64N(linkRate/5) }
	done.Go(func() {
		look := time.NewTicker(2 * time.Millisecond)
		defer look.Stop()
		for next := link.Sent() + carried(); ; {
			select {
			case <-look.C:
			case <-ctx.Done():
				return
			}
			if link.Sent() >= next {
				link.Break()
				next = link.Sent() + carried()
			}
		}
	})
	return func() { end(); done.Wait() }
}

// TestPhotosGetOverALinkThatIsCutAllTheTimeAndAServerThatIsKilledTwice is the promise of uploads: what is sent beside what is
// needed is a chunk for each cut.
func TestPhotosGetOverALinkThatIsCutAllTheTimeAndAServerThatIsKilledTwice(t *testing.T) {
	onAll(t, func(t *testing.T, w *world) {
		n := photos(t, photosInTest)
		if strings.HasSuffix(t.Name(), "/versitygw") { // it takes its time
			n = 4
		}
		c, err := client.Open(client.Options{Dir: filepath.Join(t.TempDir(), "anna")})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if _, err := c.Login(t.Context(), "http://"+w.link.Addr(), sut.WorkerAnna); err != nil {
			t.Fatal(err)
		}
		job, err := crdt.ParseDocID(w.newJob("a hundred photos"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		data := make([][]byte, n)
		for i := range data {
			data[i] = blobtest.Bytes(uint64(i+1), photoBytes-i)
			path := filepath.Join(t.TempDir(), fmt.Sprintf("%d.jpg", i))
			if err := os.WriteFile(path, data[i], 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Attach(t.Context(), job, path, ""); err != nil {
				t.Fatal(err)
			}
		}
		before := w.link.Sent()
		w.link.Limit(linkRate)
		t.Cleanup(cutting(w.link))
		begun := time.Now()
		phone.Run(t, c)
		for _, at := range []int{n / 3, 2 * n / 3} {
			w.untilUnsent(c, n-at)
			w.server.Kill()
			w.start()
		}
		w.untilUnsent(c, 0)
		took, sent, cuts := time.Since(begun), w.link.Sent()-before, w.link.Cuts()
		needed := int64(0)
		for i, d := range data {
			needed += int64(len(d))
			if !w.held(d) {
				t.Errorf("photo %d is not there, or is another", i)
			}
		}
		if got := w.objects(); got != n {
			t.Errorf("%d files in the store for %d photos", got, n)
		}
		bound := needed*102/100 + int64(cuts+2)*chunkLost
		t.Logf("%d photos, %d MB in %.1f s: %d cuts, %d bytes sent, %.2f%% over; the bound is %.2f%%", n, needed/1e6, took.Seconds(), cuts, sent,
			float64(sent-needed)*100/float64(needed), float64(bound-needed)*100/float64(needed))
		if sent > bound {
			t.Errorf("%d bytes were sent for %d, with %d cuts and 2 kills; at most %d", sent, needed, cuts, bound)
		}
		if cuts < n/4 {
			t.Errorf("only %d cuts: this is no bad link", cuts)
		}
	})
}

// untilUnsent waits until so many files are still to be sent, for as long as one goes after the other.
func (w *world) untilUnsent(c *client.Client, n int) {
	w.t.Helper()
	late, left := time.After(4*patience), -1
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		u, err := c.Unsent(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		if len(u.Files) <= n {
			return
		}
		if left != len(u.Files) {
			late, left = time.After(4*patience), len(u.Files)
		}
		select {
		case <-tick.C:
		case <-late:
			w.t.Fatalf("%d files are still unsent: %+v", len(u.Files), u.Files[0])
		}
	}
}

// objects counts the files that the store has, and fails the test if anything of an upload is left beside them.
func (w *world) objects() int {
	w.t.Helper()
	if w.minio == nil {
		found, err := filepath.Glob(filepath.Join(w.dataDir(), "files", "demo", "??", "*"))
		if err != nil {
			w.t.Fatal(err)
		}
		left, err := filepath.Glob(filepath.Join(w.dataDir(), "files", ".stage", "demo", "state", "*"))
		if err != nil || len(left) > 0 {
			w.t.Errorf("left of uploads: %q, %v", left, err)
		}
		return len(found)
	}
	items, err := w.bucket().List(w.t.Context(), "demo", blobs.Ref{}, blobs.MaxList)
	if err != nil {
		w.t.Fatal(err)
	}
	left, err := w.bucket().ListNotes(w.t.Context(), "demo", "state/", "", 10)
	if err != nil || len(left) > 0 {
		w.t.Errorf("left of uploads: %v, %v", left, err)
	}
	return len(items)
}
