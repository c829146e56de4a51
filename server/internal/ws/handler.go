package ws

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/turnstile"
	"fieldsync/crdt/wire"

	"github.com/gorilla/websocket"
)

// Observer counts. Its methods are called from many goroutines.
type Observer interface {
	ConnectionOpened()
	ConnectionClosed(code uint16)
	SendQueueOverflowed()
	// CatchUps is told how many connections catch up now, and how many wait until they may.
	CatchUps(atWork, waiting int)
	// CatchUpSentAway is a client that was told to come back later.
	CatchUpSentAway()
}

// Options are a Handler's settings.
type Options struct {
	Drive *drive.Drive
	// Principal gives who makes a request. With an error there is no upgrade: of KindUnauthenticated nobody is known, any other says that
	// it cannot be told now.
	Principal func(*http.Request) (replica.Principal, error)
	// Confirm asks once more whether somebody may come in, after CloseWhere can find the connection: between the request's
	// credentials and that moment they may have been revoked. The error's kind decides the close code. Nil: nobody asks.
	Confirm func(replica.Principal) error
	// Expires gives when somebody's credential ends by itself; the connection ends with it. Zero: never. Nil: nobody's does.
	Expires func(replica.Principal) time.Time
	// QueueBytes bounds what is queued for a connection. One that reads so slowly that more piles up is closed with a code
	// that tells it to reconnect and catch up. 0: DefaultQueueBytes.
	QueueBytes int
	// PingEvery is how often a silent connection is asked whether it lives; one that is silent for PingEvery*2.5 is
	// closed. 0: 25 s, under the minute after which NATs and proxies forget a connection.
	PingEvery time.Duration
	// CatchUps is how many connections may catch up at a time: from before the upgrade until they first rest. 0: CatchUpsPerProcessor for each processor.
	CatchUps int
	// CatchUpsWaiting is how many more wait, for a few seconds; who comes when there is no room is told when to come back. 0: DefaultCatchUpsWaiting.
	CatchUpsWaiting int
	Observe         Observer
}

// Defaults of Options.CatchUps and CatchUpsWaiting. So many at a time keep a processor busy that gives each some milliseconds of its time, also when their
// round trips are a tenth of a second, and whoever is connected already waits some milliseconds behind them. One who waits costs 20 KB.
const (
	CatchUpsPerProcessor   = 64
	DefaultCatchUpsWaiting = 1024
)

// DefaultQueueBytes is more than the largest frame, so that a document can be sent whole to a reader that keeps up.
const DefaultQueueBytes = wire.MaxFrame + 4<<20

const (
	// droppableBytes is what may be queued before presence is left out.
	droppableBytes = 64 << 10
	// writeTimeout is how long one write to the socket may take. A phone on 2G takes the kernel's buffer in that time.
	writeTimeout = 30 * time.Second
	// compressFrom is the length from which a message is compressed. Below, hashes and ids make up most of it, and they do not
	// shrink.
	compressFrom = 512
	// compressLevel of DEFLATE. At 1 little is saved of what is compressed in columns already; beyond 3 nothing is gained.
	compressLevel = 3
	// readBuffer is the size of a connection's read buffer in bytes. Frames of an edit are about 300.
	readBuffer = 1 << 10
)

// Handler is the endpoint /sync.
type Handler struct {
	opt      Options
	upgrader websocket.Upgrader
	gate     *gate

	mu       sync.Mutex
	conns    map[*conn]replica.Principal
	draining bool
	empty    chan struct{} // closed when draining and the last connection is gone
	stop     chan struct{}
	stopOnce sync.Once
}

// New makes a Handler and starts its pinging; Shutdown ends both.
func New(opt Options) *Handler {
	if opt.QueueBytes == 0 {
		opt.QueueBytes = DefaultQueueBytes
	}
	if opt.PingEvery == 0 {
		opt.PingEvery = 25 * time.Second
	}
	if opt.CatchUps == 0 {
		opt.CatchUps = CatchUpsPerProcessor * runtime.GOMAXPROCS(0)
	}
	if opt.CatchUpsWaiting == 0 {
		opt.CatchUpsWaiting = DefaultCatchUpsWaiting
	}
	h := &Handler{opt: opt, conns: map[*conn]replica.Principal{}, empty: make(chan struct{}), stop: make(chan struct{})}
	h.upgrader = websocket.Upgrader{
		HandshakeTimeout: 10 * time.Second, ReadBufferSize: readBuffer, WriteBufferSize: 4 << 10, WriteBufferPool: &sync.Pool{},
		EnableCompression: true,
		// The origin was checked with the credentials, before we are asked: a browser's session needs one, a token does not.
		CheckOrigin: func(*http.Request) bool { return true },
		Error: func(w http.ResponseWriter, _ *http.Request, status int, reason error) {
			http.Error(w, reason.Error(), status)
		},
	}
	h.gate = &gate{observe: opt.Observe, line: turnstile.New(opt.CatchUps, opt.CatchUpsWaiting), called: map[*turnstile.Ticket]chan struct{}{}, stop: h.stop}
	go h.ping()
	return h
}

