package replica

import (
	"errors"
	"slices"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/syncproto"
	"fieldsync/crdt/wire"
)

// receive takes a sync message in.
func (d *Document) receive(now time.Time, p *peer, frame *wire.Sync, b *Batch) {
	exists := d.Exists()
	if exists && p.access&(AccessRead|AccessWrite) == 0 || !exists && !p.access.Has(AccessCreate) {
		d.sendUnavailable(p, b)
		return
	}
	msg, err := syncproto.Decode(frame.Data, syncproto.Limits{})
	if err != nil {
		d.refuse(p, err, b)
		return
	}
	if !exists && len(msg.Heads) == 0 && len(msg.Changes) == 0 {
		// Nobody has it. The peer stays subscribed: when somebody brings the document, it is told.
		p.talking = true
		if !p.Dialed {
			d.sendUnavailable(p, b)
		}
		return
	}
	if exists && !p.access.Has(AccessRead) && len(msg.Heads) == 0 && len(msg.Changes) == 0 {
		d.sendUnavailable(p, b) // he holds nothing, and so has nothing to deliver: he asks for what he may not see
		return
	}
	p.unavailable = exists && !p.access.Has(AccessRead)
	if p.unavailable {
		p.blind.note(&msg)
	}
	if len(msg.Changes) > 0 {
		d.takeChanges(now, p, &msg, b)
	}
	if d.corrupt != nil {
		return
	}
	p.talking = true
	if !d.Exists() {
		asOfNothing(&msg)
	}
	_, heard := p.state.TheirHeads()
	p.state.Receive(d.view(), &msg)
	p.dirty, d.dirty = true, true
	if !heard && len(p.shared) > 0 && p.state.SharedHeads().Equal(p.shared) {
		if theirs, _ := p.state.TheirHeads(); !slices.ContainsFunc(theirs, func(x crdt.Hash) bool { return !d.view().Has(x) }) { // else it has more, which will come
			d.tellShared(p, b) // no more than what an earlier connection left, but now it is said
		}
		return
	}
	d.noteShared(p, b)
}

// maxHeadsOfNothing bounds the heads that a peer's state keeps for a document that does not exist: anybody can name one, with as
// many heads as a message holds, and another. These are enough to ask for: whoever holds them sends all the others with them,
// and names them again when the document is there.
const maxHeadsOfNothing = 64

// asOfNothing leaves of a message about a document that does not exist what can be of use. What the peer asks for, we have not;
// of what it takes for shared, one hash says that we lost it.
func asOfNothing(m *syncproto.Message) {
	m.Heads = slices.Clone(m.Heads[:min(len(m.Heads), maxHeadsOfNothing)])
	m.Need = nil
	m.Have = slices.Clone(m.Have[:min(len(m.Have), 1)])
	for i := range m.Have {
		have := &m.Have[i]
		have.LastSync = slices.Clone(have.LastSync[:min(len(have.LastSync), 1)])
	}
}

// takeChanges admits the changes of a message, each by itself.
func (d *Document) takeChanges(now time.Time, p *peer, msg *syncproto.Message, b *Batch) {
	allowed := p.access.Has(AccessWrite) || !d.Exists() && p.access.Has(AccessCreate)
	h := d.history()
	if h == nil {
		return
	}
	var policy history.Policy
	if d.cfg.Policy != nil {
		policy = d.cfg.Policy(p.Principal, d.id, d.rec.metaIf(d.Exists()))
	}
	lim := d.cfg.receiveLimits()
	before, overflowed := h.Len(), p.overflowed
	defer func() {
		if overflowed && h.Len() > before {
			// What found no room is not sent again on this connection, and now something could be taken.
			b.Close = append(b.Close, Close{Conn: p.Conn, Code: wire.CloseTryAgainLater, Reason: "too many changes came before what they depend on"})
		}
	}()
	for _, part := range msg.Changes {
		for chunk, err := range format.Split(part, lim) {
			if err != nil {
				d.refuse(p, err, b)
				break
			}
			if chunk.Type != format.ChunkDocument && h.Has(chunk.Hash) {
				p.brought(h, chunk.Hash)
				continue
			}
			if !allowed {
				d.refuse(p, &crdt.Refusal{Code: crdt.RefusedNotAllowed, Change: chunk.Hash, Detail: readsOnly}, b)
				continue
			}
			if chunk.Type == format.ChunkDocument {
				doc, err := format.DecodeDocument(chunk.Raw, lim)
				if err != nil {
					d.refuse(p, err, b)
					continue
				}
				for _, c := range doc.Changes {
					d.admit(now, h, p, c, policy, b)
				}
				continue
			}
			c, err := format.DecodeChange(chunk.Raw, lim)
			if err != nil {
				d.refuse(p, err, b)
				continue
			}
			d.admit(now, h, p, c, policy, b)
		}
	}
}

