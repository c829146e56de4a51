package access_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"fieldsync/conformance/internal/author"
	"fieldsync/conformance/internal/light"
	"fieldsync/crdt"
)

// logins are who stands for the columns of the table.
var logins = map[string]string{"own": "owner", "adm": "ada", "dis": "dora", "int": "erp", "dir": "dirk", "str": "dora@rival"}

func login(column string) string {
	if l, ok := logins[column]; ok {
		return l
	}
	return column // the workers
}

// stage is a world with all people of the table, and a pen.
type stage struct {
	*world
	pen  *pen
	core string
}

func newStage(t testing.TB) *stage {
	w := newWorld(t)
	w.add("acme", "administrator", "ada")
	w.add("acme", "dispatcher", "dora", "office")
	w.add("acme", "director", "dirk")
	w.add("acme", "worker", "cre", "edi", "vie", "lae", "lav", "dem", "una", "non", "ben")
	w.key("acme", "erp", "dispatcher")
	w.add("rival", "dispatcher", "dora")
	return &stage{world: w, pen: newPen(t), core: "3"}
}

// me is how somebody signs.
func (s *stage) me(who string) string {
	if p := s.people[who]; p.user != "" {
		return p.user
	}
	return who
}

// scene is a document of a section as one column finds it.
type scene struct {
	*stage
	who      string // the column's person
	doc      string
	name     string   // of the document at the pen
	heads    []string // what he has of it
	expected map[string]bool
}

// build makes the document, and what ties the column's person to it.
func (s *stage) build(section, column string) (*scene, error) {
	kind, _, _ := strings.Cut(section, ":")
	kind, state, _ := strings.Cut(kind, " ")
	if kind == "opaque" {
		kind = ""
	}
	c := &scene{stage: s, who: login(column), doc: newDoc(), expected: map[string]bool{}}
	c.name = c.doc
	maker := "office"
	if column == "cre" && (kind == "job" || kind == "") {
		maker = "cre"
	}
	assigned := map[string]map[string]bool{"edi": {"edi": true}, "vie": {"vie": false}, "lae": {"lae": true}, "lav": {"lav": false},
		"dem": {"dem": true}, "una": {"una": true}, "cre": {"cre": true}}[column]
	if assigned == nil {
		assigned = map[string]bool{"ben": true}
	}
	ids := map[string]bool{}
	for who, edit := range assigned {
		ids[s.me(who)] = edit
	}
	base := s.pen.ask(request{Do: "base", Core: s.core, Doc: c.name, Kind: kind, Bare: state == "without maps", Actors: []string{newActor(), newActor()}, Me: s.me("office"), Assignees: ids})
	if base.Error != "" {
		return nil, errors.New(base.Error)
	}
	for i, ch := range base.Changes {
		who := "office"
		if i == 0 {
			who = maker
		}
		if err := c.takes(who, ch); err != nil {
			return nil, err
		}
	}
	if kind == "job" && state != "without maps" {
		own := map[string][]string{"own": {"event", "comment", "file"}, "vie": {"comment"}, "lav": {"comment"}, "cre": {"comment", "file"}}
		for _, like := range []string{"adm", "dis", "int", "edi", "lae", "dem", "una"} {
			own[like] = own["own"]
		}
		if state == "under way" {
			own["cre"] = own["own"]
		}
		if what := own[column]; what != nil {
			if err := c.step(c.who, request{Do: "own", Doc: c.name, Own: what, Me: s.me(c.who)}, true); err != nil {
				return nil, err
			}
		}
	}
	switch column {
	case "dem":
		return c, c.step("office", request{Do: "assign", Doc: c.name, Edit: false, Me: s.me(c.who)}, true)
	case "lae", "lav", "una":
		q := request{Do: "assign", Doc: c.name + " office", Me: s.me(c.who)}
		if column == "una" {
			q.Edit = false
		}
		if a := s.pen.ask(request{Do: "copy", Core: s.core, Doc: q.Doc, From: c.name}); a.Error != "" {
			return nil, errors.New(a.Error)
		}
		return c, c.step("office", q, false)
	}
	return c, nil
}

// step has the pen make a change that belongs to the scene, and somebody deliver it; known says whether the column's person has it.
func (c *scene) step(who string, q request, known bool) error {
	q.Core, q.Actor = c.core, newActor()
	a := c.pen.ask(q)
	if a.Error != "" {
		return errors.New(a.Error)
	}
	before := c.heads
	if err := c.takes(who, a.Changes[0]); err != nil {
		return err
	}
	if !known {
		c.heads = before
	}
	return nil
}

// takes has the server take a change that belongs to the scene.
func (c *scene) takes(who string, ch change) error {
	p, err := c.dial(who, true)
	if err != nil {
		return err
	}
	defer p.Close()
	o, err := p.deliver(c.doc, c.heads, ch)
	if err == nil && !o.stored {
		err = fmt.Errorf("the server does not take what %s has made: %s", who, o.cell())
	}
	c.heads, c.expected[ch.Hash] = []string{ch.Hash}, true
	return err
}

