package job

import (
	"strings"
	"testing"
)

// whoMayWrite is the whole table, written out by hand. A cell names verbs by their first letters (add, set, delete, edit, increment):
// those that are always allowed; behind "own" those on what is one's own; behind "new" those on what the same change adds; and
// "until started" where nothing is allowed once a status beyond published stands. A dash allows nothing.
const whoMayWrite = `
place                          | onlooker | viewer          | editor          | creator             | planner
kind                           | -        | -               | -               | -                   | -
title                          | -        | -               | -               | asdei until started | asdei
scheduled_at                   | -        | -               | -               | asdei until started | asdei
scheduled_duration/minutes     | -        | -               | -               | asdei until started | asdei
description                    | -        | -               | -               | asdei until started | asdei
address/geolocation/latitude   | -        | -               | -               | asdei until started | asdei
custom_fields/f/value          | -        | -               | -               | asdei until started | asdei
resolution                     | -        | -               | -               | asdei until started | asdei
something_of_tomorrow          | -        | -               | -               | asdei until started | asdei
assignees                      | -        | -               | -               | a until started     | asdei
assignees/u                    | -        | -               | -               | own asdei until started | asdei
assignees/u/edit               | -        | -               | -               | own asdei until started | asdei
status_log                     | -        | -               | a               | a                   | a
status_log/e                   | -        | -               | a               | a                   | a
status_log/e/status            | -        | -               | new asdei       | new asdei           | new asdei
status_log/e/location/latitude | -        | -               | new asdei       | new asdei           | new asdei
comments                       | -        | a               | a               | a                   | asdei
comments/c                     | -        | a own asdei     | a own asdei     | a own asdei         | asdei
comments/c/text                | -        | own asdei       | own asdei       | own asdei           | asdei
attachments                    | -        | -               | a               | a                   | asdei
attachments/a                  | -        | -               | a own asdei     | a own asdei         | asdei
attachments/a/name             | -        | -               | own asdei       | own asdei           | asdei
attachments/a/location/x       | -        | -               | own asdei       | own asdei           | asdei
checklist                      | -        | -               | -               | asdei until started | asdei
checklist/i                    | -        | -               | -               | asdei until started | asdei
checklist/i/text               | -        | -               | -               | asdei until started | asdei
checklist/i/done               | -        | -               | asdei           | asdei               | asdei
checklist/i/done_at            | -        | -               | asdei           | asdei               | asdei
checklist/i/by                 | -        | -               | asdei           | asdei               | asdei
report_fields                  | -        | -               | -               | asdei until started | asdei
report_fields/f                | -        | -               | -               | asdei until started | asdei
report_fields/f/name           | -        | -               | -               | asdei until started | asdei
report_fields/f/value          | -        | -               | asdei           | asdei               | asdei
report_fields/f/value/x        | -        | -               | asdei           | asdei               | asdei
template:kind                  | -        | -               | -               | -                   | -
template:title                 | -        | -               | -               | -                   | asdei
template:status_log/e          | -        | -               | -               | -                   | asdei
client:name                    | -        | -               | -               | -                   | asdei
site:address/floor             | -        | -               | -               | -                   | asdei
opaque:kind                    | -        | -               | -               | -                   | -
opaque:anything/else           | -        | -               | -               | asdei               | asdei
opaque:status_log/e            | -        | -               | -               | asdei               | asdei
`

// cell is what a cell of the table says.
type cell struct {
	always, own, fresh string
	untilStarted       bool
}

func parseCell(t *testing.T, s string) (c cell) {
	t.Helper()
	s, c.untilStarted = strings.CutSuffix(s, " until started")
	into := &c.always
	for _, word := range strings.Fields(s) {
		switch word {
		case "-":
		case "own":
			into = &c.own
		case "new":
			into = &c.fresh
		default:
			if strings.Trim(word, "asdei") != "" || *into != "" {
				t.Fatalf("cell %q", s)
			}
			*into = word
		}
	}
	return c
}

