package drive_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/crdt/store/memstore"
	"fieldsync/crdt/wire"
)

// unreadable is a store whose reads fail now and then.
type unreadable struct {
	store.Store
	fails atomic.Bool
}

func (u *unreadable) Scan(prefix, start []byte, visit func(key, value []byte) error) error {
	if u.fails.Load() {
		return errors.New("input/output error")
	}
	return u.Store.Scan(prefix, start, visit)
}

func TestAMessageThatIsLostBecauseTheStoreCannotBeReadEndsItsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := &unreadable{Store: memstore.New(memstore.Options{})}
		server := newNode(t, "server", disk, nil)
		defer server.Close()
		client := newNode(t, "client", memstore.New(memstore.Options{}), nil)
		defer client.Close()
		_, down, cut := connect(client, server, "anna")
		defer cut()
		synctest.Wait()
		disk.fails.Store(true)
		doc := crdt.DocID{1}
		client.edit(doc, "anna", set("title", "pump"))
		client.Subscribe(0, doc)
		synctest.Wait()
		down.mu.Lock()
		closed := down.closed
		down.mu.Unlock()
		if closed == nil || closed.Code.Advice() != wire.AdviceBackoff {
			t.Fatalf("the client believes that it has delivered: %+v", closed)
		}
		cut()
		disk.fails.Store(false)
		_, _, again := connect(client, server, "anna")
		defer again()
		synctest.Wait()
		if !server.heads(doc).Equal(client.heads(doc)) {
			t.Error("the change did not come with the next connection")
		}
	})
}