// play makes the changes of all rows, and gives what became of each, in the table's words.
func (s *stage) play(sec section, column string, skip func(row) bool) ([]string, error) {
	c, err := s.build(sec.name, column)
	if err != nil {
		return nil, err
	}
	watcher, seen, err := c.watch("dora")
	if err != nil {
		return nil, err
	}
	defer watcher.Close()
	p, err := c.dial(c.who, true)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	out := make([]string, len(sec.rows))
	refused := map[string]string{}
	for i, r := range sec.rows {
		if skip(r) {
			continue
		}
		if r.edit == "read" {
			if out[i], err = c.read(); err != nil {
				return nil, err
			}
			continue
		}
		a := s.pen.ask(request{Do: "edit", Core: s.core, Doc: c.name, Edit: r.edit, Actor: newActor(), Me: s.me(c.who), Other: s.me("ben")})
		if a.Error != "" {
			return nil, errors.New(a.Error)
		}
		o, err := p.deliver(c.doc, c.heads, a.Changes[0])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.edit, err)
		}
		if o.refused && o.code != string(crdt.RefusedNotAllowed) {
			return nil, fmt.Errorf("%s: refused as %s: %s", r.edit, o.code, o.detail)
		}
		out[i] = o.cell()
		if o.stored {
			c.expected[a.Changes[0].Hash] = true
		} else {
			refused[a.Changes[0].Hash] = r.edit
		}
	}
	// Who was there all the time has seen exactly what was taken, and who comes now gets the same.
	has := func(hash string) bool { h, err := crdt.ParseHash(hash); return err == nil && seen.Has(h) }
	if err := watcher.Until(func() bool {
		return !slices.ContainsFunc(slices.Collect(maps.Keys(c.expected)), func(h string) bool { return !has(h) })
	}); err != nil {
		return nil, fmt.Errorf("a watcher does not see what was taken: %w", err)
	}
	late, err := author.Fetch(s.t.Context(), s.url("dora"), fmt.Sprintf("late-%d", peers.Add(1)), c.doc)
	if err != nil {
		return nil, err
	}
	for _, got := range []*author.Copy{seen, late} {
		for _, ch := range got.Changes() {
			if edit, no := refused[ch.Hash.String()]; no || !c.expected[ch.Hash.String()] {
				return nil, fmt.Errorf("others see a change that was not taken: %q", edit)
			}
		}
		if len(got.Changes()) != len(c.expected) {
			return nil, fmt.Errorf("others see %d changes, not %d", len(got.Changes()), len(c.expected))
		}
	}
	return out, nil
}

// watch follows the document as somebody.
func (c *scene) watch(who string) (*author.Client, *author.Copy, error) {
	copied := author.NewCopy(c.doc, crdt.ActorID(newActor()))
	client, err := author.Dial(c.t.Context(), c.url(who), fmt.Sprintf("watcher-%d", peers.Add(1)), light.Options{}, copied)
	if err != nil {
		return nil, nil, err
	}
	return client, copied, client.Until(copied.Complete)
}

// read asks for the document as somebody who knows its id and nothing else.
func (c *scene) read() (string, error) {
	got, err := author.Fetch(c.t.Context(), c.url(c.who), fmt.Sprintf("reader-%d", peers.Add(1)), c.doc)
	switch {
	case errors.Is(err, author.ErrUnavailable) && len(got.Changes()) == 0:
		return ".", nil
	case err != nil:
		return "", err
	case len(got.Changes()) != len(c.expected):
		return "", fmt.Errorf("a reader gets %d changes of %d", len(got.Changes()), len(c.expected))
	}
	return "+", nil
}

// compare reports the cells that are not as the table says.
func compare(t *testing.T, what string, sec section, column int, got []string, reasons map[string]string) {
	t.Helper()
	for i, r := range sec.rows {
		want := r.cells[column]
		switch {
		case got[i] == "":
		case want == "+" || want == "." || got[i] == "+" || got[i] == ".":
			if got[i] != want {
				t.Errorf("%s%s, %s, %s: %q; want %s (%s)", what, sec.name, r.edit, sec.columns[column], got[i], want, reasons[want])
			}
		case !reasonFits(got[i], reasons[want], r.edit):
			t.Errorf("%s%s, %s, %s: refused as %q; want %s (%s)", what, sec.name, r.edit, sec.columns[column], got[i], want, reasons[want])
		}
	}
}

func TestEveryCellOfTheTable(t *testing.T) {
	sections, reasons := table(t)
	s := newStage(t)
	s.coversAllEdits(sections)
	for _, sec := range sections {
		if sec.name == "making" {
			continue
		}
		// Who is of another organisation reaches a document of that id in her own: TestTheSameIDIsAnotherDocumentInEachOrganisation has her.
		columns := slices.DeleteFunc(slices.Clone(sec.columns), func(c string) bool { return c == "str" })
		t.Run(sec.name, func(t *testing.T) { s.playAll(t, sec, columns, reasons, func(row) bool { return false }) })
	}
	t.Run("making", func(t *testing.T) { s.makeAll(t, sections[len(sections)-1], reasons) })
}

