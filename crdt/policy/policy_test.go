package policy_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/history/historytest"
	"fieldsync/crdt/job"
	"fieldsync/crdt/policy"
)

const (
	whyLog     = "an entry of the status log is never changed or removed: add another one"
	whyComment = "a comment is changed or removed by who wrote it"
	whyKept    = "the comments stay: each is changed or removed by itself"
)

// event is an entry of the status log as a client writes it.
func event(status, by string, after ...string) map[string]any {
	e := map[string]any{"status": status, "after": after}
	if by != "" {
		e["by"] = by
	}
	return e
}

func remark(by string) map[string]any { return map[string]any{"text": "on my way", "by": by} }

// Each of these is tried on a fresh job, with strings as Go writes them and as automerge JS does.
func TestWhatIsTakenAndWhatIsRefused(t *testing.T) {
	for _, c := range []struct {
		what string
		who  string
		part job.Part
		edit func(p *pen)
		path string // where it is refused; empty: it is taken
		why  string
	}{
		{"an event of an editor", "anna", editor, func(p *pen) { p.put("status_log/e2", event("started", "anna", "e1")) }, "", ""},
		{"an event without a name", "anna", editor, func(p *pen) { p.put("status_log/e2", event("started", "", "e1")) }, "", ""},
		{"an event with an empty name", "anna", editor, func(p *pen) {
			p.put("status_log/e2", map[string]any{"status": "started", "by": nil})
		}, "", ""},
		{"an event in another's name", "anna", editor, func(p *pen) { p.put("status_log/e2", event("started", "ben", "e1")) }, "status_log/e2/by", job.WhySigned},
		{"an event in another's name, of a dispatcher", "dora", planner, func(p *pen) { p.put("status_log/e2", event("started", "ben", "e1")) }, "status_log/e2/by", job.WhySigned},
		{"an event in another's name, of an integration", "integration", planner, func(p *pen) { p.put("status_log/e2", event("started", "ben", "e1")) }, "", ""},
		{"a name that is a number", "anna", editor, func(p *pen) { p.put("status_log/e2", map[string]any{"status": "started", "by": 5}) }, "status_log/e2/by", job.WhySigned},
		{"a name that is a map", "dora", planner, func(p *pen) {
			p.put("status_log/e2", map[string]any{"status": "started", "by": map[string]any{"x": 1}})
		}, "status_log/e2/by", job.WhySigned},
		{"an event that cancels", "anna", editor, func(p *pen) { p.put("status_log/e2", event("cancelled", "anna", "e1")) }, "status_log/e2", job.WhyStatus},
		{"an event that cancels, of a dispatcher", "dora", planner, func(p *pen) { p.put("status_log/e2", event("cancelled", "dora", "e1")) }, "", ""},
		{"an event of a status of tomorrow", "anna", editor, func(p *pen) { p.put("status_log/e2", event("of_tomorrow", "anna", "e1")) }, "status_log/e2", job.WhyStatus},
		{"an event without a status", "anna", editor, func(p *pen) { p.put("status_log/e2", map[string]any{"by": "anna"}) }, "status_log/e2", job.WhyNoStatus},
		{"an event whose status is a number", "anna", editor, func(p *pen) { p.put("status_log/e2", map[string]any{"status": 5}) }, "status_log/e2", job.WhyStatus},
		{"an event with one status that he may set and one that he may not", "anna", editor, func(p *pen) {
			p.put("status_log/e2", event("cancelled", "anna"))
			p.put("status_log/e2/status", "started")
		}, "status_log/e2", job.WhyStatus},
		{"an event that is a text", "anna", editor, func(p *pen) { p.put("status_log/e2", "started") }, "status_log/e2", job.WhyNotAnEntry},
		{"an event that is a text, of a dispatcher", "dora", planner, func(p *pen) { p.put("status_log/e2", "started") }, "status_log/e2", job.WhyNotAnEntry},
		{"an event of a viewer", "ben", viewer, func(p *pen) { p.put("status_log/e2", event("started", "ben", "e1")) }, "status_log/e2", "the status is set by the worker with edit access"},
		{"a status that goes back to published", "anna", editor, func(p *pen) { p.put("status_log/e2", event("published", "anna", "e1")) }, "status_log/e2", job.WhyStatus},

		{"another status in an event", "anna", editor, func(p *pen) { p.put("status_log/e1/status", "finished") }, "status_log/e1/status", whyLog},
		{"another status in an event, of a dispatcher", "dora", planner, func(p *pen) { p.put("status_log/e1/status", "finished") }, "status_log/e1/status", whyLog},
		{"a new key in an event", "dora", planner, func(p *pen) { p.put("status_log/e1/note", "finished") }, "status_log/e1/note", whyLog},
		{"a key less in an event", "dora", planner, func(p *pen) { p.del("status_log/e1/by") }, "status_log/e1/by", whyLog},
		{"one more in an event's after", "dora", planner, func(p *pen) {
			p.Do(historytest.Op{Object: p.object([]string{"status_log", "e1", "after"}), InSeq: true, Insert: true, Action: format.ActionSet, Value: format.StringValue("e0")})
		}, "status_log/e1/after", whyLog},
		{"another event in the place of one", "anna", editor, func(p *pen) { p.put("status_log/e1", event("started", "anna")) }, "status_log/e1", whyLog},
		{"another event in the place of one, of a dispatcher", "dora", planner, func(p *pen) { p.put("status_log/e1", event("started", "dora")) }, "status_log/e1", whyLog},
		{"an event less", "dora", planner, func(p *pen) { p.del("status_log/e1") }, "status_log/e1", whyLog},
		{"another log", "dora", planner, func(p *pen) { p.put("status_log", map[string]any{}) }, "status_log", whyLog},
		{"another log, of an integration", "integration", planner, func(p *pen) { p.put("status_log", map[string]any{}) }, "status_log", whyLog},
		{"no log", "dora", planner, func(p *pen) { p.del("status_log") }, "status_log", whyLog},
		{"another log, of a worker", "anna", editor, func(p *pen) { p.put("status_log", map[string]any{}) }, "status_log", whyLog},

		{"a comment of a viewer", "ben", viewer, func(p *pen) { p.put("comments/c2", remark("ben")) }, "", ""},
		{"a comment in another's name", "ben", viewer, func(p *pen) { p.put("comments/c2", remark("anna")) }, "comments/c2/by", job.WhySigned},
		{"a comment that is a text", "ben", viewer, func(p *pen) { p.put("comments/c2", "hi") }, "comments/c2", job.WhyNotAnEntry},
		{"another's comment changed", "ben", viewer, func(p *pen) { p.put("comments/c1/text", "no") }, "comments/c1/text", whyComment},
		{"another's comment signed", "ben", viewer, func(p *pen) { p.put("comments/c1/by", "ben") }, "comments/c1/by", whyComment},
		{"another's comment replaced", "ben", viewer, func(p *pen) { p.put("comments/c1", remark("ben")) }, "comments/c1", whyComment},
		{"another's comment removed", "ben", viewer, func(p *pen) { p.del("comments/c1") }, "comments/c1", whyComment},
		{"a dispatcher's own comment signed as another's", "dora", planner, func(p *pen) { p.put("comments/c1/by", "anna") }, "comments/c1/by", job.WhySigned},
		{"other comments", "anna", editor, func(p *pen) { p.put("comments", map[string]any{}) }, "comments", whyKept},
		{"no comments", "anna", editor, func(p *pen) { p.del("comments") }, "comments", whyKept},
		{"no comments, of a dispatcher", "dora", planner, func(p *pen) { p.del("comments") }, "", ""},
		{"a file of a viewer", "ben", viewer, func(p *pen) { p.put("attachments/a1", map[string]any{"by": "ben"}) }, "attachments/a1", "files are added by the worker with edit access"},
		{"a file of an editor", "anna", editor, func(p *pen) { p.put("attachments/a1", map[string]any{"by": "anna", "name": "x.jpg"}) }, "", ""},
		{"other files", "anna", editor, func(p *pen) { p.put("attachments", map[string]any{}) }, "attachments", "the files stay: each is changed or removed by itself"},

		{"a tick", "anna", editor, func(p *pen) { p.put("checklist/i1/done", true); p.put("checklist/i1/by", "anna") }, "", ""},
		{"a tick in another's name", "anna", editor, func(p *pen) { p.put("checklist/i1/by", "ben") }, "checklist/i1/by", job.WhySigned},
		{"a tick of a dispatcher in another's name", "dora", planner, func(p *pen) { p.put("checklist/i1/by", "anna") }, "", ""},
		{"a tick of a viewer", "ben", viewer, func(p *pen) { p.put("checklist/i1/done", true) }, "checklist/i1/done", "the checklist is ticked by the worker with edit access"},
		{"another item", "anna", editor, func(p *pen) { p.put("checklist/i2", map[string]any{"text": "x"}) }, "checklist/i2", "only a dispatcher changes what is on the checklist"},
		{"an item's text", "anna", editor, func(p *pen) { p.put("checklist/i1/text", "x") }, "checklist/i1/text", "only a dispatcher changes what is on the checklist"},
		{"an answer", "anna", editor, func(p *pen) { p.put("report_fields/f1/value", "3 bar") }, "", ""},
		{"an answer of a map", "anna", editor, func(p *pen) { p.put("report_fields/f1/value", map[string]any{"x": []string{"y"}}) }, "", ""},
		{"no answer", "anna", editor, func(p *pen) { p.del("report_fields/f1/value") }, "", ""},
		{"a viewer's answer", "ben", viewer, func(p *pen) { p.put("report_fields/f1/value", "3 bar") }, "report_fields/f1/value", "the report is filled in by the worker with edit access"},
		{"a field's name", "anna", editor, func(p *pen) { p.put("report_fields/f1/name", "x") }, "report_fields/f1/name", "only a dispatcher changes what the report asks for"},
		{"a field replaced", "anna", editor, func(p *pen) { p.put("report_fields/f1", map[string]any{"value": "x"}) }, "report_fields/f1", "only a dispatcher changes what the report asks for"},
		{"a title", "anna", editor, func(p *pen) { p.put("title", "x") }, "title", "only a dispatcher changes what is to be done"},
		{"a time", "anna", editor, func(p *pen) { p.put("scheduled_at", 5) }, "scheduled_at", "only a dispatcher changes when a job is scheduled"},
		{"somebody assigned", "anna", editor, func(p *pen) { p.put("assignees/carl", map[string]any{"edit": true}) }, "assignees/carl", "only a dispatcher says who has a job"},
		{"edit access taken", "ben", viewer, func(p *pen) { p.put("assignees/ben/edit", true) }, "assignees/ben/edit", "only a dispatcher says who has a job"},
		{"an unknown key", "anna", editor, func(p *pen) { p.put("x", 1) }, "x", "only a dispatcher changes this part of a job"},
		{"an unknown key, of a dispatcher", "dora", planner, func(p *pen) { p.put("x", 1) }, "", ""},
		{"nothing from whoever looks on", "dick", job.PartOnlooker, func(p *pen) { p.put("comments/c2", remark("dick")) }, "comments/c2", "whoever looks on changes nothing"},

		{"another kind", "dora", planner, func(p *pen) { p.put("kind", "client") }, "kind", job.WhyKind},
		{"the same kind", "dora", planner, func(p *pen) { p.put("kind", "job") }, "kind", job.WhyKind},
		{"no kind", "integration", planner, func(p *pen) { p.del("kind") }, "kind", job.WhyKind},
		{"one that may and one that may not", "anna", editor, func(p *pen) {
			p.put("status_log/e2", event("started", "anna", "e1"))
			p.put("title", "x")
		}, "title", "only a dispatcher changes what is to be done"},
	} {
		for _, js := range []bool{false, true} {
			s := office(t)
			s.pen(c.who).js = js
			r := s.try(c.who, c.part, c.edit)
			what := c.what
			if js {
				what += ", as automerge JS writes it"
			}
			if c.path == "" && r != nil {
				t.Errorf("%s: %v", what, r)
			} else if c.path != "" {
				s.refused(what, r, c.path, c.why)
			}
		}
	}
}

