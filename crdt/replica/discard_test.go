package replica_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/history/historytest"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/syncproto"
	"fieldsync/crdt/wire"
)

// disk is a store as a document sees it.
type disk struct {
	replica.Loaded
}

func (k *disk) write(what []replica.StoreOp) {
	k.Changes = slices.Clone(k.Changes)
	without := func(at []uint64) {
		k.Changes = slices.DeleteFunc(k.Changes, func(c replica.PutChange) bool { return slices.Contains(at, c.Index) })
	}
	for _, w := range what {
		switch w := w.(type) {
		case replica.PutRecord:
			k.Record = w.Value
		case replica.PutChange:
			k.Changes = append(k.Changes, w)
		case replica.PutActor:
			k.Actors = append(k.Actors, w)
		case replica.PutSnapshot:
			k.Snapshot = w.Value
			without(w.Entries)
		case replica.PutSyncState:
			k.SyncStates = map[string][]byte{w.Storage: w.Value}
		case replica.DropChanges:
			if w.Snapshot {
				k.Snapshot = nil
			}
			without(w.Entries)
		case replica.DropActor:
			k.Actors = slices.DeleteFunc(k.Actors, func(a replica.PutActor) bool { return a.Actor == w.Actor })
		case replica.DropRecord:
			k.Record = nil
		case replica.DropSyncState:
			k.SyncStates = nil
		}
	}
}

// reopened is what another process would find: the hashes, in their order.
func (k *disk) reopened(t *testing.T) []crdt.Hash {
	t.Helper()
	d, err := replica.Open(crdt.DocID{1}, &replica.Config{PeerID: "here", History: history.DefaultLimits()}, k.Loaded)
	if err != nil {
		t.Fatalf("what is stored cannot be read: %v", err)
	}
	return hashes(t, d)
}

func hashes(t *testing.T, d *replica.Document) []crdt.Hash {
	t.Helper()
	h, durable, err := d.View()
	if err != nil || durable > h.Len() {
		t.Fatalf("%d of %d changes are durable, %v", durable, h.Len(), err)
	}
	var out []crdt.Hash
	for i := range h.Len() {
		out = append(out, h.Hash(i))
	}
	return out
}

// discarding is a document of five changes and some, of which those from number n on are to go, with what takes their place.
func discarding(t *testing.T, n int) (*byHand, *disk, replica.Discard) {
	t.Helper()
	d, k := newByHand(t), &disk{}
	for i := range 6 {
		for _, key := range []string{"title", string(rune('a' + i))} {
			d.writer.Do(historytest.Op{Key: key, Action: format.ActionSet, Value: format.IntValue(int64(i))})
		}
		k.write(d.step(replica.Append{Author: "anna", Raws: [][]byte{d.writer.Commit().Raw}}).Persist)
		d.step(replica.Stored{})
	}
	ev := discardFrom(t, d, n)
	if n > 0 && len(ev.News) != 5-n {
		t.Fatalf("%d changes are made anew", len(ev.News))
	}
	return d, k, ev
}

func discardFrom(t *testing.T, d *byHand, n int) replica.Discard {
	t.Helper()
	h, _, err := d.View()
	if err != nil {
		t.Fatal(err)
	}
	r, err := h.Rebase(history.Rebase{Drop: []crdt.Hash{h.Hash(n)}, Own: "anna", Actor: d.writer.Actor + "'"})
	if err != nil {
		t.Fatal(err)
	}
	ev := replica.Discard{Token: 9, Author: "anna", Storage: "server's"}
	for _, g := range r.Gone {
		ev.Changes = append(ev.Changes, g.Hash)
	}
	for _, x := range r.News {
		ev.News = append(ev.News, replica.Made{Raw: x.Raw, Arrived: d.Arrived(x.From)})
	}
	if len(ev.Changes) == 0 {
		t.Fatal("nothing is to go")
	}
	return ev
}

// answer gives the answer to a Discard in a batch.
func answer(b replica.Batch) (err error, answered bool) { //nolint:revive // the error is what is asked for
	for _, n := range b.Notify {
		if a, ok := n.(replica.Discarded); ok {
			return a.Err, true
		}
	}
	return nil, false
}

