package wire

import (
	"encoding/base64"
	"strings"

	"fieldsync/crdt"
)

// EarlyHeader is the header of the request that opens the WebSocket in which a client says its first frames, join and the
// beginning of a catch-up, as nothing may be sent before the answer: base64url without padding, separated by commas. A server that
// took them for the connection's first frames says so by the same header in its answer, with their number in decimal. Where the answer has none,
// the client sends them when the connection is open.
const EarlyHeader = "Fieldsync-Early"

// MaxEarly bounds that header in bytes: proxies take 8 KiB of headers, and credentials want room too. The frames of a client with a sketch
// of 48 symbols take 1.2 KB.
const MaxEarly = 4 << 10

// EarlyFrames is how many frames go early: join and catch-up.
const EarlyFrames = 2

// EncodeEarly makes the header of frames; false: they are too long for it.
func EncodeEarly(frames [][]byte) (string, bool) {
	parts := make([]string, len(frames))
	for i, f := range frames {
		parts[i] = base64.RawURLEncoding.EncodeToString(f)
	}
	value := strings.Join(parts, ",")
	return value, len(value) <= MaxEarly
}

// DecodeEarly gives the frames in the values of the header, checked to be a join and a catch-up: what a proxy that asks twice
// may repeat without changing anything.
func DecodeEarly(values []string) ([][]byte, error) {
	value := strings.Join(values, ",")
	if len(value) > MaxEarly {
		return nil, tooLong(EarlyHeader, MaxEarly)
	}
	parts := strings.Split(value, ",")
	if len(parts) != EarlyFrames {
		return nil, crdt.Errorf(crdt.KindInvalid, "wire: %s has not %d frames", EarlyHeader, EarlyFrames)
	}
	out := make([][]byte, len(parts))
	for i, part := range parts {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(strings.Trim(part, " \t"))
		if err != nil {
			return nil, crdt.Errorf(crdt.KindInvalid, "wire: %s is not base64url", EarlyHeader)
		}
		f, err := Decode(raw)
		if err != nil {
			return nil, err
		}
		_, join := f.(Join)
		_, compare := f.(CatchUp)
		if join != (i == 0) || compare != (i == 1) {
			return nil, crdt.Errorf(crdt.KindInvalid, "wire: %s is not a join and a catch-up", EarlyHeader)
		}
		out[i] = raw
	}
	return out, nil
}
