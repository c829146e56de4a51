package crdt

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
)

// timestampLayout is RFC 3339 with milliseconds: every moment has one spelling of one length, so that texts sort as times do.
const timestampLayout = "2006-01-02T15:04:05.000Z07:00"

// The moments that RFC 3339 can name: the years 0 to 9999. A peer may write any number.
const (
	minNamed Timestamp = -62_167_219_200_000
	maxNamed Timestamp = 253_402_300_799_999
)

// Named tells whether RFC 3339 has a name for the moment: whether its year has four digits.
func (t Timestamp) Named() bool { return t >= minNamed && t <= maxNamed }

// String is the moment in RFC 3339 with milliseconds in UTC; outside of the years 0 to 9999 the number of milliseconds.
func (t Timestamp) String() string {
	if !t.Named() {
		return strconv.FormatInt(int64(t), 10)
	}
	return time.UnixMilli(int64(t)).UTC().Format(timestampLayout)
}

// ParseTimestamp reads a moment in RFC 3339, of any offset; what is finer than a millisecond is cut off.
func ParseTimestamp(s string) (Timestamp, error) {
	moment, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return 0, Errorf(KindInvalid, "not a time in RFC 3339, like 2026-11-24T09:30:00Z")
	}
	t := Timestamp(moment.UnixMilli())
	if !t.Named() { // the offset leads out of the years that have a name
		return 0, Errorf(KindInvalid, "a time outside of the years 0 to 9999")
	}
	return t, nil
}

// MarshalText is String.
func (t Timestamp) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText is ParseTimestamp.
func (t *Timestamp) UnmarshalText(b []byte) (err error) {
	*t, err = ParseTimestamp(string(b))
	return err
}

// MarshalJSON gives the moment in RFC 3339; a number where it has no name there.
func (t Timestamp) MarshalJSON() ([]byte, error) {
	if !t.Named() {
		return []byte(t.String()), nil
	}
	return []byte(`"` + t.String() + `"`), nil
}

// UnmarshalJSON reads RFC 3339, or a whole number of milliseconds since 1970; null leaves the value as it is.
func (t *Timestamp) UnmarshalJSON(b []byte) error {
	switch {
	case bytes.Equal(b, []byte("null")):
		return nil
	case len(b) > 0 && b[0] == '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return Errorf(KindInvalid, "not a time: %w", err)
		}
		return t.UnmarshalText([]byte(s))
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		return Errorf(KindInvalid, "neither a time in RFC 3339 nor a whole number of milliseconds since 1970")
	}
	*t = Timestamp(n)
	return nil
}
