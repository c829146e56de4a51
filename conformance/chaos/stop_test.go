package chaos_test

import (
	"errors"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

func TestSIGTERMUnderLoadEndsInTimeAndLosesNothing(t *testing.T) {
	w := newWorld(t, uint64(number(t, "CHAOS_SEED", 1)))
	if err := w.start(); err != nil {
		t.Fatal(err)
	}
	own := make([]string, writers)
	for i := range own {
		own[i] = w.newDoc()
	}
	shared := []string{w.newDoc(), w.newDoc()}
	c := w.work("stopped", own, shared, 3000)
	idle, err := w.dial("idle")
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	if err := c.wait(); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if err := w.p.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	w.p.Wait()
	// The requirement is 10 s (service managers kill then); the drain itself is bounded by 8 s.
	if took := time.Since(begun); took >= 10*time.Second {
		t.Errorf("stopping took %s", took)
	}
	if code := w.p.ExitCode(); code != 0 {
		t.Errorf("it exited with %d\n%s", code, w.p.Output())
	}
	c.done.Wait()
	_, err = idle.Step()
	for i, err := range append(c.ends, err) {
		if !closedWith(err, websocket.CloseGoingAway) {
			t.Errorf("connection %d ended with %v, want close code 1001", i, err)
		}
	}
	if err := w.start(); err != nil {
		t.Fatal(err)
	}
	if err := w.check("afterwards", slices.Concat(own, shared)); err != nil {
		t.Fatal(err)
	}
}

func closedWith(err error, code int) bool {
	var closed *websocket.CloseError
	return errors.As(err, &closed) && closed.Code == code
}
