package netlimit

import (
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"testing"
	"time"
)

func TestClientIPBehindProxies(t *testing.T) {
	trusted, err := ParseProxies([]string{"10.0.0.0/8", "::1", "192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ remote, forwarded, want string }{
		{"203.0.113.5:80", "", "203.0.113.5"},
		{"203.0.113.5:80", "198.51.100.1", "203.0.113.5"},
		{"10.1.1.1:80", "", "10.1.1.1"},
		{"10.1.1.1:80", "198.51.100.1", "198.51.100.1"},
		{"10.1.1.1:80", "1.2.3.4, 198.51.100.1, 192.0.2.1", "198.51.100.1"},
		{"10.1.1.1:80", "1.2.3.4, nonsense", "10.1.1.1"},
		{"[::1]:80", "2001:db8::7", "2001:db8::7"},
		{"[::ffff:10.1.1.1]:80", "198.51.100.1", "198.51.100.1"},
		{"@", "198.51.100.1", "invalid IP"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := trusted.ClientIP(r).String(); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	if _, err := ParseProxies([]string{"10.0.0.0/99"}); err == nil {
		t.Error("a network of 99 bits")
	}
}

// listen gives a bounded listener and a channel of what it accepted.
func listen(t *testing.T, limits Limits) (*Listener, <-chan net.Conn, <-chan struct{}) {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := make(chan struct{}, 16)
	l := NewListener(inner, limits, func() { refused <- struct{}{} })
	accepted := make(chan net.Conn, 16)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				close(accepted)
				return
			}
			accepted <- c
		}
	}()
	t.Cleanup(func() { _ = l.Close() })
	return l, accepted, refused
}

func dial(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	c, err := net.DialTimeout("tcp", l.Addr().String(), 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestConnectionOverTheLimitIsClosedAndRoomComesBack(t *testing.T) {
	for name, limits := range map[string]Limits{"total": {Total: 2}, "per address": {PerIP: 2}} {
		t.Run(name, func(t *testing.T) {
			l, accepted, refused := listen(t, limits)
			dial(t, l)
			first := <-accepted
			dial(t, l)
			<-accepted
			third := dial(t, l)
			<-refused
			if _, err := third.Read(make([]byte, 1)); err == nil || errors.Is(err, io.ErrNoProgress) {
				t.Errorf("the third connection: %v", err)
			}
			_ = first.Close()
			_ = first.Close() // counts once
			dial(t, l)
			<-accepted
			dial(t, l)
			<-refused
		})
	}
}

func TestTrustedProxyIsNotBoundByTheLimitOfAnAddress(t *testing.T) {
	proxies, err := ParseProxies([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	l, accepted, _ := listen(t, Limits{PerIP: 1, Proxies: proxies})
	for range 3 {
		dial(t, l)
		<-accepted
	}
}

func TestAddressesAreForgottenWhenTheyLeave(t *testing.T) {
	l, accepted, _ := listen(t, Limits{PerIP: 5})
	for range 3 {
		dial(t, l)
		_ = (<-accepted).Close()
	}
	if n := len(l.perIP); n != 0 || l.total != 0 {
		t.Errorf("%d addresses, %d connections remembered", n, l.total)
	}
}
