package badgerstore

import (
	"testing"
	"testing/synctest"
)

func all(int, int64, batch) bool { return true }

func TestTheQueueBlocksAboveItsBoundUntilSomethingIsTaken(t *testing.T) {
	for name, tt := range map[string]struct {
		each int64
		fit  int
	}{
		"bytes":  {maxQueuedBytes / 4, 4},
		"number": {1, maxQueued},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := newQueue()
				returned := 0
				go func() {
					for range tt.fit + 1 {
						q.put(batch{bytes: tt.each})
						returned++
					}
				}()
				synctest.Wait()
				if n, bytes := q.size(); returned != tt.fit || n != tt.fit || bytes > maxQueuedBytes {
					t.Errorf("%d of %d calls returned, %d batches and %d bytes are queued", returned, tt.fit+1, n, bytes)
				}
				if got := len(q.take(nil, func(int, int64, batch) bool { return false })); got != 1 {
					t.Errorf("took %d", got)
				}
				synctest.Wait()
				if returned != tt.fit+1 {
					t.Error("the blocked call did not go on")
				}
			})
		})
	}
}

func TestABatchOverTheBoundIsTakenWhenNothingElseWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		if !q.put(batch{bytes: 2 * maxQueuedBytes}) {
			t.Fatal("not taken")
		}
		blocked := true
		go func() { q.put(batch{bytes: 1}); blocked = false }()
		synctest.Wait()
		if !blocked {
			t.Error("another one came behind it")
		}
		q.take(nil, all)
		synctest.Wait()
		if blocked {
			t.Error("the other one still waits")
		}
	})
}

func TestClosingTheQueueLetsEveryoneGoAndGivesWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		q.put(batch{bytes: maxQueuedBytes})
		refused := false
		go func() { refused = !q.put(batch{bytes: 1}) }()
		synctest.Wait()
		q.close()
		synctest.Wait()
		if !refused {
			t.Error("a blocked call was taken after the close")
		}
		if got := len(q.take(nil, all)); got != 1 {
			t.Errorf("%d batches came out", got)
		}
		if got := len(q.take(nil, all)); got != 0 {
			t.Errorf("%d batches came out of the empty queue", got)
		}
	})
}
