package ws

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"fieldsync/crdt/wire"

	"github.com/gorilla/websocket"
)

func TestMessagesComeInTheOrderInWhichTheyWereQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		c, _ := w.dialPipe(false)
		synctest.Wait()
		server := w.only()
		sizes := []int{4, 20_000, 100, 4096, 4097, 16 << 10, 16<<10 + 1, 5, 70_000, 600}
		for n, size := range sizes {
			whole := numbered(n, size)
			if !server.Queue(whole[:2], whole[2:], false) {
				t.Errorf("message %d was not taken", n)
			}
		}
		for n, size := range sizes {
			wantNumbered(t, c, n, size)
		}
		w.end()
	})
}

func TestFramesAreReceivedInTheOrderInWhichTheyWereSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		c, _ := w.dialPipe(true)
		sizes := []int{100, 20, 70_000, 21, 4096, 1000}
		for i, size := range sizes {
			c.EnableWriteCompression(i%2 == 0)
			if err := c.WriteMessage(websocket.BinaryMessage, unknownFrame(t, size)); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if !slices.Equal(w.saw.received, sizes) {
			t.Errorf("received %v; want %v", w.saw.received, sizes)
		}
		w.end()
	})
}

func TestTheLargestFrameIsTakenAndALargerOneIsNot(t *testing.T) {
	for name, tt := range map[string]struct {
		compress bool
		more     int
	}{"as it is": {false, 1}, "as it is, much more": {false, 1 << 20}, "compressed": {true, 1}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				c, socket := w.dialPipe(tt.compress)
				if err := c.WriteMessage(websocket.BinaryMessage, unknownFrame(t, wire.MaxFrame)); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if !slices.Equal(w.saw.received, []int{wire.MaxFrame}) {
					t.Fatalf("received %v; want the whole frame", w.saw.received)
				}
				if tt.compress && socket.out.Load() > wire.MaxFrame/100 {
					t.Fatalf("%d bytes were sent: not compressed", socket.out.Load())
				}
				c.SetCloseHandler(func(int, string) error { return nil })
				sent := make(chan error, 1)
				go func() { sent <- c.WriteMessage(websocket.BinaryMessage, unknownFrame(t, wire.MaxFrame+tt.more)) }()
				wantClose(t, c, wire.CloseTooBig)
				if err := <-sent; err != nil {
					t.Errorf("a peer that sends too much hears why only if it can finish: %v", err)
				}
				if len(w.saw.received) != 1 {
					t.Errorf("received %v", w.saw.received)
				}
				synctest.Wait()
				w.end()
				w.wantClosedAs(uint16(wire.CloseTooBig))
			})
		})
	}
}

// A few hundred kilobytes that inflate to half a gigabyte must not be inflated.
func TestABombIsClosedBeforeItIsInflated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		c, _ := w.dialPipe(true)
		var before, after runtime.MemStats
		zeros := make([]byte, 1<<20)
		runtime.ReadMemStats(&before)
		go func() {
			m, err := c.NextWriter(websocket.BinaryMessage)
			for i := 0; i < 512 && err == nil; i++ {
				_, err = m.Write(zeros)
			}
			if err == nil {
				_ = m.Close()
			}
		}()
		wantClose(t, c, wire.CloseTooBig)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 10*wire.MaxFrame { // growing to MaxFrame step by step takes five of them
			t.Errorf("%d MB were allocated", took>>20)
		}
		w.end()
	})
}

func TestWhatIsNoFrameClosesWithItsCode(t *testing.T) {
	for name, tt := range map[string]struct {
		kind int
		data []byte
		code wire.CloseCode
	}{
		"text":                         {websocket.TextMessage, []byte("{}"), wire.CloseUnsupportedData},
		"a long text":                  {websocket.TextMessage, make([]byte, 1<<20), wire.CloseUnsupportedData},
		"no CBOR":                      {websocket.BinaryMessage, []byte{0xff}, wire.CloseProtocolError},
		"nothing":                      {websocket.BinaryMessage, nil, wire.CloseProtocolError},
		"CBOR that is no frame":        {websocket.BinaryMessage, []byte{0x01}, wire.CloseProtocolError},
		"no frame, and more behind it": {websocket.BinaryMessage, bytes.Repeat([]byte{0x01}, 1<<20), wire.CloseProtocolError},
		"a frame of a sort that WebSocket does not know": {7, nil, wire.CloseProtocolError},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				c, _ := w.dialPipe(false)
				go func() { // more than the server reads before it knows
					if tt.kind == 7 {
						_, _ = c.NetConn().Write([]byte{0x87, 0x80, 0, 0, 0, 0})
						return
					}
					_ = c.WriteMessage(tt.kind, tt.data)
					_ = c.WriteMessage(tt.kind, tt.data)
				}()
				wantClose(t, c, tt.code)
				synctest.Wait()
				w.end()
				w.wantClosedAs(uint16(tt.code))
			})
		})
	}
}

