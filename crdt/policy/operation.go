package policy

import (
	"slices"

	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/job"
)

// op looks at one operation, and gives why it is not allowed; empty: it is.
func (k *check) op(i int) string {
	obj, _ := k.a.Object(i)
	k.locate(obj)
	inSeq := k.at.inSeq || k.a.InSequence(i)
	if inSeq && k.free {
		return ""
	}
	path, n := k.at.keys, k.at.n
	if !inSeq && n < len(path) {
		path[n] = k.a.Key(i)
		n++
	}
	if k.part == job.PartPlanner && (n == 0 || !watched(path[0])) {
		k.free = inSeq
		return ""
	}
	w := job.Write{Place: job.PlaceOf(k.kindOf(), path[:n]...), Verb: verbOf(k.a.Change.Ops[i].Action, inSeq)}
	if why := k.may(i, &w, path[:n]); why != "" {
		return why
	}
	if why := k.sign(i, w.Place, path[:n], inSeq); why != "" {
		return why
	}
	k.free = inSeq // so is the next character of this text
	return ""
}

// watched tells whether even a planner may not do everything under a key of the root, in some kind of document.
func watched(key []byte) bool {
	switch string(key) {
	case job.KeyKind, job.KeyStatusLog, job.KeyComments, job.KeyAttachments:
		return true
	}
	return false
}

// verbOf gives what an operation does. Whether one that puts something there sets or adds it, stands tells.
func verbOf(action format.Action, inSeq bool) job.Verb {
	switch {
	case inSeq:
		return job.VerbEdit
	case action == format.ActionDelete:
		return job.VerbDelete
	case action == format.ActionIncrement:
		return job.VerbIncrement
	default:
		return job.VerbSet
	}
}

// may asks the rules, and finds out what they want to know.
func (k *check) may(i int, w *job.Write, path [][]byte) string {
	puts := w.Verb == job.VerbSet
	switch {
	case k.part.Freely(w.Place):
		return ""
	case w.Place == job.PlaceKind && k.making && (puts || w.Verb == job.VerbEdit):
		return "" // mayMake has looked at it: the last that is put there wins, if nothing takes away or counts
	}
	mapsOnly := false
	switch w.Place {
	case job.PlaceAssignees, job.PlaceLog, job.PlaceEvent, job.PlaceComments, job.PlaceComment, job.PlaceFiles, job.PlaceFile:
		mapsOnly = puts
		if w.Verb == job.VerbEdit { // of a list or a text where a map should be
			w.Own = k.at.entry != 0 && k.own(k.at.entry)
			break
		}
		var occupied bool
		if occupied, w.Own = k.stands(i); puts && !occupied {
			w.Verb = job.VerbAdd
		}
	case job.PlaceInEvent, job.PlaceInComment, job.PlaceInFile:
		w.Own, w.Fresh = k.own(k.at.entry), k.a.MadeHere(k.at.entry)
	case job.PlaceAssignee:
		w.Own = k.User != "" && string(path[1]) == k.User
	}
	switch w.Place {
	case job.PlacePlan, job.PlaceAssignees, job.PlaceAssignee:
		w.UnderWay = k.part == job.PartCreator && k.underWay()
	}
	switch {
	case !k.part.May(*w):
		return k.part.Why(*w, key(path))
	case mapsOnly && k.a.Change.Ops[i].Action != format.ActionMakeMap:
		return job.WhyNotAnEntry
	}
	if w.Place == job.PlaceEvent && k.part != job.PartPlanner {
		k.events = append(k.events, event{op: i, obj: k.a.Made(i)})
	}
	return ""
}

func key(path [][]byte) string {
	if len(path) == 0 {
		return ""
	}
	return string(path[0])
}

// stands tells whether something stands where an operation writes, and whether all of it is the author's own.
func (k *check) stands(i int) (occupied, own bool) {
	place := k.a.Place(i)
	s, known := k.stood[place]
	if !known {
		s.own = true
		k.a.Stands(i, func(obj history.ObjID) {
			s.occupied = true
			s.own = s.own && k.own(obj)
		})
		if k.stood == nil {
			k.stood = map[uint64]standing{}
		}
		k.stood[place] = s
	}
	return s.occupied, s.own
}

// own tells whether something was added by the author of the change.
func (k *check) own(obj history.ObjID) bool {
	if k.Own != nil && !k.a.MadeHere(obj) {
		return k.Own(k.a.History, obj)
	}
	return k.a.MakerOf(obj) == k.a.Author
}

// sign looks at who is said to have written an entry.
func (k *check) sign(i int, place job.Place, path [][]byte, inSeq bool) string {
	if k.User == "" || len(path) < 3 || string(path[2]) != job.KeyBy {
		return ""
	}
	switch place {
	case job.PlaceInEvent, job.PlaceInComment, job.PlaceInFile:
		if k.part == job.PartPlanner && k.making {
			return "" // what was begun elsewhere may be brought along
		}
	case job.PlaceTick:
		if k.part == job.PartPlanner {
			return ""
		}
	default:
		return ""
	}
	if inSeq || k.at.n == 3 { // not the name itself, but what stands in it
		if inSeq && k.a.MadeHere(k.at.name) {
			return "" // signed has it
		}
		return job.WhySigned
	}
	o := &k.a.Change.Ops[i]
	switch o.Action {
	case format.ActionDelete:
		return ""
	case format.ActionMakeText:
		k.signed = append(k.signed, signature{op: i, obj: k.a.Made(i), entry: k.at.entry})
		return ""
	case format.ActionSet:
		if by, ok := o.Value.Str(); o.Value.IsNull() || ok && k.maySign(i, k.at.entry, by) {
			return ""
		}
	}
	return job.WhySigned
}

// maySign tells whether the author may sign an entry with a name, in the place that an operation writes to. A planner may restore an entry
// that was taken out with the name of whoever wrote it.
func (k *check) maySign(i int, entry history.ObjID, by string) bool {
	if job.MaySign(k.User, by) {
		return true
	}
	if k.part != job.PartPlanner {
		return false
	}
	users, known := k.signer[entry]
	if !known {
		users = k.addedBy(k.a.Path(i))
		if k.signer == nil {
			k.signer = map[history.ObjID][]string{}
		}
		k.signer[entry] = users
	}
	return slices.Contains(users, by)
}

// addedBy gives the users who ever added an entry where a path leads through.
func (k *check) addedBy(path []history.Step) (users []string) {
	h := k.a.History
	for _, maps := range h.Ever(h.Root(), path[0].Key) {
		if maps.Action != format.ActionMakeMap {
			continue
		}
		for _, entry := range h.Ever(maps.Object, path[1].Key) {
			if user := k.Author.UserOf(h.Author(entry.Change)); entry.Action == format.ActionMakeMap && user != "" && !slices.Contains(users, user) {
				users = append(users, user)
			}
		}
	}
	return users
}
