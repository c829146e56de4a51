package replica

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/wire"
)

func manyItems(r *rand.Rand, n int) []Item {
	items := make([]Item, n)
	for i := range items {
		for j := 0; j < 16; j += 8 {
			binary.BigEndian.PutUint64(items[i].Doc[j:], r.Uint64())
			binary.BigEndian.PutUint64(items[i].Digest[j:], r.Uint64())
		}
	}
	return SortItems(items)
}

// differing gives two inventories of n documents in common, of which changed stand at other heads, and some that only one has.
func differing(seed uint64, n, changed, onlyA, onlyB int) (a, b []Item, want map[crdt.DocID]bool) {
	r := rand.New(rand.NewPCG(seed, 7))
	common := manyItems(r, n)
	a, b, want = slices.Clone(common), slices.Clone(common), map[crdt.DocID]bool{}
	for _, i := range r.Perm(n)[:changed] {
		b[i].Digest[3] ^= byte(1 + r.IntN(255))
		want[b[i].Doc] = true
	}
	extraA, extraB := manyItems(r, onlyA), manyItems(r, onlyB)
	for _, it := range append(slices.Clone(extraA), extraB...) {
		want[it.Doc] = true
	}
	return SortItems(append(a, extraA...)), SortItems(append(b, extraB...)), want
}

// comparison is what two hubs did until the dialer was through.
type comparison struct {
	frames, bytes int
	sketches      int
	compared      Compared
	synced        map[crdt.DocID]bool // at the side that was called
}

// compareHubs has two hubs compare; change may alter what the called side answers.
func compareHubs(t *testing.T, a, b []Item, extensions int, change func(*wire.CatchUp)) comparison {
	t.Helper()
	phone, server := NewHub(&Config{PeerID: "phone"}), NewHub(&Config{PeerID: "server"})
	out := comparison{synced: map[crdt.DocID]bool{}}
	done := false
	var toPhone, toServer func(HubBatch)
	toServer = func(batch HubBatch) { // of the phone
		for range batch.Compare {
			defer func() { toServer(phone.Step(aMoment, Inventory{Conn: 1, Items: slices.Clone(a)})) }()
		}
		for _, c := range batch.Compared {
			done, out.compared = true, c
		}
		for _, o := range batch.Send {
			if f, ok := o.Frame.(wire.CatchUp); ok {
				out.frames++
				out.bytes += len(wire.Append(nil, f))
				if len(f.Sketch) > 0 {
					out.sketches++
				}
			}
			toPhone(server.Step(aMoment, Framed{Conn: 1, Frame: decoded(t, o.Frame)}))
		}
		if len(batch.Close) > 0 {
			t.Fatalf("the phone closes: %+v", batch.Close)
		}
	}
	toPhone = func(batch HubBatch) { // of the server
		for _, d := range batch.Docs {
			if at, ok := d.Event.(Attach); ok && at.Synced {
				out.synced[d.Doc] = true
			}
		}
		for range batch.Compare {
			defer func() { toPhone(server.Step(aMoment, Inventory{Conn: 1, Items: slices.Clone(b)})) }()
		}
		for _, o := range batch.Send {
			f := o.Frame
			if c, ok := f.(wire.CatchUp); ok {
				if change != nil {
					change(&c)
				}
				f = c
				out.frames++
				out.bytes += len(wire.Append(nil, f))
			}
			toServer(phone.Step(aMoment, Framed{Conn: 1, Frame: decoded(t, f)}))
		}
		if len(batch.Close) > 0 {
			t.Fatalf("the server closes: %+v", batch.Close)
		}
	}
	server.Step(aMoment, Opened{Conn: 1, Principal: anybody{}})
	toServer(phone.Step(aMoment, Opened{Conn: 1, Principal: anybody{}, Dialed: true, Extensions: extensions}))
	if !done {
		t.Fatal("the comparison does not end")
	}
	if len(phone.comparing)+len(server.comparing) > 0 {
		t.Error("a comparison is kept")
	}
	return out
}

func decoded(t *testing.T, f wire.Frame) wire.Frame {
	t.Helper()
	got, err := wire.Decode(wire.Append(nil, f))
	if err != nil {
		t.Fatalf("%T: %v", f, err)
	}
	return got
}

