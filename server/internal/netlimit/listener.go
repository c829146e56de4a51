package netlimit

import (
	"net"
	"net/netip"
	"sync"
)

// Limits bound the open connections of a listener; zero is no limit.
type Limits struct {
	Total   int     // in all
	PerIP   int     // from one address; a trusted proxy's is not counted, its clients' are the proxy's to bound
	Proxies Proxies // see PerIP
}

// Listener accepts connections within limits; one that is over them is closed before a byte of it is read. It hides
// no ability of a TCP connection (files are sent by the kernel).
type Listener struct {
	net.Listener
	limits   Limits
	onRefuse func()

	mu    sync.Mutex
	total int
	perIP map[netip.Addr]int
}

// NewListener bounds inner. onRefuse, if not nil, is called for each connection that is turned away.
func NewListener(inner net.Listener, limits Limits, onRefuse func()) *Listener {
	if onRefuse == nil {
		onRefuse = func() {}
	}
	return &Listener{Listener: inner, limits: limits, onRefuse: onRefuse, perIP: map[netip.Addr]int{}}
}

// Accept waits for the next connection that is within the limits.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		release, ok := l.acquire(parseAddr(c.RemoteAddr().String()))
		if !ok {
			l.onRefuse()
			_ = c.Close() // nobody to tell
			continue
		}
		if tcp, isTCP := c.(*net.TCPConn); isTCP {
			return &tcpConn{TCPConn: tcp, release: release}, nil
		}
		return &conn{Conn: c, release: release}, nil
	}
}

func (l *Listener) acquire(ip netip.Addr) (release func(), ok bool) {
	counted := l.limits.PerIP > 0 && ip.IsValid() && !l.limits.Proxies.Contains(ip)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.limits.Total > 0 && l.total >= l.limits.Total {
		return nil, false
	}
	if counted && l.perIP[ip] >= l.limits.PerIP {
		return nil, false
	}
	l.total++
	if counted {
		l.perIP[ip]++
	}
	return sync.OnceFunc(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.total--
		if counted {
			if l.perIP[ip]--; l.perIP[ip] == 0 {
				delete(l.perIP, ip)
			}
		}
	}), true
}

type conn struct {
	net.Conn
	release func()
}

// Close closes the connection and makes room for another.
func (c *conn) Close() error {
	defer c.release()
	return c.Conn.Close()
}

type tcpConn struct {
	*net.TCPConn
	release func()
}

// Close closes the connection and makes room for another.
func (c *tcpConn) Close() error {
	defer c.release()
	return c.TCPConn.Close()
}
