package documents

import (
	"fieldsync/crdt"
	"fieldsync/crdt/job"
)

// demoJob is one of the demonstration's jobs: a day of a small heating and lift company.
type demoJob struct {
	title, description, client, street, note, territory, template string
	lat, lon                                                      float64
	contact, phone                                                string
	hour                                                          int // of today, when it is scheduled
	minutes                                                       int64
	assignees                                                     []string // the first one fills in the report
	status                                                        job.Status
}

func demoJobs() []demoJob {
	return []demoJob{
		{title: "Boiler does not start", description: "No hot water since yesterday evening. Error F28 on the display.", template: "heating",
			client: "Hotel Lindenhof", street: "Lindenstrasse 4", note: "Back entrance, ask at the reception.", lat: 47.3769, lon: 8.5417, territory: "North",
			contact: "Mrs Lind", phone: "+41 44 000 00 01", hour: 8, minutes: 90, assignees: []string{"anna"}, status: job.Published},
		{title: "Yearly boiler inspection", description: "Inspection and cleaning, flue gas measurement. Take the new seals along.", template: "heating",
			client: "Bakery Kern", street: "Marktplatz 11", note: "Not before the bread is out at ten.", lat: 47.3717, lon: 8.5422, territory: "Centre",
			contact: "Mr Kern", phone: "+41 44 000 00 02", hour: 10, minutes: 60, assignees: []string{"anna", "ben"}, status: job.Published},
		{title: "Radiator cold on the third floor", description: "Bleed, then check the valve.", template: "heating",
			client: "Primary school North", street: "Schulweg 2", note: "Room 304. The caretaker has the keys.", lat: 47.3947, lon: 8.5290, territory: "North",
			contact: "Caretaker", phone: "+41 44 000 00 03", hour: 13, minutes: 45, assignees: []string{"anna"}, status: job.Published},
		{title: "Lift stops between floors", description: "Stops between 2 and 3 about once a day. Nobody inside.", template: "lift",
			client: "Parkside offices", street: "Park Avenue 80", lat: 47.3650, lon: 8.5250, territory: "Centre",
			contact: "Reception", phone: "+41 44 000 00 04", hour: 9, minutes: 120, assignees: []string{"ben"}, status: job.Published},
		{title: "Replace circulation pump", description: "Pump is on the van. Shut-off valve is behind the freezer.", template: "heating",
			client: "Restaurant Adria", street: "Hafenstrasse 17", lat: 47.3550, lon: 8.5360, territory: "South",
			contact: "Kitchen", phone: "+41 44 000 00 05", hour: 14, minutes: 150, assignees: []string{"ben"}, status: job.Published},
		{title: "Thermostat quotation", description: "Measure and photograph all twelve rooms for the quotation.",
			client: "Dr. Weiss, dentist", street: "Ringstrasse 5", note: "1st floor.", lat: 47.3800, lon: 8.5300, territory: "Centre",
			contact: "Practice", phone: "+41 44 000 00 06", hour: 16, minutes: 60, status: job.Scheduled},
	}
}

func (d demoJob) clientID() crdt.DocID { return demoID("demo client " + d.client) }

func (d demoJob) siteID() crdt.DocID { return demoID("demo site " + d.street) }

func (d demoJob) clientRef() job.Ref { return job.Ref{UUID: d.clientID().String(), Name: d.client} }

func (d demoJob) address() job.Address {
	return job.Address{Formatted: d.street, Description: d.note, Location: &job.Location{Latitude: d.lat, Longitude: d.lon}}
}

func (d demoJob) contacts() []job.Contact {
	return []job.Contact{{ID: "contact", Name: d.contact, Type: "phone", Value: d.phone}}
}

func demoTemplateID(key string) crdt.DocID { return demoID("demo template " + key) }

// demoTemplates are the templates by the key that demoJob.template names. Workers may make jobs from the first.
func demoTemplates() map[string]job.Template {
	return map[string]job.Template{
		"heating": {Name: "Heating service", WorkerCreate: true, Plan: job.Plan{
			Type: "Service", ScheduledDuration: job.Duration{Minutes: 60}, Skills: []string{"heating"},
			Possible: demoResolutions("Repaired", "Parts are missing", "Nobody was there"),
			ReportFields: []job.Field{
				{ID: "photos", Name: "Photos", Type: job.FieldPhoto, Position: 1},
				{ID: "pressure", Name: "Pressure (bar)", Type: job.FieldNumber, Position: 2},
				{ID: "flue-gas", Name: "Flue gas in order", Type: job.FieldYesNo, Position: 3},
				{ID: "parts", Name: "Parts used", Type: job.FieldText, Position: 4},
				{ID: "signature", Name: "Customer's signature", Type: job.FieldSignature, Position: 5},
			},
			Checklist: []job.Item{{ID: "gas-off", Text: "Gas shut off", Position: 1}, {ID: "leak-test", Text: "Leak test done", Position: 2}, {ID: "clean", Text: "Place left clean", Position: 3}},
		}},
		"lift": {Name: "Lift fault", Plan: job.Plan{
			Type: "Emergency", ScheduledDuration: job.Duration{Minutes: 120}, Skills: []string{"lifts"},
			Possible: demoResolutions("In service again", "Taken out of service", "Nobody was there"),
			ReportFields: []job.Field{
				{ID: "cause", Name: "Cause", Type: job.FieldPickList, Options: []string{"Door contact", "Drive", "Control", "Other"}, Position: 1},
				{ID: "photos", Name: "Photos", Type: job.FieldPhoto, Position: 2},
				{ID: "released", Name: "Released for use", Type: job.FieldAction, Position: 3},
			},
			Checklist: []job.Item{{ID: "sign", Text: "Sign put up at each door", Position: 1}, {ID: "car-empty", Text: "Car is empty", Position: 2}},
		}},
	}
}

// demoResolutions are one that is a success, and two that are not and want a word of explanation.
func demoResolutions(done, partly, absent string) []job.PossibleResolution {
	return []job.PossibleResolution{
		{ID: "done", Name: done, Successful: true, Position: 1},
		{ID: "partly", Name: partly, NoteRequired: true, Position: 2},
		{ID: "absent", Name: absent, NoteRequired: true, Position: 3},
	}
}
