package metrics

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"fieldsync/crdt"
)

func TestEverySeriesIsServedUnderItsName(t *testing.T) {
	m := New("v1.2.3", []string{"sync"}, []string{"unknown-token"})
	m.ConnectionOpened()
	m.ConnectionOpened()
	m.ConnectionClosed(4429)
	m.ConnectionClosed(3999)
	m.ConnectionOpened()
	m.ConnectionTurnedAway()
	m.FrameReceived("sync", 100)
	m.FrameReceived("whatever a peer calls it", 7)
	m.FrameSent("sync", 50)
	m.SendQueueOverflowed()
	m.Refused(crdt.RefusedBadSeq, 1)
	m.ChangesAdmitted(3)
	m.Committed(3*time.Millisecond, nil)
	m.Committed(time.Second, errors.New("no space"))
	m.AuthFailed("unknown-token")
	m.BlobReceived(11)
	m.BlobSent(12)
	m.Request("GET /healthz", 200, time.Millisecond)
	m.Request("", 404, time.Millisecond)
	m.Request("GET /sync", 101, time.Hour)

	rec := httptest.NewRecorder()
	m.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	served := rec.Body.String()
	for _, line := range []string{
		`fieldsync_build_info{version="v1.2.3"} 1`,
		`fieldsync_connections 1`,
		`fieldsync_connections_opened_total 3`,
		`fieldsync_connections_closed_total{code="4429"} 1`,
		`fieldsync_connections_closed_total{code="other"} 1`,
		`fieldsync_connections_turned_away_total 1`,
		`fieldsync_frames_in_total{type="sync"} 1`,
		`fieldsync_frames_in_total{type="other"} 1`,
		`fieldsync_frame_bytes_in_total{type="sync"} 100`,
		`fieldsync_frame_bytes_in_total{type="other"} 7`,
		`fieldsync_frames_out_total{type="sync"} 1`,
		`fieldsync_frame_bytes_out_total{type="sync"} 50`,
		`fieldsync_send_queue_overflows_total 1`,
		`fieldsync_refusals_total{code="bad-seq"} 1`,
		`fieldsync_changes_admitted_total 3`,
		`fieldsync_commit_seconds_count 1`,
		`fieldsync_commit_seconds_bucket{le="0.005"} 1`,
		`fieldsync_commit_failures_total 1`,
		`fieldsync_auth_failures_total{reason="unknown-token"} 1`,
		`fieldsync_blob_bytes_total{direction="in"} 11`,
		`fieldsync_blob_bytes_total{direction="out"} 12`,
		`fieldsync_http_requests_total{route="GET /healthz",status="200"} 1`,
		`fieldsync_http_requests_total{route="other",status="404"} 1`,
		`fieldsync_http_request_seconds_count{route="GET /healthz"} 1`,
		`go_goroutines`,
	} {
		if !strings.Contains(served, "\n"+line) {
			t.Errorf("not served: %s", line)
		}
	}
	if strings.Contains(served, `route="GET /sync",le`) {
		t.Error("hours of a connection stand among the durations of requests")
	}
}

func TestSeriesAreThereBeforeTheirFirstEvent(t *testing.T) {
	rec := httptest.NewRecorder()
	New("x", []string{"join"}, []string{"origin"}).Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	for _, line := range []string{`fieldsync_frames_out_total{type="join"} 0`, `fieldsync_auth_failures_total{reason="origin"} 0`, `fieldsync_blob_bytes_total{direction="in"} 0`} {
		if !strings.Contains(rec.Body.String(), line) {
			t.Errorf("not served: %s", line)
		}
	}
}
