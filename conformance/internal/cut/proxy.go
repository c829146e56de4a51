// Package cut is a TCP proxy on loopback whose line a test can cut and heal: the network of the conformance tests.
package cut

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"fieldsync/conformance/internal/loopback"
)

// Proxy forwards connections to a server. Safe for use by several goroutines.
type Proxy struct {
	addr   string
	target string
	mu     sync.Mutex
	l      net.Listener
	conns  map[net.Conn]struct{}
	cuts   int
	sent   atomic.Int64
	rate   atomic.Int64
}

// New listens on a free loopback port and forwards to target (host:port). Close it with Cut.
func New(target string) (*Proxy, error) {
	p := &Proxy{addr: loopback.Free(), target: target, conns: map[net.Conn]struct{}{}}
	return p, p.Heal()
}

// Addr is where clients connect, the same before a cut and after it has healed.
func (p *Proxy) Addr() string { return p.addr }

// Sent is how many bytes clients have sent into the proxy, whether or not they reached the server.
func (p *Proxy) Sent() int64 { return p.sent.Load() }

// Limit makes each connection carry at most so many bytes per second to the server; 0: as many as it can.
func (p *Proxy) Limit(bytesPerSecond int64) { p.rate.Store(bytesPerSecond) }

// Cuts is how many connections were broken by Break.
func (p *Proxy) Cuts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cuts
}

// Break resets every connection, and goes on accepting new ones: a moment without a network.
func (p *Proxy) Break() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cuts += len(p.conns) / 2
	for c := range p.conns {
		reset(c)
	}
	clear(p.conns)
}

// reset ends a connection with an RST, so that what is still in its buffers is lost, as with a radio link.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// Cut resets every connection and refuses new ones, as a phone without a network sees it.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.l != nil {
		_ = p.l.Close()
		p.l = nil
	}
	for c := range p.conns {
		_ = c.Close()
	}
	clear(p.conns)
}

// Heal accepts connections again.
func (p *Proxy) Heal() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.l != nil {
		return nil
	}
	l, err := net.Listen("tcp", p.addr)
	if err != nil {
		return err
	}
	p.l, p.addr = l, l.Addr().String()
	go p.accept(l)
	return nil
}

func (p *Proxy) accept(l net.Listener) {
	for {
		in, err := l.Accept()
		if err != nil {
			return
		}
		go p.forward(l, in)
	}
}

func (p *Proxy) forward(l net.Listener, in net.Conn) {
	out, err := net.Dial("tcp", p.target) //nolint:noctx // on loopback it is there or refused, at once
	if err != nil {
		_ = in.Close()
		return
	}
	p.mu.Lock()
	if p.l != l { // the line was cut meanwhile
		p.mu.Unlock()
		_ = in.Close()
		_ = out.Close()
		return
	}
	p.conns[in], p.conns[out] = struct{}{}, struct{}{}
	p.mu.Unlock()
	copyThenClose := func(dst, src net.Conn) {
		if src == in {
			_, _ = io.Copy(dst, &metered{p, src})
		} else {
			_, _ = io.Copy(dst, src)
		}
		_ = dst.Close()
		_ = src.Close()
		p.mu.Lock()
		delete(p.conns, src)
		p.mu.Unlock()
	}
	go copyThenClose(out, in)
	copyThenClose(in, out)
}

// metered counts what clients send, and slows it down.
type metered struct {
	p   *Proxy
	src net.Conn
}

// piece is how much is read at once of a connection that is slowed down, in bytes.
const piece = 16 << 10

func (m *metered) Read(b []byte) (int, error) {
	rate := m.p.rate.Load()
	if rate > 0 {
		b = b[:min(len(b), piece)]
	}
	n, err := m.src.Read(b)
	m.p.sent.Add(int64(n))
	if rate > 0 {
		<-time.After(time.Duration(n) * time.Second / time.Duration(rate))
	}
	return n, err
}