// readsOnly is why nothing of somebody is taken who may see a document and not write to it. Who may not see it is not answered so.
const readsOnly = "may look on, and write nothing here"

// receiveLimits bounds what a peer's message may unpack to. More bytes of changes than a document may hold would be
// refused anyway, one by one: a chunk that inflates to more is not unpacked at all.
func (c *Config) receiveLimits() format.Limits {
	lim := format.DefaultLimits()
	if most := c.History.Bytes; most > 0 {
		lim.InflatedBytes = min(lim.InflatedBytes, most)
	}
	return lim
}

func (d *Document) admit(now time.Time, h *history.History, p *peer, c *format.Change, policy history.Policy, b *Batch) {
	for _, dep := range c.Deps {
		if p.unwanted.has(dep) {
			d.refuse(p, &crdt.Refusal{Code: crdt.RefusedMissingDeps, Change: c.Hash, Detail: "builds on a refused change"}, b)
			return
		}
	}
	creator := h.Len() == 0
	res, err := h.Admit(c, p.Principal.Author(), policy)
	if err != nil {
		if r := asRefusal(err); r.Code == crdt.RefusedMissingDeps {
			// The waiting room is full. Nothing is wrong with the change: it may come again.
			p.overflowed = true
			d.tellRefused(p, r, b)
			return
		}
		d.refuse(p, err, b)
		return
	}
	for range res.Admitted {
		d.arrivals = append(d.arrivals, now.UnixMilli())
	}
	for _, r := range res.Refused {
		d.refuseWaiter(r, b)
	}
	p.brought(h, c.Hash)
	if len(res.Admitted) > 0 {
		if creator {
			d.rec.Creator, d.maker = p.Principal.Author(), p.Principal
		}
		p.contributed = true
		d.waitersContributed(h, res.Admitted[1:])
		d.changed()
	}
}

// refuseWaiter tells those who are the author of a change that had waited, and nobody else, that it was refused. One of them at least is
// there: what waits leaves with the last (see detach).
func (d *Document) refuseWaiter(r history.Refused, b *Batch) {
	for _, p := range d.peers {
		if p.Principal.Author() == r.Author {
			d.refuse(p, r.Refusal, b)
		}
	}
}

// waitersContributed marks those who delivered changes that had waited until now.
func (d *Document) waitersContributed(h *history.History, freed []int) {
	for _, i := range freed {
		for _, p := range d.peers {
			p.contributed = p.contributed || p.Principal.Author() == h.Author(i)
		}
	}
}

// changed has every peer looked at, as there are new changes.
func (d *Document) changed() {
	d.dirty = true
	for _, p := range d.peers {
		p.dirty = true
		d.tryAgain(p)
	}
}

// append admits changes that were made here.
func (d *Document) append(now time.Time, ev Append, b *Batch) {
	answer := func(err error) { b.Notify = append(b.Notify, Appended{Token: ev.Token, Err: err}) }
	h := d.history()
	if h == nil {
		answer(d.corrupt)
		return
	}
	if ev.If != nil && !h.HeadsEqual(ev.If) {
		answer(ErrHeadsDiffer)
		return
	}
	var policy history.Policy
	if ev.Principal != nil {
		may := d.cfg.access(ev.Principal, d.id, d.rec.metaIf(d.Exists()))
		switch {
		case !d.Exists() && !may.Has(AccessCreate):
			answer(&crdt.Refusal{Code: crdt.RefusedNotAllowed, Detail: "may make no document"})
			return
		case d.Exists() && may&(AccessRead|AccessWrite) == 0:
			answer(crdt.Errorf(crdt.KindNotFound, "no such document"))
			return
		case d.Exists() && !may.Has(AccessWrite):
			answer(&crdt.Refusal{Code: crdt.RefusedNotAllowed, Detail: readsOnly})
			return
		}
		if d.cfg.Policy != nil {
			policy = d.cfg.Policy(ev.Principal, d.id, d.rec.metaIf(d.Exists()))
		}
	}
	before := h.Len()
	upto := 0 // durable when this many changes are
	undo := func(err error) {
		if terr := h.Truncate(before); terr != nil {
			d.corrupt = terr
		}
		d.arrivals = d.arrivals[:before]
		answer(err)
	}
	for _, raw := range ev.Raws {
		c, err := format.DecodeChange(raw, format.DefaultLimits())
		if err != nil {
			undo(err)
			return
		}
		res, err := h.Admit(c, ev.Author, policy)
		if err == nil && res.Waiting {
			err = &crdt.Refusal{Code: crdt.RefusedMissingDeps, Change: c.Hash}
		}
		if err != nil {
			undo(err)
			return
		}
		for range res.Admitted {
			d.arrivals = append(d.arrivals, now.UnixMilli())
		}
		if i, ok := h.IndexOf(c.Hash); ok {
			upto = max(upto, i+1)
		}
	}
	if upto <= d.durable { // all was here before: no write will answer
		answer(nil)
		return
	}
	d.appended = append(d.appended, localAppend{token: ev.Token, upto: upto})
	if h.Len() == before {
		return // they are in the Persist that is out, or in the next
	}
	if before == 0 {
		d.rec.Creator, d.maker = ev.Author, ev.Principal
	}
	d.changed()
}

