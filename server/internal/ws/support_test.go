package ws

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/history"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store/memstore"
	"fieldsync/crdt/wire"

	"github.com/fxamacker/cbor/v2"
	"github.com/gorilla/websocket"
)

type somebody struct{}

func (somebody) Author() history.Author { return "somebody" }

// counts is what the handler and its drive told.
type counts struct {
	mu        sync.Mutex
	opened    int
	closed    []uint16
	overflows int
	atWork    int   // connections that catch up, at most
	away      int   // clients that were told to come back later
	received  []int // the sizes of frames of types that the drive does not know, in their order
	arrived   chan struct{}
}

func (c *counts) ConnectionOpened()    { c.mu.Lock(); defer c.mu.Unlock(); c.opened++ }
func (c *counts) SendQueueOverflowed() { c.mu.Lock(); defer c.mu.Unlock(); c.overflows++ }
func (c *counts) CatchUpSentAway()     { c.mu.Lock(); defer c.mu.Unlock(); c.away++ }
func (c *counts) CatchUps(atWork, _ int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.atWork = max(c.atWork, atWork)
}

func (c *counts) ConnectionClosed(code uint16) {
	c.mu.Lock()
	c.closed = append(c.closed, code)
	c.mu.Unlock()
	c.arrived <- struct{}{}
}

func (c *counts) ended() int { c.mu.Lock(); defer c.mu.Unlock(); return len(c.closed) }

type frames struct {
	drive.Observer
	*counts
}

func (f frames) FrameIgnored(string)  {}
func (f frames) FrameOut(string, int) {}
func (f frames) FrameIn(kind string, bytes int) {
	if kind == "other" {
		f.mu.Lock()
		f.received = append(f.received, bytes)
		f.mu.Unlock()
		f.arrived <- struct{}{}
	}
}

// world is a handler over an empty drive.
type world struct {
	t   testing.TB
	h   *Handler
	saw *counts
	all []*websocket.Conn

	network, address string // of listen
}

func newWorld(t testing.TB, change func(*Options)) *world {
	saw := &counts{arrived: make(chan struct{}, 1<<16)}
	d := drive.New(drive.Config{
		Replica: &replica.Config{PeerID: "server", StorageID: "server-storage", History: history.DefaultLimits(), JoinTimeout: time.Hour},
		Store:   memstore.New(memstore.Options{}), Log: slog.New(slog.DiscardHandler), Observe: frames{counts: saw},
	})
	opt := Options{Drive: d, Observe: saw, Principal: func(*http.Request) (replica.Principal, error) { return somebody{}, nil }}
	if change != nil {
		change(&opt)
	}
	w := &world{t: t, h: New(opt), saw: saw}
	t.Cleanup(d.Close)
	return w
}

// end closes what is left of the world; inside of a bubble every goroutine has to end before the test does.
func (w *world) end() {
	w.t.Helper()
	for _, c := range w.all {
		_ = c.Close()
	}
	w.shutdown()
}

// shutdown ends the world while the peers still read.
func (w *world) shutdown() {
	w.t.Helper()
	if err := w.h.Shutdown(context.Background()); err != nil {
		w.t.Errorf("shutdown: %v", err)
	}
	w.h.opt.Drive.Close()
}

// only is the server's end of the only connection.
func (w *world) only() *conn {
	w.t.Helper()
	w.h.mu.Lock()
	defer w.h.mu.Unlock()
	all := w.h.list()
	if len(all) != 1 {
		w.t.Fatalf("%d connections", len(all))
	}
	return all[0]
}

// hijacked is the response to a request that came over one end of a pipe.
type hijacked struct {
	*httptest.ResponseRecorder
	conn net.Conn
	rw   *bufio.ReadWriter
}

func (h *hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) { return h.conn, h.rw, nil }

// counted counts the bytes of a client's socket.
type counted struct {
	net.Conn
	in, out atomic.Int64
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.in.Add(int64(n))
	return n, err
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.out.Add(int64(n))
	return n, err
}

// dialPipe connects through net.Pipe, which holds nothing back: whoever writes waits for the reader.
func (w *world) dialPipe(compress bool) (*websocket.Conn, *counted) {
	w.t.Helper()
	near := w.pipe(context.Background())
	return w.dial("ws://pipe/sync", near, compress)
}

// dialLoopback connects to listen with small buffers. (A TCP receive buffer below the
// size of loopback's segments would make TCP wait for its timers.)
func (w *world) dialLoopback(url string) *websocket.Conn {
	w.t.Helper()
	near, err := net.Dial(w.network, w.address)
	if err != nil {
		w.t.Fatal(err)
	}
	_ = near.(buffered).SetReadBuffer(64 << 10)
	c, _ := w.dial(url, near, false)
	return c
}

