package client

import (
	"errors"

	"fieldsync/crdt/store"
	"fieldsync/crdt/store/badgerstore"
)

// StorageState is how it stands with this device's storage.
type StorageState string

// The states of the storage.
const (
	StorageFine StorageState = "fine"
	// StorageFull: there is no room. Nothing new is saved, from here or from the server, and whoever tries is told so (ErrFull); what was
	// saved is there, can be read, and is sent. It ends by itself when there is room again.
	StorageFull StorageState = "full"
	// StorageFailed: the disk failed a write. Nothing new is saved until the folder is opened again (ErrDisk); what was saved before is.
	StorageFailed StorageState = "failed"
)

// disk is the folder's store; it adds the rows of new documents to their writes, and notes how writes fare.
type disk struct {
	*badgerstore.Store
	c *Client
}

// Submit implements store.Writer.
func (d disk) Submit(ops []store.Op, done func(error)) {
	d.Store.Submit(withRow(ops), func(err error) {
		d.c.noteStorage(err)
		done(err)
	})
}

// noteStorage notes what became of a write, and tells when that is something new.
func (c *Client) noteStorage(err error) {
	state := StorageFine
	switch {
	case errors.Is(err, store.ErrFull):
		state = StorageFull
	case errors.Is(err, badgerstore.ErrFailed):
		state = StorageFailed
	case err != nil:
		return // what was wrong was the batch, or the folder is closed
	}
	if old := c.storage.Swap(state); old != state {
		c.tell(Event{Kind: EventStorage, Storage: state})
	}
}

// Storage tells how it stands with this device's storage, as the last write found it.
func (c *Client) Storage() StorageState { return c.storage.Load().(StorageState) }

// storageError is why nothing can be saved now; nil: it can.
func (c *Client) storageError() error {
	switch c.Storage() {
	case StorageFull:
		return ErrFull
	case StorageFailed:
		return ErrDisk
	}
	return nil
}
