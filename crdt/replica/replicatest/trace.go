package replicatest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strings"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/syncproto"
	"fieldsync/crdt/wire"
)

// Trace is what happened, a line for each event. Its digest is always made, the text only if asked for.
type Trace struct {
	sum  hash.Hash
	keep bool
	text strings.Builder
}

func newTrace(keep bool) *Trace { return &Trace{sum: sha256.New(), keep: keep} }

func (t *Trace) line(at time.Duration, format string, args ...any) {
	text := fmt.Sprintf("%8.3f  %s\n", at.Seconds(), fmt.Sprintf(format, args...))
	t.sum.Write([]byte(text))
	if t.keep {
		t.text.WriteString(text)
	}
}

// Digest stands for the whole trace.
func (t *Trace) Digest() string { return hex.EncodeToString(t.sum.Sum(nil)) }

// String is the text, if it was kept.
func (t *Trace) String() string { return t.text.String() }

// names gives changes and documents the names that a person reads them by.
type names struct {
	changes map[crdt.Hash]string
	docs    map[crdt.DocID]string
	nodes   map[crdt.ActorID]string
}

func newNames() *names {
	return &names{changes: map[crdt.Hash]string{}, docs: map[crdt.DocID]string{}, nodes: map[crdt.ActorID]string{}}
}

func (n *names) change(h crdt.Hash) string {
	if s, ok := n.changes[h]; ok {
		return s
	}
	return "?" + hex.EncodeToString(h[:3])
}

// learn names a change by who made it and its number. When the same number was used twice, because the first was lost, a
// letter tells them apart.
func (n *names) learn(h crdt.Hash, actor crdt.ActorID, seq uint64) {
	if _, ok := n.changes[h]; ok {
		return
	}
	who, ok := n.nodes[actor]
	if !ok {
		who = "?"
	}
	n.changes[h] = fmt.Sprintf("%s%d", who, seq)
}

func (n *names) doc(d crdt.DocID) string {
	if s, ok := n.docs[d]; ok {
		return s
	}
	return "job-" + hex.EncodeToString(d[:2])
}

func (n *names) list(hs []crdt.Hash) string {
	out := make([]string, len(hs))
	for i, h := range hs {
		out[i] = n.change(h)
	}
	// By name, not by hash: a person compares two of these.
	slices.Sort(out)
	return "[" + strings.Join(out, " ") + "]"
}

// frame describes a frame in a line.
func (n *names) frame(f wire.Frame) string {
	switch f := f.(type) {
	case wire.Sync:
		kind := "sync"
		if f.Request {
			kind = "request"
		}
		return kind + " " + n.doc(f.Doc) + " " + n.message(f.Data)
	case wire.Join:
		return fmt.Sprintf("join as %s, storage %q, extensions %d", f.Sender, f.Metadata.StorageID, f.Metadata.Fieldsync)
	case wire.Peer:
		return fmt.Sprintf("peer, storage %q, extensions %d", f.Metadata.StorageID, f.Metadata.Fieldsync)
	case wire.DocUnavailable:
		return "doc-unavailable " + n.doc(f.Doc)
	case wire.Refused:
		s := "refused " + n.doc(f.Doc) + " " + string(f.Code)
		if f.Change != (crdt.Hash{}) {
			s += " " + n.change(f.Change)
		}
		if f.Retry {
			s += ", again later"
		}
		return s
	case wire.Ephemeral:
		return fmt.Sprintf("presence %s of %s, number %d", n.doc(f.Doc), f.Sender, f.Count)
	case wire.CatchUp:
		return "catch-up" + n.ranges(f)
	case wire.Bundle:
		return fmt.Sprintf("%d frames in one", len(f.Frames))
	case wire.Error:
		return "error: " + f.Message
	case wire.Leave:
		return "leave"
	default:
		return fmt.Sprintf("%T", f)
	}
}

func (n *names) ranges(f wire.CatchUp) string {
	var b strings.Builder
	for i := range f.Ranges {
		r := &f.Ranges[i]
		fmt.Fprintf(&b, ", %d documents %x", r.Count, r.Digest[:3])
		if r.HasItems {
			b.WriteString(" (")
			for j, it := range r.Items {
				if j > 0 {
					b.WriteString(" ")
				}
				fmt.Fprintf(&b, "%s:%x", n.doc(it.Doc), it.Digest[:3])
			}
			b.WriteString(")")
		}
	}
	if len(f.Sketch)+int(f.Want)+len(f.Mine)+len(f.Yours) > 0 {
		fmt.Fprintf(&b, ", %d symbols, %d wanted, %d items and %d keys differ", len(f.Sketch), f.Want, len(f.Mine), len(f.Yours))
	}
	if f.Done {
		b.WriteString(", done")
	}
	if f.Push {
		b.WriteString(", push")
	}
	return b.String()
}

// message describes a sync message: what its sender's heads are, what it asks for, and the changes in it.
func (n *names) message(data []byte) string {
	m, err := syncproto.Decode(data, syncproto.Limits{})
	if err != nil {
		return fmt.Sprintf("(%d bytes that are no message)", len(data))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "V%d heads %s", m.Version, n.list(m.Heads))
	if len(m.Need) > 0 {
		fmt.Fprintf(&b, " need %s", n.list(m.Need))
	}
	for i := range m.Have {
		fmt.Fprintf(&b, " have since %s", n.list(m.Have[i].LastSync))
	}
	if m.Flags.Bits()&syncproto.FlagReadOnly != 0 {
		b.WriteString(" read-only")
	}
	if len(m.Changes) > 0 {
		hashes, whole := changesOf(&m)
		fmt.Fprintf(&b, " with %s", n.list(hashes))
		if whole {
			b.WriteString(" as a snapshot")
		}
	}
	return b.String()
}

// changesOf gives the hashes of the changes in a message as far as they can be read, and whether a document chunk is among them.
func changesOf(m *syncproto.Message) (hashes []crdt.Hash, whole bool) {
	lim := format.DefaultLimits()
	for _, part := range m.Changes {
		for chunk, err := range format.Split(part, lim) {
			if err != nil {
				break
			}
			if chunk.Type != format.ChunkDocument {
				hashes = append(hashes, chunk.Hash)
				continue
			}
			whole = true
			if doc, err := chunk.DecodeDocument(lim); err == nil {
				for _, c := range doc.Changes {
					hashes = append(hashes, c.Hash)
				}
			}
		}
	}
	return hashes, whole
}
