package goclient

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"

	"fieldsync/client"
	"fieldsync/conformance/internal/sut"
)

// On a link on which each round trip is felt a worker is in step when his jobs are there. What only the server wants to know comes after it: here the
// server does not answer that until the client has said that it is in step.
func TestOnASlowLinkAWorkerIsInStepBeforeTheServerIsToldOfReceipts(t *testing.T) {
	addr, _ := startServer(t, t.TempDir(), "")
	to, err := url.Parse("http://" + addr)
	if err != nil {
		t.Fatal(err)
	}
	asked, inStep := make(chan struct{}), make(chan struct{})
	first := sync.OnceFunc(func() { close(asked) })
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/v1/receipts" {
			first()
			<-inStep
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)

	office := open(t, t.TempDir(), "http://"+addr, sut.Dispatcher)
	newJob(t, office, "pump", "worker-anna")
	synced(t, office)
	phone := open(t, t.TempDir(), proxy.URL, sut.WorkerAnna)
	phone.SetNetwork(client.Network2G, false)
	answer := sync.OnceFunc(func() { close(inStep) })
	t.Cleanup(answer)
	events := phone.WatchAll(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := phone.Sync(t.Context())
		done <- err
	}()
	select {
	case <-asked:
	case err := <-done:
		t.Fatalf("the server was told of no receipts, %v", err)
	}
	await(t, events, "in step while the server keeps receipts waiting", kind(client.EventSynced))
	answer()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
