package client

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/history"
	"fieldsync/crdt/job"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
)

// self is the author of what was changed in this folder, in the documents' own books.
const self history.Author = "self"

// Create makes a document of the edits (job.New gives those of a job), durable when it returns.
func (c *Client) Create(ctx context.Context, edits ...crdt.Edit) (crdt.DocID, error) {
	var id crdt.DocID
	_, _ = rand.Read(id[:])
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // a random UUID, version 4
	a, _, err := c.signedIn()
	if err != nil {
		return crdt.DocID{}, err
	}
	doc, err := engine.New()
	if err != nil {
		return crdt.DocID{}, err
	}
	defer doc.Close()
	if err := c.edit(ctx, a, id, doc, "", func(tx *engine.Tx) error { return tx.Apply(edits...) }); err != nil {
		return crdt.DocID{}, err
	}
	c.drive.Subscribe(0, id)
	return id, nil
}

// Change edits a document that is here. fn may read and write through tx; when it returns an error nothing is changed. The change
// is durable when Change returns, and on its way to the server if there is a connection. ErrNotFound where it is not here.
func (c *Client) Change(ctx context.Context, id crdt.DocID, fn func(*engine.Tx) error) error {
	a, _, err := c.signedIn()
	if err != nil {
		return err
	}
	defer c.lock(id)()
	doc, _, err := c.load(id)
	if err != nil {
		return err
	}
	defer doc.Close()
	return c.edit(ctx, a, id, doc, "", fn)
}

// change makes one change of the edits that fn makes of a document as it is here now, with a message.
func (c *Client) change(ctx context.Context, id crdt.DocID, message string, fn func(*account, *engine.Doc) ([]crdt.Edit, error)) error {
	a, _, err := c.signedIn()
	if err != nil {
		return err
	}
	defer c.lock(id)()
	doc, _, err := c.load(id)
	if err != nil {
		return err
	}
	defer doc.Close()
	edits, err := fn(&a, doc)
	if err != nil || len(edits) == 0 {
		return err
	}
	return c.edit(ctx, a, id, doc, message, func(tx *engine.Tx) error { return tx.Apply(edits...) })
}

// edit makes one change of what fn does, and waits until it is durable.
func (c *Client) edit(ctx context.Context, a account, id crdt.DocID, doc *engine.Doc, message string, fn func(*engine.Tx) error) error {
	actor, err := c.actorOf(&a, id)
	if err != nil {
		return err
	}
	raw, err := doc.Edit(engine.Commit{Actor: actor, Time: time.Now().Unix(), Message: message}, fn)
	if err != nil || raw == nil {
		return err
	}
	// Not to be cancelled: the next change has to know whether this one is there.
	if err := c.appended(c.drive.Append(context.WithoutCancel(ctx), id, replica.Append{Author: self, Principal: c.owner(&a), Raws: [][]byte{raw}})); err != nil {
		return err
	}
	c.askAbout(id)
	return nil
}

// Find says that the document is here, or gets it from the server. Errors: ErrNotFound, also where this person may not know of the
// document; ErrNotAllowed, ErrSignIn; ErrOffline where it is not here and the server cannot be asked.
func (c *Client) Find(ctx context.Context, id crdt.DocID) error {
	_, err := drive.ReadRecord(c.store, id)
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	s, err := c.acquire(ctx)
	if err != nil {
		return err
	}
	defer c.release(ctx, s)
	return s.find(ctx, id)
}

// View is a document as it is here, now.
type View struct {
	ID         crdt.DocID
	Withdrawn  time.Time // when we learned that it is not ours any more; zero: it is. It stays as we last saw it
	Heads      crdt.Heads
	Tree       map[string]any // as engine.Doc.Tree gives it
	Clashes    []engine.Clash // places that several people wrote to at once
	JobClashes []job.Clash    // of those, and of the status, what matters to somebody
	IsJob      bool
	Job        job.Job // if IsJob
	Problems   []job.Problem
}

// View reads a document that is here; ErrNotFound where it is not.
func (c *Client) View(id crdt.DocID) (View, error) {
	doc, rec, err := c.load(id)
	if err != nil {
		return View{}, err
	}
	defer doc.Close()
	v, err := viewOf(id, doc, rec.Heads)
	v.Withdrawn = c.Withdrawn(id)
	return v, err
}

func viewOf(id crdt.DocID, doc *engine.Doc, heads crdt.Heads) (v View, err error) {
	v = View{ID: id, Heads: heads}
	if v.Tree, err = doc.Tree(); err != nil {
		return v, err
	}
	if v.Clashes, err = doc.Clashes(); err != nil {
		return v, err
	}
	v.JobClashes = job.Clashes(v.Tree, v.Clashes)
	if v.IsJob = job.IsJob(v.Tree); v.IsJob {
		v.Job, v.Problems = job.Read(v.Tree)
	}
	return v, nil
}

// Heads are the newest changes of a document that is here; ErrNotFound where it is not.
func (c *Client) Heads(id crdt.DocID) (crdt.Heads, error) {
	rec, err := drive.ReadRecord(c.store, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrNotFound
	}
	return rec.Heads, err
}

// Documents are the ids of all that is here, in their order.
func (c *Client) Documents() ([]crdt.DocID, error) {
	var ids []crdt.DocID
	err := drive.Records(c.store, func(id crdt.DocID, _ replica.Record) error {
		ids = append(ids, id)
		return nil
	})
	return ids, err
}

// load makes an engine's document of what is durable. The caller closes it.
func (c *Client) load(id crdt.DocID) (*engine.Doc, replica.Record, error) {
	stored, err := drive.ReadDocument(c.store, id)
	if err != nil {
		return nil, replica.Record{}, err
	}
	if stored.Record == nil {
		return nil, replica.Record{}, ErrNotFound
	}
	rec, err := replica.DecodeRecord(stored.Record)
	if err != nil {
		return nil, rec, err
	}
	chunks := make([][]byte, 0, 1+len(stored.Changes))
	if stored.Snapshot != nil {
		chunk, err := replica.SnapshotChunk(stored.Snapshot)
		if err != nil {
			return nil, rec, err
		}
		chunks = append(chunks, chunk)
	}
	for _, entry := range stored.Changes {
		if err := replica.DecodeEntry(entry.Value, func(_ int64, raw []byte) { chunks = append(chunks, raw) }); err != nil {
			return nil, rec, err
		}
	}
	doc, err := engine.Load(chunks...)
	return doc, rec, err
}

// docLock makes changes to one document follow one another.
type docLock struct {
	sync.Mutex
	wanted int // by how many, under Client.mu
}

func (c *Client) lock(id crdt.DocID) (unlock func()) {
	c.mu.Lock()
	l := c.locks[id]
	if l == nil {
		l = &docLock{}
		c.locks[id] = l
	}
	l.wanted++
	c.mu.Unlock()
	l.Lock()
	return func() {
		l.Unlock()
		c.mu.Lock()
		if l.wanted--; l.wanted == 0 {
			delete(c.locks, id)
		}
		c.mu.Unlock()
	}
}
