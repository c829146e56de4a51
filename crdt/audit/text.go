package audit

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"fieldsync/crdt/history"
)

// touched is an element of a text that changes write to.
type touched struct {
	elem     history.ElemID
	rank     int
	index    int // of characters before it, in the text as it was
	old, now string
	was, is  bool // there
}

// textEffect tells how a text differs between two views in the elements that are given; false: not at all.
func (l *Log) textEffect(obj history.ObjID, before, after *history.View, elements func(visit func(history.ElemID))) (Effect, bool) {
	d := Effect{Kind: TextEdited}
	d.at(l.path(obj, before))
	lay := l.layout(obj, before, false)
	var all []touched
	elements(func(e history.ElemID) {
		x := touched{elem: e, rank: lay.Rank(e), index: lay.Index(e)}
		x.old, x.was = lay.Shown(e)
		all = append(all, x)
	})
	slices.SortFunc(all, func(a, b touched) int { return cmp.Compare(a.rank, b.rank) })
	all = slices.CompactFunc(all, func(a, b touched) bool { return a.elem == b.elem })
	lay = l.layout(obj, after, true)
	var deleted, inserted strings.Builder
	var at Splice
	open := false
	end, moved := 0, 0 // of the splice, in the old text; by how much its begin lies further behind in the new one
	finish := func() {
		if !open {
			return
		}
		at.Deleted, at.Inserted = deleted.String(), inserted.String()
		grown := utf8.RuneCountInString(at.Inserted)
		begin := at.Index + moved
		at.Before, at.After = lay.Slice(begin-contextText, begin), lay.Slice(begin+grown, begin+grown+contextText)
		moved += grown - (end - at.Index)
		for _, s := range []*string{&at.Deleted, &at.Inserted} {
			if len(*s) > l.caps.spliceBytes {
				*s, d.Cut = cutText(*s, l.caps.spliceBytes), true
			}
		}
		if len(d.Splices) < l.caps.splices {
			d.Splices = append(d.Splices, at)
			d.bytes += len(at.Deleted) + len(at.Inserted) + len(at.Before) + len(at.After)
		} else {
			d.Cut = true
		}
		deleted.Reset()
		inserted.Reset()
		open = false
	}
	for _, x := range all {
		x.now, x.is = lay.Shown(x.elem)
		if x.was == x.is && x.old == x.now {
			continue
		}
		if open && x.index != end {
			finish()
		}
		if !open {
			at, open, end = Splice{Index: x.index}, true, x.index
		}
		deleted.WriteString(x.old)
		inserted.WriteString(x.now)
		end += utf8.RuneCountInString(x.old)
	}
	finish()
	return d, len(d.Splices) > 0
}
