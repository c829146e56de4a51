package slowlink

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"

	"fieldsync/conformance/internal/loopback"
)

// Kind is what bytes were for.
type Kind string

// The kinds.
const (
	KindSync  Kind = "sync"  // the WebSocket
	KindFile  Kind = "file"  // uploads and downloads: requests, answers, heads and bodies
	KindOther Kind = "other" // the rest of the API, pages
)

// Count is how many bytes went each way.
type Count struct {
	Up   int64 `json:"up"`   // from the client
	Down int64 `json:"down"` // to it
}

// Link is a line with proxies at its end. Make it with New; Close it.
type Link struct {
	up, down line

	mu      sync.Mutex
	class   Class
	changed chan struct{} // closed when class changes
	doors   []*door
	conns   map[*conn]struct{}
	counts  map[Kind]Count
	made    int
	closed  bool
}

// New makes a link of this class, with no proxies yet.
func New(c Class) *Link {
	return &Link{class: c, changed: make(chan struct{}), conns: map[*conn]struct{}{}, counts: map[Kind]Count{}}
}

// door is one proxy.
type door struct {
	link   *Link
	addr   string
	server *http.Server

	mu   sync.Mutex
	l    net.Listener  // nil while the link is down
	give chan net.Conn // to the HTTP server
	end  chan struct{}
}

// Open makes a proxy on listen (host:port; empty: an address of its own, see package loopback) before target (host:port), and gives its address, which stays the
// same while the link is down. What passes is of the kind that its path tells; of a door to a file store all is KindFile.
func (k *Link) Open(listen, target string, allFiles bool) (addr string, err error) {
	if listen == "" {
		listen = loopback.Free()
	}
	d := &door{link: k, addr: listen, give: make(chan net.Conn), end: make(chan struct{})}
	if err := d.listen(); err != nil {
		return "", err
	}
	to := &url.URL{Scheme: "http", Host: target}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host // what a signature or an Origin says is the address that the client sees
		},
		Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 16},
		FlushInterval: -1,
		// A server that is not there is a connection that breaks, and no answer.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:     quiet(),
	}
	d.server = &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			kind := kindOf(r.URL.Path)
			if allFiles {
				kind = KindFile
			}
			if c, ok := r.Context().Value(connKey{}).(*conn); ok {
				c.begin(kind)
				if kind != KindSync { // that one is over when its connection is
					defer c.finish()
				}
			}
			// Without it an answer closes the request's body under whoever forwards the end of it.
			_ = http.NewResponseController(w).EnableFullDuplex()
			proxy.ServeHTTP(w, r)
		}),
		ConnContext:       withConn,
		ReadHeaderTimeout: 10 * time.Minute, // 2G is slow
		ErrorLog:          quiet(),
	}
	k.mu.Lock()
	k.doors = append(k.doors, d)
	down := k.class.Down
	k.mu.Unlock()
	if down {
		d.shut()
	}
	go func() { _ = d.server.Serve(d) }()
	return d.addr, nil
}

func kindOf(path string) Kind {
	switch {
	case path == "/sync":
		return KindSync
	case strings.HasPrefix(path, "/api/v1/uploads"), strings.HasPrefix(path, "/api/v1/files"):
		return KindFile
	}
	return KindOther
}

// listen accepts connections (again).
func (d *door) listen() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.l != nil {
		return nil
	}
	l, err := net.Listen("tcp", d.addr)
	if err != nil {
		return fmt.Errorf("slowlink: %w", err)
	}
	d.l, d.addr = l, l.Addr().String()
	go func() {
		for {
			raw, err := l.Accept()
			if err != nil {
				return
			}
			c := d.link.adopt(raw)
			if c == nil {
				continue
			}
			select {
			case d.give <- c:
			case <-d.end:
				_ = c.Close()
			}
		}
	}()
	return nil
}

// shut refuses connections.
func (d *door) shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.l != nil {
		_ = d.l.Close()
		d.l = nil
	}
}

// Accept implements net.Listener.
func (d *door) Accept() (net.Conn, error) {
	select {
	case c := <-d.give:
		return c, nil
	case <-d.end:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (d *door) Close() error { d.shut(); return nil }

// Addr implements net.Listener.
func (d *door) Addr() net.Addr { a, _ := net.ResolveTCPAddr("tcp", d.addr); return a }

// Class is the line as it is now.
func (k *Link) Class() Class {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.class
}

// state is the class, and what is closed when it changes.
func (k *Link) state() (Class, <-chan struct{}) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.class, k.changed
}

// Set makes the line another one. Connections go on over it, but for None, which breaks them.
func (k *Link) Set(c Class) error {
	k.mu.Lock()
	if k.closed {
		k.mu.Unlock()
		return errors.New("slowlink: the link is closed")
	}
	k.class = c
	close(k.changed)
	k.changed = make(chan struct{})
	doors := append([]*door(nil), k.doors...)
	k.mu.Unlock()
	k.up.clear()
	k.down.clear()
	var errs []error
	for _, d := range doors {
		if c.Down {
			d.shut()
		} else {
			errs = append(errs, d.listen())
		}
	}
	if c.Down {
		k.Break()
	}
	return errors.Join(errs...)
}

// Break resets every connection, and goes on accepting new ones, if the class lets it. What was under way is lost.
func (k *Link) Break() {
	k.mu.Lock()
	all := make([]*conn, 0, len(k.conns))
	for c := range k.conns {
		all = append(all, c)
	}
	k.mu.Unlock()
	for _, c := range all {
		c.reset()
	}
}

// Counts are the bytes that clients sent and were sent, by kind, since New or ResetCounts.
func (k *Link) Counts() map[Kind]Count {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := map[Kind]Count{KindSync: {}, KindFile: {}, KindOther: {}}
	for kind, c := range k.counts {
		out[kind] = c
	}
	return out
}

// ResetCounts begins to count anew.
func (k *Link) ResetCounts() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.made = 0
	clear(k.counts)
}

// Connections are how many are open, and how many were made since New or ResetCounts.
func (k *Link) Connections() (open, made int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.conns), k.made
}

// Close ends all proxies and connections.
func (k *Link) Close() {
	_ = k.Set(None)
	k.mu.Lock()
	doors, closed := k.doors, k.closed
	k.closed = true
	k.mu.Unlock()
	if closed {
		return
	}
	for _, d := range doors {
		close(d.end)
		_ = d.server.Close()
	}
}
