package engine

import (
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
)

var (
	anna = crdt.ActorID(strings.Repeat("a", 16))
	ben  = crdt.ActorID(strings.Repeat("b", 16))
)

func open(t testing.TB, chunks ...[]byte) *Doc {
	t.Helper()
	d, err := Load(chunks...)
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	t.Cleanup(d.Close)
	return d
}

func edit(t testing.TB, d *Doc, actor crdt.ActorID, fn func(*Tx) error) []byte {
	t.Helper()
	raw, err := d.Edit(Commit{Actor: actor, Time: 1_790_000_000, Message: "test"}, fn)
	if err != nil {
		t.Fatalf("Edit: %v", err)
	}
	return raw
}

func set(path crdt.Path, v any) func(*Tx) error {
	return func(tx *Tx) error { return tx.Set(path, v) }
}

func jsonOf(t testing.TB, d *Doc) string {
	t.Helper()
	b, err := d.JSON()
	if err != nil {
		t.Fatalf("JSON: %v", err)
	}
	return string(b)
}

func wantGet(t testing.TB, d *Doc, want any, path ...any) {
	t.Helper()
	got, err := d.Get(path...)
	if err != nil {
		t.Fatalf("Get(%v): %v", path, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("Get(%v) (-want +got):\n%s", path, diff)
	}
}

func TestEveryKindOfValueComesBackAsItWasWritten(t *testing.T) {
	values := map[string]any{
		"nil": nil, "true": true, "false": false, "int": int64(-5), "maxint": int64(1<<63 - 1), "uint": uint64(1<<64 - 1),
		"float": 1.5, "string": "Grüße", "empty": "", "bytes": []byte{0, 1, 255}, "nobytes": []byte{},
		"counter": crdt.Counter(7), "time": crdt.Timestamp(-1), "text": crdt.Text("hello"), "notext": crdt.Text(""),
		"list": []any{int64(1), "two", []any{}, map[string]any{}, crdt.Text("x"), nil}, "map": map[string]any{"a": map[string]any{"b": true}},
		"nul\x00key": "nul\x00value",
	}
	d := open(t)
	raw := edit(t, d, anna, set(crdt.Path{"all"}, values))
	wantGet(t, d, any(values), "all")
	wantGet(t, open(t, raw), any(values), "all")
	wantGet(t, d, "two", "all", "list", 1)
	keys, err := d.Keys("all")
	if err != nil || len(keys) != len(values) {
		t.Fatalf("Keys: %v, %v", keys, err)
	}
	for _, path := range []crdt.Path{{"none"}, {"all", "none"}, {"all", "list", 6}, {"all", "list", -1}} {
		if _, err := d.Get(path...); !errors.Is(err, ErrNotFound) || crdt.KindOf(err) != crdt.KindNotFound {
			t.Errorf("Get(%s) gave %v, want ErrNotFound", path, err)
		}
	}
}

func TestAnEditIsOneCanonicalChangeThatRebuildsTheDocument(t *testing.T) {
	d := open(t)
	var raws [][]byte
	var lastSeq uint64
	for i, fn := range []func(*Tx) error{
		set(crdt.Path{"list"}, []any{1, 2, 3}),
		func(tx *Tx) error { return tx.Insert(crdt.Path{"list", 3}, "end") },
		func(tx *Tx) error { return tx.Insert(crdt.Path{"list", 0}, map[string]any{"k": "v"}) },
		func(tx *Tx) error { return tx.Delete(crdt.Path{"list", 1}) },
		set(crdt.Path{"list", 1}, "second"),
		set(crdt.Path{"n"}, crdt.Counter(1)),
		func(tx *Tx) error { return tx.Increment(crdt.Path{"n"}, -3) },
		set(crdt.Path{"gone"}, 1),
		func(tx *Tx) error { return tx.Delete(crdt.Path{"gone"}) },
		func(tx *Tx) error { return tx.EnsureMap(crdt.Path{"m"}) },
	} {
		raw := edit(t, d, anna, fn)
		c, err := format.DecodeChange(raw, format.DefaultLimits())
		if err != nil {
			t.Fatalf("edit %d: %v", i, err)
		}
		if c.Actor != anna || c.Time != 1_790_000_000 || c.Message != "test" || c.Seq != lastSeq+1 || string(c.Raw) != string(raw) {
			t.Fatalf("edit %d: change %+v", i, c)
		}
		if !d.Heads().Equal(crdt.NewHeads(c.Hash)) {
			t.Fatalf("edit %d: heads %v, change %v", i, d.Heads(), c.Hash)
		}
		lastSeq = c.Seq
		raws = append(raws, raw)
	}
	const want = `{"list":[{"k":"v"},"second",3,"end"],"m":{},"n":-2}`
	if got := jsonOf(t, d); got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
	all, err := d.Changes()
	if err != nil || cmp.Diff(raws, all) != "" {
		t.Fatalf("Changes: %v\n%s", err, cmp.Diff(raws, all))
	}
	if got := jsonOf(t, open(t, raws...)); got != want {
		t.Fatalf("loaded: %s, want %s", got, want)
	}
}

func TestAnEditThatChangesNothingGivesNoChange(t *testing.T) {
	d := open(t)
	edit(t, d, anna, set(crdt.Path{"a"}, "x"))
	heads := d.Heads()
	for name, fn := range map[string]func(*Tx) error{
		"nothing":    func(*Tx) error { return nil },
		"same value": set(crdt.Path{"a"}, "x"),
		"absent key": func(tx *Tx) error { return tx.Delete(crdt.Path{"none"}) },
	} {
		if raw := edit(t, d, ben, fn); raw != nil {
			t.Errorf("%s: a change of %d bytes", name, len(raw))
		}
	}
	if !d.Heads().Equal(heads) {
		t.Errorf("heads moved")
	}
	if chunk, err := d.Save(); err != nil {
		t.Errorf("Save: %v", err)
	} else if decoded, err := format.DecodeDocument(chunk, format.DefaultLimits()); err != nil || !decoded.Heads.Equal(heads) {
		t.Errorf("saved document: %v", err)
	}
}

func TestAFailedEditLeavesNoTrace(t *testing.T) {
	d := open(t)
	edit(t, d, anna, set(crdt.Path{"list"}, []any{"a", "b"}))
	edit(t, d, anna, set(crdt.Path{"text"}, crdt.Text("text")))
	before, heads := jsonOf(t, d), d.Heads()
	wrong := errors.New("changed my mind")
	spoil := func(tx *Tx) error {
		return errors.Join(tx.Set(crdt.Path{"x"}, []any{"deep"}), tx.Delete(crdt.Path{"list", 0}), tx.Splice(crdt.Path{"text"}, 1, 2, "XX"))
	}
	raw, err := d.Edit(Commit{Actor: ben}, func(tx *Tx) error {
		if err := spoil(tx); err != nil {
			t.Fatalf("spoil: %v", err)
		}
		return wrong
	})
	if raw != nil || !errors.Is(err, wrong) {
		t.Fatalf("Edit gave %v, %v", raw, err)
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = d.Edit(Commit{Actor: ben}, func(tx *Tx) error { _ = spoil(tx); panic("bug") })
	}()
	if raw, err := d.Edit(Commit{Actor: ben}, func(tx *Tx) error {
		_ = spoil(tx)
		_ = tx.Delete(crdt.Path{"list", 99}) // an error that the caller does not look at
		return nil
	}); err == nil || raw != nil {
		t.Fatalf("an edit with a failed write gave a change")
	}
	if got := jsonOf(t, d); got != before || !d.Heads().Equal(heads) {
		t.Fatalf("after failures: %s, want %s", got, before)
	}
	c := edit(t, d, ben, set(crdt.Path{"y"}, 1))
	if got, want := jsonOf(t, d), strings.TrimSuffix(before, "}")+`,"y":1}`; got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
	if ch, err := format.DecodeChange(c, format.DefaultLimits()); err != nil || ch.Seq != 1 {
		t.Fatalf("first change of an actor after failures: %+v, %v", ch, err)
	}
	if _, err := d.Save(); err != nil {
		t.Fatalf("Save: %v", err)
	}
}

func TestAnEditOverTheFormatsLimitsLeavesNoTrace(t *testing.T) {
	d := open(t)
	edit(t, d, anna, set(crdt.Path{"t"}, crdt.Text("text")))
	before, heads := jsonOf(t, d), d.Heads()
	for name, c := range map[string]Commit{"actor of before": {Actor: anna}, "new actor": {Actor: ben}} {
		raw, err := d.Edit(c, func(tx *Tx) error {
			return tx.Set(crdt.Path{"big"}, make([]byte, format.DefaultLimits().ChangeBytes+1))
		})
		if crdt.KindOf(err) != crdt.KindTooLarge || raw != nil {
			t.Fatalf("%s: %d bytes, error %v", name, len(raw), err)
		}
	}
	if raw, err := d.Edit(Commit{Actor: anna, Time: 1 << 60}, set(crdt.Path{"x"}, 1)); crdt.KindOf(err) != crdt.KindInvalid || raw != nil {
		t.Fatalf("a time far off: %v", err)
	}
	if got := jsonOf(t, d); got != before || !d.Heads().Equal(heads) {
		t.Fatalf("the document changed: %.80s", got)
	}
	if c, err := format.DecodeChange(edit(t, d, anna, set(crdt.Path{"x"}, 1)), format.DefaultLimits()); err != nil || c.Seq != 2 {
		t.Fatalf("the next change: %+v, %v", c, err)
	}
}

func TestTextIsCountedInCodePoints(t *testing.T) {
	d := open(t)
	const face, family = "😀", "👨‍👩‍👧" // one code point, and five
	edit(t, d, anna, set(crdt.Path{"t"}, crdt.Text("a"+face+"z")))
	if n, _ := d.Len("t"); n != 3 {
		t.Fatalf("Len is %d, want 3 code points", n)
	}
	edit(t, d, anna, func(tx *Tx) error { return tx.Splice(crdt.Path{"t"}, 2, 0, family) })
	wantGet(t, d, crdt.Text("a"+face+family+"z"), "t")
	if n, _ := d.Len("t"); n != 8 {
		t.Fatalf("Len is %d, want 8", n)
	}
	edit(t, d, anna, func(tx *Tx) error { return tx.Splice(crdt.Path{"t"}, 1, 1, "é") })
	wantGet(t, d, crdt.Text("aé"+family+"z"), "t")
	edit(t, d, anna, func(tx *Tx) error { return tx.SetText(crdt.Path{"t"}, "aéz") })
	wantGet(t, d, crdt.Text("aéz"), "t")
	if raw := edit(t, d, anna, func(tx *Tx) error { return tx.SetText(crdt.Path{"t"}, "aéz") }); raw != nil {
		t.Fatal("the same text gave a change")
	}
	raw := edit(t, d, anna, func(tx *Tx) error { return tx.SetText(crdt.Path{"t"}, "aé!z") })
	if c, err := format.DecodeChange(raw, format.DefaultLimits()); err != nil || len(c.Ops) != 1 {
		t.Fatalf("one character more took %d operations, %v", len(c.Ops), err)
	}
}

func TestWhatWouldAbortTheProcessIsAnError(t *testing.T) {
	d := open(t)
	edit(t, d, anna, func(tx *Tx) error {
		return errors.Join(tx.Set(crdt.Path{"t"}, crdt.Text("abc")), tx.Set(crdt.Path{"l"}, []any{1, 2}), tx.Set(crdt.Path{"s"}, "str"),
			tx.Set(crdt.Path{"c"}, crdt.Counter(1<<63-1)), tx.Set(crdt.Path{"m"}, map[string]any{"k": 1}))
	})
	before := jsonOf(t, d)
	deep := any("bottom")
	for range MaxDepth + 1 {
		deep = []any{deep}
	}
	type tx = *Tx
	P := func(p ...any) crdt.Path { return p }
	for name, fn := range map[string]func(tx tx) error{
		"splice behind the end":      func(tx tx) error { return tx.Splice(P("t"), 4, 0, "x") },
		"splice before the start":    func(tx tx) error { return tx.Splice(P("t"), -1, 0, "x") },
		"delete past the end":        func(tx tx) error { return tx.Splice(P("t"), 2, 2, "") },
		"delete a negative count":    func(tx tx) error { return tx.Splice(P("t"), 2, -1, "") },
		"delete an enormous count":   func(tx tx) error { return tx.Splice(P("t"), 1, int(^uint(0)>>1), "") },
		"splice of invalid UTF-8":    func(tx tx) error { return tx.Splice(P("t"), 0, 0, "\xff") },
		"splice of a whole library":  func(tx tx) error { return tx.Splice(P("t"), 0, 0, strings.Repeat("x", MaxText+1)) },
		"set text, a whole library":  func(tx tx) error { return tx.SetText(P("t"), strings.Repeat("x", MaxText+1)) },
		"a new text, too long":       func(tx tx) error { return tx.Set(P("x"), crdt.Text(strings.Repeat("x", MaxText+1))) },
		"splice into a list":         func(tx tx) error { return tx.Splice(P("l"), 0, 0, "x") },
		"splice into a string":       func(tx tx) error { return tx.Splice(P("s"), 0, 0, "x") },
		"splice into the root":       func(tx tx) error { return tx.Splice(nil, 0, 0, "x") },
		"splice into nothing":        func(tx tx) error { return tx.Splice(P("none"), 0, 0, "x") },
		"set text, invalid UTF-8":    func(tx tx) error { return tx.SetText(P("t"), "a\xc3") },
		"set text of a list":         func(tx tx) error { return tx.SetText(P("l"), "a") },
		"set text, absent parent":    func(tx tx) error { return tx.SetText(P("none", "t"), "a") },
		"empty key":                  func(tx tx) error { return tx.Set(P(""), 1) },
		"empty key inside":           func(tx tx) error { return tx.Set(P("x"), map[string]any{"": 1}) },
		"invalid key":                func(tx tx) error { return tx.Set(P("\xff"), 1) },
		"enormous key":               func(tx tx) error { return tx.Set(P(strings.Repeat("k", MaxKey+1)), 1) },
		"delete the empty key":       func(tx tx) error { return tx.Delete(P("")) },
		"invalid string":             func(tx tx) error { return tx.Set(P("x"), "\xff") },
		"invalid text":               func(tx tx) error { return tx.Set(P("x"), crdt.Text("\xff")) },
		"invalid string inside":      func(tx tx) error { return tx.Set(P("x"), []any{map[string]any{"k": "\xff"}}) },
		"not a number":               func(tx tx) error { return tx.Set(P("x"), math.NaN()) },
		"a type of its own":          func(tx tx) error { return tx.Set(P("x"), struct{}{}) },
		"an unknown value":           func(tx tx) error { return tx.Set(P("x"), crdt.Unknown{Type: 12}) },
		"too deep":                   func(tx tx) error { return tx.Set(P("x"), deep) },
		"root":                       func(tx tx) error { return tx.Set(nil, 1) },
		"delete the root":            func(tx tx) error { return tx.Delete(nil) },
		"a step that is no step":     func(tx tx) error { return tx.Set(P("m", 1.5), 1) },
		"a key in a list":            func(tx tx) error { return tx.Set(P("l", "k"), 1) },
		"an index in a map":          func(tx tx) error { return tx.Set(P("m", 0), 1) },
		"an index in a text":         func(tx tx) error { return tx.Set(P("t", 0), "x") },
		"insert into a text":         func(tx tx) error { return tx.Insert(P("t", 0), "x") },
		"a key in a string":          func(tx tx) error { return tx.Set(P("s", "k"), 1) },
		"a key in nothing":           func(tx tx) error { return tx.Set(P("none", "k"), 1) },
		"list set behind the end":    func(tx tx) error { return tx.Set(P("l", 2), 1) },
		"list set at minus one":      func(tx tx) error { return tx.Set(P("l", -1), 1) },
		"list insert behind the end": func(tx tx) error { return tx.Insert(P("l", 3), 1) },
		"insert at a key":            func(tx tx) error { return tx.Insert(P("m", "x"), 1) },
		"list delete at the end":     func(tx tx) error { return tx.Delete(P("l", 2)) },
		"increment of a number":      func(tx tx) error { return tx.Increment(P("m", "k"), 1) },
		"increment of nothing":       func(tx tx) error { return tx.Increment(P("none"), 1) },
		"increment of the root":      func(tx tx) error { return tx.Increment(nil, 1) },
		"increment over the top":     func(tx tx) error { return tx.Increment(P("c"), 1) },
		"a map where a list is":      func(tx tx) error { return tx.EnsureMap(P("l")) },
		"an edit of no kind":         func(tx tx) error { return tx.Apply(crdt.Edit{Kind: 99}) },
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := d.Edit(Commit{Actor: ben}, fn)
			if err == nil || raw != nil {
				t.Fatalf("no error, %d bytes", len(raw))
			}
			if k := crdt.KindOf(err); k != crdt.KindInvalid && k != crdt.KindConflict && k != crdt.KindNotFound && k != crdt.KindTooLarge {
				t.Errorf("the caller's mistake is called %v: %v", k, err)
			}
		})
	}
	for name, c := range map[string]Commit{
		"no actor": {}, "long actor": {Actor: crdt.ActorID(make([]byte, crdt.MaxActorID+1))}, "invalid message": {Actor: anna, Message: "\xff"},
		"long message": {Actor: anna, Message: strings.Repeat("m", MaxMessage+1)},
	} {
		if _, err := d.Edit(c, set(crdt.Path{"x"}, 1)); crdt.KindOf(err) != crdt.KindInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, path := range []crdt.Path{{"\xff"}, {1.5}, {nil}, make(crdt.Path, MaxDepth+1)} {
		if _, err := d.Get(path...); crdt.KindOf(err) != crdt.KindInvalid {
			t.Errorf("Get(%v): %v", path, err)
		}
	}
	if _, err := d.Conflicts(); crdt.KindOf(err) != crdt.KindInvalid {
		t.Errorf("Conflicts of the root: %v", err)
	}
	var leaked *Tx
	edit(t, d, ben, func(tx *Tx) error { leaked = tx; return nil })
	if err := leaked.Set(crdt.Path{"x"}, 1); !errors.Is(err, ErrClosed) {
		t.Errorf("a transaction that is over: %v", err)
	}
	if got := jsonOf(t, d); got != before {
		t.Errorf("the document changed: %s, was %s", got, before)
	}
}

