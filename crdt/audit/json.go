package audit

import (
	"encoding/json"
	"math"

	"fieldsync/crdt"
)

// jsonEntry is an entry's JSON form.
type jsonEntry struct {
	Version  int             `json:"version"`
	Hash     string          `json:"hash"`
	First    string          `json:"first,omitempty"`
	Changes  int             `json:"changes,omitempty"`
	Actor    string          `json:"actor"`
	Seq      uint64          `json:"seq"`
	Author   string          `json:"author,omitempty"`
	User     string          `json:"user,omitempty"`
	Source   string          `json:"source,omitempty"`
	Message  string          `json:"message,omitempty"`
	Undoes   string          `json:"undoes,omitempty"`
	Time     *crdt.Timestamp `json:"time,omitempty"`
	Happened *crdt.Timestamp `json:"happened_at,omitempty"`
	Arrived  *crdt.Timestamp `json:"arrived_at,omitempty"`
	Late     bool            `json:"late,omitempty"`
	Did      []Effect        `json:"did"`
	More     int             `json:"more,omitempty"`
	Cut      bool            `json:"cut,omitempty"`
}

// MarshalJSON gives the form that the API answers with, and that Export writes: see docs/PROTOCOL.md.
func (e Entry) MarshalJSON() ([]byte, error) {
	out := jsonEntry{Version: e.Version, Hash: e.Hash.String(), Actor: e.Actor.String(), Seq: e.Seq, Author: string(e.Author), User: e.Who.User,
		Source: e.Who.Source, Message: e.Message, Time: known(e.Time), Happened: known(e.Happened), Arrived: known(e.Arrived), Late: e.Late,
		Did: e.Did, More: e.More, Cut: e.Cut}
	if e.Changes > 1 {
		out.First, out.Changes = e.First.String(), e.Changes
	}
	if e.Undoes != (crdt.Hash{}) {
		out.Undoes = e.Undoes.String()
	}
	if out.Did == nil {
		out.Did = []Effect{}
	}
	return json.Marshal(out)
}

func known(t crdt.Timestamp) *crdt.Timestamp {
	if t == 0 {
		return nil
	}
	return &t
}

// MarshalJSON gives an effect with its values as JSON has them; old and new are there where the kind has them, also where they are null.
func (d Effect) MarshalJSON() ([]byte, error) {
	out := struct {
		Path    crdt.Path        `json:"path"`
		Kind    Kind             `json:"kind"`
		Old     []any            `json:"old,omitempty"`
		New     *json.RawMessage `json:"new,omitempty"`
		Delta   int64            `json:"delta,omitempty"`
		Mark    string           `json:"mark,omitempty"`
		Splices []Splice         `json:"splices,omitempty"`
		Hidden  bool             `json:"hidden,omitempty"`
		Cut     bool             `json:"cut,omitempty"`
	}{Path: d.Path, Kind: d.Kind, Delta: d.Delta, Mark: d.Mark, Splices: d.Splices, Hidden: d.Hidden, Cut: d.Cut}
	for _, v := range d.Old {
		out.Old = append(out.Old, plain(v))
	}
	switch d.Kind {
	case Added, Set, Incremented, Formatted:
		raw, err := json.Marshal(plain(d.New))
		if err != nil {
			return nil, err
		}
		out.New = (*json.RawMessage)(&raw)
	case Deleted, TextEdited:
	}
	return json.Marshal(out)
}

// plain turns a value into what JSON can hold, as engine.Plain does: texts are strings, counters numbers, timestamps RFC 3339, bytes
// base64, unknown values and numbers that are none null.
func plain(v any) any {
	switch x := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, e := range x {
			out[k] = plain(e)
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = plain(e)
		}
		return out
	case crdt.Unknown:
		return nil
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil
		}
	}
	return v
}
