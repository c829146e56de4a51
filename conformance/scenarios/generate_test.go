package scenarios

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"

	"fieldsync/crdt"
)

// action is one thing that somebody does to a job, as one change. scenarios.mjs reads it too.
type action struct {
	Do     string   `json:"do"`
	ID     string   `json:"id,omitempty"`     // of the entry that it adds
	Status string   `json:"status,omitempty"` // status
	Item   string   `json:"item,omitempty"`   // tick, fill: the entry that it works on
	Text   string   `json:"text,omitempty"`
	Number float64  `json:"number,omitempty"` // fill
	Index  int      `json:"index"`            // describe: where, how much goes
	Delete int      `json:"delete"`
	Users  []string `json:"users,omitempty"` // reassign
	When   int64    `json:"when"`            // by the clock of who does it, ms since 1970
}

// theme is what the two of them do against each other.
type theme int

const (
	finishAgainstCancel theme = iota
	reassignAgainstReport
	bothDescribe
	bothTick
	numThemes
)

func (t theme) String() string {
	return [...]string{"finish against cancel", "reassign against report", "both describe", "both tick"}[t]
}

// pairing says who is who.
type pairing int

const (
	goInTheField  pairing = iota // the Go client is the worker's, automerge-repo the dispatcher's
	goInTheOffice                // the other way round
	bothInTheOffice
	numPairings
)

func (p pairing) String() string {
	return [...]string{"Go in the field, JS in the office", "Go in the office, JS in the field", "both in the office"}[p]
}

// Names of the people, as their tokens' users are called.
const (
	dora = "dispatcher"
	anna = "anna"
)

// side is one of the two, with what he does.
type side struct {
	who    string
	acts   []action
	hashes []string // of the changes, in the same order; empty where it was not made
	told   []string // why it was not made, as he was told at once
}

// scenario is one job and what becomes of it.
type scenario struct {
	n       int
	theme   theme
	pairing pairing
	doc     crdt.DocID
	golang  side
	js      side
}

func (s *scenario) String() string {
	do := func(x *side) (out []string) {
		for _, a := range x.acts {
			out = append(out, fmt.Sprint(a.Do, " ", a.Status, a.Text, a.Item, a.Users))
		}
		return out
	}
	return fmt.Sprintf("scenario %d (%s; %s), job %s\n  Go, %s: %q\n  JS, %s: %q", s.n, s.theme, s.pairing, s.doc, s.golang.who, do(&s.golang), s.js.who, do(&s.js))
}

// does tells whether one of the sides does something.
func (x *side) does(what string) bool {
	return slices.ContainsFunc(x.acts, func(a action) bool { return a.Do == what })
}

// description is what each job begins with.
const description = "Water under the boiler, tenant is at home."

// generate makes the n-th scenario of a seed.
func generate(seed uint64, n int) *scenario {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	s := &scenario{n: n, theme: theme(n) % numThemes, pairing: pairing(n/int(numThemes)) % numPairings}
	if s.theme == bothDescribe && s.pairing == goInTheOffice {
		s.pairing = bothInTheOffice // an unmodified client does not recover from a refusal: a worker may not write the description
	}
	s.golang.who, s.js.who = dora, dora
	switch s.pairing {
	case goInTheField:
		s.golang.who = anna
	case goInTheOffice:
		s.js.who = anna
	}
	field, office := &s.golang, &s.js // who plays the worker's part
	if s.pairing == goInTheOffice || s.pairing == bothInTheOffice && r.IntN(2) == 0 {
		field, office = office, field
	}
	g := &generator{r: r, n: n}
	themes := []theme{s.theme}
	if r.IntN(2) == 0 {
		more := theme(r.IntN(int(numThemes)))
		if more != s.theme && (more != bothDescribe || s.pairing == bothInTheOffice) {
			themes = append(themes, more)
		}
	}
	for _, t := range themes {
		g.play(t, field, office)
	}
	for _, x := range []*side{field, office} {
		for range r.IntN(4) {
			g.meanwhile(x)
		}
	}
	return s
}

type generator struct {
	r  *rand.Rand
	n  int
	id int
}

// act adds an action, behind the others or, if it may, anywhere.
func (g *generator) act(x *side, anywhere bool, a action) {
	g.id++
	if a.ID == "" {
		a.ID = fmt.Sprintf("%s-%d-%d", a.Do, g.n, g.id)
	}
	a.When = 1_790_000_000_000 + int64(g.n)*60_000 + int64(g.r.IntN(4))*1000 // clocks often agree
	at := len(x.acts)
	if anywhere {
		at = g.r.IntN(at + 1)
	}
	x.acts = slices.Insert(x.acts, at, a)
}

func (g *generator) play(t theme, field, office *side) {
	switch t {
	case finishAgainstCancel:
		if g.r.IntN(2) == 0 {
			g.act(field, false, action{Do: "status", Status: "en_route"})
		}
		g.act(field, false, action{Do: "status", Status: "started"})
		if g.r.IntN(3) == 0 {
			g.act(field, false, action{Do: "status", Status: "paused"})
		}
		g.act(field, false, action{Do: "status", Status: "finished"})
		g.act(office, false, action{Do: "status", Status: "cancelled"})
	case reassignAgainstReport:
		g.act(field, true, action{Do: "fill", Item: "f1", Number: float64(g.r.IntN(100)) / 4})
		g.photo(field)
		g.comment(field)
		g.act(office, true, action{Do: "reassign", Users: []string{"ben"}})
	case bothDescribe:
		for _, x := range []*side{field, office} {
			for range 1 + g.r.IntN(2) {
				g.describe(x)
			}
		}
	case bothTick:
		for _, x := range []*side{field, office} {
			g.act(x, true, action{Do: "tick", Item: "i1"})
		}
	}
}

// meanwhile is what people do beside.
func (g *generator) meanwhile(x *side) {
	switch n := g.r.IntN(8); {
	case n < 3:
		g.comment(x)
	case n < 5:
		g.photo(x)
	case n == 5 && !slices.ContainsFunc(x.acts, func(a action) bool { return a.Item == "i2" }):
		g.act(x, true, action{Do: "tick", Item: "i2"})
	case x.who == dora && !x.does("rename"):
		g.act(x, true, action{Do: "rename", Text: fmt.Sprintf("renamed %d", g.id)})
	}
}

func (g *generator) comment(x *side) {
	g.act(x, true, action{Do: "comment", Text: fmt.Sprintf("Nobody at home, %d 👍", g.id)})
}

func (g *generator) photo(x *side) {
	g.act(x, true, action{Do: "attach", Text: fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, "%d %d", g.n, g.id)))})
}

// describe puts a word into the description. Only the first one also takes something away, of what stood there before.
func (g *generator) describe(x *side) {
	a := action{Do: "describe", Text: fmt.Sprintf("<%s %d 🔧>", x.who, g.id)}
	if !x.does("describe") {
		a.Index = g.r.IntN(len(description))
		a.Delete = g.r.IntN(min(12, len(description)-a.Index) + 1)
	}
	g.act(x, false, a)
}
