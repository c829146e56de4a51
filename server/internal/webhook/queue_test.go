package webhook

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"fieldsync/crdt/store"
)

// A store that was put back to yesterday gives today's numbers again, to other events.
func TestAnIDIsOfWhatAnEventSaysNotOnlyOfItsNumber(t *testing.T) {
	e := Event{Org: org, Sequence: 7, Type: "job.updated", At: 1, Data: []byte(`{"sequence":7,"by":["user:anna"]}`)}
	later := e
	later.At = 2
	if messageID(e) != messageID(later) {
		t.Error("an event that is queued again has another id")
	}
	for name, change := range map[string]func(*Event){
		"organisation": func(e *Event) { e.Org = "other" },
		"number":       func(e *Event) { e.Sequence = 8 },
		"type":         func(e *Event) { e.Type = "job.started" },
		"content":      func(e *Event) { e.Data = []byte(`{"sequence":7,"by":["user:ben"]}`) },
	} {
		other := e
		change(&other)
		if messageID(e) == messageID(other) {
			t.Errorf("an event of another %s has the same id", name)
		}
	}
}

func TestADamagedMessageKeepsNoOtherBack(t *testing.T) {
	o := open(t)
	h, _ := o.hook()
	for range moveBatch + 3 {
		o.happen("job.created")
	}
	var keys [][]byte
	if err := o.store.Scan(hookPrefix(kindQueue, h.ID), nil, func(key, _ []byte) error { keys = append(keys, slices.Clone(key)); return nil }); err != nil {
		t.Fatal(err)
	}
	var ops []store.Op
	for i, key := range keys[:moveBatch+1] {
		ops = append(ops, store.Op{Key: key, Value: []byte([]string{"{", "{}", ""}[i%3])})
	}
	if err := store.Write(o.store, ops); err != nil {
		t.Fatal(err)
	}
	o.settled(h, o.clock)
	if got := o.sequences(); !slices.Equal(got, []int{moveBatch + 2, moveBatch + 3}) {
		t.Errorf("sent: %v", got)
	}
	if o.queued(h) != 0 || o.Waiting() != 0 {
		t.Errorf("%d are queued, %d count as waiting", o.queued(h), o.Waiting())
	}
}

// A write that fails is tried again with other messages; those of before never were in the queue.
func TestMessagesThatWereNeverWrittenDoNotCountForEver(t *testing.T) {
	o := open(t)
	h, _ := o.hook()
	for n := range 100 {
		if _, err := o.Enqueue([]Event{{Org: org, Sequence: 1, Type: "job.created", Data: fmt.Appendf(nil, `{"try":%d}`, n)}}); err != nil {
			t.Fatal(err)
		}
	}
	o.happen("job.created")
	o.settled(h, o.clock)
	if len(o.requests) != 1 || o.Waiting() != 0 {
		t.Errorf("%d messages were sent, %d count as waiting", len(o.requests), o.Waiting())
	}
}

func TestAHookThatWasInactiveForAMomentHearsNothingOfBefore(t *testing.T) {
	o := open(t)
	h, _ := o.hook()
	o.happen("job.created")
	for _, active := range []bool{false, true} {
		if _, err := o.Update(erp, h.ID, func(d *Draft) { d.Active = active }); err != nil {
			t.Fatal(err)
		}
	}
	o.happen("job.updated")
	if err := o.clearInactive(h.ID); err != nil { // by a worker that saw it inactive
		t.Fatal(err)
	}
	o.settled(h, o.clock)
	if got := o.sequences(); !slices.Equal(got, []int{2}) {
		t.Errorf("sent: %v", got)
	}
}

func TestAReceiverThatTakesItsTimeGetsOneMessageATurn(t *testing.T) {
	o := open(t)
	h, _ := o.hook()
	for range 5 {
		o.happen("job.created")
	}
	o.opt.Delivered = func(string, time.Duration) { o.clock = o.clock.Add(oneGo + time.Millisecond) }
	for turn := 1; turn <= 2; turn++ {
		o.hooks[h.ID].running = true
		o.work(t.Context(), h.ID)
		if len(o.requests) != turn {
			t.Fatalf("%d messages after %d turns", len(o.requests), turn)
		}
		if s := o.hooks[h.ID]; s.running || s.next.After(o.clock) {
			t.Fatalf("its next turn is not now: %v", s.next)
		}
	}
	o.opt.Delivered = func(string, time.Duration) {}
	o.hooks[h.ID].running = true
	o.work(t.Context(), h.ID)
	if len(o.requests) != 5 {
		t.Errorf("a fast one has got %d of 5 messages", len(o.requests))
	}
}