// A job whose strings are texts: changing one of their characters is changing the entry.
func TestTextsOfEntriesAreAsFixedAsTheEntries(t *testing.T) {
	s := newScene(t)
	s.pen("dora").js = true
	s.must("dora", planner, aJob("job"))
	s.refused("a kind's character", s.try("dora", planner, func(p *pen) { p.splice("kind", "x") }), "kind", job.WhyKind)
	s.refused("a status's character", s.try("dora", planner, func(p *pen) { p.splice("status_log/e1/status", "x") }), "status_log/e1/status", whyLog)
	s.refused("a name's character", s.try("dora", planner, func(p *pen) { p.splice("comments/c1/by", "x") }), "comments/c1/by", job.WhySigned)
	s.refused("a name's character, of who may not", s.try("ben", viewer, func(p *pen) { p.splice("comments/c1/by", "x") }), "comments/c1/by", whyComment)
	s.refused("a comment's character", s.try("ben", viewer, func(p *pen) { p.splice("comments/c1/text", "x") }), "comments/c1/text", whyComment)
	s.must("dora", planner, func(p *pen) { p.splice("comments/c1/text", "x") })
	s.must("anna", editor, func(p *pen) { p.splice("report_fields/f1/value", "3 bar") })
	s.refused("a description's character", s.try("anna", editor, func(p *pen) { p.splice("description", "x") }), "description", "only a dispatcher changes what is to be done")
	s.refused("the description's characters behind the report's", s.try("anna", editor, func(p *pen) {
		p.splice("report_fields/f1/value", "4 bar")
		p.splice("description", "x")
	}), "description", "only a dispatcher changes what is to be done")
	s.refused("a status's characters behind the description's", s.try("dora", planner, func(p *pen) {
		p.splice("description", "x")
		p.splice("status_log/e1/status", "x")
	}), "status_log/e1/status", whyLog)
	s.must("dora", planner, func(p *pen) { p.splice("description", "x"); p.splice("comments/c1/text", "y"); p.splice("title", "z") })
	s.must("integration", planner, func(p *pen) { p.splice("comments/c1/by", "x") })
}

