package policy

import (
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/job"
)

// mayMake looks at a change that makes the document: what it is, and whether its author may make one. It gives the operation that
// says so, and why not.
func (k *check) mayMake() (op int, why string) {
	root := k.a.History.Root()
	kind, ok := k.put(root, job.KeyKind)
	k.kind, k.known = "", true
	if ok {
		switch k.a.Change.Ops[kind].Action {
		case format.ActionDelete, format.ActionIncrement:
			return kind, job.WhyKind
		case format.ActionMakeText:
			if k.kind, ok = k.text(kind); !ok {
				return kind, whyLongKind // it might read as any
			}
		default:
			k.kind, _ = k.text(kind)
		}
	}
	if k.part == job.PartPlanner {
		return 0, ""
	}
	return kind, k.Author.MayMake(k.kind, k.template())
}

const whyLongKind = "a kind is a short plain text"

// template is which template the document that the change makes is from, as it says itself: its uuid, or its name where it says no more.
func (k *check) template() string {
	i, ok := k.put(k.a.History.Root(), job.KeyTemplate)
	if !ok {
		return ""
	}
	if k.a.Change.Ops[i].Action == format.ActionMakeMap {
		if i, ok = k.put(k.a.Made(i), job.KeyUUID); !ok {
			return ""
		}
	}
	s, _ := k.text(i)
	return s
}

// put gives the last operation of the change that writes to a key of a map; of several that can be seen, it wins.
func (k *check) put(obj history.ObjID, key string) (int, bool) {
	at, found := 0, false
	for _, i := range k.a.OpsIn(obj) {
		if o := &k.a.Change.Ops[i]; !o.InSeq && o.Key == key {
			at, found = int(i), true
		}
	}
	return at, found
}

// kindOf is what the document is.
func (k *check) kindOf() string {
	if !k.known {
		k.kind, k.known = k.Author.Kind(k.a.History), true
	}
	return k.kind
}
