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
	"fieldsync/client/internal/link"
	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/history"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
	"fieldsync/crdt/store/badgerstore"
	"fieldsync/crdt/wire"
)

const (
	maxOpen = 64               // documents in memory: a phone's own work is one or two at a time
	idle    = 10 * time.Second // after which a document leaves memory
	// answerTimeout is how long a server may take to answer our join, once the connection is open.
	answerTimeout = 10 * time.Second
	// space is where files lie in the folder's blob store: a folder belongs to one account.
	space = blobs.Space("local")
)

// fileStore is a folder of files, encrypted or not.
type fileStore interface {
	blobs.Store
	Close() error
}

// Options say how a Client is opened.
type Options struct {
	Dir string       // the folder; made with mode 0700 if it is not there
	Log *slog.Logger // what a developer should know; nil: nothing is logged
	// Key encrypts everything in the folder: KeyLen random bytes that the platform keeps (Keystore, Keychain). A folder in the clear is
	// encrypted when it is first opened with a key; from then on it opens with that one alone. Nil: the folder is in the clear.
	Key []byte
	// StallAfter is how long a sync waits for the server to go on before it gives up; three times as long after something of a message has moved. 0: 20 seconds.
	StallAfter time.Duration
	// FilesBudget is how many bytes of files are kept here that can be had from the server again. Files of the jobs that are here are fetched ahead up
	// to it, those that were used longest ago go when it is exceeded. Those that wait to be sent do not count, and never go. 0: 1 GiB.
	FilesBudget int64
	// WipeWhenRevoked wipes the folder when the server says that it does not accept the login any more, as soon as no work is lost with it:
	// see Client.Wipe.
	WipeWhenRevoked bool
	// SyncEvery is how often Run syncs when nothing else causes it. 0: 2 minutes.
	SyncEvery time.Duration
	// Unchecked has changes made also where the rules say that the server will refuse them: for a program that knows better.
	Unchecked bool
}

// Client is an open folder. Its methods may be called from any goroutine.
type Client struct {
	root      string   // the folder
	dir       string   // where its things are: the folder, or a part of it
	held      *os.File // the folder's lock
	keys      *keys    // nil: in the clear
	log       *slog.Logger
	stall     time.Duration
	unchecked bool

	wipeWhenRevoked bool

	store    disk
	storage  atomic.Value // StorageState
	rowMaker rowMaker
	files    fileStore
	drive    *drive.Drive

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
	opening    *session   // one that is not open yet, under mu; nil: none

	outboxChanged chan struct{} // holds one token when a file was queued
	moving        chan struct{} // holds a token while somebody moves files
	net           network       // the link, and what moves over it
	heldFiles     atomic.Int64  // files that wait for the link, or for another attempt
	waitingFiles  atomic.Int64  // of those, the ones that could not be moved
	statuses      statuses      // documents whose status has to reach the server
	pushes        pushes
	writing       sync.WaitGroup
	downloading   sync.Mutex
	chunk         atomic.Int64 // bytes: how much of a file goes in one request
	carries       atomic.Int64 // bytes: what the last of these requests says that the link carries in chunkTime; 0: not known
	noDirect      atomic.Bool  // files go through the server
	learned       atomic.Int64 // when the organisation's settings were, in ns since 1970
	receipts      receipts
	reports       reports
	lastSync      atomic.Int64 // in ms since 1970, of this process: the note of it is written later; 0: there was none
	budget        int64
	tidied        atomic.Bool  // the files were brought into their budget since the folder was opened
	keeping       sync.RWMutex // held for reading while a file is in the folder and not yet in a book that keeps it; for writing to remove some
	whole         atomic.Int64 // chunks that got over since; below zero: how many more must
}

// Open opens a folder, and makes it if there is none. Errors: store.ErrLocked where another process has it, ErrKeyNeeded, ErrWrongKey,
// ErrNewerFolder, ErrFull.
func Open(o Options) (*Client, error) {
	c := &Client{root: o.Dir, wipeWhenRevoked: o.WipeWhenRevoked, log: o.Log, stall: o.StallAfter, unchecked: o.Unchecked, locks: map[crdt.DocID]*docLock{}, watches: map[*watch]struct{}{},
		recent: map[crdt.DocID]crdt.Heads{}, withdrawn: map[crdt.DocID]time.Time{},
		outboxChanged: make(chan struct{}, 1), moving: make(chan struct{}, 1)}
	c.reports.wanted = make(chan struct{}, 1)
	c.net.open(o.SyncEvery, c.tellFile)
	c.chunk.Store(firstChunk)
	c.storage.Store(StorageFine)
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.budget = o.FilesBudget; c.budget == 0 {
		c.budget = filesBudget
	}
	if c.stall == 0 {
		c.stall = 20 * time.Second
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, asFull(fmt.Errorf("client: %w", err))
	}
	var err error
	if c.held, err = lockFolder(o.Dir); err != nil {
		return nil, err
	}
	if err := c.openIn(o.Dir, o.Key); err != nil {
		return nil, errors.Join(err, c.held.Close())
	}
	return c, nil
}

// openIn opens what is in the folder, which is locked.
func (c *Client) openIn(dir string, key []byte) (err error) {
	if c.dir, c.keys, err = openFolder(dir, key); err != nil {
		return err
	}
	so := badgerstore.Options{Dir: filepath.Join(c.dir, storeFolder), Profile: badgerstore.Small, Logger: c.log}
	if c.keys != nil {
		so.Key = c.keys.store
	}
	opened, err := badgerstore.Open(so)
	if err != nil {
		return asFull(fmt.Errorf("client: %w", err))
	}
	c.store = disk{opened, c}
	if err = c.openRest(); err != nil {
		return errors.Join(err, c.store.Close())
	}
	return nil
}

// openFiles opens the folder's files.
func (c *Client) openFiles() (fileStore, error) {
	dir := filepath.Join(c.dir, filesFolder)
	if c.keys != nil {
		return diskblob.OpenSealed(dir, c.keys.files)
	}
	return diskblob.Open(dir)
}

func (c *Client) openRest() error {
	files, err := c.openFiles()
	if errors.Is(err, blobs.ErrLocked) {
		return fmt.Errorf("client: %w", store.ErrLocked)
	}
	if err != nil {
		return asFull(fmt.Errorf("client: %w", err))
	}
	c.files = files
	if c.account, err = readAccount(c.dir, c.keys); err == nil {
		err = c.loadWithdrawn()
	}
	if err == nil {
		err = c.loadNetwork()
	}
	if err != nil {
		return errors.Join(err, files.Close())
	}
	c.drive = drive.New(drive.Config{
		Replica: &replica.Config{
			// Both ends know a client by its token; the name only has to differ from other devices'.
			PeerID: crdt.PeerID(rand.Text()[:12]), StorageID: c.account.Storage,
			History: history.DefaultLimits(), IdleAfter: idle, KeepSyncStates: true, Policy: rules,
			JoinTimeout: link.HandshakeTimeout + answerTimeout,
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
	s, opening, held := c.session, c.opening, c.held
	c.mu.Unlock()
	if opening != nil {
		opening.conn.Close(replica.Close{Code: wire.CloseNormal, Reason: "the folder is closed"})
	}
	if s != nil {
		s.end(farewell)
	}
	c.drive.Close()
	c.writing.Wait()
	c.endWatches()
	err := errors.Join(c.store.Close(), c.files.Close())
	if held != nil {
		err = errors.Join(err, held.Close())
	}
	return err
}
