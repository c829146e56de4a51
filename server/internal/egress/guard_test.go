package egress

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"fieldsync/crdt"
)

func TestOnlyAddressesOfTheInternetAreConnectedTo(t *testing.T) {
	for addr, want := range map[string]bool{
		"93.184.216.34": true, "1.1.1.1": true, "2606:4700:4700::1111": true, "172.32.0.1": true, "100.128.0.1": true, "64:ff9b::101:101": true,
		"127.0.0.1": false, "127.255.0.9": false, "::1": false, "0.0.0.0": false, "::": false, "0.1.2.3": false,
		"10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false, "fd00::1": false, "fc00::1": false,
		"169.254.169.254": false, "fe80::1": false, "fe80::1%eth0": false, "fec0::1": false, "100.64.0.1": false, "100.127.255.255": false,
		"192.0.0.170": false, "192.0.2.1": false, "198.18.0.1": false, "198.51.100.7": false, "203.0.113.7": false, "240.0.0.1": false, "255.255.255.255": false,
		"224.0.0.1": false, "ff02::1": false, "2001:db8::1": false, "2001::1": false, "100::1": false,
		"::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:93.184.216.34": true, "::127.0.0.1": false,
		"64:ff9b::7f00:1": false, "64:ff9b::a9fe:a9fe": false, "64:ff9b:1::1": false, "2002:7f00:1::": false, "2002:a00:1::1": false,
		"::ffff:0:7f00:1": false, "::ffff:0:a00:1": false, "4000::1": false, "5f00::1": false, "3fff::1": false, "2a00:1450:4001::1": true,
	} {
		if got := public(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: public is %v", addr, got)
		}
	}
}

func TestWhatTheOperatorAllowsIsAllowedAlsoWithoutTLS(t *testing.T) {
	allowed, err := ParseAllowed([]string{"10.1.0.0/16", "127.0.0.1", "fd00::/8"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		addr         string
		secure, want bool
	}{
		{"10.1.2.3", false, true}, {"10.1.2.3", true, true}, {"::ffff:10.1.2.3", false, true}, {"10.2.0.1", true, false}, {"127.0.0.1", false, true},
		{"127.0.0.2", false, false}, {"fd00::5", false, true}, {"93.184.216.34", true, true}, {"93.184.216.34", false, false}, {"169.254.169.254", false, false},
	} {
		if got := allowed.check(netip.MustParseAddr(c.addr), c.secure) == nil; got != c.want {
			t.Errorf("%s secure=%v: %v", c.addr, c.secure, got)
		}
	}
	for _, bad := range []string{"", "localhost", "10.0.0.0/33", "::ffff:10.0.0.0/104"} {
		if _, err := ParseAllowed([]string{bad}); crdt.KindOf(err) != crdt.KindInvalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestTheAddressIsLookedAtAfterTheNameIsResolvedAndOnNoRedirect(t *testing.T) {
	asked := 0
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer inside.Close()
	for _, url := range []string{inside.URL, strings.Replace(inside.URL, "127.0.0.1", "localhost", 1)} {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, url, nil)
		if _, err := NewClient(nil).Do(r); !errors.Is(err, ErrNotPublic) {
			t.Errorf("%s: %v", url, err)
		}
	}
	allowed, err := ParseAllowed([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	lure := httptest.NewServer(http.RedirectHandler(inside.URL, http.StatusTemporaryRedirect))
	defer lure.Close()
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, lure.URL, strings.NewReader("x"))
	resp, err := NewClient(allowed).Do(r)
	if err != nil || resp.StatusCode != http.StatusTemporaryRedirect {
		t.Errorf("%v %v", resp, err)
	}
	if asked > 0 {
		t.Error("the inside was asked")
	}
	// A context of somebody else's does not make a plain connection a secure one.
	ctx := context.WithValue(t.Context(), secureKey{}, true)
	r, _ = http.NewRequestWithContext(ctx, http.MethodPost, inside.URL, nil)
	if _, err := NewClient(nil).Do(r); !errors.Is(err, ErrNotPublic) {
		t.Errorf("%v", err)
	}
}

func TestAnAddressThatCannotBeOneIsRefusedAtOnce(t *testing.T) {
	some, err := ParseAllowed([]string{"10.0.0.0/8"})
	if err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string][2]bool{ // without and with allowed networks
		"https://example.org/hook?x=1":              {true, true},
		"https://example.org:8443":                  {true, true},
		"http://example.org/":                       {false, true}, // by the address it resolves to, later
		"http://10.0.0.1/":                          {false, true},
		"https://10.0.0.1/":                         {false, true},
		"https://127.0.0.1/":                        {false, false},
		"https://[::1]/":                            {false, false},
		"https://169.254.169.254/latest":            {false, false},
		"https://user:pass@example.org/":            {false, false},
		"https://example.org/#a":                    {false, false},
		"https://":                                  {false, false},
		"https:///path":                             {false, false},
		"ftp://example.org/":                        {false, false},
		"file:///etc/passwd":                        {false, false},
		"gopher://example.org":                      {false, false},
		"example.org":                               {false, false},
		"https:example.org":                         {false, false},
		"https://e.org/" + strings.Repeat("a", 3e3): {false, false},
	} {
		if got := Allowed(nil).CheckURL("url", url) == nil; got != want[0] {
			t.Errorf("%.60s: %v", url, got)
		}
		if got := some.CheckURL("url", url) == nil; got != want[1] {
			t.Errorf("%.60s with allowed networks: %v", url, got)
		}
	}
}

// A proxy of the environment would connect in our place, and look at nothing.
func TestNoProxyOfTheEnvironmentIsUsed(t *testing.T) {
	if newTransport(nil).Proxy != nil {
		t.Error("connections go through a proxy")
	}
}
