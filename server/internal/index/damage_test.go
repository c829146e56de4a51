package index

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"fieldsync/crdt/job"
)

// piece harms the n-th twentieth of a file.
func piece(n int) func(b []byte) []byte {
	return func(b []byte) []byte {
		for i := len(b) * n / 20; i < len(b)*(n+1)/20; i++ {
			b[i] ^= 0x5a
		}
		return b
	}
}

// A disk may give back other bytes than it was given. The server starts, and finds what it found before.
func TestADamagedFileOfTheFullTextIsMadeGood(t *testing.T) {
	for name, harm := range map[string]func(b []byte) []byte{
		"sound": func(b []byte) []byte { return b },
		"half":  func(b []byte) []byte { return b[:len(b)/2] },
		"empty": func([]byte) []byte { return nil },
		// What is opened is whole, what is searched is not: rows are missing, a search panics, or a goroutine of bleve's, which ends the process.
		"the beginning": piece(0), "the first third": piece(4), "the middle": piece(11),
		"one bit":   func(b []byte) []byte { b[len(b)/3] ^= 4; return b },
		"zeros":     func(b []byte) []byte { clear(b[len(b)/4 : len(b)/2]); return b },
		"no footer": func(b []byte) []byte { clear(b[len(b)-40:]); return b },
		"noise": func(b []byte) []byte { // bleve panics when it opens this
			for i := range b[:len(b)-60] {
				b[i] ^= 0x5a
			}
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, dir := textWorld(t)
			for n := range 30 {
				w.set(jobDoc(n, map[string]any{job.KeyTitle: fmt.Sprintf("pump %d", n), job.KeyDescription: "some words of it"}))
				w.now(docID(n))
			}
			w.known()
			w.end()
			segments := must(filepath.Glob(filepath.Join(dir, "store", "*.zap")))
			if len(segments) == 0 {
				t.Fatal("there is no file to harm")
			}
			for _, path := range segments {
				if ok, err := checksumHolds(path); !ok || err != nil {
					t.Fatalf("a file of bleve's has another checksum than is thought: %v", err)
				}
				check(t, os.WriteFile(path, harm(must(os.ReadFile(path))), 0o600))
			}
			w.Index = must(Open(w.options(func(o *Options) { o.Search = dir })))
			w.known()
			if got := len(w.find(Query{Text: "pump words", Limit: 50})); got != 30 {
				t.Errorf("%d rows of 30 are found", got)
			}
			w.set(jobDoc(1, map[string]any{job.KeyTitle: "pump once more"}))
			w.now(docID(1))
			w.known()
			if got := len(w.find(Query{Text: "once more"})); got != 1 {
				t.Errorf("%d new rows are found", got)
			}
		})
	}
}

func TestWhatBlevePanicsAboutIsAnError(t *testing.T) {
	w, dir := textWorld(t)
	w.set(jobDoc(1, map[string]any{job.KeyTitle: "pump"}))
	w.now(docID(1))
	w.known()
	w.end()
	for _, path := range must(filepath.Glob(filepath.Join(dir, "store", "*.zap"))) {
		b := must(os.ReadFile(path))
		for i := range b[:len(b)-60] {
			b[i] ^= 0x5a
		}
		check(t, os.WriteFile(path, b, 0o600))
	}
	if idx, err := openBleve(dir); err == nil {
		t.Error("noise is opened")
		check(t, idx.Close())
	}
	w.open(nil)
}
