package ws

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/wire"

	"github.com/gorilla/websocket"
)

func dial(t *testing.T, url string) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.DefaultDialer.Dial(url, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// closedWith waits for the server's close.
func closedWith(t *testing.T, c *websocket.Conn) int {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	for {
		_, _, err := c.ReadMessage()
		if e := (*websocket.CloseError)(nil); errors.As(err, &e) {
			return e.Code
		}
		if err != nil {
			t.Fatalf("not closed: %v", err)
		}
	}
}

func everybody(replica.Principal) bool { return true }

func TestAConnectionThatHasNotJoinedIsClosedWithTheOthers(t *testing.T) {
	w := newWorld(t, nil)
	defer w.end()
	c := dial(t, w.listen())
	w.opened()
	w.h.CloseWhere(everybody, replica.Close{Code: wire.CloseUnauthenticated, Reason: "revoked"})
	if code := closedWith(t, c); code != int(wire.CloseUnauthenticated) {
		t.Errorf("closed with %d", code)
	}
}

func TestWhoWasRevokedWhileComingInIsClosed(t *testing.T) {
	revoked := false
	w := newWorld(t, func(o *Options) {
		o.Principal = func(*http.Request) (replica.Principal, error) { revoked = true; return somebody{}, nil }
		o.Confirm = func(replica.Principal) error {
			if revoked {
				return crdt.Errorf(crdt.KindUnauthenticated, "revoked")
			}
			return nil
		}
	})
	defer w.end()
	if code := closedWith(t, dial(t, w.listen())); code != int(wire.CloseUnauthenticated) {
		t.Errorf("closed with %d", code)
	}
}

func TestWhoIsToldToGoDeliversNothingMore(t *testing.T) {
	w := newWorld(t, nil)
	defer w.end()
	c := dial(t, w.listen())
	server := w.opened()
	server.mu.Lock()
	server.writing = true // as if a writer were stuck in the socket: the close waits behind it
	server.mu.Unlock()
	server.Close(replica.Close{Code: wire.CloseUnauthenticated, Reason: "revoked"})
	for range 3 {
		if err := c.WriteMessage(websocket.BinaryMessage, append([]byte{0xa1, 0x64}, "type\x64what"...)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	w.until("the end of reading", func() bool { server.mu.Lock(); defer server.mu.Unlock(); return server.ended })
	go server.write() // what was stuck goes on
	w.saw.mu.Lock()
	defer w.saw.mu.Unlock()
	if len(w.saw.received) > 0 {
		t.Errorf("%d frames were taken after the close", len(w.saw.received))
	}
}

func TestAShortFrameGoesOutLongAfterAWriteThatHadADeadline(t *testing.T) {
	w := newWorld(t, nil)
	defer w.end()
	c := dial(t, w.listen())
	server := w.opened()
	if !server.net.direct() {
		t.Fatal("this connection is not written to directly: the test shows nothing")
	}
	server.net.mu.Lock()
	server.net.patience()
	_ = server.net.Conn.SetWriteDeadline(time.Now().Add(-time.Second)) // writeTimeout has passed since
	server.net.mu.Unlock()
	if !server.Queue([]byte("short"), nil, false) {
		t.Fatal("not taken")
	}
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, data, err := c.ReadMessage(); err != nil || string(data) != "short" {
		t.Errorf("%q, %v", data, err)
	}
}
