package drive

import (
	"errors"
	"time"

	"fieldsync/crdt/replica"
)

// unreadable is a store's failure: nothing is known to be wrong with the document.
type unreadable struct{ error }

func (u unreadable) Unwrap() error { return u.error }

// open reads a document from the store, and tells it who is subscribed.
func (d *Drive) open(od *openDoc) error {
	loaded, err := ReadDocument(d.cfg.Store, od.id)
	if errors.Is(err, errForeignKey) {
		return err
	}
	if err != nil {
		return unreadable{err}
	}
	doc, err := replica.Open(od.id, d.cfg.Replica, loaded)
	if err != nil {
		return err
	}
	od.doc = doc
	d.hubMu.Lock()
	attach := d.hub.Attachments(od.id)
	d.hubMu.Unlock()
	for _, a := range attach {
		if err := d.handle(od, item{ev: a}); err != nil {
			return err
		}
	}
	return nil
}

// persist makes a document's write durable, with those of others, and posts the answer.
func (d *Drive) persist(od *openDoc, what []replica.StoreOp, after []replica.Out) {
	ops := storeOps(od.id, what, d.cfg.Index)
	d.working.Add(1)
	d.cfg.Store.Submit(ops, func(err error) {
		if err != nil {
			d.log.Error("could not store", "doc", od.id.String(), "error", err.Error())
			d.finished(od, item{ev: replica.StoreFailed{Err: err}})
			return
		}
		d.finished(od, item{ev: replica.Stored{}, after: after})
	})
}

// maxBuilds bounds the snapshots that wait to be built: half a second of work. Peers wait for theirs.
const maxBuilds = 256

// build makes a snapshot beside everything else, one at a time.
func (d *Drive) build(od *openDoc, b *replica.Build) {
	d.working.Add(1)
	waiting := d.builds.Add(1)
	go func() {
		defer d.working.Done()
		defer d.builds.Add(-1)
		var out replica.Built
		switch {
		case d.cfg.Snapshot == nil:
			out.Err = errors.New("drive: no engine to build snapshots with")
		case waiting > maxBuilds:
			out.Err = replica.ErrBuildLater
		default:
			select {
			case d.building <- struct{}{}:
			case <-d.stop:
				return // thousands may wait here, and Close waits for them
			}
			begun := time.Now()
			out.Chunk, out.Err = d.cfg.Snapshot(b.Raws)
			<-d.building
			d.obs.SnapshotBuilt(time.Since(begun), len(b.Raws), len(out.Chunk), out.Err)
		}
		_ = d.post(od.id, item{ev: out}, true)
	}()
}
