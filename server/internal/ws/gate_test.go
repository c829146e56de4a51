package ws

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/wire"

	"github.com/gorilla/websocket"
)

// quietly asks for a connection, and neither says nor reads anything on it. It gives the socket, or the answer that refused it.
func (w *world) quietly(ctx context.Context, header http.Header) (*websocket.Conn, *http.Response) {
	w.t.Helper()
	near := w.pipe(ctx)
	d := websocket.Dialer{NetDialContext: func(context.Context, string, string) (net.Conn, error) { return near, nil }}
	c, answer, err := d.DialContext(context.WithoutCancel(ctx), "ws://pipe/sync", header) //nolint:bodyclose // of a pipe
	if err != nil && !errors.Is(err, websocket.ErrBadHandshake) {
		w.t.Errorf("dial: %v", err)
	}
	return c, answer
}

// knock is quietly by somebody who reads what comes.
func (w *world) knock(ctx context.Context, header http.Header) (*websocket.Conn, *http.Response) {
	w.t.Helper()
	c, answer := w.quietly(ctx, header)
	if c != nil {
		w.saw.mu.Lock()
		w.all = append(w.all, c)
		w.saw.mu.Unlock()
		go func() {
			for {
				if _, _, err := c.ReadMessage(); err != nil {
					return
				}
			}
		}()
	}
	return c, answer
}

func narrow(places, waiting int) func(*Options) {
	return func(o *Options) { o.CatchUps, o.CatchUpsWaiting = places, waiting }
}

func join(name string) []byte {
	return wire.Append(nil, wire.Join{Sender: crdt.PeerID(name), Versions: []string{wire.ProtocolVersion}})
}

func TestAPlaceIsFreeWhenItsConnectionRests(t *testing.T) {
	for name, c := range map[string]struct {
		after time.Duration // when the next comes in
		says  func(c *websocket.Conn, all *sync.WaitGroup) error
	}{
		"one that has joined": {rest, func(c *websocket.Conn, _ *sync.WaitGroup) error {
			return c.WriteMessage(websocket.BinaryMessage, join("a"))
		}},
		"one that never says much": {firstWord, func(*websocket.Conn, *sync.WaitGroup) error { return nil }},
		"one that is gone":         {0, func(c *websocket.Conn, _ *sync.WaitGroup) error { return c.Close() }},
		"one that never rests": {longestPlace, func(c *websocket.Conn, all *sync.WaitGroup) error {
			all.Go(func() {
				for frame := join("a"); c.WriteMessage(websocket.BinaryMessage, frame) == nil; frame = unknownFrame(t, 100) {
					<-time.After(rest / 2)
				}
			})
			return nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, narrow(1, 10))
				var all sync.WaitGroup
				defer all.Wait()
				defer w.end()
				first, _ := w.knock(t.Context(), nil)
				begun := time.Now()
				if err := c.says(first, &all); err != nil {
					t.Fatal(err)
				}
				if second, _ := w.knock(t.Context(), nil); second == nil {
					t.Fatal("the second is not let in")
				}
				if took := time.Since(begun); took != c.after {
					t.Errorf("the second is let in after %v, want %v", took, c.after)
				}
				synctest.Wait()
				if w.saw.atWork > 1 {
					t.Errorf("%d at work at once", w.saw.atWork)
				}
			})
		})
	}
}

func TestAllWhoWaitComeInAndNoMoreThanThereArePlacesAreAtWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, narrow(4, 400))
		defer w.end()
		const many = 100 // one person's, who has a quarter of the line
		in := make(chan bool, many)
		for range many {
			go func() {
				c, _ := w.knock(t.Context(), nil)
				if c != nil {
					_ = c.WriteMessage(websocket.BinaryMessage, unknownFrame(t, 100))
				}
				in <- c != nil
			}()
		}
		for range many {
			if !<-in {
				t.Error("somebody was sent away")
			}
		}
		synctest.Wait()
		if w.saw.atWork != 4 || w.saw.opened != many || w.saw.away != 0 {
			t.Errorf("%d at work at once, %d let in, %d sent away", w.saw.atWork, w.saw.opened, w.saw.away)
		}
	})
}

func TestWhoFindsNoRoomIsToldWhenToCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, narrow(1, 1))
		defer w.end()
		w.knock(t.Context(), nil)
		waiting := make(chan *websocket.Conn)
		go func() {
			c, _ := w.knock(t.Context(), nil)
			waiting <- c
		}()
		synctest.Wait()
		c, answer := w.knock(t.Context(), nil)
		if c != nil || answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") != "1" {
			t.Errorf("a program is answered %+v", answer)
		}
		// A page sees nothing of an answer: it is let in, and told by a close.
		page, _ := w.quietly(t.Context(), http.Header{"Origin": {"https://here"}})
		_, _, err := page.ReadMessage()
		var closed *websocket.CloseError
		if !errors.As(err, &closed) {
			t.Fatalf("a page is told %v", err)
		}
		if seconds, ok := wire.CloseCode(closed.Code).ParseRetryAfter(closed.Text); !ok || seconds != 1 {
			t.Errorf("a page is told %v", err)
		}
		if <-waiting == nil {
			t.Error("one who waited was sent away")
		}
		synctest.Wait()
		if w.saw.away != 2 || w.saw.opened != 2 {
			t.Errorf("%d sent away, %d let in", w.saw.away, w.saw.opened)
		}
	})
}

func TestWhoWaitsLeavesTheLineWhenHeGoesOrTheServerStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, narrow(1, 8))
		w.knock(t.Context(), nil)
		gone, cancel := context.WithCancel(t.Context())
		answers := make(chan *http.Response, 2)
		for _, ctx := range []context.Context{gone, t.Context()} {
			go func() {
				_, answer := w.knock(ctx, nil)
				answers <- answer
			}()
			synctest.Wait()
		}
		cancel()
		synctest.Wait()
		if n := w.h.gate.line.Waiting(); n != 1 || len(answers) != 1 {
			t.Errorf("%d wait after one of two has gone, %d are answered", n, len(answers))
		}
		w.shutdown()
		for range 2 {
			if a := <-answers; a.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("answered %v", a.Status)
			}
		}
		if in, waiting := w.h.gate.line.Inside(), w.h.gate.line.Waiting(); in+waiting != 0 {
			t.Errorf("in the end %d are inside and %d wait", in, waiting)
		}
	})
}
