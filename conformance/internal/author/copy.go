package author

import (
	"fmt"
	"slices"

	"fieldsync/conformance/internal/light"
	"fieldsync/crdt"
	"fieldsync/crdt/format"
)

// Copy is one document at one client. Not safe for concurrent use.
type Copy struct {
	ID    string
	Actor crdt.ActorID

	changes map[crdt.Hash]*format.Change
	order   []crdt.Hash // dependencies first
	waiting []*format.Change
	heads   crdt.Heads
	maxOp   uint64
	seq     uint64
	own     uint64 // counter of the last operation under the actor's key; 0: none

	server    crdt.Heads // the server's newest heads
	shared    crdt.Heads // heads that the server has named, and that are held here
	confirmed map[crdt.Hash]struct{}
}

// NewCopy is an empty copy; changes that it makes are the actor's, which nobody else may use.
func NewCopy(id string, actor crdt.ActorID) *Copy {
	return &Copy{ID: id, Actor: actor, changes: map[crdt.Hash]*format.Change{}, confirmed: map[crdt.Hash]struct{}{}}
}

// Next gives the frame of the change after the newest ones: a Change without operations. Whoever wants an unusual one
// fills it in.
func (c *Copy) Next() format.Change {
	return format.Change{Deps: slices.Clone(c.heads), Actor: c.Actor, Seq: c.seq + 1, StartOp: c.maxOp + 1}
}

// Edit makes a change that writes the value under the actor's own key of the root, and adds it to the copy.
func (c *Copy) Edit(value string) (*format.Change, error) {
	f := c.Next()
	op := format.Op{Key: "by-" + string(c.Actor), Action: format.ActionSet, Value: format.StringValue(value)}
	if c.own > 0 {
		op.Pred = []format.OpID{{Counter: c.own}}
	}
	f.Ops = []format.Op{op}
	raw, _, err := format.EncodeChange(&f)
	if err != nil {
		return nil, err
	}
	change, err := format.DecodeChange(raw, format.DefaultLimits())
	if err != nil {
		return nil, err
	}
	c.add(change)
	c.seq, c.own = change.Seq, change.StartOp
	return change, nil
}

// Add puts an encoded change into the copy, as if the copy had made it.
func (c *Copy) Add(raw []byte) error {
	change, err := format.DecodeChange(raw, format.DefaultLimits())
	if err != nil {
		return err
	}
	c.add(change)
	if change.Actor == c.Actor {
		c.seq = max(c.seq, change.Seq)
	}
	return nil
}

// add puts a change into the copy, or lets it wait; it tells whether it was new.
func (c *Copy) add(change *format.Change) bool {
	if c.changes[change.Hash] != nil {
		return false
	}
	for _, d := range change.Deps {
		if c.changes[d] == nil {
			c.waiting = append(c.waiting, change)
			return true
		}
	}
	c.changes[change.Hash] = change
	c.order = append(c.order, change.Hash)
	c.heads = crdt.NewHeads(append(slices.DeleteFunc(slices.Clone(c.heads), func(h crdt.Hash) bool {
		return slices.Contains(change.Deps, h)
	}), change.Hash)...)
	c.maxOp = max(c.maxOp, change.MaxOp())
	if waiting := c.waiting; len(waiting) > 0 {
		c.waiting = nil
		for _, w := range waiting {
			c.add(w)
		}
	}
	return true
}

// Hello is the first message about the document on a connection, and the kind of frame it goes in.
func (c *Copy) Hello() (kind string, m *light.SyncMessage) {
	if c.server = nil; len(c.order) == 0 {
		return "request", c.Message()
	}
	return "sync", c.Message()
}

// Message is a sync message with these changes.
func (c *Copy) Message(changes ...[]byte) *light.SyncMessage {
	return &light.SyncMessage{Heads: plain(c.heads), Have: []light.Have{{LastSync: plain(c.shared)}}, Changes: changes}
}

