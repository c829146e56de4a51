package audit

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"fieldsync/crdt"
	"fieldsync/crdt/history"
)

// text takes back what the change did to a text's characters.
func (u *undo) text(obj history.ObjID, path crdt.Path) {
	l := u.l
	lay := l.layout(obj, u.now, false)
	without := l.layout(obj, u.without, true)
	var all []touched
	l.elementsOf(u.i, obj, func(e history.ElemID) {
		x := touched{elem: e, rank: lay.Rank(e), index: lay.Index(e)}
		x.now, x.is = lay.Shown(e)
		x.old, x.was = without.Shown(e)
		if x.is != x.was || x.now != x.old {
			all = append(all, x)
		}
	})
	if len(all) == 0 {
		if _, did := l.textEffect(obj, u.before, u.after, func(visit func(history.ElemID)) { l.elementsOf(u.i, obj, visit) }); did {
			u.leave(LeftChanged, path)
		}
		return
	}
	slices.SortFunc(all, func(a, b touched) int { return cmp.Compare(a.rank, b.rank) })
	all = slices.CompactFunc(all, func(a, b touched) bool { return a.elem == b.elem })
	begin := len(u.edits)
	var inserted strings.Builder
	for k := 0; k < len(all); {
		e := crdt.Edit{Kind: crdt.EditSplice, Path: path, Index: all[k].index}
		rank, end := all[k].rank, all[k].index
		inserted.Reset()
		for ; k < len(all) && all[k].index == end; k++ {
			inserted.WriteString(all[k].old)
			end += utf8.RuneCountInString(all[k].now)
		}
		if e.Delete, e.Text = end-e.Index, inserted.String(); e.Delete == 0 && e.Text == "" {
			continue // an element without a character
		}
		u.budget.Bytes -= len(e.Text)
		u.edit(obj, rank, e)
	}
	if u.budget.Bytes < 0 || len(u.edits)-begin > maxUndoSplices {
		u.edits = u.edits[:begin]
		u.leave(LeftTooLarge, path)
	}
}

// What the engine writes: see its put.go, and package history for the increments.
const (
	maxKey       = 1024
	maxDepth     = 64
	maxIncrement = 1 << 30
)

func writableKey(k string) bool { return k != "" && len(k) <= maxKey }

// writable tells whether the engine writes a value at so deep a place.
func writable(v any, depth int) bool {
	switch x := v.(type) {
	case float64:
		return !math.IsNaN(x) && !math.IsInf(x, 0)
	case crdt.Unknown:
		return false
	case crdt.Text:
		return depth < maxDepth
	case []any:
		for _, e := range x {
			if !writable(e, depth+1) {
				return false
			}
		}
		return depth < maxDepth
	case map[string]any:
		for k, e := range x {
			if !writableKey(k) || !writable(e, depth+1) {
				return false
			}
		}
		return depth < maxDepth
	}
	return true
}
