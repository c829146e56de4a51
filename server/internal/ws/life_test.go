package ws

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/wire"

	"github.com/gorilla/websocket"
)

func TestAPeerThatReadsTooSlowlyIsClosedAndItsMemoryGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size, bound = 10_000, 100_000
		w := newWorld(t, func(o *Options) { o.QueueBytes = bound })
		c, _ := w.dialPipe(false)
		synctest.Wait()
		server := w.only()
		taken := 0
		for server.Queue(nil, numbered(taken, size), false) {
			if taken++; taken*size > bound {
				t.Fatalf("%d bytes were taken of at most %d", taken*size, bound)
			}
		}
		if taken != bound/size {
			t.Errorf("%d messages were taken; %d have room", taken, bound/size)
		}
		server.mu.Lock()
		if server.queue != nil || server.bytes != 0 {
			t.Errorf("%d messages, %d bytes are still queued", len(server.queue), server.bytes)
		}
		server.mu.Unlock()
		if server.Queue(nil, []byte("more"), false) {
			t.Error("a message was taken after the overflow")
		}
		// It begins to read just in time: what was on its way comes, then the reason.
		time.Sleep(goodbye - time.Millisecond)
		for i, b := range wantClose(t, c, wire.CloseSlowReader) {
			if string(b) != string(numbered(i, size)) {
				t.Errorf("message %d is not what was queued", i)
			}
		}
		w.end()
		w.wantClosedAs(uint16(wire.CloseSlowReader))
		if w.saw.overflows != 1 {
			t.Errorf("%d overflows were counted", w.saw.overflows)
		}
	})
}

func TestAPeerThatNeverReadsIsCutSoonAfterItsQueueIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *Options) { o.QueueBytes = 1000 })
		w.dialPipe(false)
		synctest.Wait()
		server := w.only()
		server.Queue(nil, make([]byte, 600), false)
		synctest.Wait() // it is being written
		for server.Queue(nil, make([]byte, 600), false) {
		}
		begun := time.Now()
		<-w.saw.arrived
		if took := time.Since(begun); took != goodbye {
			t.Errorf("it was cut after %v; want %v", took, goodbye)
		}
		w.wantClosedAs(uint16(wire.CloseSlowReader))
		w.end()
	})
}

func TestAMessageLargerThanTheQueueGoesOutAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *Options) { o.QueueBytes = 1000 })
		c, _ := w.dialPipe(false)
		synctest.Wait()
		server := w.only()
		for n := range 3 {
			if !server.Queue(nil, numbered(n, 50_000), false) {
				t.Fatalf("message %d was not taken by an empty queue", n)
			}
			wantNumbered(t, c, n, 50_000)
			synctest.Wait()
		}
		w.end()
	})
}

func TestPresenceIsLeftOutForAPeerThatIsBehindAndNothingElseIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		c, _ := w.dialPipe(false)
		synctest.Wait()
		server := w.only()
		const size = 10_000
		var taken int
		for server.Queue(nil, numbered(taken, size), true) {
			if taken++; taken > 100 {
				t.Fatal("presence is taken without end")
			}
		}
		if want := droppableBytes/size + 1; taken != want {
			t.Errorf("presence was taken %d times; want %d", taken, want)
		}
		if !server.Queue(nil, numbered(taken, size), false) {
			t.Error("what may not be left out was")
		}
		for n := range taken + 1 {
			wantNumbered(t, c, n, size)
		}
		synctest.Wait()
		if !server.Queue(nil, numbered(0, size), true) {
			t.Error("presence is left out for a peer that has caught up")
		}
		wantNumbered(t, c, 0, size)
		w.end()
	})
}

func TestAPeerThatAnswersPingsStaysAndASilentOneGoes(t *testing.T) {
	const every = 20 * time.Second
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *Options) { o.PingEvery = every })
		begun := time.Now()
		answering, _ := w.dialPipe(false)
		silent, _ := w.dialPipe(false)
		pings := 0
		silent.SetPingHandler(func(string) error { pings++; return nil })
		var readers sync.WaitGroup
		readers.Go(func() {
			if _, _, err := silent.ReadMessage(); err == nil {
				t.Error("a message")
			}
			if took := time.Since(begun); took != every*5/2 {
				t.Errorf("the silent peer went after %v; want %v", took, every*5/2)
			}
		})
		readers.Go(func() { wantClose(t, answering, wire.CloseGoingAway) })
		time.Sleep(20 * every)
		if synctest.Wait(); len(w.h.conns) != 1 || pings != 2 {
			t.Errorf("%d connections are left; the silent one was asked %d times", len(w.h.conns), pings)
		}
		w.shutdown()
		readers.Wait()
	})
}