// Receive takes a message of the server in, and gives the answer; nil: there is nothing to say.
func (c *Copy) Receive(m *light.SyncMessage) (*light.SyncMessage, error) {
	fresh := false
	for _, part := range m.Changes {
		for chunk, err := range format.Split(part, format.DefaultLimits()) {
			if err != nil {
				return nil, fmt.Errorf("the server sent changes that cannot be read: %w", err)
			}
			changes, err := changesOf(chunk)
			if err != nil {
				return nil, fmt.Errorf("the server sent a change that cannot be read: %w", err)
			}
			for _, change := range changes {
				fresh = c.add(change) || fresh
			}
		}
	}
	c.server = c.server[:0:0]
	for _, h := range m.Heads {
		c.server = append(c.server, crdt.Hash(h))
	}
	unknown := c.confirm()
	if len(unknown) == 0 {
		c.shared = c.server
	}
	if !fresh && len(unknown) == 0 && len(m.Need) == 0 {
		return nil, nil
	}
	var send [][]byte
	for _, h := range m.Need {
		if change := c.changes[crdt.Hash(h)]; change != nil {
			send = append(send, change.Raw)
		}
	}
	answer := c.Message(send...)
	answer.Need = plain(unknown)
	return answer, nil
}

func changesOf(chunk format.Chunk) ([]*format.Change, error) {
	if chunk.Type == format.ChunkDocument {
		doc, err := format.DecodeDocument(chunk.Raw, format.DefaultLimits())
		if err != nil {
			return nil, err
		}
		return doc.Changes, nil
	}
	change, err := format.DecodeChange(chunk.Raw, format.DefaultLimits())
	return []*format.Change{change}, err
}

// confirm notes all that the server's heads cover, and gives the heads that are not known here.
func (c *Copy) confirm() (unknown crdt.Heads) {
	var todo []crdt.Hash
	for _, h := range c.server {
		if c.changes[h] == nil {
			unknown = append(unknown, h)
		} else {
			todo = append(todo, h)
		}
	}
	for len(todo) > 0 {
		h := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if _, ok := c.confirmed[h]; ok {
			continue
		}
		c.confirmed[h] = struct{}{}
		todo = append(todo, c.changes[h].Deps...)
	}
	return unknown
}

// Confirmed tells whether the server has said that it holds a change.
func (c *Copy) Confirmed(h crdt.Hash) bool {
	_, ok := c.confirmed[h]
	return ok
}

// AllConfirmed gives the changes that the server has said it holds, in no order.
func (c *Copy) AllConfirmed() []crdt.Hash {
	out := make([]crdt.Hash, 0, len(c.confirmed))
	for h := range c.confirmed {
		out = append(out, h)
	}
	return out
}

// Unconfirmed is how many changes are held here of which the server has not said that it holds them.
func (c *Copy) Unconfirmed() int { return len(c.order) - len(c.confirmed) }

// Complete tells whether the server's heads of now are the copy's.
func (c *Copy) Complete() bool { return len(c.server) > 0 && c.heads.Equal(crdt.NewHeads(c.server...)) }

// Has tells whether the copy holds a change.
func (c *Copy) Has(h crdt.Hash) bool { return c.changes[h] != nil }

// Heads are the copy's heads.
func (c *Copy) Heads() crdt.Heads { return c.heads }

// Raws are all changes, dependencies first.
func (c *Copy) Raws() [][]byte {
	out := make([][]byte, len(c.order))
	for i, h := range c.order {
		out[i] = c.changes[h].Raw
	}
	return out
}

// Changes are all changes, dependencies first.
func (c *Copy) Changes() []*format.Change {
	out := make([]*format.Change, len(c.order))
	for i, h := range c.order {
		out[i] = c.changes[h]
	}
	return out
}

func plain(heads crdt.Heads) []light.Hash {
	out := make([]light.Hash, len(heads))
	for i, h := range heads {
		out[i] = light.Hash(h)
	}
	return out
}
