package access_test

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"fieldsync/conformance/internal/light"
	"fieldsync/crdt"
)

// peer is a connection of somebody that delivers changes.
type peer struct {
	*light.Conn
}

var peers atomic.Int64

// dial connects as somebody; ext says whether the connection knows our extension frames.
func (w *world) dial(who string, ext bool) (*peer, error) {
	opt := light.Options{}
	if ext {
		opt.Fieldsync = 1
	}
	c, err := light.Dial(w.t.Context(), w.url(who), fmt.Sprintf("peer-%d", peers.Add(1)), opt)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", who, err)
	}
	return &peer{c}, nil
}

// outcome is what became of a change.
type outcome struct {
	stored  bool
	refused bool
	code    string
	detail  string
}

// cell is the outcome as the table writes it; refusals are their detail.
func (o outcome) cell() string {
	switch {
	case o.stored:
		return "+"
	case o.refused:
		return o.detail
	}
	return "."
}

// deliver sends a change, built on heads that the server has, and waits for what becomes of it.
func (p *peer) deliver(doc string, base []string, c change) (outcome, error) {
	hash, err := crdt.ParseHash(c.Hash)
	if err != nil {
		return outcome{}, err
	}
	shared := make([]light.Hash, len(base))
	for i, h := range base {
		parsed, err := crdt.ParseHash(h)
		if err != nil {
			return outcome{}, err
		}
		shared[i] = light.Hash(parsed)
	}
	m := &light.SyncMessage{Heads: []light.Hash{light.Hash(hash)}, Have: []light.Have{{LastSync: shared}}, Changes: [][]byte{c.raw}}
	if err := p.SendSync("sync", doc, m); err != nil {
		return outcome{}, err
	}
	p.SetReadDeadline(time.Now().Add(watchdog))
	for {
		f, err := p.Read()
		if err != nil {
			return outcome{}, fmt.Errorf("nothing becomes of the change: %w", err)
		}
		if f.DocumentID != doc {
			continue
		}
		switch f.Type {
		case "doc-unavailable":
			return outcome{}, nil
		case "fieldsync-refused":
			if string(f.Change) == string(hash[:]) {
				return outcome{refused: true, code: f.Code, detail: f.Detail}, nil
			}
		case "sync":
			answer, err := light.ParseSync(f.Data)
			if err != nil {
				return outcome{}, err
			}
			if slices.Contains(answer.Heads, light.Hash(hash)) {
				return outcome{stored: true}, nil
			}
		}
	}
}

// newDoc is a new document's id.
func newDoc() string {
	var id crdt.DocID
	_, _ = rand.Read(id[:])
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id.String()
}

// newActor is an actor that nobody has.
func newActor() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// reasonFits tells whether a detail gives a reason of the table, and names what the row is about.
func reasonFits(detail, reason, row string) bool {
	if detail == reason { // about the document as a whole
		return reason == "may look on, and write nothing here"
	}
	path, why, ok := strings.Cut(detail, ": ")
	if !ok {
		return false
	}
	first, _, _ := strings.Cut(path, "/")
	prefix, open := strings.CutSuffix(reason, "...")
	return strings.Contains(row, first) && (why == reason || open && strings.HasPrefix(why, prefix))
}
