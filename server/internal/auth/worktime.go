package auth

import (
	"time"

	"fieldsync/crdt"
)

// DefaultTimeZone and DefaultWorkdayEnd are those of an organisation that has not said.
const (
	DefaultTimeZone   = "UTC"
	DefaultWorkdayEnd = "20:00"
)

// ParseTimeZone reads the name of a time zone, such as Europe/Berlin; empty is the default.
func ParseTimeZone(s string) (*time.Location, error) {
	if s == "" {
		s = DefaultTimeZone
	}
	if s == "Local" || len(s) > 64 { // the server's own is nobody's business
		return nil, crdt.Errorf(crdt.KindInvalid, "time_zone is no name of a time zone, such as Europe/Berlin")
	}
	l, err := time.LoadLocation(s)
	if err != nil {
		return nil, crdt.Errorf(crdt.KindInvalid, "time_zone %q is no name of a time zone, such as Europe/Berlin", s)
	}
	return l, nil
}

// ParseClock reads a time of the day, HH:MM, as minutes since midnight.
func ParseClock(s string) (minutes int, err error) {
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != 5 {
		return 0, crdt.Errorf(crdt.KindInvalid, "%q is no time of the day, as 20:00", s)
	}
	return t.Hour()*60 + t.Minute(), nil
}
