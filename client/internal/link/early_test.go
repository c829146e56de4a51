package link

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/wire"

	"github.com/gorilla/websocket"
)

var (
	aJoin    = wire.Append(nil, wire.Join{Sender: "phone", Metadata: wire.PeerMetadata{Fieldsync: 1}, Versions: []string{"1"}})
	aCompare = wire.Append(nil, wire.CatchUp{Sender: "phone", Ranges: []wire.Range{{Count: 3}}, Sketch: make([]wire.Symbol, 48)})
	aSync    = wire.Append(nil, wire.Sync{Doc: crdt.DocID{1}, Sender: "phone", Target: "server", Data: []byte{1}})
)

// dial opens a connection as a client with two first frames does.
func dial(ctx context.Context, at *url.URL) (*Conn, error) {
	c := New()
	c.Queue(aJoin, nil, false)
	c.Queue(aCompare[:9], aCompare[9:], false)
	return c, c.Dial(ctx, at, "token")
}

// heard is what a server was told: with the request, and then in so many frames.
func heard(t *testing.T, answer http.Header, first [][]byte, then int) (early []string, frames [][]byte, c *Conn) {
	t.Helper()
	told := make(chan [][]byte, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		early = r.Header.Values(wire.EarlyHeader)
		s, err := new(websocket.Upgrader).Upgrade(w, r, answer)
		if err != nil {
			t.Error(err)
			return
		}
		defer s.Close()
		var got [][]byte
		for range then {
			_, data, err := s.ReadMessage()
			if err != nil {
				t.Error(err)
				break
			}
			got = append(got, data)
		}
		told <- got
	}))
	defer server.Close()
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	c = New()
	for _, f := range first {
		c.Queue(f, nil, false)
	}
	if err := c.Dial(t.Context(), at, "token"); err != nil {
		t.Fatal(err)
	}
	defer c.Abort()
	c.Queue(aSync, nil, false)
	return early, <-told, c
}

func TestTheFirstFramesGoWithTheRequestAndNotAgainWhereTheServerTookThem(t *testing.T) {
	early, frames, _ := heard(t, http.Header{wire.ExtensionHeader: {"1"}, wire.EarlyHeader: {"2"}}, [][]byte{aJoin, aCompare}, 1)
	got, err := wire.DecodeEarly(early)
	if err != nil || !reflect.DeepEqual(got, [][]byte{aJoin, aCompare}) {
		t.Errorf("with the request %x, %v", got, err)
	}
	if !reflect.DeepEqual(frames, [][]byte{aSync}) {
		t.Errorf("then %x", frames)
	}
}

func TestAServerThatIgnoresEarlyFramesGetsThemAfterwards(t *testing.T) {
	_, frames, _ := heard(t, http.Header{wire.ExtensionHeader: {"1"}}, [][]byte{aJoin, aCompare}, 3)
	if !reflect.DeepEqual(frames, [][]byte{aJoin, aCompare, aSync}) {
		t.Errorf("%x", frames)
	}
}

func TestAServerThatDoesNotSayThatItTakesTheExtensionIsNotToldInIt(t *testing.T) {
	_, frames, c := heard(t, nil, [][]byte{aJoin, aCompare}, 1)
	if c.Extensions != 0 || !reflect.DeepEqual(frames, [][]byte{aSync}) {
		t.Errorf("extensions %d, frames %x", c.Extensions, frames)
	}
}

func TestWhatIsTooLongForAHeaderGoesAfterwards(t *testing.T) {
	long := wire.Append(nil, wire.CatchUp{Sender: crdt.PeerID(strings.Repeat("x", 200)), Ranges: []wire.Range{{Count: 3}}, Sketch: make([]wire.Symbol, 300)})
	early, frames, _ := heard(t, http.Header{wire.ExtensionHeader: {"1"}}, [][]byte{aJoin, long}, 3)
	if len(early) != 0 || !reflect.DeepEqual(frames, [][]byte{aJoin, long, aSync}) {
		t.Errorf("early %d, frames %d", len(early), len(frames))
	}
}

func TestAConnectionThatIsClosedBeforeItIsOpenDialsNobody(t *testing.T) {
	asked := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer server.Close()
	at, _ := url.Parse(server.URL)
	for _, queued := range [][][]byte{nil, {aJoin}, {aJoin, aCompare}} {
		c := New()
		for _, f := range slices.Clone(queued) {
			c.Queue(f, nil, false)
		}
		c.Close(replica.Close{Code: wire.CloseInternal, Reason: "the inventory cannot be read"})
		if err := c.Dial(t.Context(), at, "token"); crdt.KindOf(err) != crdt.KindUnavailable || asked {
			t.Errorf("%d queued: %v, asked %v", len(queued), err, asked)
		}
	}
}
