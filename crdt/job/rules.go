package job

// Who may write what, as a table: rows are the parts of a document, columns what somebody is to it. Server and client share it: the
// server refuses a change that breaks a rule, the client does not make it in the first place. Package policy applies it
// to the operations of a change.

// Part is what somebody is to a document: his role, and for a worker his relation to it.
type Part uint8

// The parts, the least first.
const (
	PartOnlooker Part = iota // reads at most: a director; a worker with a template
	PartViewer               // a worker who is assigned and looks on; or was, and delivers late
	PartEditor               // a worker who is assigned with edit access; or was, and delivers late
	PartCreator              // the worker who made the document
	PartPlanner              // an owner, administrator or dispatcher, or an integration that is as much
	numParts
)

// Parts are all parts.
func Parts() []Part { return []Part{PartOnlooker, PartViewer, PartEditor, PartCreator, PartPlanner} }

// Verb is what an operation does to the place that it names.
type Verb uint8

// The verbs.
const (
	VerbAdd       Verb = iota // puts something where nothing stood
	VerbSet                   // puts something else in its place
	VerbDelete                // takes it away
	VerbEdit                  // changes characters of a text, elements of a list, or what stands in those
	VerbIncrement             // counts a counter up or down
)

// Verbs are all verbs.
func Verbs() []Verb { return []Verb{VerbAdd, VerbSet, VerbDelete, VerbEdit, VerbIncrement} }

// Place is a part of a document that has rules of its own.
type Place uint8

// The places. Those of a map keyed by id come in threes: the map itself, an entry, what stands in one.
const (
	PlaceKind      Place = iota // kind
	PlacePlan                   // of a job: all that has no place of its own
	PlaceAssignees              // assignees
	PlaceAssignee               // assignees/<user>, and what stands in it
	PlaceLog                    // status_log
	PlaceEvent                  // status_log/<id>
	PlaceInEvent                // status_log/<id>/…
	PlaceComments               // comments
	PlaceComment                // comments/<id>
	PlaceInComment              // comments/<id>/…
	PlaceFiles                  // attachments
	PlaceFile                   // attachments/<id>
	PlaceInFile                 // attachments/<id>/…
	PlaceTick                   // checklist/<id>/done, done_at and by
	PlaceAnswer                 // report_fields/<id>/value, and what stands in it
	PlaceCard                   // of a template, a client or a site: all but the kind
	PlaceOpaque                 // of a document of no kind that we know: all but the kind
	numPlaces
)

// Places are all places.
func Places() []Place {
	out := make([]Place, numPlaces)
	for i := range out {
		out[i] = Place(i)
	}
	return out
}

// PlaceOf gives the place of a path in a document of a kind: its keys from the root, up to the first list or text.
func PlaceOf[K ~string | ~[]byte](kind string, path ...K) Place {
	switch {
	case len(path) > 0 && string(path[0]) == KeyKind:
		return PlaceKind
	case kind == KindTemplate || kind == KindClient || kind == KindSite:
		return PlaceCard
	case kind != Kind:
		return PlaceOpaque
	case len(path) == 0:
		return PlacePlan
	}
	inMap := func(itself Place) Place { return itself + Place(min(len(path), 3)-1) }
	switch string(path[0]) {
	case KeyAssignees:
		return PlaceAssignees + Place(min(len(path), 2)-1)
	case KeyStatusLog:
		return inMap(PlaceLog)
	case KeyComments:
		return inMap(PlaceComments)
	case KeyAttachments:
		return inMap(PlaceFiles)
	case KeyChecklist:
		if len(path) > 2 {
			switch string(path[2]) {
			case KeyDone, KeyDoneAt, KeyBy:
				return PlaceTick
			}
		}
	case KeyReportFields:
		if len(path) > 2 && string(path[2]) == KeyValue {
			return PlaceAnswer
		}
	}
	return PlacePlan
}

// Write is an operation as the rules see it.
type Write struct {
	Place Place
	Verb  Verb
	// Own: the entry that the operation replaces, takes away or works in was added by its author; an assignee is its author.
	Own bool
	// Fresh: the entry that it works in is added by the same change.
	Fresh bool
	// UnderWay: a status beyond published stands in the job.
	UnderWay bool
}

// verbSet is a set of verbs, a bit for each.
type verbSet uint8

func setOf(verbs ...Verb) (s verbSet) {
	for _, v := range verbs {
		s |= 1 << v
	}
	return s
}

// grant is a cell of the table: what is allowed, what else with one's own, what else with what is fresh; and whether only until
// the job is under way.
type grant struct {
	always, own, fresh verbSet
	planning           bool
}

var (
	adds = setOf(VerbAdd)
	all  = setOf(VerbAdd, VerbSet, VerbDelete, VerbEdit, VerbIncrement)

	anything = grant{always: all}
	added    = grant{always: adds}           // it may be added, and stays
	entries  = grant{always: adds, own: all} // everybody adds, and looks after what he added
	inOwn    = grant{own: all}
	once     = grant{fresh: all} // written with the entry, never after
	plan     = grant{always: all, planning: true}
)

