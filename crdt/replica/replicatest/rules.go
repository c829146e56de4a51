package replicatest

import (
	"slices"
	"strings"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/replica"
)

// who is a principal: his name, and whether he may see and do everything.
type who struct {
	name string
	all  bool
}

func (w who) Author() history.Author { return history.Author(w.name) }

// rules are who may do what at the server, as in the real one: dispatchers everything, workers what they are assigned to.
// Who was assigned once may still deliver. suspended principals may do nothing.
type rules struct {
	suspended map[string]bool
}

// The record of a document is the names of its workers, sorted, each with a sign: assigned now, or once.
const (
	signNow  = "+"
	signOnce = "-"
)

// assignKey is the root's key that holds whether a worker is assigned.
func assignKey(name string) string { return "to-" + name }

func (r *rules) access(p replica.Principal, _ crdt.DocID, meta []byte) replica.Access {
	w, ok := p.(who)
	switch {
	case !ok || r.suspended[w.name]:
		return 0
	case meta == nil && w.all:
		return replica.AccessCreate
	case meta == nil:
		return 0
	case w.all:
		return replica.AccessRead | replica.AccessWrite
	}
	for _, entry := range strings.Fields(string(meta)) {
		switch entry {
		case w.name + signNow:
			return replica.AccessRead | replica.AccessWrite
		case w.name + signOnce:
			return replica.AccessWrite
		}
	}
	return 0
}

// policy: an actor belongs to the principal who delivered it first, and workers keep out of what is the office's.
func policy(p replica.Principal, _ crdt.DocID, _ []byte) history.Policy {
	return func(a *history.Admission) *crdt.Refusal {
		if owner, bound := a.History.Binding(a.Change.Actor); bound && owner != a.Author {
			return &crdt.Refusal{Code: crdt.RefusedActorTaken, Change: a.Change.Hash}
		}
		if w, ok := p.(who); ok && !w.all && trespasses(a) {
			return &crdt.Refusal{Code: crdt.RefusedNotAllowed, Change: a.Change.Hash, Detail: "that is the office's"}
		}
		return nil
	}
}

// describe derives a document's record from its root.
func describe(_ crdt.DocID, prev []byte, h *history.History, _ int, _ replica.Creator) []byte {
	var entries []string
	for _, entry := range strings.Fields(string(prev)) {
		entries = append(entries, entry[:len(entry)-1]+signOnce)
	}
	for key := range h.Keys(h.Root()) {
		name, ok := strings.CutPrefix(key, assignKey(""))
		if !ok {
			continue
		}
		entries = slices.DeleteFunc(entries, func(e string) bool { return e == name+signOnce })
		sign := signOnce
		for _, op := range h.Get(h.Root(), key) {
			if op.Value.Type == format.ValueTrue {
				sign = signNow
			}
		}
		entries = append(entries, name+sign)
	}
	slices.Sort(entries)
	return []byte(strings.Join(entries, " "))
}