func (c *comparison) check(t *testing.T, a, b []Item, want map[crdt.DocID]bool) {
	t.Helper()
	got := map[crdt.DocID]bool{}
	for _, doc := range c.compared.Differ {
		got[doc] = true
	}
	if !maps.Equal(got, want) {
		t.Errorf("%d documents are said to differ, %d do", len(got), len(want))
	}
	inA, inB := map[crdt.DocID]bool{}, map[crdt.DocID]bool{}
	for _, it := range a {
		inA[it.Doc] = true
	}
	for _, it := range b {
		inB[it.Doc] = true
		if c.synced[it.Doc] == want[it.Doc] {
			t.Errorf("%v: synced %v, differs %v", it.Doc, c.synced[it.Doc], want[it.Doc])
			return
		}
	}
	unlisted := 0
	for doc := range want {
		if inA[doc] && !inB[doc] {
			unlisted++
		}
	}
	if len(c.compared.Unlisted) != unlisted {
		t.Errorf("%d are said to be unlisted, %d are", len(c.compared.Unlisted), unlisted)
	}
}

func TestComparisonsFindWhatDiffers(t *testing.T) {
	for _, tt := range []struct {
		name                     string
		n, changed, onlyA, onlyB int
		mostFrames, mostBytes    int // of most seeds
	}{
		{"nothing is held", 0, 0, 0, 0, 2, 250},
		{"nothing changed", 1000, 0, 0, 0, 2, 1024},
		{"one changed", 1000, 1, 0, 0, 2, 1024},
		{"ten changed", 1000, 10, 0, 0, 2, 2048},
		{"ten changed there, one made here", 1000, 10, 1, 2, 2, 2048},
		{"thirty are new there", 1000, 0, 0, 30, 2, 2048},
		{"a hundred changed", 1000, 100, 0, 0, 6, 25 << 10},
		{"three hundred changed", 5000, 300, 10, 10, 8, 90 << 10},
		{"all changed", 2000, 2000, 0, 0, 64, 400 << 10},
		{"the phone holds nothing", 0, 0, 0, 3000, 4, 100 << 10},
		{"the server holds nothing", 0, 0, 200, 0, 4, 20 << 10},
		{"an end holds a few of very many", 3, 0, 0, 30000, 64, 2 << 20},
		{"more than is sketched", 20000, 3, 0, 0, 64, 16 << 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			over := 0
			seeds := 20
			if tt.n+tt.onlyB > 5000 {
				seeds = 2
			}
			for seed := range uint64(seeds) {
				a, b, want := differing(seed, tt.n, tt.changed, tt.onlyA, tt.onlyB)
				c := compareHubs(t, a, b, int(seed%2), nil)
				c.check(t, a, b, want)
				if c.frames > tt.mostFrames || c.bytes > tt.mostBytes {
					over++
					t.Logf("seed %d: %d frames, %d bytes", seed, c.frames, c.bytes)
				}
			}
			if over > seeds/4 {
				t.Errorf("%d of %d comparisons cost more than %d frames or %d bytes", over, seeds, tt.mostFrames, tt.mostBytes)
			}
		})
	}
}

// Whoever answers with a wrong difference, by a defect or by chance, costs a longer comparison and hides nothing.
func TestAWrongDifferenceIsNotBelieved(t *testing.T) {
	a, b, want := differing(1, 500, 0, 4, 4)
	for name, change := range map[string]func(*wire.CatchUp){
		"an item is left out": func(f *wire.CatchUp) { f.Mine = f.Mine[1:] },
		"a key is left out":   func(f *wire.CatchUp) { f.Yours = f.Yours[:len(f.Yours)-1] },
		"another is named":    func(f *wire.CatchUp) { f.Yours[0]++ },
		"other heads":         func(f *wire.CatchUp) { f.Mine[0].Digest[0]++ },
		"twice the same":      func(f *wire.CatchUp) { f.Mine = append(f.Mine, f.Mine[0]) },
		"no range":            func(f *wire.CatchUp) { f.Ranges = nil },
	} {
		t.Run(name, func(t *testing.T) {
			changed := 0
			c := compareHubs(t, a, b, 1, func(f *wire.CatchUp) {
				if len(f.Mine) > 0 && changed == 0 {
					changed++
					change(f)
				}
			})
			got := map[crdt.DocID]bool{}
			for _, doc := range c.compared.Differ {
				got[doc] = true
			}
			if changed == 0 || !maps.Equal(got, want) {
				t.Errorf("changed %d; differ %d, want %d", changed, len(got), len(want))
			}
		})
	}
}

