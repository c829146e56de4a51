package oidc

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"fieldsync/crdt"

	"github.com/coreos/go-oidc/v3/oidc"
)

// Bounds on what the provider is asked, and on what it may answer.
const (
	patience    = 10 * time.Second // for one answer
	maxAnswer   = 1 << 20          // bytes: its keys, its description, a token
	askAgain    = 2 * time.Second  // after it did not answer, before it is asked anew
	goodFor     = time.Hour        // its description; then it is read again
	exchanges   = 8                // sign-ins that ask the provider at once; more are told to come again
	maxRedirect = 3
)

// provider finds out what the provider is like, and remembers it.
type provider struct {
	issuer string
	client *http.Client
	now    func() time.Time

	mu     sync.Mutex
	known  *oidc.Provider
	read   time.Time // when known was read
	failed time.Time // when it last did not answer
	why    error
}

// get gives the provider's description. KindUnavailable where there is none.
func (p *provider) get(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if p.known != nil && now.Sub(p.read) < goodFor {
		return p.known, nil
	}
	if p.why == nil || now.Sub(p.failed) >= askAgain {
		// The keys are read by this client later on, whatever becomes of this request.
		found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.client), p.issuer)
		if p.why = err; err == nil {
			p.known, p.read = found, now
			return found, nil
		}
		p.failed = p.now() // behind a wait of patience, perhaps
	}
	if p.known != nil {
		return p.known, nil // as it was
	}
	return nil, crdt.Errorf(crdt.KindUnavailable, "oidc: the provider: %w", p.why)
}

// newClient makes a client that waits no longer and reads no more than is sensible.
func newClient(inner http.RoundTripper) *http.Client {
	if inner == nil {
		inner = http.DefaultTransport
	}
	return &http.Client{
		Timeout: patience, Transport: bounded{inner},
		CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			if len(via) >= maxRedirect {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}
}

type bounded struct{ inner http.RoundTripper }

// RoundTrip cuts an answer off after maxAnswer.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.inner.RoundTrip(r)
	if err == nil {
		answer.Body = limited{io.LimitReader(answer.Body, maxAnswer), answer.Body}
	}
	return answer, err
}

type limited struct {
	io.Reader
	io.Closer
}
