package link

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"fieldsync/client/internal/socket"
	"fieldsync/crdt"
	"fieldsync/crdt/wire"

	"github.com/gorilla/websocket"
)

const handshakeTimeout = 20 * time.Second // a phone on 2G needs seconds for TLS

// Dial opens the WebSocket at <server>/sync. Its errors have kinds: KindUnauthenticated and KindForbidden where the server
// turned us away, KindBusy where it asks us to come back later, KindUnavailable where it cannot be reached.
func Dial(ctx context.Context, server *url.URL, token string) (*Conn, error) {
	at := server.JoinPath("sync")
	switch at.Scheme {
	case "https":
		at.Scheme = "wss"
	default:
		at.Scheme = "ws"
	}
	dialer := websocket.Dialer{
		Proxy: http.ProxyFromEnvironment, HandshakeTimeout: handshakeTimeout,
		NetDialContext:    (&net.Dialer{Control: socket.Control}).DialContext,
		EnableCompression: true, WriteBufferSize: 16 << 10, ReadBufferSize: 16 << 10,
	}
	socket, answer, err := dialer.DialContext(ctx, at.String(), http.Header{"Authorization": {"Bearer " + token}})
	if answer != nil && answer.Body != nil {
		defer answer.Body.Close()
	}
	if err != nil {
		return nil, dialError(err, answer)
	}
	c := newConn(socket)
	c.Extensions, _ = strconv.Atoi(answer.Header.Get(wire.ExtensionHeader))
	return c, nil
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
		if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && seconds > 0 && seconds < 1<<20 {
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

// Closed is how a connection ended that the other side closed.
type Closed struct {
	Code   wire.CloseCode
	Reason string
}

// Error is the code and the reason.
func (c *Closed) Error() string {
	return fmt.Sprintf("the server closed the connection: %d %s", c.Code, c.Reason)
}