func TestASketchThatIsNoneIsAnsweredByRanges(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	mine := manyItems(r, 100)
	noise := func(n int) []wire.Symbol {
		out := make([]wire.Symbol, n)
		for i := range out {
			key := r.Uint64()
			out[i] = wire.Symbol{Keys: key, Check: checkOf(key), Count: 1} // each looks like a single key
		}
		return out
	}
	for range 50 {
		h := joinedHub()
		frame := wire.CatchUp{Sender: "peer", Ranges: []wire.Range{{Count: 100}}, Sketch: noise(sketchFirst)}
		h.Step(aMoment, Framed{Conn: 1, Frame: frame})
		b := h.Step(aMoment, Inventory{Conn: 1, Items: slices.Clone(mine)})
		for range maxRounds {
			if len(b.Send) != 1 {
				t.Fatalf("%d answers", len(b.Send))
			}
			f := b.Send[0].Frame.(wire.CatchUp)
			if f.Want == 0 {
				if len(f.Ranges) < 2 {
					t.Errorf("it ends with %d ranges", len(f.Ranges))
				}
				break
			}
			b = h.Step(aMoment, Framed{Conn: 1, Frame: wire.CatchUp{Sender: "peer", Sketch: noise(int(f.Want) - sketchFirst)}})
		}
	}
}

// A server that wants symbols without end ends the connection, not the phone.
func TestASketchHasAnEnd(t *testing.T) {
	for _, want := range []uint64{1, sketchFirst, maxSketch + 1, wire.MaxNumber} {
		h := NewHub(&Config{PeerID: "phone"})
		h.Step(aMoment, Opened{Conn: 1, Principal: anybody{}, Dialed: true})
		h.Step(aMoment, Framed{Conn: 1, Frame: wire.Peer{Sender: "server", Version: "1", Metadata: wire.PeerMetadata{Fieldsync: 1}}})
		h.Step(aMoment, Inventory{Conn: 1, Items: []Item{{Doc: crdt.DocID{1}}}})
		if b := h.Step(aMoment, Framed{Conn: 1, Frame: wire.CatchUp{Sender: "server", Want: want}}); len(b.Close) != 1 {
			t.Errorf("%d symbols: %+v", want, b)
		}
	}
}

// A catch-up that begins with the join, before it is known whether the server speaks the extension.
func TestCatchUpThatBeginsWithTheJoin(t *testing.T) {
	items := []Item{{Doc: crdt.DocID{1}}, {Doc: crdt.DocID{2}}}
	made := crdt.DocID{3}
	for name, tt := range map[string]struct {
		speaks     int
		inventory  bool // is there before the answer to the join
		wantFrames int
	}{
		"it does": {1, true, 1}, "it does, and is quicker than the disk": {1, false, 1},
		"it does not": {0, true, 1}, "it does not, and is quicker than the disk": {0, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			h := NewHub(&Config{PeerID: "phone"})
			b := h.Step(aMoment, Opened{Conn: 1, Principal: anybody{}, Dialed: true, Extensions: 1})
			if len(b.Compare) != 1 {
				t.Fatal("no inventory is asked for")
			}
			frames, compares, announced := 0, 0, map[crdt.DocID]int{}
			step := func(ev HubEvent) {
				b := h.Step(aMoment, ev)
				compares += len(b.Compare)
				for _, o := range b.Send {
					if _, ok := o.Frame.(wire.CatchUp); ok {
						frames++
					}
				}
				for _, d := range b.Docs {
					if at, ok := d.Event.(Attach); ok && at.Announce {
						announced[d.Doc]++
					}
				}
			}
			if tt.inventory {
				step(Inventory{Conn: 1, Items: items})
			}
			step(Subscribe{Doc: made})
			step(Framed{Conn: 1, Frame: wire.Peer{Sender: "server", Version: "1", Metadata: wire.PeerMetadata{Fieldsync: tt.speaks}}})
			if !tt.inventory {
				step(Inventory{Conn: 1, Items: items})
			}
			want := map[crdt.DocID]int{made: 1}
			if tt.speaks == 0 {
				want[items[0].Doc], want[items[1].Doc] = 1, 1
			}
			if frames != tt.wantFrames || compares != 0 || !maps.Equal(announced, want) {
				t.Errorf("%d frames, %d more inventories, announced %v", frames, compares, announced)
			}
		})
	}
}