func TestWhoseAnEntryIsSaysWhoDeliveredIt(t *testing.T) {
	s := office(t)
	s.must("ben", viewer, func(p *pen) { p.put("comments/c2", map[string]any{"text": "mine"}) })
	s.must("integration", planner, func(p *pen) { p.put("comments/c3", remark("ben")) })
	s.must("ben", viewer, func(p *pen) { p.put("comments/c2/text", "corrected"); p.put("comments/c2/by", "ben") })
	s.refused("what only says that it is his", s.try("ben", viewer, func(p *pen) { p.put("comments/c3/text", "no") }), "comments/c3/text", whyComment)
	s.refused("an own one signed as another's", s.try("ben", viewer, func(p *pen) { p.put("comments/c2/by", "anna") }), "comments/c2/by", job.WhySigned)
	s.must("dora", planner, func(p *pen) { p.put("comments/c2/text", "moderated") })
	s.refused("another's", s.try("anna", editor, func(p *pen) { p.del("comments/c2") }), "comments/c2", whyComment)
	s.must("ben", viewer, func(p *pen) { p.put("comments/c2", remark("ben")) })
	s.must("ben", viewer, func(p *pen) { p.del("comments/c2/by") })
	s.must("ben", viewer, func(p *pen) { p.del("comments/c2") })
}

