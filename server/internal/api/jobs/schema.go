package jobs

import (
	"reflect"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/server/internal/api"

	"github.com/danielgtaylor/huma/v2"
)

// The types below are never made: they describe the forms that clients send, whose reading is package job's. What may be null is said
// by formSchema.

type PlanForm struct {
	Title             string         `json:"title,omitempty" maxLength:"1000"`
	Description       string         `json:"description,omitempty" maxLength:"100000"`
	Type              string         `json:"type,omitempty" maxLength:"1000"`
	Client            refForm        `json:"client,omitempty" doc:"A client's id as uuid; its name is filled in. Or a plain name"`
	Site              refForm        `json:"site,omitempty" doc:"A site's id as uuid; its name is filled in. Or a plain name"`
	Territory         refForm        `json:"territory,omitempty"`
	Skills            []string       `json:"skills,omitempty" maxItems:"100"`
	Address           addressForm    `json:"address,omitempty" doc:"A new job without one takes that of its site, else of its client"`
	ScheduledDuration durationForm   `json:"scheduled_duration,omitempty"`
	Contacts          []contactForm  `json:"contacts,omitempty" maxItems:"500"`
	Possible          []possibleForm `json:"possible_resolutions,omitempty" maxItems:"500"`
	CustomFields      []fieldForm    `json:"custom_fields,omitempty" maxItems:"500"`
	ReportFields      []fieldForm    `json:"report_fields,omitempty" maxItems:"500"`
	Checklist         []itemForm     `json:"checklist,omitempty" maxItems:"500"`
}

type NamesForm struct {
	ExternalID  string            `json:"external_id,omitempty" maxLength:"1000"`
	ExternalIDs map[string]string `json:"external_ids,omitempty" doc:"Other system to the id there"`
}

type JobForm struct {
	PlanForm
	NamesForm
	SerialNo        string         `json:"serial_no,omitempty" maxLength:"1000"`
	ExternalOrderID string         `json:"external_order_id,omitempty" maxLength:"1000"`
	Template        refForm        `json:"template,omitempty" doc:"Of a new job: the id of the template whose plan it copies"`
	ScheduledAt     crdt.Timestamp `json:"scheduled_at,omitempty"`
	Assignees       []assigneeForm `json:"assignees,omitempty" maxItems:"100"`
}

type jobNewForm struct {
	JobForm
	UUID      string         `json:"uuid,omitempty" maxLength:"128" doc:"Another system's id of the job; none is made up"`
	Follows   string         `json:"follows,omitempty" maxLength:"64" doc:"The id of the job that this one goes on with: its place, client and questions are copied"`
	Status    string         `json:"status,omitempty" enum:"scheduled,published" doc:"Published: the assignees see it"`
	CreatedAt crdt.Timestamp `json:"created_at,omitempty"`
}

type templateForm struct {
	PlanForm
	NamesForm
	Name         string `json:"name,omitempty" maxLength:"1000"`
	WorkerCreate bool   `json:"worker_create,omitempty" doc:"Workers may make jobs from it"`
	Archived     bool   `json:"archived,omitempty"`
}

type ClientForm struct {
	NamesForm
	Name        string        `json:"name,omitempty" maxLength:"1000"`
	Description string        `json:"description,omitempty" maxLength:"100000"`
	Address     addressForm   `json:"address,omitempty"`
	Contacts    []contactForm `json:"contacts,omitempty" maxItems:"500"`
	Archived    bool          `json:"archived,omitempty"`
}

type siteForm struct {
	ClientForm
	Client    refForm `json:"client,omitempty" doc:"Whose it is: a client's id as uuid"`
	Territory refForm `json:"territory,omitempty"`
}

type addressForm struct {
	Formatted   string    `json:"formatted,omitempty" maxLength:"1000"`
	EntranceNo  string    `json:"entrance_no,omitempty" maxLength:"1000"`
	Apartment   string    `json:"apartment,omitempty" maxLength:"1000"`
	Floor       string    `json:"floor,omitempty" maxLength:"1000"`
	Description string    `json:"description,omitempty" maxLength:"1000"`
	Geolocation pointForm `json:"geolocation,omitempty"`
}

type pointForm struct {
	Longitude float64 `json:"longitude,omitempty" minimum:"-180" maximum:"180"`
	Latitude  float64 `json:"latitude,omitempty" minimum:"-90" maximum:"90"`
}

type durationForm struct {
	Minutes int64 `json:"minutes,omitempty" minimum:"0" maximum:"527040"`
}

type contactForm struct {
	UUID  string `json:"uuid,omitempty" maxLength:"128"`
	Name  string `json:"name,omitempty" maxLength:"1000"`
	Type  string `json:"type,omitempty" maxLength:"1000"`
	Value string `json:"value,omitempty" maxLength:"1000"`
}

