package netlimit

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"fieldsync/crdt"
)

// maxForwarded bounds how many entries of X-Forwarded-For are looked at: proxies in a row are few, and the header is
// the peer's to write.
const maxForwarded = 16

// Proxies are the networks whose word about the client's address is believed. The zero value believes nobody.
type Proxies []netip.Prefix

// ParseProxies reads addresses and networks ("10.0.0.0/8", "::1").
func ParseProxies(list []string) (Proxies, error) {
	var out Proxies
	for _, s := range list {
		if addr, err := netip.ParseAddr(s); err == nil {
			out = append(out, netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, crdt.Errorf(crdt.KindInvalid, "%q is neither an address nor a network", s)
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

// Contains tells whether the address is a trusted proxy's.
func (p Proxies) Contains(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	for _, prefix := range p {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// ClientIP is the address that a request comes from: the connection's own, or where that is a trusted proxy's, the
// last entry of X-Forwarded-For that is not. The zero Addr where the connection has none (a test's pipe).
func (p Proxies) ClientIP(r *http.Request) netip.Addr {
	addr := parseAddr(r.RemoteAddr)
	if !p.Contains(addr) {
		return addr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && i >= len(hops)-maxForwarded; i-- {
		hop := parseAddr(strings.TrimSpace(hops[i]))
		if !hop.IsValid() {
			return addr
		}
		addr = hop
		if !p.Contains(addr) {
			return addr
		}
	}
	return addr
}

func parseAddr(s string) netip.Addr {
	host, _, err := net.SplitHostPort(s)
	if err != nil {
		host = s
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap()
}
