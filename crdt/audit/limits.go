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
	MaxEffects      = 200     // things that a change did; a new job has some thirty
	maxAlternatives = 8       // values that clashed in one place
	maxMarks        = 50      // marks that it laid over one text
	contextText     = 32      // characters of a text before and behind an edit
	maxMessage      = 4 << 10 // as the engine writes
)

// caps are how much of its values an entry tells.
type caps struct {
	effects     int
	splices     int // places of a text that a change edited
	spliceBytes int // of what was inserted into, or deleted from, one of them
	values      int // scalars and objects in one value
	valueBytes  int
	entryBytes  int
}

var (
	pageCaps = caps{effects: MaxEffects, splices: 50, spliceBytes: 2 << 10, values: 2_000, valueBytes: 16 << 10, entryBytes: 128 << 10}
	// An export holds what people write as a whole. A document is 64 MB at most, and most is told once.
	exportCaps = caps{effects: 1 << 20, splices: 1 << 20, spliceBytes: 16 << 20, values: 1 << 20, valueBytes: 16 << 20, entryBytes: 64 << 20}
)

// maxExportBytes is how much an export tells of values as a whole: a document that tells more repeats itself on purpose.
const maxExportBytes = 256 << 20

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
