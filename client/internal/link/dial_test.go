package link

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"fieldsync/crdt"
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
