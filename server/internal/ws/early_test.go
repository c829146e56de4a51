package ws

import (
	"context"
	"encoding/base64"
	"net"
	"net/http"
	"strings"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/wire"

	"github.com/gorilla/websocket"
)

var (
	anEarlyJoin    = wire.Append(nil, wire.Join{Sender: "phone", Metadata: wire.PeerMetadata{Fieldsync: 1}, Versions: []string{wire.ProtocolVersion}})
	anEarlyCompare = wire.Append(nil, wire.CatchUp{Sender: "phone", Ranges: []wire.Range{{}}})
)

// dialEarly asks for a connection with values of the header.
func (w *world) dialEarly(values ...string) (*websocket.Conn, string) {
	w.t.Helper()
	url := w.listen()
	d := websocket.Dialer{NetDialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, w.network, w.address)
	}}
	c, answer, err := d.Dial(url, http.Header{wire.EarlyHeader: values})
	if err != nil {
		w.t.Fatal(err)
	}
	w.all = append(w.all, c)
	return c, answer.Header.Get(wire.EarlyHeader)
}

func read(t *testing.T, c *websocket.Conn) wire.Frame {
	t.Helper()
	_, data, err := c.ReadMessage()
	if err != nil {
		t.Fatal(err)
	}
	f, err := wire.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFramesThatComeWithTheRequestAreAnsweredAsTheFirstOfTheConnection(t *testing.T) {
	value, _ := wire.EncodeEarly([][]byte{anEarlyJoin, anEarlyCompare})
	join, compare, _ := strings.Cut(value, ",")
	for _, values := range [][]string{{value}, {join, compare}, {join + ", " + compare}} { // proxies join and split headers
		w := newWorld(t, nil)
		c, taken := w.dialEarly(values...)
		if taken != "2" {
			t.Fatalf("taken: %q", taken)
		}
		if f, ok := read(t, c).(wire.Peer); !ok || f.Target != "phone" {
			t.Errorf("first %#v", f)
		}
		if f, ok := read(t, c).(wire.CatchUp); !ok || f.Target != "phone" {
			t.Errorf("then %#v", f)
		}
		w.end()
	}
}

func TestWhatIsNoJoinAndCatchUpIsNotTakenWithTheRequest(t *testing.T) {
	encode := func(frames ...[]byte) string { v, _ := wire.EncodeEarly(frames); return v }
	write := wire.Append(nil, wire.Sync{Doc: crdt.DocID{1}, Sender: "phone", Target: "server", Data: []byte{1}})
	for name, value := range map[string]string{
		"a change":       encode(anEarlyJoin, write),
		"three frames":   encode(anEarlyJoin, anEarlyCompare, anEarlyCompare),
		"one frame":      encode(anEarlyJoin),
		"another order":  encode(anEarlyCompare, anEarlyJoin),
		"no base64":      "!!,!!",
		"padding":        base64.URLEncoding.EncodeToString(anEarlyJoin) + "=," + encode(anEarlyCompare),
		"nothing":        "",
		"no frame":       encode([]byte{0xff}, anEarlyCompare),
		"too much of it": encode(anEarlyJoin, wire.Append(nil, wire.CatchUp{Sender: "phone", Sketch: make([]wire.Symbol, 300)})),
	} {
		w := newWorld(t, nil)
		c, taken := w.dialEarly(value)
		if taken != "" {
			t.Errorf("%s: taken: %q", name, taken)
		}
		if err := c.WriteMessage(websocket.BinaryMessage, anEarlyJoin); err != nil { // it begins as if nothing had been
			t.Fatal(err)
		}
		if _, ok := read(t, c).(wire.Peer); !ok {
			t.Errorf("%s: the plain way does not work any more", name)
		}
		w.end()
	}
}
