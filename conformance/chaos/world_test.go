package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fieldsync/conformance/internal/author"
	"fieldsync/conformance/internal/light"
	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt"
	"fieldsync/crdt/engine"
)

// watchdog is how long anything may take that has to happen. Far more than it does.
const watchdog = 2 * time.Minute

var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "fieldsync-chaos-")
	if err != nil {
		return "", err
	}
	return sut.BuildFieldsyncd(context.Background(), dir)
})

// world is a server on a folder, and what it is known to have promised.
type world struct {
	p    *sut.Process
	data string
	rand *rand.Rand

	mu       sync.Mutex
	promised map[string]map[crdt.Hash]struct{} // document -> changes that were acknowledged, or shown to somebody
}

func newWorld(t testing.TB, seed uint64) *world {
	t.Helper()
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	w, err := openWorld(bin, filepath.Join(t.TempDir(), "data"), seed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.p.Kill)
	return w
}

func openWorld(bin, data string, seed uint64) (*world, error) {
	p, err := sut.Fieldsyncd(bin, data)
	if err != nil {
		return nil, err
	}
	return &world{p: p, data: data, rand: rand.New(rand.NewPCG(seed, 0)), promised: map[string]map[crdt.Hash]struct{}{}}, nil
}

func (w *world) start() error { return w.p.Start(context.Background()) }

func (w *world) url() string { return w.p.URL(sut.Dispatcher) }

func (w *world) newDoc() string {
	var id crdt.DocID
	for i := range id {
		id[i] = byte(w.rand.IntN(256))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.promised[id.String()] = map[crdt.Hash]struct{}{}
	return id.String()
}

func actorOf(name string) crdt.ActorID { return crdt.ActorID(strings.ReplaceAll(name, " ", "-")) }

// dial connects a plain client, as automerge-repo's are.
func (w *world) dial(peer string, copies ...*author.Copy) (*author.Client, error) {
	return author.Dial(context.Background(), w.url(), peer, light.Options{}, copies...)
}

// promise notes what a client was promised: what the server said that it holds, and what it showed of others' changes.
func (w *world) promise(c *author.Copy) {
	w.mu.Lock()
	defer w.mu.Unlock()
	held := w.promised[c.ID]
	for _, h := range c.AllConfirmed() {
		held[h] = struct{}{}
	}
	for _, change := range c.Changes() {
		if change.Actor != c.Actor {
			held[change.Hash] = struct{}{}
		}
	}
}

// crew are writers at work.
type crew struct {
	confirmed atomic.Int64
	enough    chan struct{} // closed when so many changes were acknowledged
	reached   sync.Once
	target    int64
	done      sync.WaitGroup
	ends      []error // how each writer's connection ended
}

// work has n writers write until their connections end: each in its own document and in all shared ones, with several
// changes on their way at a time. name makes their actors new ones.
func (w *world) work(name string, own, shared []string, target int) *crew {
	c := &crew{enough: make(chan struct{}), target: int64(target), ends: make([]error, len(own))}
	for i := range own {
		c.done.Go(func() {
			peer := fmt.Sprintf("%s-writer-%d", name, i)
			var copies []*author.Copy
			for k, doc := range append([]string{own[i]}, shared...) {
				copies = append(copies, author.NewCopy(doc, crdt.ActorID(fmt.Sprintf("%s-in-%d", peer, k))))
			}
			c.ends[i] = c.write(w.url(), peer, copies)
			for _, copied := range copies {
				w.promise(copied)
			}
		})
	}
	return c
}

// inFlight is how many changes of a document a writer sends before it waits for an acknowledgement.
const inFlight = 3

func (c *crew) write(url, peer string, copies []*author.Copy) error {
	client, err := author.Dial(context.Background(), url, peer, light.Options{}, copies...)
	if err != nil {
		return err
	}
	defer client.Close()
	for n := 0; ; n++ {
		before := 0
		for _, copied := range copies {
			for copied.Unconfirmed() < inFlight {
				if err := client.Edit(copied, fmt.Sprintf("%s writes %d", peer, n)); err != nil {
					return lastWords(client, err)
				}
			}
			before += len(copied.AllConfirmed())
		}
		if _, err := client.Step(); err != nil && !errors.Is(err, author.ErrUnavailable) {
			return err
		}
		after := 0
		for _, copied := range copies {
			after += len(copied.AllConfirmed())
		}
		if c.confirmed.Add(int64(after-before)) >= c.target {
			c.reached.Do(func() { close(c.enough) })
		}
	}
}

// lastWords reads on after a write failed: the server may have said why.
func lastWords(client *author.Client, err error) error {
	for {
		if _, readErr := client.Step(); readErr != nil && !errors.Is(readErr, author.ErrUnavailable) {
			return errors.Join(readErr, err)
		}
	}
}

// wait waits until enough was acknowledged.
func (c *crew) wait() error {
	ended := make(chan struct{})
	go func() { c.done.Wait(); close(ended) }()
	timeout := time.NewTimer(watchdog)
	defer timeout.Stop()
	select {
	case <-c.enough:
		return nil
	case <-ended:
		return fmt.Errorf("all writers ended after %d acknowledgements: %w", c.confirmed.Load(), errors.Join(c.ends...))
	case <-timeout.C:
		return fmt.Errorf("only %d of %d acknowledgements came", c.confirmed.Load(), c.target)
	}
}

// check fetches documents as somebody who never saw them: everything promised is there, and the engine loads it with the
// server's heads.
func (w *world) check(name string, docs []string) error {
	errs := make([]error, len(docs))
	var all sync.WaitGroup
	for i, doc := range docs {
		all.Go(func() { errs[i] = w.checkDoc(fmt.Sprintf("%s-reader-%d", name, i), doc) })
	}
	all.Wait()
	return errors.Join(errs...)
}

func (w *world) checkDoc(peer, doc string) error {
	w.mu.Lock()
	promised := w.promised[doc]
	w.mu.Unlock()
	got, err := author.Fetch(context.Background(), w.url(), peer, doc)
	if errors.Is(err, author.ErrUnavailable) && len(promised) == 0 {
		return nil // nothing was acknowledged before the end came
	}
	if err != nil {
		return fmt.Errorf("fetching %s, of which %d changes were promised: %w", doc, len(promised), err)
	}
	lost := 0
	for h := range promised {
		if !got.Has(h) {
			lost++
		}
	}
	if lost > 0 {
		return fmt.Errorf("%s: %d of %d promised changes are lost", doc, lost, len(promised))
	}
	loaded, err := engine.Load(got.Raws()...)
	if err != nil {
		return fmt.Errorf("%s: automerge-go does not load it: %w", doc, err)
	}
	defer loaded.Close()
	if !loaded.Heads().Equal(got.Heads()) {
		return fmt.Errorf("%s: the server's heads are %v, automerge-go's %v", doc, got.Heads(), loaded.Heads())
	}
	return nil
}
