package link

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"fieldsync/crdt"

	"github.com/gorilla/websocket"
)

// echo is a server that answers pings as gives says, and reads everything.
func echo(t *testing.T, answer func(c *websocket.Conn, ping string) error) *Conn {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		c.SetPingHandler(func(ping string) error { return answer(c, ping) })
		for {
			if _, _, err := c.ReadMessage(); err != nil {
				return
			}
		}
	}))
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	c, err := dial(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = c.read(nil) // nothing but control messages comes
		close(c.closed)
	}()
	t.Cleanup(func() { c.Abort(); <-ended })
	return c
}

func pong(c *websocket.Conn, ping string) error {
	return c.WriteMessage(websocket.PongMessage, []byte(ping))
}

func TestAPingIsAnsweredByItsOwnPong(t *testing.T) {
	n := 0
	c := echo(t, func(c *websocket.Conn, ping string) error {
		if n++; n == 1 {
			_ = pong(c, "somebody else's")
		}
		return pong(c, ping)
	})
	if took, busy, err := c.Ping(t.Context(), 1, 0); err != nil || took <= 0 || busy {
		t.Errorf("%v, %v, %v", took, busy, err)
	}
}

func TestATrainIsOverWithItsLastPing(t *testing.T) {
	var sizes []int
	c := echo(t, func(c *websocket.Conn, ping string) error {
		sizes = append(sizes, len(ping))
		if len(sizes) < 40 {
			return nil // as a server may, which answers the latest alone
		}
		return pong(c, ping)
	})
	if _, _, err := c.Ping(t.Context(), 40, 125); err != nil || len(sizes) != 40 || sizes[0] != 125 || sizes[39] != 125 {
		t.Errorf("%v, %v", sizes, err)
	}
}

func TestAPingSaysWhenSomethingElseWasOnTheWay(t *testing.T) {
	var c *Conn
	c = echo(t, func(s *websocket.Conn, ping string) error {
		c.mu.Lock()
		c.written += 5000 // a frame that was sent meanwhile
		c.mu.Unlock()
		return pong(s, ping)
	})
	if _, busy, err := c.Ping(t.Context(), 1, 0); err != nil || !busy {
		t.Errorf("%v, %v", busy, err)
	}
}

func TestAPingThatIsNotAnsweredEndsWithItsContextOrItsConnection(t *testing.T) {
	heard := make(chan struct{}, 2)
	c := echo(t, func(*websocket.Conn, string) error { heard <- struct{}{}; return nil })
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-heard; cancel() }()
	if _, _, err := c.Ping(ctx, 1, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	go func() { <-heard; c.Abort() }()
	if _, _, err := c.Ping(t.Context(), 1, 0); crdt.KindOf(err) != crdt.KindUnavailable {
		t.Errorf("%v", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.pings) != 0 {
		t.Errorf("%d pings are remembered", len(c.pings))
	}
}
