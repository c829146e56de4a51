// Package egress is how the server calls addresses that its users have named: only those of the internet, and only by TLS, unless the operator has
// allowed others; without redirects and proxies, in bounded time. The address is looked at when the connection is made, after DNS. It touches the network.
package egress

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
)

// Times of one call. A receiver is meant to take a message and to work on it later.
const (
	dialPatience    = 5 * time.Second
	tlsPatience     = 5 * time.Second
	callPatience    = 15 * time.Second // all of it
	maxAnswerHeader = 16 << 10
)

// ErrNotPublic is of an address that is not to be connected to.
var ErrNotPublic = crdt.Errorf(crdt.KindForbidden, "this address is not a public one, and the operator has not allowed it")

// Allowed are networks that may be called although they are not public, and without TLS.
type Allowed []netip.Prefix

// ParseAllowed reads addresses and networks.
func ParseAllowed(list []string) (Allowed, error) {
	var out Allowed
	for _, s := range list {
		if addr, err := netip.ParseAddr(s); err == nil {
			addr = addr.Unmap()
			out = append(out, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(s)
		if err != nil || p.Addr().Is4In6() {
			return nil, crdt.Errorf(crdt.KindInvalid, "%q is neither an address nor a network", s)
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

func (a Allowed) has(addr netip.Addr) bool {
	for _, p := range a {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// notPublic are the networks, beside those that package netip knows, that are not reachable from everywhere (the special-purpose
// registries of IANA), or that stand for addresses of another kind.
var notPublic = func() (out []netip.Prefix) {
	for _, s := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"2001::/23", "2001:db8::/32", "3fff::/20",
	} {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}()

var (
	global = netip.MustParsePrefix("2000::/3") // all of IPv6 that is given out for the internet
	nat64  = netip.MustParsePrefix("64:ff9b::/96")
	sixTo4 = netip.MustParsePrefix("2002::/16")
)

// public tells whether an address is one of the internet.
func public(addr netip.Addr) bool {
	addr = addr.Unmap()
	if addr.Zone() != "" || !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return false
	}
	raw := addr.As16()
	switch { // an IPv4 address inside: that is where it leads
	case nat64.Contains(addr):
		return public(netip.AddrFrom4([4]byte(raw[12:16])))
	case sixTo4.Contains(addr):
		return public(netip.AddrFrom4([4]byte(raw[2:6])))
	case addr.Is6() && !global.Contains(addr):
		return false
	}
	for _, p := range notPublic {
		if p.Contains(addr) {
			return false
		}
	}
	return true
}

// check decides about a connection that is about to be made. secure: it will speak TLS.
func (a Allowed) check(addr netip.Addr, secure bool) error {
	addr = addr.Unmap()
	if a.has(addr) || secure && public(addr) {
		return nil
	}
	return ErrNotPublic
}

const maxURLBytes = 2048

// CheckURL tells whether an address may be called, as far as its text says. The error is about the field of a request that names it.
func (a Allowed) CheckURL(field, raw string) error {
	invalid := func(why string) error { return job.FieldErrors{{Field: field, Message: why}} }
	if len(raw) > maxURLBytes {
		return invalid("is too long")
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "":
		return invalid("is not https://host/path")
	case u.User != nil:
		return invalid("holds a name or a password: check the signature instead")
	case u.Fragment != "" || strings.HasSuffix(raw, "#"):
		return invalid("has a fragment")
	case u.Scheme == "http" && len(a) == 0, u.Scheme != "http" && u.Scheme != "https":
		return invalid("is not https")
	}
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil {
		if err := a.check(addr, u.Scheme == "https"); err != nil {
			return invalid("is not a public address")
		}
	}
	return nil
}

type secureKey struct{}

// NewClient makes a client that looks at each address that it is about to connect to, follows no redirect, uses no proxy, and bounds what it reads
// of an answer's header; of the body the caller reads no more than he wants.
func NewClient(allowed Allowed) *http.Client {
	dialer := &net.Dialer{Timeout: dialPatience, ControlContext: func(ctx context.Context, _, address string, _ syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(address)
		if err != nil {
			return ErrNotPublic
		}
		secure, _ := ctx.Value(secureKey{}).(bool)
		return allowed.check(ap.Addr(), secure)
	}}
	dial := func(secure bool) func(ctx context.Context, network, addr string) (net.Conn, error) {
		return func(ctx context.Context, network, addr string) (net.Conn, error) {
			return dialer.DialContext(context.WithValue(ctx, secureKey{}, secure), network, addr)
		}
	}
	plain, secure := newTransport(dial(false)), newTransport(dial(true))
	return &http.Client{
		Timeout:       callPatience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.URL.Scheme == "https" {
				return secure.RoundTrip(r)
			}
			return plain.RoundTrip(r)
		}),
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func newTransport(dial func(ctx context.Context, network, addr string) (net.Conn, error)) *http.Transport {
	return &http.Transport{
		DialContext: dial, TLSHandshakeTimeout: tlsPatience, ResponseHeaderTimeout: callPatience,
		MaxResponseHeaderBytes: maxAnswerHeader, DisableCompression: true, ForceAttemptHTTP2: true,
		MaxIdleConns: 64, MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute,
	}
}