func (w *world) dial(url string, near net.Conn, compress bool) (*websocket.Conn, *counted) {
	w.t.Helper()
	socket := &counted{Conn: near}
	d := websocket.Dialer{EnableCompression: compress, NetDialContext: func(context.Context, string, string) (net.Conn, error) { return socket, nil }}
	c, _, err := d.Dial(url, nil)
	if err != nil {
		w.t.Fatalf("dial: %v", err)
	}
	join := wire.Append(nil, wire.Join{Sender: crdt.PeerID(fmt.Sprintf("peer-%d", len(w.all))), Versions: []string{wire.ProtocolVersion}})
	if err := c.WriteMessage(websocket.BinaryMessage, join); err != nil {
		w.t.Fatalf("join: %v", err)
	}
	if _, _, err := c.ReadMessage(); err != nil {
		w.t.Fatalf("join: %v", err)
	}
	w.all = append(w.all, c)
	return c, socket
}

type buffered interface {
	SetReadBuffer(int) error
	SetWriteBuffer(int) error
}

// tiny is a listener whose connections have the smallest send buffer.
type tiny struct{ net.Listener }

func (l tiny) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		err = c.(buffered).SetWriteBuffer(1)
	}
	return c, err
}

func (w *world) listen() (url string) {
	w.t.Helper()
	return w.listenOn("tcp")
}

// listenOn serves on loopback: "tcp", or "unix", which takes a write in part when its buffer is nearly full; TCP seldom does.
func (w *world) listenOn(network string) (url string) {
	w.t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(w.t.TempDir(), "s")
	}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), network, address)
	if err != nil {
		w.t.Fatal(err)
	}
	w.network, w.address = network, l.Addr().String()
	srv := httptest.NewUnstartedServer(w.h)
	_ = srv.Listener.Close()
	srv.Listener = tiny{l}
	srv.Start()
	w.t.Cleanup(srv.Close)
	if network == "unix" {
		return "ws://server/sync"
	}
	return "ws://" + w.address + "/sync"
}

// opened waits until the server's end of the only connection is there.
func (w *world) opened() *conn {
	w.t.Helper()
	w.until("a connection", func() bool {
		w.h.mu.Lock()
		defer w.h.mu.Unlock()
		return len(w.h.conns) == 1
	})
	return w.only()
}

// until waits for a condition in real time.
func (w *world) until(what string, ok func() bool) {
	w.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			w.t.Fatalf("never: %s", what)
		}
	}
}

// numbered is a message that carries its number and is filled with bytes that follow from it.
func numbered(n, size int) []byte {
	b := make([]byte, max(size, 4))
	binary.BigEndian.PutUint32(b, uint32(n))
	for i := range b[4:] {
		b[4+i] = byte(n*31 + i)
	}
	return b
}

// wantNumbered reads a message and checks that it is the n-th, whole.
func wantNumbered(t testing.TB, c *websocket.Conn, n, size int) {
	t.Helper()
	kind, got, err := c.ReadMessage()
	if err != nil {
		t.Fatalf("message %d: %v", n, err)
	}
	if want := numbered(n, size); kind != websocket.BinaryMessage || string(got) != string(want) {
		t.Fatalf("message %d: kind %d, %d bytes that begin with %x; want %d bytes", n, kind, len(got), got[:min(8, len(got))], len(want))
	}
}

// unknownFrame is a frame of a type that the drive skips, with exactly this many bytes.
func unknownFrame(t testing.TB, size int) []byte {
	t.Helper()
	pad := size
	for {
		b, err := cbor.Marshal(map[string]any{"type": "test", "pad": make([]byte, pad)})
		if err != nil {
			t.Fatal(err)
		}
		if len(b) == size {
			return b
		}
		pad -= len(b) - size
	}
}

// wantClose reads until the connection ends and checks the code; it gives what came before.
func wantClose(t testing.TB, c *websocket.Conn, code wire.CloseCode) (before [][]byte) {
	t.Helper()
	for {
		_, b, err := c.ReadMessage()
		if err == nil {
			before = append(before, b)
			continue
		}
		var closed *websocket.CloseError
		if !errors.As(err, &closed) || closed.Code != int(code) {
			t.Errorf("ended with %v; want the close code %d", err, code)
		}
		return before
	}
}

func (w *world) wantClosedAs(codes ...uint16) {
	w.t.Helper()
	w.saw.mu.Lock()
	defer w.saw.mu.Unlock()
	if len(w.saw.closed) != len(codes) {
		w.t.Fatalf("closed: %v; want %v", w.saw.closed, codes)
	}
	for i := range codes {
		if w.saw.closed[i] != codes[i] {
			w.t.Errorf("closed: %v; want %v", w.saw.closed, codes)
		}
	}
}

// pipe is a connection on which the handler serves one request, until ctx ends.
func (w *world) pipe(ctx context.Context) net.Conn {
	near, far := net.Pipe()
	go func() {
		rw := bufio.NewReadWriter(bufio.NewReader(far), bufio.NewWriter(far))
		req, err := http.ReadRequest(rw.Reader)
		if err != nil {
			w.t.Errorf("request: %v", err)
			return
		}
		rec := &hijacked{httptest.NewRecorder(), far, rw}
		if w.h.ServeHTTP(rec, req.WithContext(ctx)); rec.Body.Len() > 0 {
			_ = rec.Result().Write(far)
			_ = far.Close()
		}
	}()
	return near
}
