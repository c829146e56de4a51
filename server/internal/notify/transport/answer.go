package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"fieldsync/server/internal/egress"
)

// Bounds on what a push service says.
const (
	MaxAnswer     = 4 << 10       // bytes of a body
	maxRetryAfter = 2 * time.Hour // the longest Retry-After that is believed
)

// Failed is the outcome of an attempt that got no answer.
func Failed(ctx context.Context, err error) Outcome {
	var dns *net.DNSError
	var timeout interface{ Timeout() bool }
	switch {
	case ctx.Err() != nil:
		return Outcome{Result: Later, Reason: "broken off"}
	case errors.Is(err, egress.ErrNotPublic):
		return Outcome{Result: Gone, Reason: "the address is not a public one"}
	case errors.As(err, &dns):
		return Outcome{Result: Later, Reason: "the name cannot be resolved", Outage: true}
	case errors.As(err, &timeout) && timeout.Timeout():
		return Outcome{Result: Later, Reason: "no answer in time", Outage: true}
	}
	return Outcome{Result: Later, Reason: "no connection, or it broke off", Outage: true}
}

// Read takes what an answer's body begins with, and closes it.
func Read(resp *http.Response) []byte {
	defer resp.Body.Close()
	b, _ := io.ReadAll(io.LimitReader(resp.Body, MaxAnswer)) // of a broken one the beginning will do
	return b
}

// RetryAfter reads the header of that name, in seconds or as a date.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	v := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(v); err == nil {
		return min(max(time.Duration(min(max(seconds, 0), 1<<20))*time.Second, 0), maxRetryAfter)
	}
	if at, err := http.ParseTime(v); err == nil {
		return min(max(at.Sub(now), 0), maxRetryAfter)
	}
	return 0
}