func (c cell) allows(w Write) bool {
	letter := "asdei"[w.Verb : w.Verb+1]
	if c.untilStarted && w.UnderWay {
		return false
	}
	return strings.Contains(c.always, letter) || w.Own && strings.Contains(c.own, letter) || w.Fresh && strings.Contains(c.fresh, letter)
}

func TestWhoMayWriteWhatEveryCell(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(whoMayWrite), "\n")
	seen := map[Place]bool{}
	for _, line := range lines[1:] {
		cells := strings.Split(line, "|")
		kind, path, named := strings.Cut(strings.TrimSpace(cells[0]), ":")
		if !named {
			kind, path = Kind, kind
		}
		keys := strings.Split(path, "/")
		place := PlaceOf(kind, keys...)
		seen[place] = true
		for _, part := range Parts() {
			want := parseCell(t, strings.TrimSpace(cells[1+part]))
			for _, verb := range Verbs() {
				for bits := range 8 {
					w := Write{Place: place, Verb: verb, Own: bits&1 != 0, Fresh: bits&2 != 0, UnderWay: bits&4 != 0}
					if got := part.May(w); got != want.allows(w) {
						t.Errorf("%s: %v may %+v: %v", line[:30], part, w, got)
					} else if why := part.Why(w, keys[0]); !got && (len(why) < 20 || len(why) > 120) {
						t.Errorf("%s: %v may not %+v: %q", line[:30], part, w, why)
					}
				}
			}
			if part.Freely(place) != (want == cell{always: "asdei"}) {
				t.Errorf("%s: %v writes freely: %v", line[:30], part, part.Freely(place))
			}
		}
	}
	for _, p := range Places() {
		if !seen[p] {
			t.Errorf("place %d is not in the table", p)
		}
	}
}

func TestPlacesAreTheSameForKeysOfAHistory(t *testing.T) {
	for path, want := range map[string]Place{"comments": PlaceComments, "comments/c": PlaceComment, "comments/c/text/more": PlaceInComment,
		"checklist/i/done/x": PlaceTick, "status_log/e": PlaceEvent, "": PlacePlan} {
		var keys [][]byte
		for _, k := range strings.Split(path, "/") {
			keys = append(keys, []byte(k))
		}
		if got := PlaceOf(Kind, keys...); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
}

func TestWhichStatusAWorkerMaySet(t *testing.T) {
	// What a part may set: in making a job, afterwards, and in taking back events of its own.
	for part, want := range map[Part][3]string{
		PartOnlooker: {},
		PartViewer:   {},
		PartEditor:   {"en_route paused started finished", "en_route paused started finished", "scheduled published en_route paused started finished"},
		PartCreator:  {"scheduled published en_route paused started finished", "en_route paused started finished", "scheduled published en_route paused started finished"},
		PartPlanner: {"scheduled published en_route paused started cancelled finished of_tomorrow", "scheduled published en_route paused started cancelled finished of_tomorrow",
			"scheduled published en_route paused started cancelled finished of_tomorrow"},
	} {
		for i, how := range []struct{ making, takingBack bool }{{true, false}, {false, false}, {false, true}} {
			var got []string
			for _, s := range append(Statuses(), "of_tomorrow") {
				if part.MaySetStatus(s, how.making, how.takingBack) {
					got = append(got, string(s))
				}
			}
			if strings.Join(got, " ") != want[i] {
				t.Errorf("part %d, %+v: %v; want %s", part, how, got, want[i])
			}
		}
	}
}

func TestNobodySignsWithAnothersName(t *testing.T) {
	for _, c := range []struct {
		user, by string
		may      bool
	}{{"anna", "anna", true}, {"anna", "ben", false}, {"anna", "", true}, {"", "ben", true}, {"", "", true}} {
		if got := MaySign(c.user, c.by); got != c.may {
			t.Errorf("%q signs as %q: %v", c.user, c.by, got)
		}
	}
}
