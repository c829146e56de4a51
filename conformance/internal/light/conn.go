package light

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// dialTimeout bounds a connection's handshake; generous, because a server under load accepts slowly.
const dialTimeout = 60 * time.Second

// Traffic counts bytes at the socket, WebSocket overhead and handshake included.
type Traffic struct{ In, Out atomic.Int64 }

// Conn is a joined connection. One goroutine may read and one may write.
type Conn struct {
	PeerID   string
	ServerID string
	Traffic  *Traffic
	ws       *websocket.Conn
}

// Options for Dial; the zero value is a peer without compression and storage.
type Options struct {
	Compress  bool   // offer permessage-deflate, as browsers do
	StorageID string // says that sync state is worth keeping for this peer
	Fieldsync uint64 // says that fieldsync's extension frames of this version are understood
	NoJoin    bool   // leave the protocol's handshake out: relays know none, and tests want to do it wrongly
}

// Dial connects and joins.
func Dial(ctx context.Context, url, peerID string, opt Options) (*Conn, error) {
	c := &Conn{PeerID: peerID, Traffic: &Traffic{}}
	d := websocket.Dialer{
		HandshakeTimeout: dialTimeout, EnableCompression: opt.Compress, ReadBufferSize: 4 << 10, WriteBufferSize: 4 << 10,
		NetDialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			inner, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			return &countedConn{Conn: inner, traffic: c.Traffic}, err
		},
	}
	ws, res, err := d.DialContext(ctx, url, http.Header{}) //nolint:bodyclose // gorilla: it needs no close
	if err != nil {
		if res != nil {
			return nil, fmt.Errorf("dialling: %w (%s)", err, res.Status)
		}
		return nil, fmt.Errorf("dialling: %w", err)
	}
	c.ws = ws
	if opt.NoJoin {
		return c, nil
	}
	join := Frame{Type: "join", SenderID: peerID, Versions: []string{"1"}, Metadata: Metadata{StorageID: opt.StorageID, IsEphemeral: opt.StorageID == "", Fieldsync: opt.Fieldsync}}
	if err := c.Send(&join); err != nil {
		_ = ws.Close()
		return nil, err
	}
	answer, err := c.Read()
	if err == nil && answer.Type != "peer" {
		err = fmt.Errorf("answered %+v", answer)
	}
	if err != nil {
		_ = ws.Close()
		return nil, fmt.Errorf("joining: %w", err)
	}
	c.ServerID = answer.SenderID
	return c, nil
}

// Send writes a frame.
func (c *Conn) Send(f *Frame) error {
	b, err := f.Encode()
	if err != nil {
		return err
	}
	return c.SendRaw(b)
}

// SendRaw writes a binary WebSocket message as it is.
func (c *Conn) SendRaw(b []byte) error { return c.ws.WriteMessage(websocket.BinaryMessage, b) }

// SendSync writes a sync message for a document; kind is "sync" or "request".
func (c *Conn) SendSync(kind, doc string, m *SyncMessage) error {
	return c.Send(&Frame{Type: kind, DocumentID: doc, SenderID: c.PeerID, TargetID: c.ServerID, Data: m.Append(nil)})
}

// Read waits for the next frame.
func (c *Conn) Read() (*Frame, error) {
	_, b, err := c.ws.ReadMessage()
	if err != nil {
		return nil, err
	}
	return ParseFrame(b)
}

// SetReadDeadline makes a Read that lasts until t fail; the connection is of no use for reading after that.
func (c *Conn) SetReadDeadline(t time.Time) { _ = c.ws.SetReadDeadline(t) }

// WebSocket is the socket underneath, for tests that break its rules.
func (c *Conn) WebSocket() *websocket.Conn { return c.ws }

// Close drops the connection without a word, as a phone does that loses its network.
func (c *Conn) Close() { _ = c.ws.Close() }

type countedConn struct {
	net.Conn
	traffic *Traffic
}

func (c *countedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.traffic.In.Add(int64(n))
	return n, err
}

func (c *countedConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.traffic.Out.Add(int64(n))
	return n, err
}
