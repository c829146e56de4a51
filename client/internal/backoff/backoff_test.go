package backoff_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"fieldsync/client/internal/backoff"
)

func TestTheCeilingDoublesFromHalfASecondToAMinute(t *testing.T) {
	b := backoff.Backoff{Random: func() float64 { return 0.999999999 }}
	var got []time.Duration
	for range 40 {
		got = append(got, b.Next().Round(time.Millisecond))
	}
	want := []int{500, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000}
	for i, ms := range want {
		w := time.Duration(ms) * time.Millisecond
		if got[i] != w {
			t.Errorf("delay %d is at most %v, want %v", i, got[i], w)
		}
	}
	if got[39] != backoff.Max {
		t.Errorf("after 40 failures: %v", got[39])
	}
	b.Reset()
	if d := b.Next().Round(time.Millisecond); d != backoff.First {
		t.Errorf("after a success it begins at %v", d)
	}
}

func TestTheJitterIsFull(t *testing.T) {
	b := backoff.Backoff{Random: func() float64 { return 0 }}
	for range 10 {
		if d := b.Next(); d != 0 {
			t.Fatalf("the luckiest delay is %v, want none", d)
		}
	}
	var low, high bool
	var fair backoff.Backoff
	for range 1000 {
		d := fair.Soon()
		if d < 0 || d >= backoff.First {
			t.Fatalf("a delay of %v", d)
		}
		low, high = low || d < backoff.First/4, high || d > backoff.First*3/4
	}
	if !low || !high {
		t.Error("a thousand delays do not spread over the whole range")
	}
}

func TestWaitingEndsInTimeOrWhenCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		if err := backoff.Wait(t.Context(), 7*time.Second); err != nil || time.Since(begun) != 7*time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		begun = time.Now()
		if err := backoff.Wait(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != 3*time.Second {
			t.Errorf("cancelled: %v after %v", err, time.Since(begun))
		}
	})
}

func TestACeilingMayBeLowerButNotLowerThanTheFirst(t *testing.T) {
	b := backoff.Backoff{Random: func() float64 { return 0.999999 }}
	for range 10 {
		b.Next()
	}
	for limit, want := range map[time.Duration]time.Duration{0: backoff.First, 7 * time.Second: 7 * time.Second, time.Hour: backoff.Max} {
		if d := b.NextWithin(limit); d > want || d < want*99/100 {
			t.Errorf("within %v: %v", limit, d)
		}
	}
}
