package job

// What a dispatcher, an integration or a worker may write through this package. They keep a document readable on a phone, and the work of
// reading it small; people do not come near them. A document may hold more, written by other clients: it is read as it is, within
// what admission allows of a document.
const (
	MaxID      = 128     // bytes of an id that is a map's key; ours have 26 to 36
	MaxLine    = 1000    // characters of what stands in one line: titles, names, addresses, numbers, answers from a list
	MaxText    = 100_000 // characters of what has paragraphs: descriptions, comments, answers; a book's chapter
	MaxEntries = 500     // entries of a list: fields, contacts, items of a checklist, resolutions
	MaxOptions = 500     // of a pick list
	MaxMinutes = 527_040 // of a job's duration: a leap year
	MaxPhotos  = 10      // of one photo field, as people know it

	MaxAssignees = 100 // of a job; a record holds more, so that reassigning is never stopped by it
	MaxSkills    = 100
	MaxSystems   = 50 // external systems that know the job
)
