package hostile_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"fieldsync/conformance/internal/author"
	"fieldsync/conformance/internal/light"
	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt/format"
)

// floodBound is the memory that a server takes at most while somebody with a token tries to use it up.
const floodBound = 700 << 20

func TestSocketsThatNeverJoinAndRequestsThatNeverEndAreClosed(t *testing.T) {
	w := newWorld(t)
	const many = 100
	const series = `fieldsync_connections_closed_total{code="4408"}`
	for range many {
		c := w.dial(sut.Dispatcher, light.Options{NoJoin: true})
		defer c.Close()
	}
	var slow []net.Conn
	for range many {
		c, err := net.Dial("tcp", w.p.Addr)
		w.must(err)
		defer c.Close()
		_, err = io.WriteString(c, "GET /sync HTTP/1.1\r\nHost: x\r\nX-Slow: ")
		w.must(err)
		slow = append(slow, c)
	}
	w.unharmed()
	w.waitMetric(series, many)
	for _, c := range slow {
		w.must(c.SetReadDeadline(time.Now().Add(watchdog)))
		if _, err := io.Copy(io.Discard, c); err != nil && strings.Contains(err.Error(), "timeout") {
			t.Fatal("a request without an end is still open")
		}
	}
	w.unharmed()
}

func TestAHundredThousandRequestsForNothingAreBounded(t *testing.T) {
	w := newWorld(t)
	client := w.dial(sut.Dispatcher, light.Options{})
	const many = 100_000
	sent := make(chan error, 1)
	go func() {
		empty := author.NewCopy(w.doc, "x").Message().Append(nil)
		for range many {
			if err := client.Send(&light.Frame{Type: "request", DocumentID: newDoc(), SenderID: client.PeerID, TargetID: client.ServerID, Data: empty}); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	for n := range many {
		client.SetReadDeadline(time.Now().Add(watchdog))
		f, err := client.Read()
		w.must(err)
		if f.Type != "doc-unavailable" {
			t.Fatalf("request %d was answered with %s", n, f.Type)
		}
		if n%20_000 == 0 {
			w.editsGoOn()
		}
	}
	w.must(<-sent)
	w.eventually("the documents leave memory", func() bool { return w.metric("fieldsync_documents_open") <= 5 })
	w.unharmed()
}

func TestTwoThousandIdleSocketsAreBorne(t *testing.T) {
	w := newWorld(t, "--max-connections-per-ip", "5000")
	before := w.rss()
	const many = 2000
	for range many {
		w.dial(sut.Dispatcher, light.Options{})
	}
	if each := (w.rss() - before) / many; each > 40<<10 {
		t.Errorf("an idle socket takes %d bytes", each)
	}
	w.unharmed()
}

func TestReadersThatNeverReadAreClosedAndBounded(t *testing.T) {
	w := newWorld(t)
	const readers, changes, size = 4, 64, 1 << 20
	docs := []*author.Copy{author.NewCopy(newDoc(), "big"), author.NewCopy(newDoc(), "big")}
	writer := w.dial(sut.Dispatcher, light.Options{}, docs...)
	write := func(c *author.Copy, n int) {
		f := c.Next()
		f.Ops = []format.Op{{Key: fmt.Sprint(n), Action: format.ActionSet, Value: format.BytesValue(bytes.Repeat([]byte{byte(n), byte(n >> 3), 0xa5}, size/3))}}
		w.must(writer.SendSync("sync", c.ID, c.Message(w.added(c, &f))))
		w.must(writer.Until(func() bool { return c.Unconfirmed() == 0 }))
	}
	for _, c := range docs {
		write(c, 0)
	}
	for range readers {
		reader := w.dial(sut.Dispatcher, light.Options{}, author.NewCopy(docs[0].ID, "r"), author.NewCopy(docs[1].ID, "r"))
		_ = reader // it never reads again
	}
	for n := 1; n < changes; n++ {
		write(docs[n%2], n)
	}
	w.waitMetric("fieldsync_send_queue_overflows_total", readers)
	w.waitMetric(`fieldsync_connections_closed_total{code="4429"}`, readers)
	w.memoryUnder(floodBound)
	w.editsGoOn()
	w.loads(w.doc)
}

func TestPresenceForReadersThatNeverReadIsDropped(t *testing.T) {
	w := newWorld(t)
	sender, _ := w.attacker(sut.Dispatcher)
	reader, _ := w.attacker(sut.Dispatcher) // does not read from here on
	const series = "fieldsync_presence_dropped_total"
	payload := make([]byte, 60<<10)
	go func() { // the good client reads, or it would be one that does not
		for {
			if _, err := w.good.Step(); err != nil {
				return
			}
		}
	}()
	for n := uint64(1); w.metric(series) < 100; n++ {
		for k := range uint64(20) {
			w.must(sender.Send(&light.Frame{Type: "ephemeral", DocumentID: w.doc, SenderID: sender.PeerID, TargetID: sender.ServerID,
				SessionID: "flood", Count: n*100 + k, Data: payload}))
		}
	}
	w.memoryUnder(rssBound)
	if overflows := w.metric("fieldsync_send_queue_overflows_total"); overflows != 0 {
		t.Errorf("presence closed %v connections", overflows)
	}
	// It was not closed, and what matters still reaches it.
	after := author.NewCopy(newDoc(), "after")
	w.must(reader.Open(after))
	w.must(reader.Edit(after, "still here"))
	w.must(reader.Until(func() bool { return after.Unconfirmed() == 0 }))
	w.loads(w.doc)
}

func TestWrongTokensAreBrakedAndNoTokenIsLogged(t *testing.T) {
	w := newWorld(t, "--log-level", "debug")
	statuses := map[int]int{}
	for n := range 60 {
		res, err := http.Get("http://" + w.p.Addr + "/sync?" + url.Values{"access_token": {fmt.Sprintf("wrong-secret-%d", n)}}.Encode())
		w.must(err)
		_ = res.Body.Close()
		statuses[res.StatusCode]++
	}
	if statuses[http.StatusUnauthorized] == 0 || statuses[http.StatusTooManyRequests] < 20 || len(statuses) != 2 {
		t.Errorf("60 wrong tokens were answered with %v", statuses)
	}
	w.unharmed() // who has a valid one is let in all the same
	log := w.p.Output()
	if !strings.Contains(log, "GET /sync") {
		t.Fatal("the log does not speak of /sync: this test sees nothing")
	}
	for _, secret := range []string{"wrong-secret", sut.Dispatcher, "access_token"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}
