package api

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"fieldsync/crdt"
)

// TestAnotherOrganisationsThingsAreAnsweredLikeWhatIsNotThere asks, for every operation, as the owner of one organisation for what is another's, and
// for what is nowhere: the answers do not differ.
func TestAnotherOrganisationsThingsAreAnsweredLikeWhatIsNotThere(t *testing.T) {
	s := start(t)
	sp := parseSpec(t, s.raw)
	pool := s.furnish()
	for name, id := range s.ids {
		if name != "rita" {
			pool["user"] = append(pool["user"], id)
		}
	}
	// Each id with a double of the same form that names nothing.
	r := rand.New(rand.NewPCG(1, 1))
	doubles := map[string]string{}
	for _, name := range []string{"user", "foreman", "team", "webhook", "id", "job", "jobs", "templates", "template", "clients", "client", "sites", "site", "follows",
		"item", "comment", "attachment", "event", "field", "change", "at", "since", "heads", "device", "key"} {
		for _, id := range pool[name] {
			if len(id) >= 16 { // the others are words
				doubles[id] = double(r, id)
			}
		}
	}
	g := &generator{Rand: r, spec: sp, pool: pool}
	compared, differed := 0, 0
	for _, op := range sp.ops {
		if op.stream || op.id == "sign-out" || slow[op.id] {
			continue
		}
		for range 12 {
			m := g.proper(op)
			ghost := m
			ghost.path, ghost.body = swap(m.path, doubles), []byte(swap(string(m.body), doubles))
			if ghost.path == m.path && string(ghost.body) == string(m.body) {
				continue // it names nothing of anybody's
			}
			theirs, nobodys := s.asked("rita", m), s.asked("rita", ghost)
			compared++
			if theirs.status != nobodys.status || swap(string(theirs.body), doubles) != string(nobodys.body) {
				differed++
				t.Errorf("%s %s %s\nwhat is another's: %d %.300s\nwhat is nowhere:   %d %.300s", m.method, m.path, m.body, theirs.status, theirs.body, nobodys.status, nobodys.body)
			}
		}
		if differed > 10 {
			t.FailNow()
		}
	}
	if compared < 200 {
		t.Errorf("only %d pairs of requests named something", compared)
	}
}

func (s *server) asked(as string, m made) answer {
	s.t.Helper()
	r, sent := s.request(as, m.method, m.path, m.body, m.header...)
	a, err := s.send(r, sent)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// proper makes a request that is as described, and names what there is.
func (g *generator) proper(op operation) made {
	for {
		m := g.request(op)
		v := map[string]any{}
		if len(op.body) > 0 {
			ct := slices.Sorted(maps.Keys(op.body))[0]
			if made, ok := g.value("", op.body[ct], 0).(map[string]any); ok {
				v = made
			}
			m.body = []byte(marshal(v))
			m.header = []string{"Content-Type", ct}
		}
		if !strings.ContainsAny(m.path, "%{") {
			return m
		}
	}
}

func swap(text string, doubles map[string]string) string {
	for _, id := range slices.SortedFunc(maps.Keys(doubles), func(a, b string) int { return len(b) - len(a) }) {
		text = strings.ReplaceAll(text, id, doubles[id])
	}
	return text
}

// double is an id of the same form as another.
func double(r *rand.Rand, id string) string {
	if doc, err := crdt.ParseDocID(id); err == nil {
		for i := range doc {
			doc[i] = byte(r.IntN(256))
		}
		if strings.Count(id, "-") != 4 {
			return doc.String()
		}
	}
	return strings.Map(func(c rune) rune {
		switch {
		case c >= '0' && c <= '9':
			return '0' + rune(r.IntN(10))
		case c >= 'a' && c <= 'f':
			return 'a' + rune(r.IntN(6))
		case c >= 'g' && c <= 'z':
			return 'g' + rune(r.IntN(20))
		}
		return c
	}, id)
}
