package index

import (
	"testing"
	"time"
)

func TestADocumentIsWorkedAtByOneAtATimeAndWhatComesMeanwhileWaits(t *testing.T) {
	q := newQueue()
	now := time.Unix(1000, 0)
	q.offer(item{doc: docID(1), since: now, due: now})
	q.offer(item{doc: docID(1), since: now.Add(1), due: now.Add(time.Hour)}) // waits already
	it, _, ok := q.take(now)
	if !ok || it.doc != docID(1) {
		t.Fatalf("%+v %v", it, ok)
	}
	q.offer(item{doc: docID(1), since: now.Add(2), due: now})
	q.offer(item{doc: docID(1), since: now.Add(3), due: now})
	if it, _, ok := q.take(now); ok {
		t.Errorf("%+v is taken twice at once", it)
	}
	if n, oldest := q.len(); n != 1 || !oldest.Equal(now) {
		t.Errorf("%d are behind, since %s", n, oldest)
	}
	q.done(docID(1))
	if it, _, ok := q.take(now); !ok || !it.since.Equal(now.Add(2)) {
		t.Errorf("what came meanwhile: %+v %v", it, ok)
	}
	q.done(docID(1))
	if _, wait, ok := q.take(now); ok || wait >= 0 {
		t.Error("something is left")
	}
	for n := range 5 {
		q.offer(item{doc: docID(n), since: now, due: now.Add(time.Duration(5-n) * time.Second)})
	}
	if _, wait, ok := q.take(now); ok || wait != time.Second {
		t.Errorf("the first is due in %s", wait)
	}
	for n := 4; n >= 0; n-- {
		if it, _, ok := q.take(now.Add(time.Minute)); !ok || it.doc != docID(n) {
			t.Errorf("%+v is taken as number %d", it, 4-n)
		}
	}
}
