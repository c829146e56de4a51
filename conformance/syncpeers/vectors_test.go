package syncpeers

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"fieldsync/crdt/syncproto"

	"github.com/automerge/automerge-go"
)

var writeVectors = flag.Bool("write-vectors", false, "write conformance/vectors/sync/go-messages.json anew")

const goVectors = "../vectors/sync/go-messages.json"

// goVector is an entry of go-messages.json; see conformance/vectors/sync/README.md.
type goVector struct {
	Name     string   `json:"name"`
	Origin   string   `json:"origin"`
	Hex      string   `json:"hex"`
	Heads    []string `json:"heads"`
	Need     []string `json:"need"`
	Have     []goHave `json:"have"`
	Changes  []string `json:"changes"`
	Type     string   `json:"type"`
	Contains []string `json:"contains"`
}

type goHave struct {
	LastSync []string `json:"lastSync"`
	Bloom    string   `json:"bloom"`
}

// TestWriteGoVectors makes the exchanges of generate.mjs with automerge-go alone, and checks that they still come out as
// the vectors say. automerge-go tells heads and changes of a message; need and have are taken from our decoder, whose
// encoder must give the same bytes, so for these two the JS vectors are the judge.
func TestWriteGoVectors(t *testing.T) {
	var all []goVector
	record := func(name string, data []byte, from *goPartner) {
		m, err := syncproto.Decode(data, syncproto.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(syncproto.Append(nil, &m), data) {
			t.Fatalf("%s: encoded again it differs", name)
		}
		v := goVector{Name: name, Origin: "automerge-go v0.0.0-20230903201930", Hex: hex.EncodeToString(data), Type: "v1",
			Heads: []string{}, Need: []string{}, Have: []goHave{}, Changes: []string{}, Contains: []string{}}
		for _, h := range from.doc.Heads() {
			v.Heads = append(v.Heads, h.String())
		}
		for _, h := range m.Need {
			v.Need = append(v.Need, h.String())
		}
		for _, h := range m.Have {
			have := goHave{LastSync: []string{}, Bloom: hex.EncodeToString(h.Bloom.Append(nil))}
			for _, x := range h.LastSync {
				have.LastSync = append(have.LastSync, x.String())
			}
			v.Have = append(v.Have, have)
		}
		for _, c := range m.Changes {
			v.Changes = append(v.Changes, hex.EncodeToString(c))
		}
		changes, err := from.doc.Changes()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range changes {
			v.Contains = append(v.Contains, c.Hash().String())
		}
		all = append(all, v)
	}
	made := func(actor string) *goPartner {
		p := newGoPartner()
		if err := p.doc.SetActorID(strings.Repeat(actor, 32)); err != nil {
			t.Fatal(err)
		}
		return p
	}
	send := func(name string, from, to *goPartner) {
		if data, ok := from.generate(t); ok {
			record(name, data, from)
			to.receive(t, data)
		}
	}
	empty, full := made("e"), made("a")
	full.edit(t, 40, "k")
	send("an empty document says hello", empty, full)
	send("a full document answers an empty one", full, empty)
	send("the once empty one acknowledges", empty, full)
	full.edit(t, 1, "live")
	send("one live change", full, empty)
	send("the live change is acknowledged", empty, full)
	left, right := made("b"), made("c")
	left.edit(t, 3, "common")
	if _, err := right.doc.Merge(left.doc); err != nil {
		t.Fatal(err)
	}
	left.edit(t, 30, "left")
	right.edit(t, 30, "right")
	left.sync, right.sync = automerge.NewSyncState(left.doc), automerge.NewSyncState(right.doc)
	send("a divergent document says hello", left, right)
	send("a divergent document answers", right, left)
	send("a divergent document sends its part", left, right)

	got, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *writeVectors {
		if err := os.WriteFile(goVectors, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(goVectors)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("automerge-go makes other messages now than when the vectors were written")
	}
}
