// Command relay is a bare WebSocket relay on the same library as fieldsyncd: it forwards each frame to the other
// sockets of the same room (the URL's path), and does nothing else. It is the floor that the bench compares with, in
// Go as well as on Node, so that the comparison cannot be won by the language alone. A socket that does not read holds
// up its room: a bench's clients all read.
package main

import (
	"fmt"
	"net/http"
	"os"
	"sync"

	"github.com/gorilla/websocket"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: relay ADDR")
		os.Exit(2)
	}
	r := &relay{rooms: map[string]map[*member]struct{}{}}
	if err := http.ListenAndServe(os.Args[1], r); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type relay struct {
	mu    sync.RWMutex
	rooms map[string]map[*member]struct{}
}

// member is a socket with the lock that gorilla asks of several writers.
type member struct {
	mu sync.Mutex
	ws *websocket.Conn
}

func (r *relay) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if !websocket.IsWebSocketUpgrade(req) {
		fmt.Fprintln(w, "relay")
		return
	}
	up := websocket.Upgrader{ReadBufferSize: 4 << 10, WriteBufferSize: 4 << 10, CheckOrigin: func(*http.Request) bool { return true }}
	ws, err := up.Upgrade(w, req, nil)
	if err != nil {
		return
	}
	m := &member{ws: ws}
	r.join(req.URL.Path, m)
	defer r.leave(req.URL.Path, m)
	for {
		_, data, err := ws.ReadMessage()
		if err != nil {
			return
		}
		r.forward(req.URL.Path, m, data)
	}
}

func (r *relay) join(room string, m *member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rooms[room] == nil {
		r.rooms[room] = map[*member]struct{}{}
	}
	r.rooms[room][m] = struct{}{}
}

func (r *relay) leave(room string, m *member) {
	_ = m.ws.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.rooms[room], m)
	if len(r.rooms[room]) == 0 {
		delete(r.rooms, room)
	}
}

func (r *relay) forward(room string, from *member, data []byte) {
	frame, err := websocket.NewPreparedMessage(websocket.BinaryMessage, data)
	if err != nil {
		return
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	for m := range r.rooms[room] {
		if m != from {
			m.mu.Lock()
			_ = m.ws.WritePreparedMessage(frame) // a socket that fails is noticed by its own reader
			m.mu.Unlock()
		}
	}
}
