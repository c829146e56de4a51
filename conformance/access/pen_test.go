package access_test

import (
	"encoding/base64"
	"testing"

	"fieldsync/conformance/internal/sut"
)

// pen is automerge JS that makes changes; see conformance/interop/writes.mjs.
type pen struct{ *sut.Script }

// change is one that automerge JS has made.
type change struct {
	Hash string
	Raw  string
	raw  []byte
}

// request is what a pen is asked.
type request struct {
	Do        string          `json:"do"`
	Core      string          `json:"core"`
	Doc       string          `json:"doc,omitempty"`
	From      string          `json:"from,omitempty"`
	Kind      string          `json:"kind,omitempty"`
	Bare      bool            `json:"bare,omitempty"`
	Edit      any             `json:"edit"`
	Actor     string          `json:"actor,omitempty"`
	Actors    []string        `json:"actors,omitempty"`
	Me        string          `json:"me,omitempty"`
	Other     string          `json:"other,omitempty"`
	Assignees map[string]bool `json:"assignees,omitempty"`
	Own       []string        `json:"own,omitempty"`
}

// answer is what it says.
type answer struct {
	Changes []change
	Edits   []string
	Makes   []string
	Error   string
}

func newPen(t testing.TB) *pen {
	t.Helper()
	return &pen{sut.StartScript(t, "writes.mjs")}
}

// ask has the pen do something. It may be called by several at once.
func (p *pen) ask(q request) (a answer) {
	err := p.Ask(q, &a)
	for i := range a.Changes {
		c := &a.Changes[i]
		if err == nil {
			c.raw, err = base64.StdEncoding.DecodeString(c.Raw)
		}
	}
	if err != nil {
		a.Error = err.Error()
	}
	return a
}