func TestADiscardIsOneWriteAndAnsweredWhenItIsDurable(t *testing.T) {
	for _, inSnapshot := range []bool{false, true} {
		d, k, ev := discarding(t, 3)
		if inSnapshot {
			d.now = d.now.Add(time.Minute)
			k.write(d.step(replica.Built{Chunk: snapshotOf(t, d.step(replica.Tick{Build: true}).Build.Raws)}).Persist)
			d.step(replica.Stored{})
		}
		kept := hashes(t, d.Document)[:3]
		b := d.step(ev)
		if _, answered := answer(b); answered || len(b.Persist) == 0 {
			t.Fatalf("before it is durable: %+v", b)
		}
		k.write(b.Persist)
		b = d.step(replica.Stored{})
		if err, answered := answer(b); !answered || err != nil {
			t.Fatalf("answered %v, %v", answered, err)
		}
		now := hashes(t, d.Document)
		if !slices.Equal(now[:3], kept) || len(now) != 3+len(ev.News) || !slices.Equal(k.reopened(t), now) {
			t.Errorf("in a snapshot %v: %d changes, on disk %d", inSnapshot, len(now), len(k.reopened(t)))
		}
		for _, n := range b.Notify {
			if c, ok := n.(replica.Changed); ok && (c.From != 3 || c.To != len(now) || !c.Heads.Equal(d.Heads()) || !c.Local) {
				t.Errorf("told %+v", c)
			}
		}
		if b = d.step(ev); len(b.Persist) > 0 { // as after a crash that came between the write and its answer
			t.Error("said again, it is done again")
		} else if err, answered := answer(b); !answered || err != nil {
			t.Errorf("said again: %v, %v", answered, err)
		}
		// The document goes on as any other.
		c := d.next()
		k.write(d.step(replica.Append{Author: "anna", Raws: [][]byte{c.Raw}}).Persist)
		d.step(replica.Stored{})
		if !slices.Equal(k.reopened(t), append(now, c.Hash)) {
			t.Error("what comes afterwards is not stored behind it")
		}
	}
}

// next makes a change of the document as it is, by another actor.
func (d *byHand) next() *format.Change {
	d.t.Helper()
	w := historytest.NewWriter("another", rand.New(rand.NewPCG(2, 2)))
	h, _, err := d.View()
	if err != nil {
		d.t.Fatal(err)
	}
	for i := range h.Len() {
		c, err := format.DecodeTrusted(h.Raw(i))
		if err != nil {
			d.t.Fatal(err)
		}
		w.Apply(c)
	}
	return w.Edit(2)
}

func TestADiscardThatCannotBeStoredLeavesAllAsItWas(t *testing.T) {
	d, k, ev := discarding(t, 1)
	d.now = d.now.Add(time.Minute)
	k.write(d.step(replica.Built{Chunk: snapshotOf(t, d.step(replica.Tick{Build: true}).Build.Raws)}).Persist)
	d.step(replica.Stored{})
	was, heads := hashes(t, d.Document), d.Heads()
	d.step(ev)
	d.step(replica.Append{Token: 3, Author: "anna", Raws: [][]byte{d.next().Raw}}) // while it is being written: goes with it
	b := d.step(replica.StoreFailed{Err: errors.New("disk full")})
	if err, answered := answer(b); !answered || crdt.KindOf(err) != crdt.KindUnavailable {
		t.Errorf("answered %v, %v", answered, err)
	}
	if !slices.Equal(hashes(t, d.Document), was) || !d.Heads().Equal(heads) {
		t.Fatal("the document is not as it was")
	}
	if again := d.step(replica.Append{Author: "anna", Raws: [][]byte{d.writer.Edit(1).Raw}}); len(again.Persist) == 0 {
		t.Fatal("nothing is stored any more")
	} else {
		k.write(again.Persist)
	}
	d.step(replica.Stored{})
	if got := k.reopened(t); !slices.Equal(got, hashes(t, d.Document)) || !slices.Equal(got[:len(was)], was) {
		t.Error("what is stored then is something else")
	}
	d.now = d.now.Add(time.Hour)
	k.write(d.step(discardFrom(t, d, 1)).Persist) // and now it can be stored
	d.step(replica.Stored{})
	if !slices.Equal(k.reopened(t), hashes(t, d.Document)) {
		t.Error("a second attempt stores something else")
	}
}

func TestADiscardWaitsForTheWriteThatIsOutAndTakesAlongWhatCameMeanwhile(t *testing.T) {
	d, k, ev := discarding(t, 3)
	d.step(replica.Attach{Peer: replica.PeerInfo{Conn: 1, Doc: crdt.DocID{1}, Remote: "server", Storage: "server's", Principal: someone{}, Dialed: true}})
	foreign := historytest.NewWriter("ben", rand.New(rand.NewPCG(3, 3)))
	for _, c := range d.writer.Changes[:2] {
		foreign.Apply(c)
	}
	one, two := foreign.Edit(2), foreign.Edit(2)
	bring := func(c *format.Change) replica.Batch {
		data := syncproto.Append(nil, &syncproto.Message{Version: syncproto.V1, Heads: []crdt.Hash{c.Hash}, Changes: [][]byte{c.Raw}})
		return d.step(replica.Receive{Conn: 1, Msg: &wire.Sync{Doc: d.ID(), Sender: "server", Data: data}})
	}
	first := bring(one) // its write is out
	if len(first.Persist) == 0 {
		t.Fatal("nothing is being written")
	}
	if b := d.step(ev); len(b.Persist) > 0 {
		t.Fatal("two writes at once")
	}
	bring(two) // admitted, and not durable
	k.write(first.Persist)
	b := d.step(replica.Stored{})
	if _, answered := answer(b); answered || len(b.Persist) == 0 {
		t.Fatalf("after the write: %+v", b)
	}
	h, durable, err := d.View()
	if err != nil || durable != 4 || h.Len() != 5+len(ev.News) || h.Hash(3) != one.Hash || h.Hash(4) != two.Hash {
		t.Fatalf("%d of %d are durable, %v", durable, h.Len(), err)
	}
	k.write(b.Persist)
	d.step(replica.Stored{})
	if !slices.Equal(k.reopened(t), hashes(t, d.Document)) {
		t.Error("another document is stored")
	}
}

