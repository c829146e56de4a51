package transport

import (
	"net/http"
	"testing"
	"time"
)

func TestRetryAfterIsBelievedWithinReason(t *testing.T) {
	now := time.Date(2027, 3, 4, 5, 6, 7, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "120": 2 * time.Minute, " 7 ": 7 * time.Second, "7200": 2 * time.Hour, "7201": 2 * time.Hour, "99999999999999999999999": 2 * time.Hour,
		"-5": 0, "1.5": 0, "soon": 0, "0x10": 0, "1e9": 0, "+5": 0,
		now.Add(90 * time.Second).Format(http.TimeFormat): 90 * time.Second, now.Add(-time.Hour).Format(http.TimeFormat): 0,
		now.AddDate(100, 0, 0).Format(http.TimeFormat): 2 * time.Hour, now.Add(time.Minute).Format(time.RFC850): time.Minute, now.Add(time.Minute).Format(time.ANSIC): time.Minute,
	} {
		if got := RetryAfter(http.Header{"Retry-After": {value}}, now); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}