func TestAPeerThatSendsStaysWithoutAnsweringPings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		c, _ := w.dialPipe(false)
		c.SetPingHandler(func(string) error { return nil })
		var reader sync.WaitGroup
		reader.Go(func() { wantClose(t, c, wire.CloseGoingAway) })
		for range 20 {
			time.Sleep(40 * time.Second)
			if err := c.WriteMessage(websocket.BinaryMessage, unknownFrame(t, 30)); err != nil {
				t.Fatal(err)
			}
		}
		w.shutdown()
		reader.Wait()
	})
}

func TestPingsOfThePeerAreAnsweredWithTheirData(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		c, _ := w.dialPipe(false)
		var got []string
		c.SetPongHandler(func(data string) error { got = append(got, data); return nil })
		var reader sync.WaitGroup
		reader.Go(func() { wantClose(t, c, wire.CloseGoingAway) })
		if err := c.WriteControl(websocket.PingMessage, []byte("are you there"), time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		w.shutdown()
		reader.Wait()
		if len(got) != 1 || got[0] != "are you there" {
			t.Errorf("pongs: %q", got)
		}
	})
}

func TestAPeerCannotMakeUsQueuePongsWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		c, _ := w.dialPipe(false)
		for i := range 100 { // and reads none of the answers
			if err := c.WriteControl(websocket.PingMessage, bytes.Repeat([]byte{byte(i)}, 100), time.Now().Add(time.Second)); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		server := w.only()
		server.mu.Lock()
		if len(server.queue) > 1 {
			t.Errorf("%d pongs are queued", len(server.queue))
		}
		for _, m := range server.queue {
			if m.control == websocket.PongMessage && m.head[0] != 99 {
				t.Errorf("ping %d is answered, and the last is not", m.head[0])
			}
		}
		server.mu.Unlock()
		w.end()
	})
}

func TestCloseSendsWhatWasQueuedBeforeAndNothingAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		c, _ := w.dialPipe(false)
		synctest.Wait()
		server := w.only()
		for n := range 30 {
			server.Queue(nil, numbered(n, 5000), false)
		}
		server.Close(replica.Close{Code: wire.CloseForbidden, Reason: "why"})
		server.Close(replica.Close{Code: wire.CloseInternal, Reason: "a second one does not count"})
		if server.Queue(nil, numbered(30, 5000), false) {
			t.Error("a message was taken after the close")
		}
		before := wantClose(t, c, wire.CloseForbidden)
		if len(before) != 30 {
			t.Errorf("%d of the 30 messages came", len(before))
		}
		w.end()
		w.wantClosedAs(uint16(wire.CloseForbidden))
	})
}

func TestACloseAmidWritesOfManyLosesNothingThatWasTaken(t *testing.T) {
	w := newWorld(t, nil)
	defer w.end()
	c := w.dialLoopback(w.listen())
	server := w.opened()
	const writers = 4
	taken := make([]int, writers)
	room := make(chan struct{}, 10_000) // one for each message that may be on its way, so that the reader is not too slow
	for range 300 {
		room <- struct{}{}
	}
	var all sync.WaitGroup
	for g := range writers {
		all.Go(func() {
			for range room {
				if !server.Queue([]byte{byte(g)}, numbered(taken[g], 700), false) {
					return
				}
				taken[g]++
			}
		})
	}
	got := make([]int, writers)
	for range 500 {
		_, b, err := c.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		got[b[0]]++
		room <- struct{}{}
	}
	server.Close(replica.Close{Code: wire.CloseReplaced})
	close(room)
	for _, b := range wantClose(t, c, wire.CloseReplaced) {
		if g := b[0]; string(b[1:]) != string(numbered(got[g], 700)) {
			t.Fatalf("writer %d: message %d is torn or out of its order", g, got[g])
		}
		got[b[0]]++
	}
	all.Wait()
	for g := range writers {
		if got[g] != taken[g] {
			t.Errorf("writer %d: %d messages were taken, %d came", g, taken[g], got[g])
		}
	}
}

func TestAPeersCloseIsAnsweredWithItsCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		c, _ := w.dialPipe(false)
		c.SetCloseHandler(func(int, string) error { return nil }) // we are the ones who closed
		if err := c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(4000, "enough"), time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		wantClose(t, c, 4000)
		<-w.saw.arrived
		if time.Since(begun) != 0 {
			t.Errorf("the connection stayed for %v", time.Since(begun))
		}
		w.wantClosedAs(4000)
		w.end()
	})
}