// A dispatcher undoes somebody's deletion: what comes back says who wrote it.
func TestAPlannerMayRestoreAnEntryWithItsAuthorsName(t *testing.T) {
	for _, js := range []bool{false, true} {
		s := office(t)
		s.pen("dora").js = js
		s.must("ben", viewer, func(p *pen) { p.put("comments/c2", remark("ben")) })
		s.must("ben", viewer, func(p *pen) { p.del("comments/c2") })
		s.refused("one that anna never wrote", s.try("dora", planner, func(p *pen) { p.put("comments/c2", remark("anna")) }), "comments/c2/by", job.WhySigned)
		s.refused("by a worker", s.try("anna", editor, func(p *pen) { p.put("comments/c2", remark("ben")) }), "comments/c2/by", job.WhySigned)
		s.must("dora", planner, func(p *pen) { p.put("comments/c2", remark("ben")) })
	}
}

// At old heads everything that came since can be made to look as if nobody had known of it; it wins all the same.
func TestNobodyHidesAnothersEntriesByWritingAtOldHeads(t *testing.T) {
	s := newScene(t)
	s.must("dora", planner, func(p *pen) { p.put("kind", "job"); p.put("assignees", map[string]any{"anna": true}) })
	s.pen("anna").MergeFrom(s.all, -1)
	s.pen("ben").MergeFrom(s.all, -1)
	s.must("dora", planner, func(p *pen) {
		p.put("comments", map[string]any{"c1": remark("dora")})
		p.put("status_log", map[string]any{"e1": event("published", "dora")})
		p.put("attachments", map[string]any{})
	})
	s.refused("comments", s.deliver("anna", editor, func(p *pen) { p.put("comments", map[string]any{"c2": remark("anna")}) }), "comments", whyKept)
	s.refused("a log", s.deliver("anna", editor, func(p *pen) { p.put("status_log", map[string]any{}) }), "status_log", whyLog)
	s.refused("a kind", s.deliver("anna", planner, func(p *pen) {
		p.Do(historytest.Op{Key: "kind", Action: format.ActionSet, Value: format.StringValue("x")})
	}), "kind", job.WhyKind)
	s.pen("anna").MergeFrom(s.all, -1)
	s.pen("ben").MergeFrom(s.all, -1)
	s.must("dora", planner, func(p *pen) { p.put("comments/c3", remark("dora")); p.put("status_log/e3", event("cancelled", "dora")) })
	s.refused("a comment of the same id", s.deliver("anna", editor, func(p *pen) { p.put("comments/c3", remark("anna")) }), "comments/c3", whyComment)
	s.refused("an event of the same id", s.deliver("anna", editor, func(p *pen) { p.put("status_log/e3", event("finished", "anna")) }), "status_log/e3", whyLog)
	s.refused("an event of the same id, of a dispatcher", s.deliver("ben", planner, func(p *pen) { p.put("status_log/e3", event("finished", "ben")) }), "status_log/e3", whyLog)
	if r := s.deliver("anna", editor, func(p *pen) { p.put("status_log/e4", event("finished", "anna")) }); r != nil {
		t.Errorf("an event of its own: %v", r)
	}
}

