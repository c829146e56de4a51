// Package audit tells a document's history as what people did: each change with its author, when it happened and when it
// arrived, and what stood there before and afterwards. It also says how to undo one change by a new one, what somebody
// knew when he did something, and writes the whole history out. It is pure: it reads package history, without the engine.
//
// # What somebody did
//
// A change is told as its author saw it. Old is what stood in its causal past, New is what stood there when it was made; what
// others wrote at the same time is told in their changes. Where several values clashed and the change settled that, Old has all
// of them. An object that the change made, a comment for instance, is one value with everything in it.
//
// # Happened, arrived, late
//
// Happened is by the clock of who did it, which may be wrong: the happened_at of a status event or comment that the change
// adds, the taken_at of an attachment, else the change's own time. Arrived is by the clock of the replica that tells: on
// the server, when the change was admitted. Changes are told in the order of their arrival, in which causes stand before effects.
// Late is a worker's change that arrived after his assignment had ended: he did it before he knew, so it is kept, and marked.
//
// # Bounds
//
// A page costs at most a few passes over the document, however it was made; it ends early when that does not suffice for more
// entries (see maxWork). Long values are cut, and the entry says so.
package audit
