package drive_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store/memstore"
)

func TestCloseWaitsForTheSnapshotThatIsBuiltAndBuildsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var built atomic.Int32
		n := newNode(t, "server", memstore.New(memstore.Options{}), func(c *drive.Config) {
			c.Snapshot = func([][]byte) ([]byte, error) {
				built.Add(1)
				<-release
				return nil, drive.ErrClosed
			}
		})
		for _, doc := range []crdt.DocID{{1}, {2}, {3}} {
			for _, title := range []string{"a", "b", "c", "d", "e"} {
				n.edit(doc, "anna", set("title", title))
			}
		}
		<-time.After(time.Minute) // of virtual time: all are quiet, and want a snapshot
		synctest.Wait()
		if built.Load() != 1 {
			t.Fatalf("%d snapshots are being built, not one: the test shows nothing", built.Load())
		}
		closed := make(chan struct{})
		go func() { n.Close(); close(closed) }()
		synctest.Wait()
		select {
		case <-closed:
			t.Error("Close did not wait for the snapshot that is being built")
		default:
		}
		close(release)
		<-closed
		if got := built.Load(); got != 1 {
			t.Errorf("Close had %d snapshots built", got)
		}
	})
}

func TestAComparisonThatIsAskedForAfterCloseReadsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var read atomic.Int32
		server := newNode(t, "server", memstore.New(memstore.Options{}), func(c *drive.Config) {
			c.Inventory = func(replica.Principal) ([]replica.Item, error) { read.Add(1); return nil, nil }
		})
		client := newNode(t, "client", memstore.New(memstore.Options{}), nil)
		server.Close() // its connections should have ended before; one has not
		_, _, cut := connect(client, server, "anna")
		synctest.Wait()
		cut()
		if read.Load() != 0 {
			t.Error("the store was read after Close")
		}
	})
}
