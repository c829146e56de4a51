package wire

import (
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"unicode/utf8"

	"fieldsync/crdt"
)

// Types of our extension frames.
const (
	typeRefused = "fieldsync-refused"
	typeCatchUp = "fieldsync-catch-up"
	typeBundle  = "fieldsync-bundle"
)

// Append writes one frame behind dst and gives the longer slice. Equal frames give equal bytes. The caller keeps to the
// limits of this package (a frame over one is refused by its receiver), except that texts for people are cut at MaxMessage.
func Append(dst []byte, f Frame) []byte { return appendFrame(nil, dst, f) }

// AppendSyncPrefix writes the part of a sync frame (or of a request) that differs from peer to peer. With the bytes of
// AppendSyncSuffix behind it, in one message, it is a whole frame.
func AppendSyncPrefix(dst []byte, sender, target crdt.PeerID, request bool) []byte {
	dst = appendHead(dst, majorMap, 5)
	if request {
		return appendRoute(dst, "request", sender, target)
	}
	return appendRoute(dst, "sync", sender, target)
}

// AppendSyncSuffix writes the part of a sync frame that all subscribers of a document share. data is not empty.
func AppendSyncSuffix(dst []byte, doc crdt.DocID, data []byte) []byte {
	return appendSyncSuffix(nil, dst, doc, data)
}

// AppendSyncSuffixText is AppendSyncSuffix for a document id whose text form (DocID.String) is at hand.
func AppendSyncSuffixText(dst []byte, doc string, data []byte) []byte {
	dst = appendText(dst, "documentId")
	dst = appendText(dst, doc)
	dst = appendText(dst, "data")
	return appendBytes(dst, data)
}

// AppendBundled writes a frame as it goes into a Bundle: of a sync frame without what stands beside it anyway, with the document's id as 16 bytes, as a catch-up
// has it, so that the two compress together.
func AppendBundled(dst []byte, f Frame) []byte {
	m, ok := f.(Sync)
	if !ok || m.Request {
		return Append(dst, f)
	}
	dst = appendHead(dst, majorMap, 4)
	dst = appendText(dst, "type")
	dst = appendText(dst, "sync")
	dst = appendText(dst, "senderId")
	dst = appendText(dst, m.Sender)
	dst = appendText(dst, "documentId")
	dst = appendBytes(dst, m.Doc[:])
	dst = appendText(dst, "data")
	return appendBytes(dst, m.Data)
}

func appendSyncSuffix(c *Codec, dst []byte, doc crdt.DocID, data []byte) []byte {
	dst = appendText(dst, "documentId")
	dst = c.appendDoc(dst, doc)
	dst = appendText(dst, "data")
	return appendBytes(dst, data)
}

func appendFrame(c *Codec, dst []byte, f Frame) []byte {
	switch f := f.(type) {
	case Sync:
		dst = AppendSyncPrefix(dst, f.Sender, f.Target, f.Request)
		return appendSyncSuffix(c, dst, f.Doc, f.Data)
	case Ephemeral:
		dst = appendHead(dst, majorMap, 7)
		dst = appendRoute(dst, "ephemeral", f.Sender, f.Target)
		dst = appendText(dst, "count")
		dst = appendNumber(dst, f.Count)
		dst = appendText(dst, "sessionId")
		dst = appendText(dst, f.Session)
		return appendSyncSuffix(c, dst, f.Doc, f.Data)
	case DocUnavailable:
		dst = appendHead(dst, majorMap, 4)
		dst = appendRoute(dst, "doc-unavailable", f.Sender, f.Target)
		return appendDocField(c, dst, f.Doc)
	case Join:
		said := len(f.Versions) != 1 || f.Versions[0] != ProtocolVersion // else it is what their absence means
		dst = appendHead(dst, majorMap, map[bool]uint64{false: 3, true: 4}[said])
		dst = appendText(dst, "type")
		dst = appendText(dst, "join")
		dst = appendText(dst, "senderId")
		dst = appendText(dst, string(f.Sender))
		dst = appendMetadata(dst, f.Metadata)
		if !said {
			return dst
		}
		dst = appendText(dst, "supportedProtocolVersions")
		return appendTexts(dst, f.Versions)
	case Peer:
		dst = appendHead(dst, majorMap, 5)
		dst = appendRoute(dst, "peer", f.Sender, f.Target)
		dst = appendMetadata(dst, f.Metadata)
		dst = appendText(dst, "selectedProtocolVersion")
		return appendText(dst, f.Version)
	case Error:
		dst = appendHead(dst, majorMap, 4)
		dst = appendRoute(dst, "error", f.Sender, f.Target)
		dst = appendText(dst, "message")
		return appendText(dst, cut(f.Message))
	case Leave:
		dst = appendHead(dst, majorMap, 2)
		dst = appendText(dst, "type")
		dst = appendText(dst, "leave")
		dst = appendText(dst, "senderId")
		return appendText(dst, string(f.Sender))
	case RemoteSubscriptionChange:
		return appendSubscriptions(dst, f)
	case RemoteHeadsChanged:
		return appendRemoteHeads(c, dst, f)
	case Refused:
		return appendRefused(c, dst, f)
	case CatchUp:
		return appendCatchUp(dst, f)
	case Bundle:
		dst = appendHead(dst, majorMap, 4)
		dst = appendRoute(dst, typeBundle, f.Sender, f.Target)
		dst = appendText(dst, names[fieldFrames])
		dst = appendHead(dst, majorArray, uint64(len(f.Frames)))
		for _, one := range f.Frames {
			dst = appendBytes(dst, one)
		}
		return dst
	}
	return dst
}

