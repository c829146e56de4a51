package engine

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"

	"fieldsync/crdt"
)

// JSON writes the whole document as JSON, keys sorted: replicas that hold the same changes give the same bytes.
// See [Plain] for what becomes of the types that JSON has not.
func (d *Doc) JSON() ([]byte, error) {
	tree, err := d.Tree()
	if err != nil {
		return nil, err
	}
	return MarshalTree(tree)
}

// MarshalTree writes a value as Tree gives it as JSON.
func MarshalTree(tree any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(Plain(tree)); err != nil {
		return nil, crdt.Errorf(crdt.KindInternal, "engine: json: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Plain turns a value as Tree gives it into what JSON can hold: text and strings become strings, counters numbers,
// timestamps RFC 3339 with milliseconds in UTC (crdt.Timestamp.String), bytes base64, unknown values and numbers that are none null. It copies.
func Plain(v any) any {
	switch x := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, e := range x {
			out[k] = Plain(e)
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = Plain(e)
		}
		return out
	case crdt.Text:
		return string(x)
	case crdt.Counter:
		return int64(x)
	case crdt.Timestamp:
		return x.String()
	case []byte:
		return base64.StdEncoding.EncodeToString(x)
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil
		}
		return x
	case crdt.Unknown:
		return nil
	default:
		return x
	}
}