// table is the rules. A cell that is not there allows nothing.
var table = [numPlaces][numParts]grant{
	PlaceKind:      {},
	PlacePlan:      {PartCreator: plan, PartPlanner: anything},
	PlaceAssignees: {PartCreator: {always: adds, planning: true}, PartPlanner: anything},
	PlaceAssignee:  {PartCreator: {own: all, planning: true}, PartPlanner: anything},
	PlaceLog:       {PartEditor: added, PartCreator: added, PartPlanner: added},
	PlaceEvent:     {PartEditor: added, PartCreator: added, PartPlanner: added},
	PlaceInEvent:   {PartEditor: once, PartCreator: once, PartPlanner: once},
	PlaceComments:  {PartViewer: added, PartEditor: added, PartCreator: added, PartPlanner: anything},
	PlaceComment:   {PartViewer: entries, PartEditor: entries, PartCreator: entries, PartPlanner: anything},
	PlaceInComment: {PartViewer: inOwn, PartEditor: inOwn, PartCreator: inOwn, PartPlanner: anything},
	PlaceFiles:     {PartEditor: added, PartCreator: added, PartPlanner: anything},
	PlaceFile:      {PartEditor: entries, PartCreator: entries, PartPlanner: anything},
	PlaceInFile:    {PartEditor: inOwn, PartCreator: inOwn, PartPlanner: anything},
	PlaceTick:      {PartEditor: anything, PartCreator: anything, PartPlanner: anything},
	PlaceAnswer:    {PartEditor: anything, PartCreator: anything, PartPlanner: anything},
	PlaceCard:      {PartPlanner: anything},
	PlaceOpaque:    {PartCreator: anything, PartPlanner: anything},
}

// May tells whether somebody may make a write.
func (p Part) May(w Write) bool {
	g := &table[w.Place][p]
	if g.planning && w.UnderWay {
		return false
	}
	allowed := g.always
	if w.Own {
		allowed |= g.own
	}
	if w.Fresh {
		allowed |= g.fresh
	}
	return allowed&(1<<w.Verb) != 0
}

// Freely tells whether somebody may do whatever he likes in a place: nothing about the write has to be found out.
func (p Part) Freely(place Place) bool { return table[place][p] == anything }

// MaySetStatus tells whether somebody may add an event with a status: making says with the change that makes the job, takingBack that
// the event comes after events of his own alone.
func (p Part) MaySetStatus(s Status, making, takingBack bool) bool {
	switch p {
	case PartPlanner:
		return true
	case PartEditor, PartCreator:
		switch s {
		case EnRoute, Started, Paused, Finished:
			return true
		case Scheduled, Published:
			return takingBack || making && p == PartCreator
		}
	}
	return false
}

// MaySign tells whether somebody may put his name to something: with his own user id, or without any. Integrations have no user,
// and sign with the name of whom they speak for.
func MaySign(user, by string) bool { return user == "" || by == user || by == "" }

// Reasons that have nothing to do with the place alone, in words for people.
const (
	WhyKind       = "what a document is was said when it was made, and stays"
	WhyStatus     = "a worker sets a job en route, started, paused or finished; the rest is a dispatcher's"
	WhyNoStatus   = "an entry of the status log says a status"
	WhyNotAnEntry = "an entry is a map of its own"
	WhySigned     = "nobody signs with another's name"
)

// Why says in words that a person understands why he may not make a write; key is the root's key that it is under.
func (p Part) Why(w Write, key string) string {
	if p == PartOnlooker {
		if w.Place == PlaceCard {
			return "only a dispatcher changes templates, clients and sites"
		}
		return "whoever looks on changes nothing"
	}
	switch w.Place {
	case PlaceKind:
		return WhyKind
	case PlaceLog, PlaceEvent, PlaceInEvent:
		if p == PartViewer && w.Verb == VerbAdd {
			return "the status is set by the worker with edit access"
		}
		return "an entry of the status log is never changed or removed: add another one"
	case PlaceComments:
		return "the comments stay: each is changed or removed by itself"
	case PlaceComment, PlaceInComment:
		return "a comment is changed or removed by who wrote it"
	case PlaceFiles, PlaceFile, PlaceInFile:
		switch {
		case p == PartViewer:
			return "files are added by the worker with edit access"
		case w.Place == PlaceFiles:
			return "the files stay: each is changed or removed by itself"
		}
		return "a file is changed or removed by who added it"
	case PlaceTick:
		return "the checklist is ticked by the worker with edit access"
	case PlaceAnswer:
		return "the report is filled in by the worker with edit access"
	case PlaceCard:
		return "only a dispatcher changes templates, clients and sites"
	case PlaceOpaque:
		return "only who made this document, or a dispatcher, changes it"
	case PlaceAssignee, PlaceAssignees:
		if p == PartCreator && !w.UnderWay {
			return "whoever makes a job may assign himself; a dispatcher assigns the others"
		}
	}
	if p == PartCreator {
		return "a job that is under way is planned by a dispatcher"
	}
	return "only a dispatcher " + planning(key)
}

// planning says what a dispatcher does who writes under a key of a job.
func planning(key string) string {
	switch key {
	case KeyAssignees:
		return "says who has a job"
	case KeyScheduledAt, KeyScheduledDuration:
		return "changes when a job is scheduled"
	case KeyTitle, KeyDescription, KeyType, KeyTemplate, KeySkills:
		return "changes what is to be done"
	case KeyAddress, KeySite, KeyTerritory:
		return "changes where a job is"
	case KeyClient, KeyContacts:
		return "changes whom a job is for"
	case KeyPossible, KeyResolution:
		return "changes which resolutions a job can have"
	case KeyCustomFields:
		return "fills in the fields of the office"
	case KeyReportFields:
		return "changes what the report asks for"
	case KeyChecklist:
		return "changes what is on the checklist"
	}
	return "changes this part of a job"
}