func appendSubscriptions(dst []byte, f RemoteSubscriptionChange) []byte {
	n := uint64(3)
	for _, list := range [][]crdt.StorageID{f.Add, f.Remove} {
		if list != nil {
			n++
		}
	}
	dst = appendHead(dst, majorMap, n)
	dst = appendRoute(dst, "remote-subscription-change", f.Sender, f.Target)
	if f.Add != nil {
		dst = appendText(dst, "add")
		dst = appendTexts(dst, f.Add)
	}
	if f.Remove != nil {
		dst = appendText(dst, "remove")
		dst = appendTexts(dst, f.Remove)
	}
	return dst
}

func appendRemoteHeads(c *Codec, dst []byte, f RemoteHeadsChanged) []byte {
	dst = appendHead(dst, majorMap, 5)
	dst = appendRoute(dst, "remote-heads-changed", f.Sender, f.Target)
	dst = appendDocField(c, dst, f.Doc)
	dst = appendText(dst, "newHeads")
	dst = appendHead(dst, majorMap, uint64(len(f.NewHeads)))
	for _, id := range slices.Sorted(maps.Keys(f.NewHeads)) {
		heads := f.NewHeads[id]
		dst = appendText(dst, string(id))
		dst = appendHead(dst, majorMap, 2)
		dst = appendText(dst, "heads")
		dst = appendHead(dst, majorArray, uint64(len(heads.Heads)))
		for _, h := range heads.Heads {
			dst = appendText(dst, crdt.FormatHead(h))
		}
		dst = appendText(dst, "timestamp")
		dst = appendNumber(dst, heads.Timestamp)
	}
	return dst
}

func appendRefused(c *Codec, dst []byte, f Refused) []byte {
	n := uint64(6)
	if f.Change != (crdt.Hash{}) {
		n++
	}
	if f.Detail != "" {
		n++
	}
	dst = appendHead(dst, majorMap, n)
	dst = appendRoute(dst, typeRefused, f.Sender, f.Target)
	dst = appendDocField(c, dst, f.Doc)
	dst = appendText(dst, names[fieldCode])
	dst = appendText(dst, string(f.Code))
	if f.Change != (crdt.Hash{}) {
		dst = appendText(dst, names[fieldChange])
		dst = appendBytes(dst, f.Change[:])
	}
	if f.Detail != "" {
		dst = appendText(dst, names[fieldDetail])
		dst = appendText(dst, cut(f.Detail))
	}
	dst = appendText(dst, names[fieldRetry])
	return appendBool(dst, f.Retry)
}

func appendCatchUp(dst []byte, f CatchUp) []byte {
	n := uint64(2)
	for _, present := range []bool{f.Target != "", len(f.Ranges) > 0, len(f.Sketch) > 0, f.Want > 0, len(f.Mine) > 0, len(f.Yours) > 0, f.Done, f.Push} {
		if present {
			n++
		}
	}
	dst = appendHead(dst, majorMap, n)
	if f.Target != "" {
		dst = appendRoute(dst, typeCatchUp, f.Sender, f.Target)
	} else { // who comes early does not know the server's name
		dst = appendText(dst, "type")
		dst = appendText(dst, typeCatchUp)
		dst = appendText(dst, "senderId")
		dst = appendText(dst, string(f.Sender))
	}
	if len(f.Ranges) > 0 {
		dst = appendText(dst, names[fieldRanges])
		dst = appendHead(dst, majorArray, uint64(len(f.Ranges)))
		for i := range f.Ranges {
			dst = appendRange(dst, &f.Ranges[i])
		}
	}
	if len(f.Sketch) > 0 {
		dst = appendText(dst, names[fieldSketch])
		dst = appendHead(dst, majorBytes, uint64(symbolSize*len(f.Sketch)))
		for _, s := range f.Sketch {
			dst = binary.BigEndian.AppendUint64(dst, s.Keys)
			dst = binary.BigEndian.AppendUint32(dst, s.Check)
			dst = binary.BigEndian.AppendUint16(dst, s.Count)
		}
	}
	if f.Want > 0 {
		dst = appendText(dst, names[fieldWant])
		dst = appendNumber(dst, f.Want)
	}
	if len(f.Mine) > 0 {
		dst = appendText(dst, names[fieldMine])
		dst = appendItems(dst, f.Mine)
	}
	if len(f.Yours) > 0 {
		dst = appendText(dst, names[fieldYours])
		dst = appendHead(dst, majorBytes, uint64(keySize*len(f.Yours)))
		for _, key := range f.Yours {
			dst = binary.BigEndian.AppendUint64(dst, key)
		}
	}
	if f.Done {
		dst = appendText(dst, names[fieldDone])
		dst = appendBool(dst, true)
	}
	if f.Push {
		dst = appendText(dst, names[fieldPush])
		dst = appendBool(dst, true)
	}
	return dst
}