// Strings may also be single values, as Go writes them and earlier cores do; and automerge 2.2 makes its changes otherwise.
func TestTheTableHoldsForOtherWaysOfWriting(t *testing.T) {
	sections, reasons := table(t)
	s := newStage(t)
	onTexts := []string{"kind: edit", "kind: set to the same", "title: edit", "status_log/e1/status: edit", "attachments/mine/name: edit"}
	for _, core := range []string{"3 scalars", "2.2"} {
		s.core = core
		for _, sec := range sections {
			if !strings.HasPrefix(sec.name, "job") {
				continue
			}
			columns := slices.DeleteFunc([]string{"dis", "cre", "edi", "vie", "lae", "una"}, func(c string) bool { return !slices.Contains(sec.columns, c) })
			t.Run(core+"/"+sec.name, func(t *testing.T) {
				s.playAll(t, sec, columns, reasons, func(r row) bool { return core == "3 scalars" && slices.Contains(onTexts, r.edit) })
			})
		}
	}
}

func (s *stage) playAll(t *testing.T, sec section, columns []string, reasons map[string]string, skip func(row) bool) {
	results := make([][]string, len(columns))
	errs := make([]error, len(columns))
	var wg sync.WaitGroup
	for i, column := range columns {
		wg.Go(func() { results[i], errs[i] = s.play(sec, column, skip) })
	}
	wg.Wait()
	for i, column := range columns {
		if errs[i] != nil {
			t.Errorf("%s, %s: %v", sec.name, column, errs[i])
			continue
		}
		compare(t, "", sec, slices.Index(sec.columns, column), results[i], reasons)
	}
}

// coversAllEdits checks that the table and the pen know the same edits.
func (s *stage) coversAllEdits(sections []section) {
	s.t.Helper()
	a := s.pen.ask(request{Do: "edits", Core: "3"})
	known, used := map[string]bool{"read": true}, map[string]bool{"read": true}
	for _, e := range append(a.Edits, a.Makes...) {
		known[e] = true
	}
	for _, sec := range sections {
		for _, r := range sec.rows {
			if used[r.edit] = true; !known[r.edit] {
				s.t.Errorf("the table has %q, which nobody can make", r.edit)
			}
		}
	}
	for e := range known {
		if !used[e] {
			s.t.Errorf("the table has no %q", e)
		}
	}
}

// makeAll makes documents.
func (s *stage) makeAll(t *testing.T, sec section, reasons map[string]string) {
	s.add("strict", "worker", "wanda")
	s.add("rival", "worker", "wanda")
	maker := map[string]string{"none": "wanda@strict", "templates": "wanda@rival", "any": "edi"}
	for _, org := range []string{"acme", "strict", "rival"} {
		for _, template := range []string{"open", "closed"} {
			if o, err := s.makes(name("owner", org), template, newDoc()); err != nil || !o.stored {
				t.Fatalf("template: %+v, %v", o, err)
			}
		}
	}
	for i, column := range sec.columns {
		who := maker[column]
		if who == "" {
			who = login(column)
		}
		got := make([]string, len(sec.rows))
		for k, r := range sec.rows {
			doc := newDoc()
			o, err := s.makes(who, r.edit, doc)
			if err != nil {
				t.Fatalf("%s, %s: %v", r.edit, column, err)
			}
			got[k] = o.cell()
			owner := name("owner", s.people[who].org)
			if _, err := author.Fetch(t.Context(), s.url(owner), fmt.Sprintf("late-%d", peers.Add(1)), doc); o.stored != (err == nil) || !o.stored && !errors.Is(err, author.ErrUnavailable) {
				t.Errorf("%s, %s: stored %v, and the owner finds %v", r.edit, column, o.stored, err)
			}
		}
		compareMaking(t, sec, i, got, reasons)
	}
}

func (s *stage) makes(who, what, doc string) (outcome, error) {
	p, err := s.dial(who, true)
	if err != nil {
		return outcome{}, err
	}
	defer p.Close()
	a := s.pen.ask(request{Do: "make", Core: s.core, Edit: what, Actor: newActor(), Me: s.me(who), Other: s.me("ben")})
	if a.Error != "" {
		return outcome{}, errors.New(a.Error)
	}
	return p.deliver(doc, nil, a.Changes[0])
}

// compareMaking is compare for documents that are made: what is refused is named by its kind, or the assignee.
func compareMaking(t *testing.T, sec section, column int, got []string, reasons map[string]string) {
	t.Helper()
	for i := range sec.rows {
		sec.rows[i].edit += " (kind, assignees)"
	}
	compare(t, "", sec, column, got, reasons)
	for i := range sec.rows {
		sec.rows[i].edit = strings.TrimSuffix(sec.rows[i].edit, " (kind, assignees)")
	}
}
