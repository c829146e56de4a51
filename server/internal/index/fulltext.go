package index

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/store"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/document"
	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"
)

const (
	// textBatch is how many rows of the feed are looked at for one write of the full text, and textBatchBytes about how much text.
	textBatch      = 500
	textBatchBytes = 1 << 20

	// textPause lets rows gather between two writes of the full text: each is a file and an fsync.
	textPause = 150 * time.Millisecond

	// textRetry is the wait after a failed write.
	textRetry = 5 * time.Second
)

// fullText is the index of words on disk. It follows the feeds: for each organisation it holds the seq up to which it knows the rows, in
// the same write as the words, so that it goes on where a crash has left it. It may be deleted; it is then made again.
type fullText struct {
	dir   string
	store store.Store
	log   *slog.Logger
	skips func() // hears of each row that cannot be read

	mu  sync.RWMutex // locked while the index is replaced
	idx bleve.Index

	searching chan struct{} // a token for each search under way

	pendingMu sync.Mutex
	pending   map[string]bool // organisations with rows that are not known yet
	busy      bool
	wake      chan struct{}
}

// textLayout is what the words are made of; another one in the index: it is made anew. 2: a document is named with its organisation.
const textLayout = "2"

var layoutKey = []byte("layout")

func positionKey(org string) []byte { return append([]byte("org "), org...) }

// openFullText opens the index in a folder, which is made if need be. One that cannot be read is made anew.
func openFullText(dir string, s store.Store, log *slog.Logger, skips func()) (*fullText, error) {
	t := &fullText{dir: dir, store: s, log: log, skips: skips, searching: make(chan struct{}, maxSearches), pending: map[string]bool{}, wake: make(chan struct{}, 1)}
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return nil, crdt.Errorf(crdt.KindUnavailable, "index: %w", err)
	}
	var err error
	if _, there := os.Stat(dir); there == nil {
		dropDamaged(dir, log)
		if t.idx, err = openBleve(dir); err == nil {
			if layout, err := t.idx.GetInternal(layoutKey); err == nil && string(layout) == textLayout {
				return t, t.everybody()
			}
			_ = t.idx.Close()
		}
		log.Warn("the full text is made anew")
	}
	if err := t.create(); err != nil {
		return nil, err
	}
	return t, t.everybody()
}

// create makes an empty index; t.mu is locked, or nobody else is there yet.
func (t *fullText) create() error {
	if err := os.RemoveAll(t.dir); err != nil {
		return crdt.Errorf(crdt.KindUnavailable, "index: %w", err)
	}
	mapping := bleve.NewIndexMapping() // fields are made by hand: textDocument
	var err error
	if t.idx, err = bleve.NewUsing(t.dir, mapping, scorch.Name, scorch.Name, nil); err == nil {
		err = t.idx.SetInternal(layoutKey, []byte(textLayout))
	}
	if err != nil {
		return crdt.Errorf(crdt.KindUnavailable, "index: full text: %w", err)
	}
	return nil
}

// empty forgets everything.
func (t *fullText) empty() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.idx.Close(); err != nil {
		t.log.Warn("closing the full text", "error", err.Error())
	}
	return t.create()
}

func (t *fullText) close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.idx.Close(); err != nil {
		return fmt.Errorf("index: full text: %w", err)
	}
	return nil
}

// everybody has all organisations looked at.
func (t *fullText) everybody() error {
	return t.store.View(func(r store.Reader) error {
		return orgs(r, func(o orgKeys) error { t.ring(o.org); return nil })
	})
}

