package auth

import "testing"

func TestTimesOfTheDayAndZones(t *testing.T) {
	for in, want := range map[string]int{"00:00": 0, "20:00": 1200, "23:59": 1439, "24:00": -1, "7:00": -1, "07:60": -1, "": -1} {
		got, err := ParseClock(in)
		if (err != nil) != (want < 0) || err == nil && got != want {
			t.Errorf("%q: %d %v", in, got, err)
		}
	}
	for in, ok := range map[string]bool{"": true, "Europe/Berlin": true, "UTC": true, "Local": false, "Mars/Olympus": false, "../etc/passwd": false} {
		if _, err := ParseTimeZone(in); (err == nil) != ok {
			t.Errorf("%q: %v", in, err)
		}
	}
}
