package chaos_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"fieldsync/conformance/internal/author"
)

// What a crash of the machine may leave at the end of the log, behind what was fsynced or instead of its last write.
// end is where the bytes that were written end; tail is the last write's least length in bytes.
func tears() []tear {
	return []tear{
		{"garbage behind the end", false, func(w *world, log []byte, end int) []byte {
			for i := range 50 + w.rand.IntN(500) {
				log[end+i] = byte(w.rand.IntN(256))
			}
			return log
		}},
		{"half of an older write again", false, func(w *world, log []byte, end int) []byte {
			n := 50 + w.rand.IntN(min(1000, end/2))
			copy(log[end:], log[end/2-n/2:end/2+n/2])
			return log
		}},
		{"cut right behind the end", false, func(_ *world, log []byte, end int) []byte { return log[:end] }},
		{"cut inside the last write", true, func(w *world, log []byte, end int) []byte { return log[:end-1-w.rand.IntN(tail)] }},
		{"the last write garbled", true, func(w *world, log []byte, end int) []byte {
			log[end-1-w.rand.IntN(tail)] ^= byte(1 + w.rand.IntN(255))
			return log
		}},
		{"the last write's end never written", true, func(w *world, log []byte, end int) []byte {
			clear(log[end-1-w.rand.IntN(tail):])
			return log
		}},
	}
}

// tear is a way to damage a log.
type tear struct {
	name  string
	takes bool // the last write
	do    func(w *world, log []byte, end int) []byte
}

// tail is less than the shortest write of a change with its record.
const tail = 60

func TestATornTailOfTheLogLosesNothingThatWasAcknowledgedBeforeIt(t *testing.T) {
	w := newWorld(t, uint64(number(t, "CHAOS_SEED", 1)))
	if err := w.start(); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, kind := range tears() {
		for n := range 20 {
			doc := w.newDoc()
			copied, err := w.writeOne(fmt.Sprintf("%s %d", kind.name, n), doc)
			if err != nil {
				t.Fatalf("%s: %v", kind.name, err)
			}
			w.promise(copied)
			all = append(all, doc)
		}
		// One more, which nothing is promised of: it is what the tear takes.
		last := w.newDoc()
		if _, err := w.writeOne("last of "+kind.name, last); err != nil {
			t.Fatalf("%s: %v", kind.name, err)
		}
		w.p.Kill()
		if err := tearLog(w, kind.do); err != nil {
			t.Fatalf("%s: %v", kind.name, err)
		}
		if err := w.start(); err != nil {
			t.Fatalf("%s: the server does not start: %v", kind.name, err)
		}
		if err := w.check(kind.name, all); err != nil {
			t.Fatalf("%s: %v\n%s", kind.name, err, w.p.Output())
		}
		if _, err := author.Fetch(t.Context(), w.url(), "who looks for the last", last); errors.Is(err, author.ErrUnavailable) != kind.takes {
			t.Errorf("%s: the last write: %v; the test did not tear what it says", kind.name, err)
		}
		doc := w.newDoc()
		copied, err := w.writeOne("first after "+kind.name, doc)
		if err != nil {
			t.Fatalf("%s: the server takes no change: %v", kind.name, err)
		}
		w.promise(copied)
		all = append(all, doc)
	}
	if err := w.check("end", all); err != nil {
		t.Fatal(err)
	}
}

// tearLog damages the end of the store's newest log.
func tearLog(w *world, tear func(*world, []byte, int) []byte) error {
	logs, err := filepath.Glob(filepath.Join(w.data, "store", "*.mem"))
	if err != nil {
		return err
	}
	if len(logs) == 0 {
		return errors.New("the store has no log")
	}
	newest := slices.Max(logs)
	log, err := os.ReadFile(newest)
	if err != nil {
		return err
	}
	end := len(bytes.TrimRight(log, "\x00"))
	if end < 1000 {
		return fmt.Errorf("%s holds only %d bytes", newest, end)
	}
	return os.WriteFile(newest, tear(w, log, end), 0o600)
}

// writeOne writes one change into a document, and waits for its acknowledgement.
func (w *world) writeOne(peer, doc string) (*author.Copy, error) {
	copied := author.NewCopy(doc, actorOf(peer))
	client, err := w.dial(peer, copied)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	if err := client.Edit(copied, "one"); err != nil {
		return nil, err
	}
	return copied, client.Until(func() bool { return copied.Unconfirmed() == 0 })
}
