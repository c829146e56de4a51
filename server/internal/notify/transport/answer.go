package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
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
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v != "" && strings.Trim(v, "0123456789") == "" {
		seconds, err := strconv.ParseInt(v, 10, 64)
		if most := int64(maxRetryAfter / time.Second); err != nil || seconds > most {
			seconds = most
		}
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		return min(max(at.Sub(now), 0), maxRetryAfter)
	}
	return 0
}

// maxSkew is how far clocks may differ before it is they that a refused token is put down to: tokens hold for hours.
const maxSkew = 30 * time.Minute

// Skewed tells whether a service's clock, by the Date of its answer, is far from ours: then it refuses our tokens whatever else is right.
func Skewed(h http.Header, now time.Time) bool {
	at, err := http.ParseTime(h.Get("Date"))
	return err == nil && at.Sub(now).Abs() > maxSkew
}