func TestAMapThatIsMissingIsMadeByWhoeverMayAddToIt(t *testing.T) {
	bare := func() *scene {
		s := newScene(t)
		s.must("dora", planner, func(p *pen) { p.put("kind", "job") })
		return s
	}
	for key, allowed := range map[string]string{"status_log": "ec", "comments": "vec", "attachments": "ec", "assignees": "c", "checklist": "c", "report_fields": "c", "custom_fields": "c"} {
		for i, part := range []job.Part{job.PartOnlooker, viewer, editor, creator} {
			r := bare().try("anna", part, func(p *pen) { p.make(key, format.ActionMakeMap) })
			if may := strings.Contains(allowed, "-vec"[i:i+1]); may != (r == nil) {
				t.Errorf("%s by %d: %v", key, part, r)
			}
			r = bare().try("anna", part, func(p *pen) { p.make(key, format.ActionMakeList) })
			if may := part == creator && (key == "checklist" || key == "report_fields" || key == "custom_fields"); may != (r == nil) {
				t.Errorf("a list at %s by %d: %v", key, part, r)
			}
		}
	}
	s := bare()
	s.must("anna", editor, func(p *pen) {
		p.put("status_log", map[string]any{"e1": event("started", "anna")})
		p.put("comments", map[string]any{"c1": remark("anna")})
	})
	s.must("ben", viewer, func(p *pen) { p.put("comments/c2", remark("ben")) })
}

func TestAWorkerTakesBackWhatHeHimselfDid(t *testing.T) {
	for _, js := range []bool{false, true} {
		s := office(t)
		s.pen("anna").js, s.pen("ben").js = js, js
		s.must("anna", editor, func(p *pen) { p.put("status_log/e2", event("started", "anna", "e1")) })
		s.refused("another's", s.try("ben", editor, func(p *pen) { p.put("status_log/e3", event("published", "ben", "e2")) }), "status_log/e3", job.WhyStatus)
		s.refused("nothing", s.try("anna", editor, func(p *pen) { p.put("status_log/e3", event("published", "anna")) }), "status_log/e3", job.WhyStatus)
		s.refused("one that is not there", s.try("anna", editor, func(p *pen) { p.put("status_log/e3", event("published", "anna", "e9")) }), "status_log/e3", job.WhyStatus)
		s.refused("his own and another's", s.try("anna", editor, func(p *pen) { p.put("status_log/e3", event("published", "anna", "e2", "e1")) }), "status_log/e3", job.WhyStatus)
		s.refused("to cancelled", s.try("anna", editor, func(p *pen) { p.put("status_log/e3", event("cancelled", "anna", "e2")) }), "status_log/e3", job.WhyStatus)
		s.must("anna", editor, func(p *pen) { p.put("status_log/e3", event("published", "anna", "e2")) })
	}
}

func TestTheCreatorPlansUntilTheJobIsUnderWay(t *testing.T) {
	const whyUnderWay = "a job that is under way is planned by a dispatcher"
	const whyOthers = "whoever makes a job may assign himself; a dispatcher assigns the others"
	for _, js := range []bool{false, true} {
		s := newScene(t)
		s.pen("anna").js, s.pen("dora").js = js, js
		s.must("anna", creator, func(p *pen) {
			p.put("kind", "job")
			p.put("title", "Leak")
			p.put("assignees", map[string]any{"anna": map[string]any{"edit": true}})
			p.put("status_log", map[string]any{"e1": event("published", "anna")})
		})
		plan := func(p *pen) {
			p.put("title", "Big leak")
			p.put("scheduled_at", 7)
			p.put("checklist", map[string]any{})
		}
		s.must("anna", creator, plan)
		s.must("anna", creator, func(p *pen) { p.put("assignees/anna/edit", false); p.del("assignees/anna") })
		s.refused("another assigned", s.try("anna", creator, func(p *pen) { p.put("assignees/ben", true) }), "assignees/ben", whyOthers)
		s.refused("all assignees replaced", s.try("anna", creator, func(p *pen) { p.put("assignees", map[string]any{}) }), "assignees", whyOthers)
		s.refused("a status of the office's", s.try("anna", creator, func(p *pen) { p.put("status_log/e2", event("scheduled", "anna", "e9")) }), "status_log/e2", job.WhyStatus)
		s.must("anna", creator, func(p *pen) { p.put("status_log/e2", event("started", "anna", "e1")) })
		s.refused("the plan of a job that was started", s.try("anna", creator, plan), "title", whyUnderWay)
		s.refused("himself assigned to it", s.try("anna", creator, func(p *pen) { p.put("assignees/anna", true) }), "assignees/anna", whyUnderWay)
		s.must("anna", creator, func(p *pen) { p.put("comments", map[string]any{"c1": remark("anna")}) })
		s.must("anna", creator, func(p *pen) { p.put("status_log/e3", event("published", "anna", "e2")) })
		s.must("anna", creator, plan)
		s.must("dora", planner, func(p *pen) { p.put("status_log/e4", event("cancelled", "dora", "e1")) })
		s.refused("the plan of a job that stands cancelled beside published", s.try("anna", creator, plan), "title", whyUnderWay)
		s.must("dora", planner, plan)
	}
}

