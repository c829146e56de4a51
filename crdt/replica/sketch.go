package replica

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"math"
	"math/bits"
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/wire"
)

// A sketch stands for an inventory, so that the difference of two inventories can be read from the difference of their
// sketches: its length grows with what differs, not with what is held. It is the rateless invertible Bloom lookup table of Yang, Gilad
// and Alizadeh, "Practical Rateless Set Reconciliation" (SIGCOMM 2024), over 64-bit keys of the items. A longer sketch begins
// with the shorter one, so who could not read it is sent the rest.
//
// About 1.5 symbols are needed for each key that only one end has; an item that both have at different heads is two.
const (
	sketchFirst = 48      // symbols of the first frame: enough for some 14 documents that differ
	sketchTimes = 4       // the next sketch has so many times the symbols
	maxSketch   = 3072    // symbols, a length that sketchFirst grows to; what it cannot tell is found by ranges
	maxSketched = 1 << 14 // items of an inventory that we read a sketch against: some 5 ms, while the hub waits
)

// keyOf is the key of an item in a comparison that began with the digest of the one who dialed: so nobody can choose
// documents whose keys are equal beforehand.
func keyOf(salt Digest, it *Item) uint64 {
	var in [48]byte
	copy(in[:], salt[:])
	copy(in[16:], it.Doc[:])
	copy(in[32:], it.Digest[:])
	sum := sha256.Sum256(in[:])
	return binary.BigEndian.Uint64(sum[:])
}

// mix is the finalizer of MurmurHash3, of 32 bits.
func mix(x uint32) uint32 {
	x ^= x >> 16
	x *= 0x85ebca6b
	x ^= x >> 13
	x *= 0xc2b2ae35
	return x ^ x>>16
}

// checkOf tells a single key in a symbol from a sum of several.
func checkOf(key uint64) uint32 { return mix(uint32(key>>32) ^ bits.RotateLeft32(mix(uint32(key)), 5)) }

// farthest is the greatest step from one place to the next: beyond any sketch.
const farthest = 1 << 20

// places are the symbols that a key is in, in order: the first, and then the i-th with a chance of 1/(1+i/2).
type places struct {
	random uint32
	at     int
}

func placesOf(key uint64) places { return places{random: uint32(key) ^ uint32(key>>32)} }

func (p *places) next() int {
	p.random = mix(p.random + 0x9e3779b9)
	u := (float64(p.random) + 1) / (1 << 32)
	// The conversions keep compilers from fusing operations: both ends must come to the same place.
	gap := float64((float64(p.at) + 1.5) * float64(float64(1/math.Sqrt(u))-1))
	if gap = math.Ceil(gap); gap < 1 {
		gap = 1
	}
	if gap > farthest {
		gap = farthest
	}
	p.at += int(gap)
	return p.at
}

// sketch makes the first n symbols of an inventory.
func sketch(salt Digest, items []Item, n int) []wire.Symbol {
	out := make([]wire.Symbol, n)
	for i := range items {
		add(out, keyOf(salt, &items[i]), 1)
	}
	return out
}

// add puts a key into its symbols, or takes it out with count -1.
func add(symbols []wire.Symbol, key uint64, count int16) {
	check := checkOf(key)
	for p := placesOf(key); p.at < len(symbols); p.next() {
		s := &symbols[p.at]
		s.Keys ^= key
		s.Check ^= check
		s.Count += uint16(count)
	}
}

// difference reads the keys that only one of two sketches of equal length has; false if they differ too much for their length.
// It changes theirs.
func difference(mine, theirs []wire.Symbol) (onlyMine, onlyTheirs map[uint64]struct{}, ok bool) {
	for i := range theirs {
		theirs[i].Keys ^= mine[i].Keys
		theirs[i].Check ^= mine[i].Check
		theirs[i].Count -= mine[i].Count
	}
	onlyMine, onlyTheirs = map[uint64]struct{}{}, map[uint64]struct{}{}
	for found := true; found; {
		found = false
		for i := range theirs {
			s := theirs[i]
			if s.Count != 1 && s.Count != math.MaxUint16 || checkOf(s.Keys) != s.Check {
				continue
			}
			in := onlyTheirs
			if s.Count != 1 {
				in = onlyMine
			}
			// A sketch that no inventory gives could turn in a circle.
			if _, again := in[s.Keys]; again || len(onlyMine)+len(onlyTheirs) >= len(theirs) {
				return nil, nil, false
			}
			in[s.Keys] = struct{}{}
			add(theirs, s.Keys, -int16(s.Count))
			found = true
		}
	}
	for i := range theirs {
		if theirs[i] != (wire.Symbol{}) {
			return nil, nil, false
		}
	}
	return onlyMine, onlyTheirs, true
}