// asRefusal gives the refusal in an error; all that decoders and admission answer are some.
func asRefusal(err error) *crdt.Refusal {
	var r *crdt.Refusal
	if errors.As(err, &r) {
		return r
	}
	return &crdt.Refusal{Code: crdt.RefusedMalformed, Detail: err.Error()}
}

// refuse tells the peer and the caller why something was not taken, and remembers what not to ask for again.
func (d *Document) refuse(p *peer, err error, b *Batch) {
	r := asRefusal(err)
	if r.Change != (crdt.Hash{}) {
		p.unwanted.add(r.Change)
	}
	d.tellRefused(p, r, b)
}

// maxTold bounds the refusals of one message that are told. A frame can hold a hundred thousand bad changes of a byte each, and every one
// told is a frame and a line in a log; changes that build on one another are refused with the first.
const maxTold = 100

func (d *Document) tellRefused(p *peer, r *crdt.Refusal, b *Batch) {
	if d.told++; d.told > maxTold {
		countRefused(p, r.Code, b)
		return
	}
	b.Notify = append(b.Notify, Refused{Conn: p.Conn, Author: p.Principal.Author(), Refusal: *r})
	d.sendRefused(p, r, false, b)
}

// countRefused adds a refusal to the last notice of its code, which stands for all that are not told one by one.
func countRefused(p *peer, code crdt.RefusalCode, b *Batch) {
	for i := len(b.Notify) - 1; i >= 0; i-- {
		n, ok := b.Notify[i].(Refused)
		if !ok || n.More == 0 {
			break // those that count stand at the end
		}
		if n.Refusal.Code == code {
			n.More++
			b.Notify[i] = n
			return
		}
	}
	b.Notify = append(b.Notify, Refused{Conn: p.Conn, Author: p.Principal.Author(), More: 1,
		Refusal: crdt.Refusal{Code: code, Detail: "more of the same message"}})
}

func (d *Document) sendRefused(p *peer, r *crdt.Refusal, retry bool, b *Batch) {
	if p.Extensions == 0 {
		return
	}
	b.Send = append(b.Send, Out{Conn: p.Conn, Frame: wire.Refused{Doc: p.Doc, Sender: p.Local, Target: p.Remote,
		Code: r.Code, Change: r.Change, Detail: r.Detail, Retry: retry}})
}

// peerRefused passes on what a server said of a change of ours. The change stays: no work is lost (I7).
func (d *Document) peerRefused(ev PeerRefused, b *Batch) {
	if p := d.peer(ev.Conn); p != nil {
		b.Notify = append(b.Notify, Refused{Conn: p.Conn, Author: p.Principal.Author(),
			Refusal: crdt.Refusal{Code: ev.Msg.Code, Change: ev.Msg.Change, Detail: ev.Msg.Detail}, Retry: ev.Msg.Retry})
	}
}

// refusedSet remembers the changes of a peer that were refused, so that it is not asked for them again and again. It
// is bounded: a peer that has more refused than that is asked again, and is refused again.
type refusedSet struct{ hashes []crdt.Hash }

const maxRefusedSet = 256

func (s *refusedSet) has(h crdt.Hash) bool {
	for i := range s.hashes {
		if s.hashes[i] == h {
			return true
		}
	}
	return false
}

func (s *refusedSet) add(h crdt.Hash) {
	if s.has(h) {
		return
	}
	if len(s.hashes) >= maxRefusedSet {
		s.hashes = s.hashes[1:]
	}
	s.hashes = append(s.hashes, h)
}
