package api

import (
	"fieldsync/conformance/internal/author"
	"fieldsync/conformance/internal/light"
	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt/format"
)

// clash has the job's key, where nothing stands, written by somebody's phone and by the API without knowing of one another.
func (s *server) clash(path, key string) {
	s.t.Helper()
	doc := path[len("jobs/"):]
	copied, err := author.Fetch(s.t.Context(), s.phone("dora"), "clash-0123456789", doc)
	if err != nil {
		s.t.Fatal(err)
	}
	change := copied.Next()
	change.Ops = []format.Op{{Key: key, Action: format.ActionSet, Value: format.StringValue("by phone")}}
	raw, _, err := format.EncodeChange(&change)
	if err != nil {
		s.t.Fatal(err)
	}
	s.valid("dora", "PATCH", path, form(key, "by the API"), 200)
	if err := copied.Add(raw); err != nil {
		s.t.Fatal(err)
	}
	c, err := author.Dial(s.t.Context(), s.phone("dora"), "clash", light.Options{}, copied)
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	if err := c.SendSync("sync", doc, copied.Message(raw)); err != nil {
		s.t.Fatal(err)
	}
	if err := c.Until(func() bool { return copied.Unconfirmed() == 0 }); err != nil {
		s.t.Fatal(err)
	}
	if len(c.Refused) > 0 {
		s.t.Fatalf("refused: %+v", c.Refused)
	}
}

// phone is the address of the sync endpoint for somebody.
func (s *server) phone(login string) string {
	return sut.WebSocketURL(s.Addr, "/sync", s.tokens[login])
}
