package main

import (
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func lookedAt(s sight, width, height int) string {
	p := newPrinter(io.Discard)
	p.now = func() time.Time { return time.Unix(1_000_000, 0) }
	return strings.Join(p.frame(s, width, height, 0), "\n")
}

var busySight = sight{
	Who: "Anna", Server: "https://sync.example.org", Connected: true, Class: "slow", Network: "edge", Metered: true, RoundTrip: 0.712, Rate: 48_000,
	Unsent: 3, Attached: 4, Status: 1, Text: 2, Up: laneSight{Files: 4, Bytes: 2_240_000, Held: "slow link", Here: 365, Fast: 20}, last: time.Unix(1_000_000-130, 0),
}

func TestAFrameSaysWhatMovesAndWhatWaits(t *testing.T) {
	got := lookedAt(busySight, 80, 24)
	for _, want := range []string{
		"SLOW LINK: text moves. 4 files: about 6 min here, 20 s on LTE.",
		"link       slow · edge · metered · 712 ms · 48 kbit/s",
		"unsent     3 changes and 4 files",
		"last sync  2 min ago",
		"status     1 job",
		"text       2 jobs",
		"files up   4 files, 2.2 MB, held: slow link; about 6 min here, 20 s on LTE",
		"files down nothing",
		"… waiting",
		"s sync now   q quit",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	offline := busySight
	offline.Connected = false
	if got := lookedAt(offline, 80, 24); !strings.Contains(got, "OFFLINE: ") || strings.Contains(got, "SLOW LINK") || !strings.Contains(got, "✗ offline") {
		t.Errorf("offline:\n%s", got)
	}
	full := busySight
	full.Storage = "full"
	if got := lookedAt(full, 80, 24); !strings.Contains(got, "NO ROOM: nothing new is saved.") || !strings.Contains(got, "SLOW LINK") {
		t.Errorf("no room:\n%s", got)
	}
	full.Storage = "failed"
	if got := lookedAt(full, 80, 24); !strings.Contains(got, "THE DISK FAILED") {
		t.Errorf("a disk that failed:\n%s", got)
	}
	syncing := busySight
	syncing.Syncing = true
	if got := lookedAt(syncing, 80, 24); !strings.Contains(got, "◐ syncing") {
		t.Errorf("syncing:\n%s", got)
	}
}

func TestAFrameFitsItsTerminal(t *testing.T) {
	s := busySight
	s.Who = strings.Repeat("Anna ", 40)
	for i := range 30 {
		s.Moving = append(s.Moving, anyFile{Name: strings.Repeat("photo", i) + ".jpg", Way: "up", Size: 2_000_000, Done: int64(i) * 60_000, Rate: 900_000})
	}
	for _, size := range [][2]int{{80, 24}, {40, 24}, {120, 40}, {80, 10}, {80, 3}, {80, 1}} {
		lines := strings.Split(lookedAt(s, size[0], size[1]), "\n")
		if len(lines) > size[1] {
			t.Errorf("%v: %d lines", size, len(lines))
		}
		for _, l := range lines {
			if n := utf8.RuneCountInString(l); n > size[0] {
				t.Errorf("%v: %d characters in %q", size, n, l)
			}
		}
		if size[1] >= 24 && !strings.Contains(lines[len(lines)-1], "q quit") {
			t.Errorf("%v: the keys are cut off: %q", size, lines[len(lines)-1])
		}
	}
}

func TestTimesAsAPersonEstimatesThem(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "1 s", 1400 * time.Millisecond: "1 s", 19 * time.Second: "20 s", 6*time.Minute + 5*time.Second: "6 min", 90 * time.Minute: "1.5 h",
	} {
		if got := about(d); got != want {
			t.Errorf("%v: %q", d, got)
		}
	}
	for rate, want := range map[int]string{0: "", 48_200: "48 kbit/s", 1_540_000: "1.5 Mbit/s"} {
		if got := bits(rate); got != want {
			t.Errorf("%d: %q", rate, got)
		}
	}
}
