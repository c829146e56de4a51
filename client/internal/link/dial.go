package link

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"fieldsync/client/internal/socket"
	"fieldsync/crdt"
	"fieldsync/crdt/wire"

	"github.com/gorilla/websocket"
)

// HandshakeTimeout bounds a Dial: a phone on 2G needs seconds for TLS.
const HandshakeTimeout = 20 * time.Second

// Dial opens the WebSocket at <server>/sync. What is queued until then, the first frames of a Drive that takes the server for one of ours,
// goes with the request (wire.EarlyHeader), which saves a round trip; a server that does not know that gets it afterwards, and to one that does not say
// that it takes our extension it is not said at all: Extensions is 0 then, and the caller begins anew on the same connection.
// Errors have kinds: KindUnauthenticated and KindForbidden where the server turned us away, KindBusy where it asks us to come back later,
// KindUnavailable where it cannot be reached, or where the connection was closed here before.
func (c *Conn) Dial(ctx context.Context, server *url.URL, token string) error {
	at := server.JoinPath("sync")
	switch at.Scheme {
	case "https":
		at.Scheme = "wss"
	default:
		at.Scheme = "ws"
	}
	dialer := websocket.Dialer{
		Proxy: http.ProxyFromEnvironment, HandshakeTimeout: HandshakeTimeout,
		NetDialContext:    (&net.Dialer{Control: socket.Control}).DialContext,
		EnableCompression: true, WriteBufferSize: 16 << 10, ReadBufferSize: 16 << 10,
	}
	header := http.Header{"Authorization": {"Bearer " + token}, "User-Agent": {""}} // Go's own says nothing, in 32 bytes of a slow link
	early, err := c.early(ctx)
	if err != nil {
		return err
	}
	if early != "" {
		header.Set(wire.EarlyHeader, early)
	}
	socket, answer, err := dialer.DialContext(ctx, at.String(), header)
	if answer != nil && answer.Body != nil {
		defer answer.Body.Close()
	}
	if err != nil {
		return dialError(err, answer)
	}
	number := func(name string) int {
		n, err := strconv.Atoi(answer.Header.Get(name))
		if err != nil || n < 0 {
			return 0
		}
		return n
	}
	c.Extensions = number(wire.ExtensionHeader)
	return c.open(socket, number(wire.EarlyHeader))
}

// early waits for the frames that a server of ours gets with the request, and gives the header; empty: they are too long for it.
func (c *Conn) early(ctx context.Context) (string, error) {
	select {
	case <-c.begun:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing != nil {
		return "", c.closedHere()
	}
	frames := make([][]byte, wire.EarlyFrames)
	for i, m := range c.queue[:wire.EarlyFrames] {
		frames[i] = slices.Concat(m.head, m.tail)
	}
	header, ok := wire.EncodeEarly(frames)
	if !ok {
		return "", nil
	}
	return header, nil
}

func (c *Conn) closedHere() error {
	return crdt.Errorf(crdt.KindUnavailable, "the connection was closed here: %s", c.closing.Reason)
}

// open goes on over a socket. Of what is queued the server has taken so many frames already.
func (c *Conn) open(socket *websocket.Conn, taken int) error {
	c.prepare(socket)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing != nil {
		_ = socket.Close()
		return c.closedHere()
	}
	if c.Extensions == 0 {
		taken = len(c.queue)
	}
	for _, m := range c.queue[:min(taken, len(c.queue))] {
		c.bytes -= m.size()
		c.written += int64(m.size())
	}
	c.queue = slices.Delete(c.queue, 0, min(taken, len(c.queue)))
	c.socket = socket
	if len(c.queue) > 0 {
		c.wake()
	}
	return nil
}

func dialError(err error, answer *http.Response) error {
	if answer == nil {
		return crdt.Errorf(crdt.KindUnavailable, "%w", err)
	}
	switch answer.StatusCode {
	case http.StatusUnauthorized:
		return crdt.Errorf(crdt.KindUnauthenticated, "the server does not accept the token")
	case http.StatusForbidden:
		return crdt.Errorf(crdt.KindForbidden, "the server does not let us in")
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		busy := crdt.Errorf(crdt.KindBusy, "the server is busy (%s)", answer.Status)
		if seconds, ok := wire.ParseSeconds(answer.Header.Get("Retry-After")); ok {
			return &Later{time.Duration(seconds) * time.Second, busy}
		}
		return busy
	}
	return crdt.Errorf(crdt.KindUnavailable, "the server answered %s instead of opening a sync connection", answer.Status)
}

// Later is a server's word that it is to be asked again after some time, and not before.
type Later struct {
	After time.Duration
	Err   error
}

// Error is what it said.
func (l *Later) Error() string { return l.Err.Error() }

// Unwrap gives the error with its kind.
func (l *Later) Unwrap() error { return l.Err }

// RetryAfter is after which time the server wants to be asked again, where that is why there is no connection: by its answer, or by a close.
func RetryAfter(err error) (time.Duration, bool) {
	var later *Later
	if errors.As(err, &later) {
		return later.After, true
	}
	var closed *Closed
	if errors.As(err, &closed) {
		seconds, ok := closed.Code.ParseRetryAfter(closed.Reason)
		return time.Duration(seconds) * time.Second, ok
	}
	return 0, false
}

// Closed is how a connection ended that the other side closed.
type Closed struct {
	Code   wire.CloseCode
	Reason string
}

// Error is the code and the reason.
func (c *Closed) Error() string {
	return fmt.Sprintf("the server closed the connection: %d %s", c.Code, c.Reason)
}
