package replica

import (
	"slices"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/wire"
)

func (h *Hub) opened(now time.Time, ev Opened, b *HubBatch) {
	c := &conn{id: ev.Conn, principal: ev.Principal, naming: h.cfg.naming(ev.Principal), dialed: ev.Dialed, asks: ev.Asks}
	h.conns[ev.Conn] = c
	h.waiting = append(h.waiting, deadline{at: now.Add(h.cfg.joinTimeout()), conn: ev.Conn})
	if ev.Dialed {
		b.Send = append(b.Send, Out{Conn: c.id, Frame: wire.Join{Sender: h.cfg.PeerID, Metadata: h.metadata(), Versions: []string{wire.ProtocolVersion}}})
		if ev.Extensions > 0 {
			h.setCatchUp(c, &catchUp{})
			b.Compare = append(b.Compare, c.id)
		}
	}
}

// metadata is what we say of ourselves: that we keep what we get, so that clients keep their sync state for us.
func (h *Hub) metadata() wire.PeerMetadata {
	ephemeral := h.cfg.StorageID == ""
	return wire.PeerMetadata{StorageID: crdt.StorageID(h.cfg.StorageID), Ephemeral: &ephemeral, Fieldsync: wire.ExtensionVersion}
}

// framed takes a frame in. What does not fit the state of the connection is refused, what is merely unknown is passed over.
func (h *Hub) framed(c *conn, f wire.Frame, b *HubBatch) {
	switch f := f.(type) {
	case wire.Join:
		h.join(c, f, b)
		return
	case wire.Peer:
		h.peerJoined(c, f, b)
		return
	}
	if !c.joined {
		if _, ok := f.(wire.Error); ok && c.dialed {
			b.Close = append(b.Close, Close{Conn: c.id, Code: wire.CloseProtocolError, Reason: "the server refused the handshake"})
			return
		}
		h.protocolError(c, "expected a join message", b)
		return
	}
	switch f := f.(type) {
	case wire.Sync:
		if f.Sender != c.remote {
			b.Ignored = append(b.Ignored, "wrong-sender")
			return
		}
		if doc := c.naming.Inner(f.Doc); h.attach(c, doc, false, b) {
			b.Docs = append(b.Docs, DocEvent{Doc: doc, Event: Receive{Conn: c.id, Msg: &f}})
		}
	case wire.Ephemeral:
		// Only to a document that the connection is subscribed to: presence opens nothing.
		doc := c.naming.Inner(f.Doc)
		if _, ok := c.docs[doc]; ok {
			b.Docs = append(b.Docs, DocEvent{Doc: doc, Event: Relay{Conn: c.id, Msg: &f}, IfOpen: false})
		} else {
			b.Ignored = append(b.Ignored, "presence-elsewhere")
		}
	case wire.DocUnavailable:
		doc := c.naming.Inner(f.Doc)
		if _, ok := c.docs[doc]; ok {
			b.Docs = append(b.Docs, DocEvent{Doc: doc, Event: PeerUnavailable{Conn: c.id}, IfOpen: true})
		}
	case wire.Refused:
		doc := c.naming.Inner(f.Doc)
		if _, ok := c.docs[doc]; ok && c.dialed {
			b.Docs = append(b.Docs, DocEvent{Doc: doc, Event: PeerRefused{Conn: c.id, Msg: &f}})
		}
	case wire.CatchUp:
		h.catchUpFrame(c, f, b)
	case wire.Leave:
		b.Close = append(b.Close, Close{Conn: c.id, Code: wire.CloseNormal, Reason: "left"})
	default:
		b.Ignored = append(b.Ignored, "unknown-type")
	}
}

func (h *Hub) protocolError(c *conn, text string, b *HubBatch) {
	b.Send = append(b.Send, Out{Conn: c.id, Frame: wire.Error{Message: text, Sender: h.cfg.PeerID, Target: c.remote}})
	b.Close = append(b.Close, Close{Conn: c.id, Code: wire.CloseProtocolError, Reason: text})
}

// join answers a client's first frame. A second one begins anew: everything known of what the peer holds is forgotten.
func (h *Hub) join(c *conn, f wire.Join, b *HubBatch) {
	if c.dialed {
		h.protocolError(c, "a server does not join", b)
		return
	}
	if !slices.Contains(f.Versions, wire.ProtocolVersion) {
		c.remote = f.Sender
		h.protocolError(c, wire.UnsupportedVersion, b)
		return
	}
	h.leave(c, b)
	c.remote, c.meta = f.Sender, f.Metadata
	h.admitConn(c, b)
	b.Send = append(b.Send, Out{Conn: c.id, Frame: wire.Peer{Sender: h.cfg.PeerID, Target: c.remote,
		Version: wire.ProtocolVersion, Metadata: h.metadata()}})
}

// admitConn makes a connection a joined one. An older connection of the same principal under the same name is its own,
// given up without a word: it is closed. Names are not proof of anything, so another principal's is left alone.
func (h *Hub) admitConn(c *conn, b *HubBatch) {
	name := peerName{string(c.principal.Author()), c.remote}
	if old, ok := h.names[name]; ok && old != c.id {
		if o := h.conns[old]; o != nil {
			h.leave(o, b)
			b.Close = append(b.Close, Close{Conn: old, Code: wire.CloseReplaced, Reason: "joined again on another connection"})
		}
	}
	h.names[name] = c.id
	c.joined = true
	b.Joined = append(b.Joined, Joined{Conn: c.id, Principal: c.principal, Peer: c.remote, Metadata: c.meta})
}

// peerJoined takes the server's answer to our join.
func (h *Hub) peerJoined(c *conn, f wire.Peer, b *HubBatch) {
	if !c.dialed || c.joined {
		b.Ignored = append(b.Ignored, "unexpected-peer")
		return
	}
	if f.Version != wire.ProtocolVersion {
		h.protocolError(c, wire.UnsupportedVersion, b)
		return
	}
	c.remote, c.meta = f.Sender, f.Metadata
	h.admitConn(c, b)
	u := c.catchup
	switch {
	case u != nil && c.meta.Fieldsync > 0:
		for _, doc := range u.late {
			h.attach(c, doc, true, b)
		}
	case u != nil:
		// It spoke the extension once, and does no more. If the inventory is still being read, it comes.
		h.setCatchUp(c, nil)
		if u.ready {
			h.inventory(c, u.items, b)
		}
		for _, doc := range u.late {
			h.attach(c, doc, true, b)
		}
	default:
		if c.meta.Fieldsync > 0 {
			h.setCatchUp(c, &catchUp{})
		}
		b.Compare = append(b.Compare, c.id)
	}
}