func TestOnlyWhoHasNothingToSendIsSentWhatDiffersUnasked(t *testing.T) {
	items := manyItems(rand.New(rand.NewPCG(3, 3)), 20)
	for _, asks := range []bool{false, true} {
		h := NewHub(&Config{PeerID: "phone"})
		h.Step(aMoment, Opened{Conn: 1, Principal: anybody{}, Dialed: true, Extensions: 1, Asks: asks})
		b := h.Step(aMoment, Inventory{Conn: 1, Items: items})
		if len(b.Send) != 1 {
			t.Fatalf("%d frames", len(b.Send))
		}
		if f, ok := b.Send[0].Frame.(wire.CatchUp); !ok || f.Push == asks || len(f.Sketch) == 0 {
			t.Errorf("who has changes to send (%v) says %+v", asks, b.Send[0].Frame)
		}
	}
}

// The vectors are by conformance/vectors/catch-up.py, which has nothing of this code.
func TestSketchVectors(t *testing.T) {
	raw, err := os.ReadFile("../../conformance/vectors/catch-up.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Places []struct {
			Key, Check string
			Places     []int
		}
		Comparisons []struct {
			Name, Digest, Sketch        string
			Dialer, Called, Items, Keys []string
		}
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	for _, p := range v.Places {
		key := binary.BigEndian.Uint64(unhex(t, p.Key))
		if got := checkOf(key); got != binary.BigEndian.Uint32(unhex(t, p.Check)) {
			t.Errorf("the check of %s is %08x", p.Key, got)
		}
		var got []int
		for at := placesOf(key); at.at < 4096; at.next() {
			got = append(got, at.at)
		}
		if !slices.Equal(got, p.Places) {
			t.Errorf("%s is in %v, want %v", p.Key, got, p.Places)
		}
	}
	items := func(list []string) []Item {
		var out []Item
		for _, s := range list {
			b := unhex(t, s)
			out = append(out, Item{Doc: crdt.DocID(b[:16]), Digest: Digest(b[16:])})
		}
		return out
	}
	for _, c := range v.Comparisons {
		h := joinedHub()
		dialer := items(c.Dialer)
		whole := rangeOf(crdt.DocID{}, crdt.DocID{}, dialer)
		symbols := unhex(t, c.Sketch)
		u := &catchUp{items: dialer, whole: whole.Digest}
		sent := u.more(len(symbols) / 14)
		var wrote []byte
		for _, s := range sent {
			wrote = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(wrote, s.Keys), s.Check), s.Count)
		}
		if got := hex.EncodeToString(whole.Digest[:]); got != c.Digest || !bytes.Equal(wrote, symbols) {
			t.Errorf("%s: the digest is %s, or the sketch another", c.Name, got)
		}
		h.Step(aMoment, Framed{Conn: 1, Frame: wire.CatchUp{Sender: "peer", Ranges: []wire.Range{whole}, Sketch: sent}})
		b := h.Step(aMoment, Inventory{Conn: 1, Items: items(c.Called)})
		f := b.Send[0].Frame.(wire.CatchUp)
		var keys []string
		for _, k := range f.Yours {
			keys = append(keys, fmt.Sprintf("%016x", k))
		}
		if !f.Done || !slices.Equal(f.Mine, wireItems(items(c.Items))) || !slices.Equal(keys, c.Keys) {
			t.Errorf("%s: %d items and keys %v", c.Name, len(f.Mine), keys)
		}
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
