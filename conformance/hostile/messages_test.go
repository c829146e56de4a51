package hostile_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"testing"

	"fieldsync/conformance/internal/author"
	"fieldsync/conformance/internal/light"
	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt"
	"fieldsync/crdt/format"
)

func TestBadSyncMessagesAreRefused(t *testing.T) {
	w := newWorld(t)
	bloom := func(b ...byte) []byte { // one entry in have, with this filter
		return append(append([]byte{0x42, 0, 0, 1, 0}, byte(len(b))), append(b, 0)...)
	}
	lies := func(before ...byte) []byte { return append(before, uleb(nil, 1<<40)...) }
	full := w.copy.Message(w.copy.Raws()[0]).Append(nil)
	cases := []struct {
		name string
		data []byte
	}{
		{"a version of the future", []byte{0x44, 0, 0, 0, 0}},
		{"a Bloom filter with 0 bits for an entry", bloom(1, 0, 7)},
		{"a Bloom filter of no entries with bits", bloom(0, 10, 7, 0, 0)},
		{"a Bloom filter without probes", bloom(1, 10, 0, 0, 0)},
		{"a Bloom filter with 2^32-1 probes", bloom(append(uleb([]byte{1, 10}, 1<<32-1), 0, 0)...)},
		{"a Bloom filter that claims 2^32-1 entries", bloom(append(uleb(nil, 1<<32-1), 10, 7, 0, 0)...)},
		{"a Bloom filter whose size overflows 32 bits", bloom(append(uleb(uleb(nil, 1<<16), 1<<16), 7)...)},
		{"a Bloom filter that is cut", bloom(100, 10, 7, 1, 2, 3)},
		{"2^40 heads", lies(0x42)},
		{"2^40 needs", lies(0x42, 0)},
		{"2^40 filters", lies(0x42, 0, 0)},
		{"2^40 hashes in a filter", lies(0x42, 0, 0, 1)},
		{"a filter of 2^40 bytes", lies(0x42, 0, 0, 1, 0)},
		{"2^40 changes", lies(0x42, 0, 0, 0)},
		{"a change of 2^40 bytes", lies(0x42, 0, 0, 0, 1)},
		{"flags of 2^40 bytes", lies(0x42, 0, 0, 0, 0)},
		{"a number of eleven bytes", append([]byte{0x42}, bytes.Repeat([]byte{0xff}, 11)...)},
		{"a megabyte of 0xff", bytes.Repeat([]byte{0xff}, 1<<20)},
		{"10,000 filters", append([]byte{0x42, 0, 0}, append(uleb(nil, 10_000), make([]byte, 20_001)...)...)},
	}
	for n := 1; n < len(full); n += 1 + len(full)/25 {
		cases = append(cases, struct {
			name string
			data []byte
		}{fmt.Sprintf("a message cut after %d bytes", n), full[:n]})
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			w := w.in(t)
			client, copied := w.attacker(sut.Dispatcher)
			refusals := func() float64 {
				return w.metric(`fieldsync_refusals_total{code="malformed"}`) + w.metric(`fieldsync_refusals_total{code="too-large"}`) +
					w.metric(`fieldsync_refusals_total{code="unsupported"}`)
			}
			before := refusals()
			w.must(client.Send(&light.Frame{Type: "sync", DocumentID: w.doc, SenderID: client.PeerID, TargetID: client.ServerID, Data: tc.data}))
			w.must(client.Until(func() bool { return len(client.Refused) > 0 }))
			w.eventually("the refusal is counted", func() bool { return refusals() > before })
			w.must(client.Edit(copied, "the connection goes on"))
			w.must(client.Until(func() bool { return copied.Unconfirmed() == 0 }))
			w.unharmed()
		})
	}
}

// manyOrphans is more changes than any waiting room takes.
const manyOrphans = 6000

func TestChangesThatWaitForNothingAreBounded(t *testing.T) {
	w := newWorld(t)
	client, copied := w.attacker(sut.Dispatcher)
	const series = `fieldsync_refusals_total{code="missing-deps"}`
	before := w.metric(series)
	var batch [][]byte
	for n := range manyOrphans {
		f := format.Change{Deps: []crdt.Hash{sha256.Sum256(fmt.Append(nil, n))}, Actor: copied.Actor, Seq: uint64(n) + 1, StartOp: 1000,
			Ops: []format.Op{{Key: "k", Action: format.ActionSet, Value: format.BytesValue(make([]byte, 500))}}}
		change, _, err := format.EncodeChange(&f)
		w.must(err)
		if batch = append(batch, change); len(batch) == 500 {
			w.must(client.SendSync("sync", w.doc, copied.Message(batch...)))
			batch = nil
		}
	}
	w.waitMetric(series, before+1000)
	w.unharmed()
}

