package policy

import (
	"strings"
	"unicode/utf8"

	"fieldsync/crdt"
	"fieldsync/crdt/history"
	"fieldsync/crdt/job"
)

// Case is somebody who writes to a document: for the changes of one message, so that what they cost can be bounded together.
type Case struct {
	// User is the author's user id, with which he signs. Empty: an integration, which signs as it likes.
	User string
	// Author is asked what else the rules want to know of him, when it matters.
	Author Author
	// Own tells whether something that stands in the document was added by him. Nil: if he delivered the change that put it there.
	Own func(*history.History, history.ObjID) bool

	looked int // see maxLooked
}

// Author is who has made a change.
type Author interface {
	// Part is what he is to the document, for this change.
	Part(*history.Admission) job.Part
	// Kind is what the document is. It is not asked of a document that the change makes.
	Kind(*history.History) string
	// MayMake gives why he may not make a document of this kind, and, of a job, from this template, as the job names it; empty: he may.
	// It is not asked of a planner.
	MayMake(kind, template string) string
	// UserOf gives the user id of an author; empty for one without.
	UserOf(history.Author) string
}

// maxName is how many characters of a text are read for a name, a status or a kind. None that anybody knows is longer.
const maxName = 64

// check is the look at one change.
type check struct {
	*Case
	a      *history.Admission
	part   job.Part
	making bool   // the document has no operation yet
	kind   string // known where hasKind
	known  bool
	at     location
	free   bool // what the last operation did in a sequence is allowed to all others in the same one
	events []event
	signed []signature
	state  underWay

	// What was found out, as a change of a hundred bytes may hold a million operations in one place.
	stood  map[uint64]standing
	signer map[history.ObjID][]string // of an entry: the users who ever added one of its id
	ownIDs map[string]bool            // of events: whether all of this id are the author's
	logs   []history.ObjID            // the status logs that stand, where ownIDs is there
}

// standing is what stood in a place before the change.
type standing struct{ occupied, own bool }

type underWay uint8

const (
	unasked underWay = iota
	planned
	begun
)

// event is an entry of the status log that the change adds, and whose status has to be looked at.
type event struct {
	op  int
	obj history.ObjID
}

// signature is a name that the change writes as a text of its own.
type signature struct {
	op    int
	obj   history.ObjID
	entry history.ObjID // that is signed
}

// Check decides about a change; nil: it may be made. It is a history.Policy.
func (c *Case) Check(a *history.Admission) *crdt.Refusal {
	k := check{Case: c, a: a, part: c.Author.Part(a), making: a.History.NumOps() == 0}
	if k.making && len(a.Change.Ops) > 0 {
		if op, why := k.mayMake(); why != "" {
			return k.refuse(op, why)
		}
	}
	for i := range a.Change.Ops {
		if why := k.op(i); why != "" {
			return k.refuse(i, why)
		}
	}
	for _, s := range k.signed {
		if by, ok := a.Text(s.obj, maxName); !ok || !k.maySign(s.op, s.entry, by) {
			return k.refuse(s.op, job.WhySigned)
		}
	}
	for _, e := range k.events {
		if why := k.status(e); why != "" {
			return k.refuse(e.op, why)
		}
	}
	return nil
}

// refuse names the path of an operation and the reason.
func (k *check) refuse(op int, why string) *crdt.Refusal {
	return &crdt.Refusal{Code: crdt.RefusedNotAllowed, Change: k.a.Change.Hash, Detail: k.path(op) + ": " + why}
}

// What of a path is told: enough for a person to see what is meant, whatever names a peer has chosen.
const (
	toldSteps = 4
	toldBytes = 64 // of a key
)

// path shows people where an operation writes.
func (k *check) path(op int) string {
	if op >= len(k.a.Change.Ops) {
		return ""
	}
	var b strings.Builder
	for i, step := range k.a.Path(op) {
		if step.InSeq || i == toldSteps {
			break
		}
		if i > 0 {
			b.WriteByte('/')
		}
		key := step.Key
		for len(key) > toldBytes || !utf8.ValidString(key) {
			key = key[:min(len(key)-1, toldBytes)]
		}
		b.WriteString(key)
	}
	return b.String()
}

// location is where the object that an operation works on stands.
type location struct {
	obj   history.ObjID
	valid bool
	keys  [3][]byte     // the first keys from the root, up to the first sequence
	n     int           // how many of them there are
	inSeq bool          // behind them comes a sequence
	entry history.ObjID // the object at the second key; 0: none
	name  history.ObjID // the object at the third key; 0: none
}

// maxWay bounds the way up. Admission lets nobody nest deeper.
const maxWay = history.MaxDepth

// locate finds out where an object stands.
func (k *check) locate(obj history.ObjID) {
	if k.at.valid && k.at.obj == obj {
		return
	}
	k.free = false
	k.at = location{obj: obj, valid: true}
	var way [maxWay]history.ObjID
	n := maxWay
	for o := obj; o != 0 && n > 0; o, _, _ = k.a.Holder(o) {
		n--
		way[n] = o
	}
	for ; n < maxWay; n++ {
		_, key, inSeq := k.a.Holder(way[n])
		if inSeq {
			k.at.inSeq = true
			return
		}
		if k.at.n == len(k.at.keys) {
			return // what comes below has the rules of what it stands in
		}
		k.at.keys[k.at.n] = key
		switch k.at.n++; k.at.n {
		case 2:
			k.at.entry = way[n]
		case 3:
			k.at.name = way[n]
		}
	}
}