func TestAPeerThatDoesNotAnswerACloseIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *Options) { o.PingEvery = goodbye / 2 }) // so that each of its frames would count as life
		c, _ := w.dialPipe(false)
		c.SetCloseHandler(func(int, string) error { return nil })
		synctest.Wait()
		begun := time.Now()
		w.only().Close(replica.Close{Code: wire.CloseForbidden})
		wantClose(t, c, wire.CloseForbidden)
		var talking sync.WaitGroup
		talking.Go(func() { // it goes on as if nothing had been said
			for c.NetConn().SetWriteDeadline(time.Now().Add(time.Minute)) == nil {
				if c.WriteMessage(websocket.BinaryMessage, unknownFrame(t, 30)) != nil {
					return
				}
				time.Sleep(100 * time.Millisecond)
			}
		})
		for w.saw.ended() == 0 {
			<-w.saw.arrived // of a frame, or of the end
		}
		if took := time.Since(begun); took != goodbye {
			t.Errorf("it was cut after %v; want %v", took, goodbye)
		}
		w.end()
		talking.Wait()
	})
}

func TestShutdownTellsAllToComeBackAndWaitsForThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		const slow = 400 * time.Millisecond
		var peers sync.WaitGroup
		for i := range 3 {
			c, _ := w.dialPipe(false)
			if i == 2 {
				c.SetCloseHandler(func(code int, _ string) error {
					time.Sleep(slow) // before it answers
					return c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(time.Second))
				})
			}
			peers.Go(func() { wantClose(t, c, wire.CloseGoingAway) })
		}
		synctest.Wait()
		begun := time.Now()
		if err := w.h.Shutdown(t.Context()); err != nil || time.Since(begun) != slow {
			t.Errorf("shutdown: %v after %v; want nil after %v", err, time.Since(begun), slow)
		}
		code := uint16(wire.CloseGoingAway)
		w.wantClosedAs(code, code, code)
		near, far := net.Pipe()
		defer far.Close()
		req, _ := http.NewRequest("GET", "/sync", nil)
		rec := &hijacked{ResponseRecorder: httptest.NewRecorder(), conn: near}
		if w.h.ServeHTTP(rec, req); rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") == "" {
			t.Errorf("a newcomer is answered %d, %v", rec.Code, rec.Header())
		}
		peers.Wait()
		w.end()
	})
}

func TestShutdownCutsWhoIsLeftWhenItsTimeIsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.dialPipe(false) // it never reads
		synctest.Wait()
		w.only().Queue(nil, make([]byte, 100_000), false)
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		if err := w.h.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("shutdown: %v", err)
		}
		if synctest.Wait(); len(w.h.conns) != 0 || w.saw.ended() != 1 {
			t.Errorf("%d connections are left, %d were counted as closed", len(w.h.conns), w.saw.ended())
		}
		w.end()
	})
}

func TestWhoIsNotKnownIsNotUpgraded(t *testing.T) {
	for _, tt := range []struct {
		kind   crdt.Kind
		status int
	}{{crdt.KindUnauthenticated, http.StatusUnauthorized}, {crdt.KindUnavailable, http.StatusServiceUnavailable}} {
		w := newWorld(t, func(o *Options) {
			o.Principal = func(*http.Request) (replica.Principal, error) { return nil, crdt.Errorf(tt.kind, "not now") }
		})
		url := w.listen()
		_, res, err := websocket.DefaultDialer.Dial(url, nil)
		if err == nil || res == nil || res.StatusCode != tt.status || w.saw.opened != 0 {
			t.Errorf("%v: answered %v, %v; opened: %d", tt.kind, res, err, w.saw.opened)
		}
		w.end()
	}
}

// However a connection ends, nothing of it stays.
func TestNoGoroutineOutlivesItsConnection(t *testing.T) {
	w := newWorld(t, nil)
	defer w.end()
	url := w.listen()
	before := runtime.NumGoroutine()
	for i := range 40 {
		c := w.dialLoopback(url)
		server := w.opened()
		server.Queue(nil, numbered(0, 10_000), false)
		switch i % 5 {
		case 0: // it just goes
		case 1:
			_ = c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(time.Second))
		case 2:
			server.Close(replica.Close{Code: wire.CloseForbidden})
			wantClose(t, c, wire.CloseForbidden)
		case 3:
			_ = c.WriteMessage(websocket.TextMessage, []byte("x"))
			wantClose(t, c, wire.CloseUnsupportedData)
		case 4: // a reset while the server writes
			for !busy(server) {
				server.Queue(nil, make([]byte, 3000), false)
			}
			_ = c.NetConn().(*counted).Conn.(*net.TCPConn).SetLinger(0)
		}
		_ = c.Close()
		w.until("the connection is gone", func() bool {
			w.h.mu.Lock()
			defer w.h.mu.Unlock()
			return len(w.h.conns) == 0
		})
	}
	w.until("no goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
}