func TestMakingADocument(t *testing.T) {
	asked := ""
	for _, c := range []struct {
		what, who string
		part      job.Part
		edit      func(p *pen)
		asked     string // kind and template that MayMake is asked about
		path, why string
	}{
		{"a job", "anna", creator, func(p *pen) { p.put("kind", "job"); p.put("title", "x") }, "job/", "", ""},
		{"a job from a template", "anna", creator, func(p *pen) { p.put("template", map[string]any{"name": "x", "uuid": "t-1"}); p.put("kind", "job") }, "job/t-1", "", ""},
		{"a job from a template by name", "anna", creator, func(p *pen) { p.put("kind", "job"); p.put("template", "t-1") }, "job/t-1", "", ""},
		{"a client", "anna", creator, func(p *pen) { p.put("kind", "client") }, "client/", "", ""},
		{"something opaque", "anna", creator, func(p *pen) { p.put("anything", 1); p.put("status_log", map[string]any{"e": 1}) }, "/", "", ""},
		{"a kind that is a number", "anna", creator, func(p *pen) { p.put("kind", 1) }, "/", "", ""},
		{"a kind of bytes that spell one", "anna", creator, func(p *pen) {
			p.Do(historytest.Op{Key: "kind", Action: format.ActionSet, Value: format.BytesValue([]byte("job"))})
		}, "/", "", ""},
		{"a kind written twice", "anna", creator, func(p *pen) { p.put("kind", "note"); p.put("kind", "job") }, "job/", "", ""},
		{"a kind that was taken away again", "anna", creator, func(p *pen) { p.put("kind", "note"); p.del("kind") }, "", "kind", job.WhyKind},
		{"a kind that counts, of a dispatcher", "dora", planner, func(p *pen) {
			p.Do(historytest.Op{Key: "kind", Action: format.ActionSet, Value: format.CounterValue(0)})
			p.Do(historytest.Op{Key: "kind", Action: format.ActionIncrement, Value: format.IntValue(1)})
			p.put("kind", "job")
		}, "", "kind", job.WhyKind},
		{"a job in another's name", "anna", creator, func(p *pen) {
			p.put("kind", "job")
			p.put("status_log", map[string]any{"e1": event("published", "dora")})
		}, "job/", "status_log/e1/by", job.WhySigned},
		{"a job of another's", "anna", creator, func(p *pen) { p.put("kind", "job"); p.put("assignees", map[string]any{"ben": true}) }, "job/", "assignees/ben",
			"whoever makes a job may assign himself; a dispatcher assigns the others"},
		{"a job that is cancelled", "anna", creator, func(p *pen) {
			p.put("kind", "job")
			p.put("status_log", map[string]any{"e1": event("cancelled", "anna")})
		}, "job/", "status_log/e1", job.WhyStatus},
		{"a dispatcher's job with all that others said before", "dora", planner, func(p *pen) {
			p.put("kind", "job")
			p.put("status_log", map[string]any{"e1": event("finished", "anna")})
			p.put("comments", map[string]any{"c1": remark("ben")})
		}, "", "", ""},
		{"a dispatcher's site", "dora", planner, func(p *pen) { p.put("kind", "site") }, "", "", ""},
	} {
		for _, js := range []bool{false, true} {
			s := newScene(t)
			s.pen(c.who).js = js
			asked = ""
			s.make = func(kind, template string) string { asked = kind + "/" + template; return "" }
			r := s.try(c.who, c.part, c.edit)
			if c.path == "" && r != nil {
				t.Errorf("%s: %v", c.what, r)
			} else if c.path != "" {
				s.refused(c.what, r, c.path, c.why)
			}
			if asked != c.asked {
				t.Errorf("%s: asked about %q, not %q", c.what, asked, c.asked)
			}
		}
	}
	s := newScene(t)
	s.make = func(string, string) string { return "no" }
	s.refused("what may not be made", s.try("anna", creator, func(p *pen) { p.put("title", "x"); p.put("kind", "job") }), "kind", "no")
	s.refused("a kind of many characters", s.try("anna", creator, func(p *pen) { p.js = true; p.put("kind", strings.Repeat("x", 65)) }), "kind", "a kind is a short plain text")
	s.refused("a kind that was edited into one", s.try("anna", creator, func(p *pen) {
		p.js = true
		p.put("kind", "xjob")
		text := p.object([]string{"kind"})
		first := p.Elements(text, false)[0]
		p.Do(historytest.Op{Object: text, Elem: first, InSeq: true, Action: format.ActionDelete})
	}), "kind", "a kind is a short plain text")
}