func appendRange(dst []byte, r *Range) []byte {
	dst = appendHead(dst, majorArray, 5)
	for _, id := range []*crdt.DocID{&r.From, &r.To} {
		if id.IsZero() {
			dst = appendBytes(dst, nil)
		} else {
			dst = appendBytes(dst, id[:])
		}
	}
	dst = appendNumber(dst, r.Count)
	dst = appendBytes(dst, r.Digest[:])
	if !r.HasItems {
		return append(dst, cborNull)
	}
	return appendItems(dst, r.Items)
}

func appendItems(dst []byte, items []Item) []byte {
	dst = appendHead(dst, majorBytes, uint64(itemSize*len(items)))
	for i := range items {
		dst = append(dst, items[i].Doc[:]...)
		dst = append(dst, items[i].Digest[:]...)
	}
	return dst
}

// appendRoute writes type, senderId and targetId: three entries.
func appendRoute(dst []byte, typ string, sender, target crdt.PeerID) []byte {
	dst = appendText(dst, "type")
	dst = appendText(dst, typ)
	dst = appendText(dst, "senderId")
	dst = appendText(dst, string(sender))
	dst = appendText(dst, "targetId")
	return appendText(dst, string(target))
}

func appendDocField(c *Codec, dst []byte, doc crdt.DocID) []byte {
	return c.appendDoc(appendText(dst, "documentId"), doc)
}

func appendMetadata(dst []byte, m PeerMetadata) []byte {
	n := uint64(0)
	for _, present := range []bool{m.StorageID != "", m.Ephemeral != nil, m.Fieldsync != 0} {
		if present {
			n++
		}
	}
	dst = appendText(dst, "peerMetadata")
	dst = appendHead(dst, majorMap, n)
	if m.StorageID != "" {
		dst = appendText(dst, "storageId")
		dst = appendText(dst, string(m.StorageID))
	}
	if m.Ephemeral != nil {
		dst = appendText(dst, "isEphemeral")
		dst = appendBool(dst, *m.Ephemeral)
	}
	if m.Fieldsync != 0 {
		dst = appendText(dst, "fieldsync")
		dst = appendNumber(dst, uint64(m.Fieldsync))
	}
	return dst
}

// appendHead writes an initial byte with its argument in the shortest form.
func appendHead(dst []byte, major byte, n uint64) []byte {
	major <<= 5
	switch {
	case n < 24:
		return append(dst, major|byte(n))
	case n <= math.MaxUint8:
		return append(dst, major|24, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, major|25), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(dst, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, major|27), n)
}

// appendNumber writes a number as JavaScript does: above 32 bits as a float, for a 64-bit integer may reach a JavaScript
// peer as a BigInt, which does not add up with numbers.
func appendNumber(dst []byte, n uint64) []byte {
	if n > math.MaxUint32 && n <= MaxNumber {
		return binary.BigEndian.AppendUint64(append(dst, majorSimple<<5|27), math.Float64bits(float64(n)))
	}
	return appendHead(dst, majorUint, n)
}

func appendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, cborTrue)
	}
	return append(dst, cborFalse)
}

func appendText[T ~string](dst []byte, s T) []byte {
	return append(appendHead(dst, majorText, uint64(len(s))), s...)
}

func appendBytes(dst, b []byte) []byte {
	return append(appendHead(dst, majorBytes, uint64(len(b))), b...)
}

func appendTexts[T ~string](dst []byte, list []T) []byte {
	dst = appendHead(dst, majorArray, uint64(len(list)))
	for _, s := range list {
		dst = appendText(dst, s)
	}
	return dst
}

// cut shortens a text for people to MaxMessage bytes, between two characters.
func cut(s string) string {
	if len(s) <= MaxMessage {
		return s
	}
	n := MaxMessage
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