// ring says that an organisation has new rows.
func (t *fullText) ring(orgs ...string) {
	t.pendingMu.Lock()
	for _, org := range orgs {
		t.pending[org] = true
	}
	t.pendingMu.Unlock()
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// next takes an organisation that has new rows; the one before is done with.
func (t *fullText) next() (org string, ok bool) {
	t.pendingMu.Lock()
	defer t.pendingMu.Unlock()
	for org := range t.pending {
		delete(t.pending, org)
		t.busy = true
		return org, true
	}
	t.busy = false
	return "", false
}

// caughtUp waits until every row is known.
func (t *fullText) caughtUp(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		t.pendingMu.Lock()
		idle := !t.busy && len(t.pending) == 0
		t.pendingMu.Unlock()
		if idle {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// follow takes in new rows until ctx ends.
func (t *fullText) follow(ctx context.Context) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.wake:
		}
		wait := textPause
		for org, ok := t.next(); ok && ctx.Err() == nil; org, ok = t.next() {
			switch more, err := t.step(org); {
			case err != nil && !errors.Is(err, store.ErrClosed):
				t.log.Error("the full text falls behind", "error", err.Error())
				wait = textRetry
				t.ring(org)
			case more:
				t.ring(org)
				continue
			}
			if wait == textRetry {
				break
			}
		}
		pause.Reset(wait)
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
	}
}

// step takes in some rows of an organisation; more: there may be others behind them.
func (t *fullText) step(org string) (more bool, err error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	known, err := t.position(org)
	if err != nil {
		return false, err
	}
	b := t.idx.NewBatch()
	at := known
	err = t.store.View(func(r store.Reader) error {
		o := orgKeys{org}
		prefix := o.part(partFeed)
		return r.Scan(prefix, o.feed(known+1), func(key, value []byte) error {
			if more = b.Size() >= textBatch || b.TotalDocsSize() >= textBatchBytes || at-known >= 64*textBatch; more {
				return store.ErrStop
			}
			at = binary.BigEndian.Uint64(key[len(prefix):])
			if len(value) != docLen {
				t.skips()
				t.log.Error("the full text passes over a damaged place in the feed", "seq", at)
				return nil
			}
			doc := crdt.DocID(value)
			err := t.take(r, o, b, doc, known)
			if !damaged(err) {
				return err
			}
			// The others are not to wait for it. It is taken in with its next change, or when the index is made anew.
			t.skips()
			t.log.Error("the full text passes over a damaged row", "doc", doc.String(), "error", err.Error())
			return nil
		})
	})
	if err != nil || at == known {
		return false, err
	}
	b.SetInternal(positionKey(org), binary.BigEndian.AppendUint64(nil, at))
	if err := t.idx.Batch(b); err != nil {
		return false, fmt.Errorf("index: full text: %w", err)
	}
	return more, nil
}

// damaged tells whether a row itself cannot be read, now or later; the store can.
func damaged(err error) bool { return errors.Is(err, errHeader) || errors.Is(err, store.ErrNotFound) }

func (t *fullText) position(org string) (uint64, error) {
	b, err := t.idx.GetInternal(positionKey(org))
	if err != nil {
		return 0, fmt.Errorf("index: full text: %w", err)
	}
	if len(b) != 8 {
		return 0, nil
	}
	return binary.BigEndian.Uint64(b), nil
}

// take puts a row into a batch, if what is known of it is not what there is.
func (t *fullText) take(r store.Reader, o orgKeys, b *bleve.Batch, doc crdt.DocID, known uint64) error {
	row, err := readRow(r, o, doc)
	if err != nil || row.textSeq <= known {
		return err
	}
	if row.gone() {
		b.Delete(textID(o.org, doc))
		return nil
	}
	stored, err := r.Get(o.text(doc))
	if err != nil {
		return err
	}
	text, err := decodeSearched(stored)
	if err != nil {
		return err
	}
	return b.IndexAdvanced(textDocument(o.org, doc, &row.head, text))
}

// textID is a row's name in the full text, which is one for all organisations.
func textID(org string, doc crdt.DocID) string { return term(org, string(doc[:])) }

// textDocument is a row as the full text takes it in.
func textDocument(org string, doc crdt.DocID, h *header, text searched) *document.Document {
	d := document.NewDocument(textID(org, doc))
	add := func(field, value string, a analyzer) {
		d.AddField(document.NewTextFieldCustom(field, nil, []byte(value), index.IndexField, a))
	}
	add(fieldHead, text.head, wordsOf(org))
	add(fieldBody, text.body, wordsOf(org))
	add(fieldTags, "", analyzer{tags: tagsOf(org, h)})
	return d
}