type possibleForm struct {
	UUID         string `json:"uuid,omitempty" maxLength:"128"`
	Name         string `json:"name,omitempty" maxLength:"1000"`
	Successful   bool   `json:"successful,omitempty"`
	NoteRequired bool   `json:"note_required,omitempty"`
}

type fieldForm struct {
	UUID     string   `json:"uuid,omitempty" maxLength:"128"`
	Name     string   `json:"name,omitempty" maxLength:"1000"`
	Type     string   `json:"field_type,omitempty" enum:"photo,text,number,yes_no,date,pick_list,action,signature,file"`
	DataType string   `json:"data_type,omitempty" maxLength:"1000"`
	Required bool     `json:"required,omitempty"`
	Hidden   bool     `json:"hidden,omitempty" doc:"Not shown to workers"`
	ReadOnly bool     `json:"read_only,omitempty" doc:"Shown to workers, and not theirs to fill"`
	Options  []string `json:"options,omitempty" maxItems:"500" doc:"Of a pick list"`
	Value    any      `json:"value,omitempty" doc:"The answer. Files are attached instead"`
}

type itemForm struct {
	UUID string `json:"uuid,omitempty" maxLength:"128"`
	Text string `json:"text,omitempty" maxLength:"1000"`
	Done bool   `json:"done,omitempty"`
}

type assigneeForm struct {
	User string `json:"user" maxLength:"128" doc:"A user's id"`
	Edit bool   `json:"edit,omitempty" doc:"Fills in the report; exactly one does"`
}

type refForm struct {
	UUID string `json:"uuid,omitempty" maxLength:"128"`
	Name string `json:"name,omitempty" maxLength:"1000"`
}

// Entries of these lists may be patched by an object of uuid (or user) to entry. patchable says what the entries are.
var patchable = map[string]any{
	job.KeyContacts: contactForm{}, job.KeyPossible: possibleForm{}, job.KeyCustomFields: fieldForm{}, job.KeyReportFields: fieldForm{},
	job.KeyChecklist: itemForm{}, job.KeyAssignees: nil,
}

// formSchema describes a form: everything may be null, which says that there is none; references may be plain names, assignees plain
// user ids; of a patch, lists may be objects.
func formSchema(a *api.API, form any, patch bool, required ...string) *huma.Schema {
	r := a.OpenAPI().Components.Schemas
	s := huma.SchemaFromType(r, reflect.TypeOf(form))
	null := &huma.Schema{Type: "null"}
	for name, p := range s.Properties {
		alternatives := []*huma.Schema{p}
		switch {
		case p.Ref == r.Schema(reflect.TypeFor[refForm](), true, "").Ref:
			alternatives = append(alternatives, &huma.Schema{Type: huma.TypeString, MaxLength: p.MaxLength})
		case name == job.KeyAssignees:
			p.Items = &huma.Schema{AnyOf: []*huma.Schema{p.Items, {Type: huma.TypeString}}}
		}
		if _, ok := patchable[name]; ok && patch {
			alternatives = append(alternatives, &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true,
				Description: "Entries by their uuid, assignees by their user id: merged into the list; null takes one away"})
		}
		s.Properties[name] = &huma.Schema{AnyOf: append(alternatives, null), Description: p.Description}
	}
	s.Required = required
	nested(r)
	return s
}

// nested lets the fields of what stands inside forms be null too.
func nested(r huma.Registry) {
	for _, t := range []reflect.Type{reflect.TypeFor[addressForm](), reflect.TypeFor[durationForm](), reflect.TypeFor[contactForm](),
		reflect.TypeFor[possibleForm](), reflect.TypeFor[fieldForm](), reflect.TypeFor[itemForm](), reflect.TypeFor[refForm]()} {
		s := r.SchemaFromRef(r.Schema(t, true, "").Ref)
		for name, p := range s.Properties {
			if p.AnyOf == nil && (p.Type != "" || p.Ref != "") {
				s.Properties[name] = &huma.Schema{AnyOf: []*huma.Schema{p, {Type: "null"}}, Description: p.Description}
			}
		}
	}
}

// formBody describes a body. Package job reads it, with better words than a schema has: huma does not check it.
func formBody(op huma.Operation, s *huma.Schema, contentTypes ...string) huma.Operation {
	op.SkipValidateBody = true
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{}}
	for _, ct := range contentTypes {
		op.RequestBody.Content[ct] = &huma.MediaType{Schema: s}
	}
	return op
}

func newBody(op huma.Operation, s *huma.Schema) huma.Operation {
	return formBody(op, s, "application/json")
}

func patchBody(op huma.Operation, s *huma.Schema) huma.Operation {
	return formBody(op, s, "application/merge-patch+json", "application/json")
}