func TestWhoMayNotReadIsToldNothingAndStoresNothing(t *testing.T) {
	w := newWorld(t)
	refused := author.NewCopy(w.doc, "ben")
	client := w.dial(sut.WorkerBen, light.Options{Fieldsync: 1}, refused)
	unavailable := func() {
		t.Helper()
		for {
			f, err := client.Step()
			if f != nil && f.Type == "doc-unavailable" {
				return
			}
			w.must(err)
			if f.Type == "sync" {
				t.Fatal("he is told of the document")
			}
		}
	}
	unavailable()
	f := format.Change{Deps: w.copy.Heads(), Actor: "ben", Seq: 1, StartOp: 1000, Ops: []format.Op{{Key: "k", Action: format.ActionSet, Value: format.IntValue(1)}}}
	change, hash, err := format.EncodeChange(&f)
	w.must(err)
	w.must(client.SendSync("sync", w.doc, refused.Message(change)))
	unavailable()
	w.unharmed()
	got, err := author.Fetch(t.Context(), w.p.URL(sut.Dispatcher), "who looks", w.doc)
	w.must(err)
	if got.Has(hash) {
		t.Error("his change is there")
	}
}

func TestCatchUpThatNeverEndsIsEnded(t *testing.T) {
	w := newWorld(t)
	client := w.dial(sut.Dispatcher, light.Options{Fieldsync: 1})
	frame := mustCBOR(map[string]any{"type": "fieldsync-catch-up", "senderId": client.PeerID, "targetId": client.ServerID,
		"r": []any{[]any{[]byte{}, []byte{}, 7, make([]byte, 16), nil}}})
	go func() {
		for client.SendRaw(frame) == nil { // until it is closed
		}
	}()
	if code := w.closeCode(client.Conn); code != 1002 && code != 0 {
		t.Errorf("closed with %d", code)
	}
	w.unharmed()
}

func TestANameIsNoProof(t *testing.T) {
	w := newWorld(t)
	// Somebody else, by the token, under the name of the dispatcher's connection.
	other, err := author.Dial(t.Context(), w.p.URL(sut.WorkerAnna), w.good.PeerID, light.Options{})
	w.must(err)
	defer other.Close()
	w.unharmed()
	// The dispatcher himself, under the name of his own: the older connection is replaced.
	mine := author.NewCopy(w.doc, "mine")
	again, err := author.Dial(t.Context(), w.p.URL(sut.Dispatcher), w.good.PeerID, light.Options{}, mine)
	w.must(err)
	defer again.Close()
	if code := w.closeCode(w.good.Conn); code != 4409 {
		t.Errorf("the older connection was closed with %d, want 4409", code)
	}
	w.must(again.Until(mine.Complete))
	// And a second join on one connection begins anew.
	w.must(again.Send(&light.Frame{Type: "join", SenderID: again.PeerID, Versions: []string{"1"}}))
	f, err := again.Step()
	w.must(err)
	if f.Type != "peer" {
		t.Fatalf("a second join was answered with %s", f.Type)
	}
	w.must(again.Open(mine))
	w.must(again.Edit(mine, "after the second join"))
	w.must(again.Until(func() bool { return mine.Unconfirmed() == 0 }))
}

// Clients send back what they received, under its first sender's name. That is neither theirs nor a reason to close.
func TestPresenceThatComesBackIsNotPassedOn(t *testing.T) {
	w := newWorld(t)
	echo, _ := w.attacker(sut.Dispatcher)
	presence := func(from string, count uint64) *light.Frame {
		return &light.Frame{Type: "ephemeral", DocumentID: w.doc, SenderID: from, TargetID: echo.ServerID, SessionID: "s", Count: count, Data: []byte{0x01}}
	}
	w.must(echo.Send(presence("somebody-else", 1)))
	w.must(echo.Send(presence(echo.PeerID, 2)))
	w.must(echo.Send(presence(echo.PeerID, 2)))
	w.must(echo.Send(presence(echo.PeerID, 1)))
	w.must(echo.Send(presence(echo.PeerID, 3)))
	var got []uint64
	for len(got) < 2 {
		f, err := w.good.Step()
		w.must(err)
		if f.Type == "ephemeral" {
			if f.SenderID != echo.PeerID {
				t.Errorf("passed on from %s", f.SenderID)
			}
			got = append(got, f.Count)
		}
	}
	if got[0] != 2 || got[1] != 3 {
		t.Errorf("passed on were %v, want 2 and 3", got)
	}
	w.unharmed()
}
