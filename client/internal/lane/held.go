package lane

import (
	"fmt"
	"time"

	"fieldsync/client/internal/netclass"
)

// Rules are what a person has chosen.
type Rules struct {
	WiFiOnly  bool // files move over Wi-Fi and cables only
	DataSaver bool // over a metered link only previews move by themselves
}

// Reason is why a file does not move now; empty: it may.
type Reason string

// The reasons.
const (
	Offline   Reason = "offline"
	SlowLink  Reason = "slow link"
	WiFiOnly  Reason = "Wi-Fi only"
	DataSaver Reason = "data saver"
)

// Held is the rule. small: a preview or a thumbnail; now: somebody asked for this file, whatever the link.
func Held(l netclass.Link, r Rules, small, now bool) Reason {
	switch {
	case l.Class == netclass.None:
		return Offline
	case now:
		return ""
	case l.Class == netclass.Slow:
		return SlowLink
	case r.WiFiOnly && l.Kind != netclass.WiFi && l.Kind != netclass.Ethernet:
		return WiFiOnly
	case r.DataSaver && l.Metered && !small:
		return DataSaver
	}
	return ""
}

// ErrHeld is the error of a transfer that may not begin, or go on.
type ErrHeld struct{ Reason Reason }

// Error says why.
func (e ErrHeld) Error() string { return fmt.Sprintf("the file waits: %s", string(e.Reason)) }

// What links carry of which no throughput was measured, in bits per second, and their round trips.
const (
	slowRate = 50_000
	// FastRate is what a link is taken to carry that people would call fast: LTE on a middling day.
	FastRate = 10_000_000
	slowTrip = 700 * time.Millisecond
	fastTrip = 60 * time.Millisecond
)

// Estimate is how long so many files of so many bytes in all take over a link, alone on it.
func Estimate(l netclass.Link, files int, bytes int64) time.Duration {
	rate, trip := l.Throughput, l.RoundTrip
	if rate <= 0 {
		rate = slowRate
		if l.Class == netclass.Fast {
			rate = FastRate
		}
	}
	if trip <= 0 {
		trip = slowTrip
		if l.Class == netclass.Fast {
			trip = fastTrip
		}
	}
	// Two round trips a file: the upload is opened, and confirmed.
	return time.Duration(float64(bytes)*8/float64(rate)*float64(time.Second)) + time.Duration(2*files)*trip
}

// EstimateFast is the same over LTE.
func EstimateFast(files int, bytes int64) time.Duration {
	return Estimate(netclass.Link{Class: netclass.Fast, Throughput: FastRate, RoundTrip: fastTrip}, files, bytes)
}