// more are the symbols of the dialer's sketch that follow those sent already, up to n.
func (u *catchUp) more(n int) []wire.Symbol {
	out := sketch(u.whole, u.items, n)[u.sketched:]
	u.sketched = n
	return out
}

// answerSketch answers a frame that has symbols; false: its ranges are all there is to answer.
func (h *Hub) answerSketch(c *conn, f *wire.CatchUp, b *HubBatch) bool {
	u := c.catchup
	everything := rangeOf(crdt.DocID{}, crdt.DocID{}, u.items)
	switch {
	case len(f.Sketch) == 0:
		return false
	case len(u.sketch) > 0 && len(f.Ranges) == 0: // it goes on
	case len(f.Ranges) != 1 || !isEverything(&f.Ranges[0]) || f.Ranges[0].Count == 0 || sameRange(&f.Ranges[0], u.items):
		return false
	default:
		u.whole, u.held, u.sketch, u.push = f.Ranges[0].Digest, f.Ranges[0].Count, nil, f.Push
	}
	u.sketch = append(u.sketch, f.Sketch...)
	apart := max(u.held, everything.Count) - min(u.held, everything.Count)
	if n := len(u.sketch); n <= maxSketch && len(u.items) <= maxSketched {
		if apart <= uint64(n) {
			if mine, yours, ok := difference(sketch(u.whole, u.items, n), slices.Clone(u.sketch)); ok {
				h.sendDifference(c, everything, mine, yours, b)
				return true
			}
		}
		if want := max(n*sketchTimes, int(min(apart, maxSketch))*2); want <= maxSketch {
			h.sendCatchUp(c, wire.CatchUp{Want: uint64(want)}, b)
			return true
		}
	}
	u.sketch = nil
	budget := frameBudget{items: wire.MaxItems}
	h.sendCatchUp(c, wire.CatchUp{Ranges: budget.narrow(nil, 0, crdt.DocID{}, crdt.DocID{}, u.items, false)}, b)
	return true
}

// sendDifference ends the comparison at the side that was called.
func (h *Hub) sendDifference(c *conn, everything wire.Range, mine, yours map[uint64]struct{}, b *HubBatch) {
	f := wire.CatchUp{Ranges: []wire.Range{everything}, Yours: slices.Sorted(maps.Keys(yours)), Done: true}
	var differ []Item
	for i := range c.catchup.items {
		it := &c.catchup.items[i]
		if _, ok := mine[keyOf(c.catchup.whole, it)]; ok {
			differ = append(differ, *it)
		} else {
			h.markSynced(c, *it, b)
		}
	}
	f.Mine = wireItems(differ)
	if f.Push = c.catchup.push && len(differ) > 0 && len(differ) <= maxPushed && len(c.docs)+len(differ) <= h.cfg.maxDocs(); f.Push {
		h.push(c, differ, yours, b)
	}
	h.sendCatchUp(c, f, b)
	h.subscribeRest(c, b)
}

// endSketch is the dialer's end of it: the answer tells which of the documents differ. If what we hold, with these changed, is
// not what the other end says that it holds, the sketch deceived one of us, and ranges have to do.
func (h *Hub) endSketch(c *conn, f *wire.CatchUp, b *HubBatch) {
	u := c.catchup
	listed := make(map[crdt.DocID]struct{}, len(f.Mine))
	var equal []Item
	var differ, unlisted []crdt.DocID
	theirs := make([]Item, 0, len(u.items)+len(f.Mine))
	for _, it := range f.Mine {
		listed[it.Doc] = struct{}{}
		theirs = append(theirs, Item{Doc: it.Doc, Digest: it.Digest})
		differ = append(differ, it.Doc)
	}
	for i := range u.items {
		it := &u.items[i]
		if _, ok := listed[it.Doc]; ok {
			continue
		}
		if _, ok := slices.BinarySearch(f.Yours, keyOf(u.whole, it)); ok {
			differ, unlisted = append(differ, it.Doc), append(unlisted, it.Doc)
			continue
		}
		equal = append(equal, *it)
	}
	if theirs = SortItems(append(theirs, equal...)); len(f.Ranges) != 1 || !isEverything(&f.Ranges[0]) || !sameRange(&f.Ranges[0], theirs) {
		h.sendCatchUp(c, wire.CatchUp{Ranges: []wire.Range{rangeOf(crdt.DocID{}, crdt.DocID{}, u.items)}}, b)
		return
	}
	for _, it := range equal {
		h.markSynced(c, it, b)
	}
	u.differ, u.unlisted = differ, unlisted
	if f.Push {
		u.pushed = listed
	}
	h.endCatchUp(c, b)
}

func isEverything(r *wire.Range) bool { return r.From.IsZero() && r.To.IsZero() }