// automerge-repo makes a document with an empty change, and fills it in with the next.
func TestADocumentBeginsWithItsFirstOperation(t *testing.T) {
	s := newScene(t)
	s.must("dora", planner, func(*pen) {})
	s.must("dora", planner, aJob("job"))
	s.refused("a kind, afterwards", s.try("dora", planner, func(p *pen) { p.put("kind", "job") }), "kind", job.WhyKind)
	opaque := newScene(t)
	opaque.must("dora", planner, func(p *pen) { p.put("title", "x") })
	opaque.refused("a kind, afterwards", opaque.try("dora", planner, func(p *pen) { p.put("kind", "job") }), "kind", job.WhyKind)
}

func TestOtherDocumentsArePlanners(t *testing.T) {
	for _, kind := range []string{job.KindTemplate, job.KindClient, job.KindSite} {
		s := newScene(t)
		s.must("dora", planner, aJob(kind))
		s.must("dora", planner, func(p *pen) { p.del("status_log/e1"); p.put("comments/c1/by", "anna"); p.put("title", "x") })
		for _, part := range []job.Part{job.PartOnlooker, viewer, editor, creator} {
			s.refused(kind, s.try("anna", part, func(p *pen) { p.put("title", "y") }), "title", "only a dispatcher changes templates, clients and sites")
		}
		s.refused(kind, s.try("dora", planner, func(p *pen) { p.del("kind") }), "kind", job.WhyKind)
	}
	s := newScene(t)
	s.must("anna", creator, aJob("note"))
	s.must("anna", creator, func(p *pen) { p.del("status_log/e1"); p.put("comments/c1/by", "anna"); p.del("comments") })
}

// Whatever keys a peer chooses, what it and the log are told is text, and short.
func TestTheDetailOfARefusalIsShortText(t *testing.T) {
	s := office(t)
	long := strings.Repeat("é", 3000)
	r := s.try("anna", editor, func(p *pen) {
		p.put(long, map[string]any{long: map[string]any{long: map[string]any{long: map[string]any{long: 1}}}})
	})
	if r == nil || len(r.Detail) > 400 || !utf8.ValidString(r.Detail) || strings.ContainsRune(r.Detail, utf8.RuneError) {
		t.Errorf("%v", r)
	}
}