func TestWhatMustNotGoIsNotDiscarded(t *testing.T) {
	attach := func(d *byHand) {
		d.step(replica.Attach{Peer: replica.PeerInfo{Conn: 1, Doc: crdt.DocID{1}, Remote: "server", Storage: "server's", Principal: someone{}, Dialed: true}, Announce: true})
	}
	holds := func(d *byHand, heads ...crdt.Hash) {
		data := syncproto.Append(nil, &syncproto.Message{Version: syncproto.V1, Heads: heads})
		d.step(replica.Receive{Conn: 1, Msg: &wire.Sync{Doc: d.ID(), Sender: "server", Data: data}})
	}
	for name, try := range map[string]func(d *byHand, ev *replica.Discard){
		"what the server says that it holds": func(d *byHand, ev *replica.Discard) {
			attach(d)
			holds(d, d.writer.Changes[3].Hash)
		},
		"what another change was built on": func(_ *byHand, ev *replica.Discard) { ev.Changes = ev.Changes[:len(ev.Changes)-1] },
		"somebody else's":                  func(_ *byHand, ev *replica.Discard) { ev.Author = "ben" },
		"what is not durable": func(d *byHand, ev *replica.Discard) {
			d.add() // its write is out
			d.add()
			ev.Changes = append(ev.Changes, d.writer.Changes[6].Hash, d.writer.Changes[7].Hash)
		},
		"for something that is no change": func(_ *byHand, ev *replica.Discard) { ev.News = []replica.Made{{Raw: []byte("no")}} },
		"for what does not fit": func(d *byHand, ev *replica.Discard) {
			d.add()
			d.step(replica.Stored{})
			ev.Changes = append(ev.Changes, d.writer.Changes[6].Hash)
			ev.News = []replica.Made{{Raw: d.writer.Changes[6].Raw}}
		},
	} {
		d, _, ev := discarding(t, 3)
		try(d, &ev)
		was := hashes(t, d.Document)
		b := d.step(ev)
		if len(b.Persist) == 0 { // it may wait for a write of the test's own
			if _, answered := answer(b); !answered {
				b = d.step(replica.Stored{})
			}
		}
		if err, answered := answer(b); !answered || err == nil || !slices.Equal(hashes(t, d.Document), was) {
			t.Errorf("%s: %v %v", name, answered, err)
		}
	}
}

func TestWhatASnapshotWasToHoldAndIsDiscardedStopsItQuietly(t *testing.T) {
	d, k, ev := discarding(t, 3)
	d.now = d.now.Add(time.Minute)
	build := d.step(replica.Tick{Build: true}).Build
	if build == nil {
		t.Fatal("no snapshot is asked for")
	}
	k.write(d.step(ev).Persist)
	d.step(replica.Stored{})
	b := d.step(replica.Built{Chunk: snapshotOf(t, build.Raws)})
	if len(b.Notify) > 0 || len(b.Persist) > 0 {
		t.Errorf("%+v", b)
	}
	d.now = d.now.Add(time.Minute)
	if build = d.step(replica.Tick{Build: true}).Build; build == nil {
		t.Fatal("and none is asked for afterwards")
	}
	k.write(d.step(replica.Built{Chunk: snapshotOf(t, build.Raws)}).Persist)
	if k.Snapshot == nil || len(k.reopened(t)) != len(hashes(t, d.Document)) {
		t.Error("it does not hold what the document holds")
	}
}

func TestADocumentOfWhichNothingIsLeftIsGone(t *testing.T) {
	d, k, ev := discarding(t, 0)
	b := d.step(ev)
	k.write(b.Persist)
	if k.Record != nil || len(k.Changes)+len(k.Actors)+len(k.SyncStates) > 0 || k.Snapshot != nil {
		t.Errorf("left on disk: %+v", k.Loaded)
	}
	b = d.step(replica.Stored{})
	if err, answered := answer(b); !answered || err != nil || d.Exists() || !b.Retire {
		t.Errorf("answered %v %v; exists %v", answered, err, d.Exists())
	}
	c := historytest.NewWriter("another", rand.New(rand.NewPCG(2, 2))).Edit(2) // it may come again
	k.write(d.step(replica.Append{Author: "anna", Raws: [][]byte{c.Raw}}).Persist)
	d.step(replica.Stored{})
	if !slices.Equal(k.reopened(t), []crdt.Hash{c.Hash}) {
		t.Error("it cannot be made again")
	}
}
