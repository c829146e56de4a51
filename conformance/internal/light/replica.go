package light

// History is a document's changes in the one order there is, made beforehand. Shared by all who hold the document.
type History struct {
	Hashes  []Hash
	Changes [][]byte
	index   map[Hash]int // hash -> how many changes a peer with this head holds
}

// NewHistory builds the index over changes of a linear history.
func NewHistory(hashes []Hash, changes [][]byte) *History {
	h := &History{Hashes: hashes, Changes: changes, index: make(map[Hash]int, len(hashes))}
	for i, hash := range hashes {
		h.index[hash] = i + 1
	}
	return h
}

// Position is how many changes a peer with these heads holds; ok is false for heads that are not of this history.
func (h *History) Position(heads []Hash) (held int, ok bool) {
	switch len(heads) {
	case 0:
		return 0, true
	case 1:
		held, ok = h.index[heads[0]]
		return held, ok
	default:
		return 0, false
	}
}

func (h *History) heads(held int) []Hash {
	if held == 0 {
		return nil
	}
	return h.Hashes[held-1 : held]
}

// Replica is one document at one peer: what it holds, and what it knows of the server. It answers as Automerge's
// generate and receive do for a linear history. Not safe for concurrent use.
type Replica struct {
	ID      string
	History *History
	Held    int // changes this peer holds
	Server  int // changes the server has said it holds: the acknowledgement
	sent    int // changes that went to the server on this connection
	shared  int // both sides have said that they hold these
	heard   bool
	v2      bool // the server understands V2
	Old     bool // behave as a client that knows V1 only: no flags section
}

// Hello is the first message of a connection, and the kind of frame it goes in. known says that an earlier
// connection left a saved sync state: both hold the same.
func (r *Replica) Hello(known bool) (kind string, m *SyncMessage) {
	r.sent, r.shared, r.heard, r.Server = 0, 0, false, 0
	if known {
		r.shared, r.sent = r.Held, r.Held
	}
	if r.Held == 0 {
		return "request", r.message(nil)
	}
	return "sync", r.message(nil)
}

// Push adds n changes and gives the message that carries them.
func (r *Replica) Push(n int) *SyncMessage {
	from := r.Held
	r.Held += n
	r.sent = r.Held
	return r.message(r.History.Changes[from:r.Held])
}

// Receive takes a message from the server in and gives the answer, or nil when there is nothing to say. ok is false when
// the server speaks of a change that is not of this history.
func (r *Replica) Receive(m *SyncMessage) (answer *SyncMessage, ok bool) {
	held, ok := r.History.Position(m.Heads)
	if !ok {
		return nil, false
	}
	r.v2 = r.v2 || (m.Flags != nil && !r.Old)
	first := !r.heard
	r.heard = true
	r.Server = max(r.Server, held)
	got := false
	if held > r.Held && len(m.Changes) > 0 {
		r.Held, r.sent, got = held, held, true
	}
	r.shared = max(r.shared, min(r.Held, held))
	var send [][]byte
	for _, h := range m.Need {
		if p, known := r.History.index[h]; known && p <= r.Held {
			send = append(send, r.History.Changes[p-1])
		}
	}
	if len(m.Have) > 0 && len(m.Need) == 0 {
		base, _ := r.History.Position(m.Have[0].LastSync)
		for i := max(base, r.sent); i < r.Held; i++ {
			if i >= held && !bloomHolds(m.Have[0].Bloom, r.History.Hashes[i]) {
				send = append(send, r.History.Changes[i])
			}
		}
	}
	switch {
	case len(send) > 0:
		r.sent = r.Held
		return r.message(send), true
	case got, held > r.Held, first && held < r.Held:
		return r.message(nil), true
	default:
		return nil, true
	}
}

func (r *Replica) message(changes [][]byte) *SyncMessage {
	m := &SyncMessage{Heads: r.History.heads(r.Held)}
	m.Have = []Have{{LastSync: r.History.heads(r.shared), Bloom: makeBloom(r.History.Hashes[r.shared:r.Held])}}
	if !r.Old {
		m.Flags = modernFlags
	}
	if r.v2 && !r.Old {
		m.V2 = true
		if len(changes) > 0 {
			var all []byte
			for _, c := range changes {
				all = append(all, c...)
			}
			changes = [][]byte{all}
		}
	}
	m.Changes = changes
	return m
}

// Settle declares that everything held is shared and acknowledged: behind a relay nobody says so.
func (r *Replica) Settle() { r.sent, r.shared, r.Server = r.Held, r.Held, r.Held }
