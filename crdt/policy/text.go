package policy

import (
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
)

// Text gives the text of a value in a history, be it a string or a text of its own, as Automerge JS 3 writes every string.
func Text(h *history.History, op history.VisibleOp) (string, bool) {
	switch op.Action {
	case format.ActionSet:
		return str(op.Value)
	case format.ActionMakeText:
		return h.Text(op.Object)
	}
	return "", false
}

// str gives a string; nothing of any other value.
func str(v format.Value) (string, bool) {
	if s, ok := v.Str(); ok {
		return s, true
	}
	return "", false
}

// Winner gives the text that wins at a key of a map in a history; empty where something else does, or nothing is there.
func Winner(h *history.History, obj history.ObjID, key string) string {
	ops := h.Get(obj, key)
	if len(ops) == 0 {
		return ""
	}
	s, _ := Text(h, ops[len(ops)-1])
	return s
}
