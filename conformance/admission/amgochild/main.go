// Command amgochild is the judge that runs automerge-go: it reads one JSON request per line, builds the document of the
// changes in it in several ways, and answers with what it sees, one JSON line each. If the core aborts, so does this
// process, and nothing else. The protocol is conformance/admission/judge.go's.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"

	"fieldsync/conformance/admission"
	"fieldsync/crdt"
	"fieldsync/crdt/engine"
)

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var req admission.Request
		if err := json.Unmarshal(line, &req); err != nil {
			fmt.Fprintln(os.Stderr, "amgochild:", err)
			os.Exit(2)
		}
		if out.Encode(answer(req)) != nil {
			return
		}
	}
}

func answer(req admission.Request) admission.Answer {
	var a admission.Answer
	if err := run(req, &a); err != nil {
		a.Error = err.Error()
	}
	return a
}

func run(req admission.Request, a *admission.Answer) error {
	step := func(how string, indexed bool, open func() (*engine.Doc, error)) (*engine.Doc, error) {
		a.Failed = how
		d, err := open()
		if err != nil {
			return nil, err
		}
		s, err := see(how, d, indexed)
		if err != nil {
			d.Close()
			return nil, err
		}
		a.Seen = append(a.Seen, s)
		return d, nil
	}
	all, err := step("load all at once", false, func() (*engine.Doc, error) { return engine.Load(req.A...) })
	if err != nil {
		return err
	}
	defer all.Close()
	one, err := step("apply one by one", false, func() (*engine.Doc, error) {
		d, err := engine.New()
		if err != nil {
			return nil, err
		}
		for _, raw := range req.B {
			if err := d.Apply(raw); err != nil {
				d.Close()
				return nil, err
			}
		}
		return d, nil
	})
	if err != nil {
		return err
	}
	defer one.Close()
	for _, d := range []*engine.Doc{all, one} {
		again, err := step("load what was saved", true, func() (*engine.Doc, error) {
			saved, err := d.Save()
			if err != nil {
				return nil, err
			}
			return engine.Load(saved)
		})
		if err != nil {
			return err
		}
		again.Close()
	}
	a.Failed = "write to it"
	if _, err := all.Edit(engine.Commit{Actor: "written-afterwards"}, func(tx *engine.Tx) error {
		return tx.Set(crdt.Path{"written afterwards"}, int64(1))
	}); err != nil {
		return err
	}
	if _, err := all.Save(); err != nil {
		return err
	}
	a.Failed = ""
	return nil
}

// see reads a document. indexed tells that the core's elements may be read by index, which conflicts are read by: of a
// document that came as changes, core 0.5.0 counts elements wrongly once several values stand in one of them, so that get(i)
// gives a neighbour; it reads and saves them rightly all the same, and counts rightly once it has loaded what it saved.
func see(how string, d *engine.Doc, indexed bool) (admission.Seen, error) {
	s := admission.Seen{How: how, Heads: []string{}, Changes: []string{}, Clashes: []any{}}
	for _, h := range d.Heads() {
		s.Heads = append(s.Heads, h.String())
	}
	slices.Sort(s.Heads)
	raws, err := d.Changes()
	if err != nil {
		return s, err
	}
	for _, raw := range raws {
		s.Changes = append(s.Changes, hex.EncodeToString(raw[4:8]))
	}
	slices.Sort(s.Changes)
	tree, err := d.Tree()
	if err != nil {
		return s, err
	}
	s.Tree = value(tree)
	if s.NoClashes = !indexed; s.NoClashes {
		return s, nil
	}
	clashes, err := d.Clashes()
	if err != nil {
		return s, err
	}
	for _, c := range clashes {
		alts := []any{}
		for _, x := range c.Alternatives {
			alts = append(alts, []any{fmt.Sprintf("%d@%s", x.Counter, x.Actor), value(x.Value)})
		}
		s.Clashes = append(s.Clashes, []any{[]any(c.Path), alts})
	}
	return s, nil
}

// number is a number as the bits of its float, which is all that JavaScript can hold of it.
func number(x float64) string {
	if math.IsNaN(x) {
		return "nan" // JavaScript does not keep the bits of one
	}
	return fmt.Sprintf("%x", math.Float64bits(x))
}

// lastDate is the greatest distance from 1970 that JavaScript's Date can hold, in milliseconds.
const lastDate = 8_640_000_000_000_000

// value writes a value in the form that oracle.mjs writes it.
func value(v any) any {
	switch x := v.(type) {
	case nil:
		return map[string]any{"null": true}
	case map[string]any:
		keys := make([]string, 0, len(x))
		for k := range x {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		entries := []any{}
		for _, k := range keys {
			entries = append(entries, []any{k, value(x[k])})
		}
		return map[string]any{"m": entries}
	case []any:
		elems := []any{}
		for _, e := range x {
			elems = append(elems, value(e))
		}
		return map[string]any{"l": elems}
	case crdt.Text:
		return map[string]any{"t": string(x)}
	case string:
		return map[string]any{"str": x}
	case bool:
		return map[string]any{"bool": x}
	case int64:
		return map[string]any{"int": number(float64(x))}
	case uint64:
		return map[string]any{"uint": number(float64(x))}
	case float64:
		return map[string]any{"f64": number(x)}
	case crdt.Counter:
		return map[string]any{"counter": number(float64(x))}
	case crdt.Timestamp:
		if x > lastDate || x < -lastDate {
			return map[string]any{"timestamp": "nan"}
		}
		return map[string]any{"timestamp": number(float64(x))}
	case []byte:
		return map[string]any{"bytes": x}
	case crdt.Unknown:
		return map[string]any{"unknown": x.Raw}
	default:
		return fmt.Sprintf("unexpected %T", v)
	}
}
