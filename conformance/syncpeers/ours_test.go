package syncpeers

import (
	"testing"

	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/syncproto"

	"github.com/automerge/automerge-go"
)

// ours is our side: a peer over a real history. Its own edits are made with automerge-go.
type ours struct {
	h        *history.History
	p        *syncproto.Peer
	opt      syncproto.Options
	writer   *goPartner
	snapshot bool // offers a document chunk of all that it holds
}

var _ syncproto.Graph = (*history.History)(nil)

func newOurs(opt syncproto.Options, snapshot bool) *ours {
	return &ours{
		h: history.New(history.DefaultLimits()), p: syncproto.NewPeer(opt), opt: opt,
		writer: newGoPartner(), snapshot: snapshot,
	}
}

// admit takes chunks of any type in.
func (o *ours) admit(t *testing.T, data []byte) {
	t.Helper()
	lim := format.DefaultLimits()
	for chunk, err := range format.Split(data, lim) {
		if err != nil {
			t.Fatal(err)
		}
		var changes []*format.Change
		if chunk.Type == format.ChunkDocument {
			doc, err := chunk.DecodeDocument(lim)
			if err != nil {
				t.Fatal(err)
			}
			changes = doc.Changes
		} else {
			c, err := chunk.DecodeChange(lim)
			if err != nil {
				t.Fatal(err)
			}
			changes = append(changes, c)
		}
		for _, c := range changes {
			if _, err := o.h.Admit(c, "them", nil); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// all is every change, as chunks.
func (o *ours) all() []byte {
	var out []byte
	for i := range o.h.Len() {
		out = append(out, o.h.Raw(i)...)
	}
	return out
}

// edit makes n changes on top of what is there.
func (o *ours) edit(t *testing.T, n int, key string) {
	t.Helper()
	if o.h.Len() > 0 {
		if err := o.writer.doc.LoadIncremental(o.all()); err != nil {
			t.Fatal(err)
		}
	}
	o.writer.doc.SaveIncremental()
	o.writer.edit(t, n, key)
	o.admit(t, o.writer.doc.SaveIncremental())
}

// save is the document as one chunk.
func (o *ours) save(t *testing.T) []byte {
	t.Helper()
	doc := automerge.New()
	if o.h.Len() > 0 {
		if err := doc.LoadIncremental(o.all()); err != nil {
			t.Fatal(err)
		}
	}
	return doc.Save()
}

func (o *ours) receive(t *testing.T, m *syncproto.Message) {
	t.Helper()
	for _, c := range m.Changes {
		o.admit(t, c)
	}
	o.p.Receive(o.h, m)
}

func (o *ours) generate(t *testing.T) ([]byte, bool) {
	t.Helper()
	var opt syncproto.GenerateOptions
	var snapshot []byte
	if o.snapshot && o.h.Len() > 0 {
		snapshot = o.save(t)
		opt.SnapshotCovers, opt.SnapshotBytes = o.h.Len(), len(snapshot)
	}
	plan, ok := o.p.Generate(o.h, opt)
	if !ok {
		return nil, false
	}
	return plan.Encode(o.h, snapshot), true
}
