package link

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/wire"
)

func TestAServerThatNamesATimeIsBelieved(t *testing.T) {
	for said, want := range map[string]time.Duration{"7": 7 * time.Second, "": 0, "soon": 0, "-1": 0, "99999999999": 0} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", said)
			w.WriteHeader(http.StatusServiceUnavailable)
		}))
		at, err := url.Parse(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		_, err = dial(t.Context(), at)
		server.Close()
		var later *Later
		if crdt.KindOf(err) != crdt.KindBusy || errors.As(err, &later) != (want > 0) || want > 0 && later.After != want {
			t.Errorf("Retry-After %q: %v", said, err)
		}
	}
}

func TestACloseThatNamesATimeIsBelieved(t *testing.T) {
	for _, c := range []struct {
		code wire.CloseCode
		said string
		want time.Duration
	}{
		{wire.CloseTryAgainLater, wire.RetryAfter(12), 12 * time.Second},
		{wire.CloseTryAgainLater, "retry-after: 12", 12 * time.Second},
		{wire.CloseTryAgainLater, "too many documents on one connection", 0},
		{wire.CloseTryAgainLater, "retry-after: soon", 0},
		{wire.CloseTryAgainLater, "retry-after: -3", 0},
		{wire.CloseTryAgainLater, "retry-after: 99999999999", 0},
		{wire.CloseGoingAway, "retry-after: 12", 0},
	} {
		after, ok := RetryAfter(fmt.Errorf("offline: %w", &Closed{c.code, c.said}))
		if after != c.want || ok != (c.want > 0) {
			t.Errorf("%d %q: %v, %v", c.code, c.said, after, ok)
		}
	}
}