// Whether a job is under way is looked up for each change that its creator plans it with. A log that takes too long to read counts
// as one of a job that is.
func TestALogWithoutEndCostsNoTimeWithoutEnd(t *testing.T) {
	for n, taken := range map[int]bool{100: true, 1 << 18: false} {
		h := history.New(history.DefaultLimits())
		rules := policy.Case{User: "anna", Author: somebody{part: creator}}
		admit := func(seq, startOp uint64, deps []crdt.Hash, ops ...format.Op) (crdt.Hash, error) {
			raw, _, err := format.EncodeChange(&format.Change{Actor: "a", Seq: seq, StartOp: startOp, Deps: deps, Ops: ops})
			if err != nil {
				t.Fatal(err)
			}
			c, err := format.DecodeChange(raw, format.DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			_, err = h.Admit(c, "anna", rules.Check)
			return c.Hash, err
		}
		set := func(obj uint64, key, v string) format.Op {
			return format.Op{Object: format.OpID{Counter: obj}, Key: key, Action: format.ActionSet, Value: format.StringValue(v)}
		}
		ops := []format.Op{set(0, "kind", "job"), {Key: "status_log", Action: format.ActionMakeMap}, {Object: format.OpID{Counter: 2}, Key: "e1", Action: format.ActionMakeMap},
			set(3, "status", "published"), {Object: format.OpID{Counter: 3}, Key: "after", Action: format.ActionMakeList}}
		for range n {
			ops = append(ops, format.Op{Object: format.OpID{Counter: 5}, InSeq: true, Insert: true, Action: format.ActionSet, Value: format.StringValue("x")})
		}
		first, err := admit(1, 1, nil, ops...)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = admit(2, uint64(len(ops))+1, []crdt.Hash{first}, set(0, "title", "x")); (err == nil) != taken {
			t.Errorf("behind a log of %d: %v", n, err)
		}
	}
}

// Whoever looks for the last operation that writes a kind must not be shown another one than readers are.
func TestACounterHidesNoKind(t *testing.T) {
	kind := func(action format.Action, v format.Value, pred ...format.OpID) format.Op {
		return format.Op{Key: job.KeyKind, Action: action, Value: v, Pred: pred}
	}
	raw, _, err := format.EncodeChange(&format.Change{Actor: "a", Seq: 1, StartOp: 1, Ops: []format.Op{
		kind(format.ActionSet, format.CounterValue(0)), kind(format.ActionSet, format.StringValue(job.Kind)),
		kind(format.ActionIncrement, format.IntValue(1), format.OpID{Counter: 1}),
	}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := format.DecodeChange(raw, format.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	h := history.New(history.DefaultLimits())
	asked := ""
	rules := policy.Case{User: "anna", Author: somebody{creator, func(kind, _ string) string { asked = kind; return "" }}}
	if _, err := h.Admit(c, "anna", rules.Check); err == nil {
		t.Errorf("a document whose kind is %q was made as one of kind %q", policy.Winner(h, h.Root(), job.KeyKind), asked)
	}
}

// Runs let a change of a hundred bytes claim many thousands of operations in one place. What stands there is looked at once.
func TestManyOperationsInOnePlaceAreJudgedByOneLook(t *testing.T) {
	const n = 7_000 // twice so many in one place a document just takes (history.MaxCrowding)
	op := func(obj uint64, key string, a format.Action, v format.Value) format.Op {
		return format.Op{Object: format.OpID{Counter: obj}, Key: key, Action: a, Value: v}
	}
	many := func(o format.Op) (out []format.Op) {
		for range n {
			out = append(out, o)
		}
		return out
	}
	for name, tt := range map[string]struct {
		part job.Part
		ops  []format.Op // twice
		most int         // what is looked at of what stands
	}{
		"comments": {viewer, many(op(2, "c1", format.ActionMakeMap, format.Value{})), n},
		"events that come after one": {editor, append(append([]format.Op{op(3, "e2", format.ActionMakeMap, format.Value{}), op(uint64(n+6), "status", format.ActionSet, format.StringValue("published")),
			op(uint64(n+6), "after", format.ActionMakeList, format.Value{})}, many(format.Op{Object: format.OpID{Counter: uint64(n + 8)}, InSeq: true, Insert: true, Action: format.ActionSet,
			Value: format.StringValue("e1")})...), op(2, "c1", format.ActionMakeMap, format.Value{})), n},
	} {
		h := history.New(history.DefaultLimits())
		looked := 0
		rules := policy.Case{User: "anna", Author: somebody{part: tt.part}, Own: func(*history.History, history.ObjID) bool { looked++; return true }}
		var last []crdt.Hash
		admit := func(seq uint64, policy history.Policy, ops ...format.Op) {
			t.Helper()
			raw, _, err := format.EncodeChange(&format.Change{Actor: "a", Seq: seq, StartOp: h.MaxOp() + 1, Deps: last, Ops: ops})
			if err != nil {
				t.Fatal(err)
			}
			c, err := format.DecodeChange(raw, format.DefaultLimits())
			if err == nil {
				_, err = h.Admit(c, "anna", policy)
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			last = []crdt.Hash{c.Hash}
		}
		admit(1, nil, append([]format.Op{op(0, "kind", format.ActionSet, format.StringValue("job")), op(0, "comments", format.ActionMakeMap, format.Value{}),
			op(0, "status_log", format.ActionMakeMap, format.Value{}), op(3, "e1", format.ActionMakeMap, format.Value{}), op(4, "status", format.ActionSet, format.StringValue("started"))},
			many(op(2, "c1", format.ActionMakeMap, format.Value{}))...)...)
		admit(2, rules.Check, tt.ops...)
		if looked == 0 || looked > tt.most+10 {
			t.Errorf("%s: %d looks at what stands", name, looked)
		}
	}
}