func TestACorruptCompressedMessageIsAProtocolError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		c, _ := w.dialPipe(true)
		// A binary frame with the bit of compression, masked with zeros, whose block has a type that does not exist.
		if _, err := c.NetConn().Write([]byte{0xc2, 0x82, 0, 0, 0, 0, 0xff, 0xff}); err != nil {
			t.Fatal(err)
		}
		wantClose(t, c, wire.CloseProtocolError)
		w.end()
	})
}

func TestLongMessagesAreCompressedAndShortOnesAreNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		c, socket := w.dialPipe(true)
		synctest.Wait()
		server := w.only()
		for _, tt := range []struct{ size, atLeast, atMost int }{
			{compressFrom - 1, compressFrom - 1, compressFrom + 10},
			{compressFrom, 10, 100},
			{1 << 20, 500, 10_000},
		} {
			before := socket.in.Load()
			server.Queue(make([]byte, 9), make([]byte, tt.size-9), false)
			_, got, err := c.ReadMessage()
			if err != nil || len(got) != tt.size || !bytes.Equal(got, make([]byte, tt.size)) {
				t.Fatalf("%d bytes, %v; want %d", len(got), err, tt.size)
			}
			if took := int(socket.in.Load() - before); took < tt.atLeast || took > tt.atMost {
				t.Errorf("%d bytes took %d; want %d to %d", tt.size, took, tt.atLeast, tt.atMost)
			}
		}
		w.end()
	})
}

func TestAPeerWithoutCompressionIsSentEverythingAsItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		c, socket := w.dialPipe(false)
		synctest.Wait()
		before := socket.in.Load()
		w.only().Queue(nil, numbered(0, 100_000), false)
		wantNumbered(t, c, 0, 100_000)
		if took := socket.in.Load() - before; took < 100_000 {
			t.Errorf("it took %d bytes", took)
		}
		w.end()
	})
}

// What is written at once and what waits for a socket that is full must come in one order, no message torn.
func TestDirectAndQueuedWritesKeepTheirOrderOnAFullSocket(t *testing.T) {
	w := newWorld(t, nil)
	defer w.end()
	c := w.dialLoopback(w.listenOn("unix"))
	server := w.opened()
	rng := rand.New(rand.NewPCG(1, 2))
	next := 0
	for round := range 20 {
		var sizes []int
		send := func(size int) {
			if !server.Queue(nil, numbered(next+len(sizes), size), false) {
				t.Fatalf("message %d was not taken", next+len(sizes))
			}
			sizes = append(sizes, size)
		}
		for i := 0; !busy(server) || i < 50; i++ { // until the socket takes no more
			send(4 + rng.IntN(directBytes-3))
		}
		if round%2 == 0 {
			for range 20 { // behind what waits
				send(4 + rng.IntN(3*directBytes))
			}
		}
		for i := 0; i < len(sizes); i++ {
			wantNumbered(t, c, next+i, sizes[i])
			if i%8 == 7 && i < 200 { // while the queue empties
				send(4 + rng.IntN(directBytes))
			}
		}
		next += len(sizes)
	}
}

func TestManyGoroutinesMayQueueAtOnce(t *testing.T) {
	w := newWorld(t, nil)
	defer w.end()
	c := w.dialLoopback(w.listen())
	server := w.opened()
	const writers, each = 8, 300
	var all sync.WaitGroup
	for g := range writers {
		rng := rand.New(rand.NewPCG(1, uint64(g)))
		all.Go(func() {
			for n := range each {
				if !server.Queue([]byte{byte(g)}, numbered(n, 4+rng.IntN(6000)), false) {
					t.Errorf("writer %d: message %d was not taken", g, n)
				}
			}
		})
	}
	next := make([]int, writers)
	for range writers * each {
		_, got, err := c.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		g := got[0]
		if !bytes.Equal(got[1:], numbered(next[g], len(got)-1)) {
			t.Fatalf("writer %d: message %d is torn or out of its order", g, next[g])
		}
		next[g]++
	}
	all.Wait()
}

func busy(c *conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.writing
}
