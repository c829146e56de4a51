package main

import (
	"errors"
	"fmt"
	"strings"

	"fieldsync/client"
	"fieldsync/crdt"
)

const shortID = 8 // characters of an id that are shown; longer where two jobs begin alike

// resolve finds the document that a person means: its number, the beginning of its id, its whole id, or its URL. Only a
// whole id or URL of a document that is not here is asked from the server.
func (a *app) resolve(text string) (crdt.DocID, error) {
	c, err := a.open()
	if err != nil {
		return crdt.DocID{}, err
	}
	if u, err := crdt.ParseURL(text); err == nil {
		if err := c.Find(a.ctx, u.Doc); err != nil {
			if errors.Is(err, client.ErrNotFound) {
				return u.Doc, fmt.Errorf("%w: there is no job %s, or it is not for you", client.ErrNotFound, text)
			}
			return u.Doc, fmt.Errorf("job %s is not here, and the server cannot be asked: %w", text, err)
		}
		return u.Doc, nil
	}
	if strings.HasPrefix(text, "automerge:") {
		return crdt.DocID{}, crdt.Errorf(crdt.KindInvalid, "%q is not a document's URL: perhaps a character is missing", text)
	}
	rows, err := c.Jobs(a.ctx)
	if err != nil {
		return crdt.DocID{}, err
	}
	var byNumber []crdt.DocID
	for _, r := range rows {
		if strings.EqualFold(r.SerialNo, text) {
			byNumber = append(byNumber, r.ID)
		}
	}
	ids, err := c.Documents()
	if err != nil {
		return crdt.DocID{}, err
	}
	var byID []crdt.DocID
	for _, id := range ids {
		if strings.HasPrefix(id.String(), text) {
			byID = append(byID, id)
		}
	}
	found := byNumber
	if len(found) == 0 {
		found = byID
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return crdt.DocID{}, fmt.Errorf("%w: no job here has the number %q, or an id that begins so; \"fieldsync jobs\" lists them, \"fieldsync sync\" gets new ones", client.ErrNotFound, text)
	}
	return crdt.DocID{}, crdt.Errorf(crdt.KindInvalid, "%q means %d jobs; give more of the id, like %s", text, len(found), found[0].String()[:min(12, len(found[0].String()))])
}

// shortIDs are the shortest beginnings of ids, of shortID characters or more, that tell them apart.
func shortIDs(ids []crdt.DocID) map[crdt.DocID]string {
	text := make(map[crdt.DocID]string, len(ids))
	for n := shortID; ; n++ {
		seen := make(map[string]bool, len(ids))
		unique := true
		for _, id := range ids {
			s := id.String()
			s = s[:min(n, len(s))]
			unique = unique && !seen[s]
			seen[s], text[id] = true, s
		}
		if unique || n > 32 {
			return text
		}
	}
}