// ServeHTTP upgrades a request, and returns: the connection lives on by itself.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	principal, err := h.opt.Principal(r)
	if crdt.KindOf(err) == crdt.KindUnauthenticated {
		http.Error(w, "a token or a session is needed", http.StatusUnauthorized)
		return
	}
	later := ""
	switch {
	case err != nil:
		later = "try again later"
	case h.isDraining():
		later = "the server is stopping"
	}
	if later != "" {
		refuseFor(w, later)
		return
	}
	place, wait := h.gate.enter(r.Context(), string(principal.Author()))
	if wait > 0 {
		h.sendAway(w, r, wait)
		return
	}
	if place == nil {
		refuseFor(w, "the server is stopping")
		return
	}
	answer := http.Header{wire.ExtensionHeader: {strconv.Itoa(wire.ExtensionVersion)}}
	var early [][]byte
	if values := r.Header.Values(wire.EarlyHeader); len(values) > 0 {
		// What cannot be read is not taken: it comes again as frames, and is refused as those are.
		if early, err = wire.DecodeEarly(values); err == nil {
			answer.Set(wire.EarlyHeader, strconv.Itoa(len(early)))
		}
	}
	corked := &corkingWriter{ResponseWriter: w}
	socket, err := h.upgrader.Upgrade(corked, r, answer)
	if err != nil {
		place.leave()
		return // it was answered
	}
	c := newConn(h, socket, corked.conn)
	c.place = place
	h.start(c, principal, early)
}

// refuseFor answers a request that cannot be served now; soon it can, here or by who takes our place.
func refuseFor(w http.ResponseWriter, why string) {
	w.Header().Set("Retry-After", "2")
	http.Error(w, why, http.StatusServiceUnavailable)
}

// start lets a connection live, whose first frames may have come with the request. It is a function of its own, so that its goroutine holds on to
// nothing of the request.
func (h *Handler) start(c *conn, p replica.Principal, early [][]byte) {
	h.mu.Lock()
	draining := h.draining
	if !draining {
		h.conns[c] = p
	}
	h.mu.Unlock()
	if draining {
		c.place.leave()
		_ = c.socket.Close()
		return
	}
	h.opt.Observe.ConnectionOpened()
	if h.opt.Confirm != nil {
		if err := h.opt.Confirm(p); err != nil {
			c.Close(replica.Close{Code: wire.CloseFor(crdt.KindOf(err)), Reason: "not allowed any more, or it cannot be told"})
		}
	}
	c.link = h.opt.Drive.Connect(c, p, false)
	c.expire(h.expires(p))
	c.place.hold(c.working)
	go c.read(early)
}

func (h *Handler) expires(p replica.Principal) time.Time {
	if h.opt.Expires == nil {
		return time.Time{}
	}
	return h.opt.Expires(p)
}

// Principals are those behind the open connections.
func (h *Handler) Principals() []replica.Principal {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]replica.Principal, 0, len(h.conns))
	for _, p := range h.conns {
		out = append(out, p)
	}
	return out
}

func (h *Handler) isDraining() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.draining
}

// remove takes a connection out that has ended.
func (h *Handler) remove(c *conn, code uint16) {
	h.opt.Observe.ConnectionClosed(code)
	c.expire(time.Time{})
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.conns, c)
	if h.draining && len(h.conns) == 0 {
		h.stopOnce.Do(func() { close(h.empty) })
	}
}

// Shutdown closes all connections with a code that tells them to come back, and waits until they are gone; when the
// context ends they are cut.
func (h *Handler) Shutdown(ctx context.Context) error {
	h.mu.Lock()
	if h.draining {
		h.mu.Unlock()
		return nil
	}
	h.draining = true
	close(h.stop)
	all := h.list()
	if len(all) == 0 {
		h.stopOnce.Do(func() { close(h.empty) })
	}
	h.mu.Unlock()
	for _, c := range all {
		c.Close(replica.Close{Code: wire.CloseGoingAway, Reason: "the server is stopping"})
	}
	select {
	case <-h.empty:
		return nil
	case <-ctx.Done():
		for _, c := range all {
			_ = c.socket.Close()
		}
		return ctx.Err()
	}
}

func (h *Handler) list() []*conn {
	all := make([]*conn, 0, len(h.conns))
	for c := range h.conns {
		all = append(all, c)
	}
	return all
}

// CloseWhere ends the connections for which the function says yes, with a code; those too that have not joined yet.
func (h *Handler) CloseWhere(want func(replica.Principal) bool, cl replica.Close) {
	h.mu.Lock()
	var found []*conn
	for c, p := range h.conns {
		if want(p) {
			found = append(found, c)
		}
	}
	h.mu.Unlock()
	for _, c := range found {
		c.Close(cl)
	}
}

// ping asks all connections whether they live.
func (h *Handler) ping() {
	tick := time.NewTicker(h.opt.PingEvery)
	defer tick.Stop()
	for {
		select {
		case <-h.stop:
			return
		case <-tick.C:
			h.mu.Lock()
			all := h.list()
			h.mu.Unlock()
			for _, c := range all {
				c.ping()
			}
		}
	}
}

// errSlow is why a connection whose queue overflowed ends.
var errSlow = errors.New("ws: the peer reads too slowly")
