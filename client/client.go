package client

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"fieldsync/blobs"
	"fieldsync/blobs/diskblob"
	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/history"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
	"fieldsync/crdt/store/badgerstore"
)

const (
	maxOpen = 64               // documents in memory: a phone's own work is one or two at a time
	idle    = 10 * time.Second // after which a document leaves memory
	// space is where files lie in the folder's blob store: a folder belongs to one account.
	space = blobs.Space("local")
)

// Options say how a Client is opened.
type Options struct {
	Dir string       // the folder; made with mode 0700 if it is not there
	Log *slog.Logger // what a developer should know; nil: nothing is logged
	// StallAfter is how long a sync waits for the server to go on before it gives up. 0: 20 seconds.
	StallAfter time.Duration
	// Unchecked has changes made also where the rules say that the server will refuse them: for a program that knows better.
	Unchecked bool
}

// Client is an open folder. Its methods may be called from any goroutine.
type Client struct {
	dir       string
	log       *slog.Logger
	stall     time.Duration
	unchecked bool
	store     *badgerstore.Store
	files     *diskblob.Store
	drive     *drive.Drive

	mu        sync.Mutex
	account   account
	locks     map[crdt.DocID]*docLock
	watches   map[*watch]struct{}
	recent    map[crdt.DocID]crdt.Heads // what the server holds, as this process learned; newer than what is stored
	withdrawn map[crdt.DocID]time.Time  // documents that the server has, and does not tell us of any more
	closed    bool

	connecting sync.Mutex // held while a session is made; taken before mu
	session    *session   // under mu; nil: none
	users      int        // of session, under mu

	outboxChanged chan struct{} // holds one token when a file was queued
	hurry         chan struct{} // holds one token when Run shall not wait
	writing       sync.WaitGroup
	downloading   sync.Mutex
	chunk         atomic.Int64 // bytes: how much of a file goes in one request
	noDirect      atomic.Bool  // files go through the server
	learned       atomic.Int64 // when the organisation's settings were, in ns since 1970
	whole         atomic.Int64 // chunks that got over since; below zero: how many more must
}

// Open opens a folder, and makes it if there is none. The error is store.ErrLocked where another process has it.
func Open(o Options) (*Client, error) {
	c := &Client{dir: o.Dir, log: o.Log, stall: o.StallAfter, unchecked: o.Unchecked, locks: map[crdt.DocID]*docLock{}, watches: map[*watch]struct{}{},
		recent: map[crdt.DocID]crdt.Heads{}, withdrawn: map[crdt.DocID]time.Time{},
		outboxChanged: make(chan struct{}, 1), hurry: make(chan struct{}, 1)}
	c.chunk.Store(firstChunk)
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.stall == 0 {
		c.stall = 20 * time.Second
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	var err error
	if c.store, err = badgerstore.Open(badgerstore.Options{Dir: filepath.Join(o.Dir, "store"), Profile: badgerstore.Small, Logger: c.log}); err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	if err = c.openRest(); err != nil {
		return nil, errors.Join(err, c.store.Close())
	}
	return c, nil
}

func (c *Client) openRest() error {
	files, err := diskblob.Open(filepath.Join(c.dir, "files"))
	if errors.Is(err, blobs.ErrLocked) {
		return fmt.Errorf("client: %w", store.ErrLocked)
	}
	if err != nil {
		return fmt.Errorf("client: %w", err)
	}
	c.files = files
	if c.account, err = readAccount(c.dir); err == nil {
		err = c.loadWithdrawn()
	}
	if err != nil {
		return errors.Join(err, files.Close())
	}
	c.drive = drive.New(drive.Config{
		Replica: &replica.Config{
			// Both ends know a client by its token; the name only has to differ from other devices'.
			PeerID: crdt.PeerID("fieldsync-" + rand.Text()[:12]), StorageID: c.account.Storage,
			History: history.DefaultLimits(), IdleAfter: idle, KeepSyncStates: true, Policy: rules,
		},
		Store: c.store, Snapshot: engine.Snapshot, MaxOpen: maxOpen, Log: c.log,
		Inventory: c.inventory, OnNotice: c.onNotice, OnJoined: c.onJoined, OnCompared: c.onCompared,
	})
	return nil
}

// Close ends the connection, if there is one, and releases the folder. Everything that was said to be saved is.
func (c *Client) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	s := c.session
	c.mu.Unlock()
	if s != nil {
		s.end()
	}
	c.drive.Close()
	c.writing.Wait()
	c.endWatches()
	return errors.Join(c.store.Close(), c.files.Close())
}
