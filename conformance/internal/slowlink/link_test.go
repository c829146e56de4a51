package slowlink

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// behind makes a link before a server that echoes bodies and WebSocket messages, and gives the proxy's address.
func behind(t *testing.T, c Class) (*Link, string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/sync" {
			data, err := io.ReadAll(r.Body)
			if err == nil {
				_, _ = w.Write(data)
			}
			return
		}
		socket, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer socket.Close()
		for {
			kind, data, err := socket.ReadMessage()
			if err != nil || socket.WriteMessage(kind, data) != nil {
				return
			}
		}
	}))
	t.Cleanup(s.Close)
	k := New(c)
	t.Cleanup(k.Close)
	addr, err := k.Open("", strings.TrimPrefix(s.URL, "http://"), false)
	if err != nil {
		t.Fatal(err)
	}
	return k, addr
}

func post(client *http.Client, url string, body []byte) error {
	res, err := client.Post(url, "application/octet-stream", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err == nil && !bytes.Equal(got, body) {
		err = fmt.Errorf("%d bytes came back of %d", len(got), len(body))
	}
	return err
}

func freshClient(t *testing.T) *http.Client {
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

func TestConnectionsShareWhatTheLineCarries(t *testing.T) {
	_, addr := behind(t, Class{Name: "test", Rate: 800_000, RoundTrip: 100 * time.Millisecond})
	begun := time.Now()
	var all sync.WaitGroup
	for range 2 {
		client := freshClient(t)
		all.Go(func() {
			if err := post(client, "http://"+addr+"/x", bytes.Repeat([]byte("x"), 25_000)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	// 50,000 bytes each way, one after the other: a second; and two round trips, one of them TCP's.
	if took := time.Since(begun); took < 900*time.Millisecond {
		t.Errorf("2 times 25,000 bytes went through 800 kbit/s in %v", took)
	}
}

func TestTheLineIsABookOfItsTime(t *testing.T) {
	var l line
	at := time.Unix(1000, 0)
	c := Class{Rate: 8000, RoundTrip: time.Second}
	for i := 1; i <= 3; i++ {
		sent, there := l.carry(c, 1000, at)
		if want := at.Add(time.Duration(i) * time.Second); !sent.Equal(want) || !there.Equal(want.Add(500*time.Millisecond)) {
			t.Errorf("packet %d is sent at %v and there at %v", i, sent.Sub(at), there.Sub(at))
		}
	}
	c.Loss = 1
	if sent, there := l.carry(c, 1000, at.Add(time.Minute)); there.Sub(sent) != 1500*time.Millisecond {
		t.Errorf("a lost packet is there after %v", there.Sub(sent))
	}
}

func TestBytesAreCountedByDirectionAndKind(t *testing.T) {
	k, addr := behind(t, Direct)
	client := freshClient(t)
	for _, path := range []string{"/api/v1/jobs", "/api/v1/uploads/x", "/api/v1/jobs"} { // one connection
		if err := post(client, "http://"+addr+path, bytes.Repeat([]byte("x"), 10_000)); err != nil {
			t.Fatal(err)
		}
	}
	if _, made := k.Connections(); made != 1 {
		t.Errorf("%d connections were made for requests that follow one another", made)
	}
	socket, _, err := websocket.DefaultDialer.Dial("ws://"+addr+"/sync", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	if err := socket.WriteMessage(websocket.BinaryMessage, make([]byte, 5000)); err != nil {
		t.Fatal(err)
	}
	if _, data, err := socket.ReadMessage(); err != nil || len(data) != 5000 {
		t.Fatal(len(data), err)
	}
	counts := k.Counts()
	for kind, want := range map[Kind]int64{KindOther: 20_000, KindFile: 10_000, KindSync: 5000} {
		for _, got := range []int64{counts[kind].Up, counts[kind].Down} {
			if got < want || got > want+2000 { // heads
				t.Errorf("%s: %+v, of bodies of %d", kind, counts[kind], want)
			}
		}
	}
	k.ResetCounts()
	if c := k.Counts(); c[KindFile] != (Count{}) {
		t.Errorf("after a reset: %+v", c)
	}
}

func TestWithoutANetworkConnectionsBreakAndNoneIsMade(t *testing.T) {
	k, addr := behind(t, WiFi)
	socket, _, err := websocket.DefaultDialer.Dial("ws://"+addr+"/sync", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	if err := k.Set(None); err != nil {
		t.Fatal(err)
	}
	if _, _, err := socket.ReadMessage(); err == nil {
		t.Error("a connection outlived its network")
	}
	if err := post(freshClient(t), "http://"+addr+"/x", nil); err == nil {
		t.Error("a connection was made without a network")
	}
	if err := k.Set(LTE); err != nil {
		t.Fatal(err)
	}
	if err := post(freshClient(t), "http://"+addr+"/x", []byte("back")); err != nil {
		t.Errorf("the network is back: %v", err)
	}
}

func TestInATunnelNothingMovesAndNothingBreaks(t *testing.T) {
	k, addr := behind(t, Direct)
	socket, _, err := websocket.DefaultDialer.Dial("ws://"+addr+"/sync", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	if err := k.Set(Stalled); err != nil {
		t.Fatal(err)
	}
	if err := socket.WriteMessage(websocket.BinaryMessage, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	got := make(chan error, 1)
	go func() { _, _, err := socket.ReadMessage(); got <- err }()
	select {
	case err := <-got:
		t.Fatalf("something moved: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	if err := k.Set(Direct); err != nil {
		t.Fatal(err)
	}
	if err := <-got; err != nil {
		t.Errorf("behind the tunnel: %v", err)
	}
}

func TestTheControlPortSetsTheClass(t *testing.T) {
	k, addr := behind(t, Direct)
	control := httptest.NewServer(k.Control())
	defer control.Close()
	set := func(name string) int {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPut, control.URL+"/class", strings.NewReader(name))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	if code := set("edge\n"); code != http.StatusOK || k.Class() != EDGE {
		t.Errorf("%d, %v", code, k.Class())
	}
	if code := set("5g"); code != http.StatusBadRequest || k.Class() != EDGE {
		t.Errorf("%d, %v", code, k.Class())
	}
	if code := set("direct"); code != http.StatusOK {
		t.Errorf("%d", code)
	}
	if err := post(freshClient(t), "http://"+addr+"/x", []byte("hello")); err != nil {
		t.Error(err)
	}
}
