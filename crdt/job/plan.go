package job

import "fieldsync/crdt"

// Ref names another document, such as a client, as a job sees it: it shows the name without that document at hand.
type Ref struct {
	UUID string `json:"uuid,omitempty"` // of the other document; empty where only a name is known
	Name string `json:"name,omitempty"`
}

// Plan is what is to be done, where, and how it is reported: what a job has in common with the template that it was made from.
type Plan struct {
	Title             string   `json:"title,omitempty"`
	Description       string   `json:"description,omitempty"`
	Type              string   `json:"type,omitempty"`
	Client            Ref      `json:"client,omitzero"`
	Site              Ref      `json:"site,omitzero"`
	Territory         Ref      `json:"territory,omitzero"`
	Skills            []string `json:"skills"`
	Address           Address  `json:"address,omitzero"`
	ScheduledDuration Duration `json:"scheduled_duration,omitzero"`

	// In the order in which they are shown: by position, then by id.
	Contacts     []Contact            `json:"contacts"`
	Possible     []PossibleResolution `json:"possible_resolutions"`
	CustomFields []Field              `json:"custom_fields"`
	ReportFields []Field              `json:"report_fields"`
	Checklist    []Item               `json:"checklist"`
}

// Duration is how long something is planned to take.
type Duration struct {
	Minutes int64 `json:"minutes"`
}

// Address is where something is.
type Address struct {
	Formatted   string    `json:"formatted,omitempty"`
	EntranceNo  string    `json:"entrance_no,omitempty"`
	Apartment   string    `json:"apartment,omitempty"`
	Floor       string    `json:"floor,omitempty"`
	Description string    `json:"description,omitempty"`
	Location    *Location `json:"geolocation,omitempty"` // nil where unknown; no accuracy, no times
}

// Location is where a device was.
type Location struct {
	Latitude   float64        `json:"latitude"` // degrees, WGS 84
	Longitude  float64        `json:"longitude"`
	AccuracyM  float64        `json:"accuracy_m,omitempty"` // radius in metres; 0 where unknown
	CapturedAt crdt.Timestamp `json:"captured_at,omitempty"`
	UploadedAt crdt.Timestamp `json:"uploaded_at,omitempty"`
}

// Contact is a way to reach somebody.
type Contact struct {
	ID       string  `json:"uuid"`
	Name     string  `json:"name,omitempty"`
	Type     string  `json:"type,omitempty"` // phone, email, or what people call it
	Value    string  `json:"value,omitempty"`
	Position float64 `json:"-"`
}

// PossibleResolution is one of the ways in which a job may end.
type PossibleResolution struct {
	ID           string  `json:"uuid"`
	Name         string  `json:"name"`
	Successful   bool    `json:"successful"`
	NoteRequired bool    `json:"note_required"` // who chooses it must say more
	Position     float64 `json:"-"`
}

// Item is a line of a checklist.
type Item struct {
	ID       string         `json:"uuid"`
	Text     string         `json:"text"`
	Done     bool           `json:"done"`
	DoneAt   crdt.Timestamp `json:"done_at,omitempty"`
	By       string         `json:"by,omitempty"` // user id of who ticked it
	Position float64        `json:"-"`
}