func TestAClosedDocumentSaysSo(t *testing.T) {
	d := open(t)
	d.Close()
	d.Close()
	_, get := d.Get()
	_, tree := d.Tree()
	_, js := d.JSON()
	_, keys := d.Keys()
	_, length := d.Len()
	_, conf := d.Conflicts("a")
	_, clashes := d.Clashes()
	_, fork := d.Fork()
	_, save := d.Save()
	_, changes := d.Changes()
	_, ed := d.Edit(Commit{Actor: anna}, set(crdt.Path{"a"}, 1))
	for i, err := range []error{get, tree, js, keys, length, conf, clashes, fork, save, changes, ed, d.Apply([]byte("x"))} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("call %d: %v", i, err)
		}
	}
	if d.Heads() != nil {
		t.Error("heads of a closed document")
	}
}

func TestABIMatchesTheModulesHeader(t *testing.T) {
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/automerge/automerge-go").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	theirs, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "automerge.h"))
	if err != nil {
		t.Fatal(err)
	}
	ours, err := os.ReadFile("automerge_abi.h")
	if err != nil {
		t.Fatal(err)
	}
	squeeze := func(s string) string {
		s = regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*`).ReplaceAllString(s, "")
		return strings.Join(strings.Fields(s), " ")
	}
	header, declared := squeeze(string(theirs)), squeeze(string(ours))
	functions := regexp.MustCompile(`(?:struct \w+ \*|const struct \w+ \*|struct \w+ |\w+ )AM\w+\([^;]*\);`).FindAllString(declared, -1)
	structs := regexp.MustCompile(`typedef struct \w+ \{[^}]*\} \w+;`).FindAllString(declared, -1)
	if len(functions) < 60 || len(structs) != 3 {
		t.Fatalf("read %d functions and %d structs from automerge_abi.h", len(functions), len(structs))
	}
	for _, decl := range append(functions, structs...) {
		if !strings.Contains(header, strings.TrimSpace(decl)) {
			t.Errorf("automerge.h does not declare %q", decl)
		}
	}
	for _, c := range regexp.MustCompile(`AM_VAL_TYPE_\w+ = \(1 << \d+\)|typedef uint\d+_t AM\w+;`).FindAllString(declared, -1) {
		if !strings.Contains(header, c) {
			t.Errorf("automerge.h does not have %q", c)
		}
	}
	if !strings.Contains(header, "AM_OBJ_TYPE_LIST = 1, AM_OBJ_TYPE_MAP, AM_OBJ_TYPE_TEXT,") ||
		!strings.Contains(header, "AM_STATUS_OK, AM_STATUS_ERROR,") {
		t.Error("automerge.h numbers object types or statuses in another way")
	}
}
