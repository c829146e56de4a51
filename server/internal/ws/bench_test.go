package ws

import (
	"net"
	"runtime"
	"testing"

	"github.com/gorilla/websocket"
)

// BenchmarkIdleConnections measures what a connection costs that nothing happens on: the server's end, and of the client's
// end only the bare socket.
func BenchmarkIdleConnections(b *testing.B) {
	const connections = 1000
	for b.Loop() {
		w := newWorld(b, nil)
		url := w.listen()
		sockets := make([]net.Conn, connections)
		before, goroutines := memory(), runtime.NumGoroutine()
		for i := range sockets {
			c := w.dialLoopback(url)
			sockets[i] = c.NetConn().(*counted).Conn
			w.all = []*websocket.Conn{}
		}
		b.ReportMetric(float64(memory()-before)/connections, "bytes/conn")
		b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/connections, "goroutines/conn")
		for _, c := range sockets {
			_ = c.Close()
		}
		w.end()
	}
}

// memory is what heap and stacks hold after a collection.
func memory() uint64 {
	for range 3 { // pools keep what they hold through two collections
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

// BenchmarkDirectWrite measures a frame of an edit's size to a peer that reads.
func BenchmarkDirectWrite(b *testing.B) {
	w := newWorld(b, nil)
	c := w.dialLoopback(w.listen())
	server := w.opened()
	head, tail := make([]byte, 60), make([]byte, 240)
	for b.Loop() {
		server.Queue(head, tail, false)
		if _, _, err := c.ReadMessage(); err != nil {
			b.Fatal(err)
		}
	}
	w.end()
}
