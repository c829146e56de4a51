package files

import (
	"testing"
	"time"
)

func TestATransferHasAnEndHoweverItTrickles(t *testing.T) {
	end := time.Now().Add(time.Minute)
	if got := (pace{idle: time.Hour, end: end}).next(); !got.Equal(end) {
		t.Errorf("the idle time moved the deadline behind the end: %v after it", got.Sub(end))
	}
	if got := (pace{idle: time.Second, end: end}).next(); !got.Before(end) {
		t.Errorf("a deadline of one second is %v from now", time.Until(got))
	}
	before := time.Now()
	got := newPace(time.Hour, 100*MinRate).end
	if want := before.Add(Grace + 100*time.Second); got.Before(want) || got.After(time.Now().Add(Grace+100*time.Second)) {
		t.Errorf("100 seconds' worth of bytes end after %v", got.Sub(before))
	}
}
