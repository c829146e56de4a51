package audit

import (
	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/job"
)

// Knowledge is what somebody knew when he did something.
type Knowledge struct {
	Change crdt.Hash  // what he did
	Heads  crdt.Heads // the document as he saw it; empty: there was none
}

// Knew gives what the author of a change knew: engine.Doc.At of these heads is the document that his device showed.
func (l *Log) Knew(hash crdt.Hash) (Knowledge, error) {
	i, err := l.index(hash)
	if err != nil {
		return Knowledge{}, err
	}
	deps := l.h.Deps(i)
	heads := make([]crdt.Hash, len(deps))
	for k, d := range deps {
		heads[k] = l.h.Hash(int(d))
	}
	return Knowledge{Change: hash, Heads: crdt.NewHeads(heads...)}, nil
}

// KnewAtStatus gives what was known by whoever added a status event, pressed Finish for instance, by the event's id. Should several changes have
// added it, the one that is shown counts. The error's kind is NotFound.
func (l *Log) KnewAtStatus(event string) (Knowledge, error) {
	now := l.r.Now()
	best, shown := -1, false
	for _, log := range l.h.Ever(l.h.Root(), job.KeyStatusLog) {
		if log.Action != format.ActionMakeMap {
			continue
		}
		if op, ok := now.Winner(log.Object, event); ok && !shown {
			best, shown = op.Change, true
		}
		for _, op := range l.h.Ever(log.Object, event) {
			if best < 0 && op.Action != format.ActionDelete {
				best = op.Change
			}
		}
	}
	if best < 0 || best >= len(l.at) {
		return Knowledge{}, crdt.Errorf(crdt.KindNotFound, "audit: no status event %q in this document", event)
	}
	return l.Knew(l.h.Hash(best))
}
