package audit

import (
	"time"

	"fieldsync/crdt"
)

// What one page of entries holds. Whoever asks for more turns the page.
const (
	DefaultLimit = 50
	MaxLimit     = 200

	maxWork      = 8 << 20 // operations and elements looked at: half a second; then the page ends, with one entry at least
	maxPageBytes = 4 << 20 // of values: the same
)

// What one entry holds. A change may have a million operations.
const (
	MaxEffects      = 200      // things that a change did; a new job has some thirty
	maxAlternatives = 8        // values that clashed in one place
	maxSplices      = 50       // places of a text that a change edited
	maxSpliceText   = 2 << 10  // bytes of what was inserted into, or deleted from, one of them
	contextText     = 32       // characters of the text before and behind
	maxValueBytes   = 16 << 10 // of one value: a long description
	maxValues       = 2_000    // scalars and objects in one value
	maxEntryBytes   = 128 << 10
	maxMessage      = 4 << 10 // as the engine writes
)

// A run of changes to one text is one entry if nobody paused in it for longer.
const (
	foldPause = crdt.Timestamp(10 * time.Minute / time.Millisecond)
	maxFold   = 1 << 14 // changes in one entry: a day's typing
)

// What undoing brings back at once: what is over these is left as it is.
const (
	maxRestoreBytes  = 1 << 20 // what the engine puts in at once
	maxRestoreValues = 1 << 16
	maxUndoSlots     = 2_000 // keys and elements that a change wrote to; a text counts once
	maxUndoSplices   = 2_000 // parts of one text
)
