package documents

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
)

// demoJob is one of the demonstration's jobs: a day of a small heating and lift company.
type demoJob struct {
	title, description, client, address string
	hour                                int // of today, when it is scheduled
	minutes                             int64
	assignees                           []string // the first one fills in the report
	status                              job.Status
}

func demoJobs() []demoJob {
	return []demoJob{
		{"Boiler does not start", "No hot water since yesterday evening. Error F28 on the display.", "Hotel Lindenhof", "Lindenstrasse 4, back entrance", 8, 90, []string{"anna"}, job.Published},
		{"Yearly boiler inspection", "Inspection and cleaning, flue gas measurement. Take the new seals along.", "Bakery Kern", "Marktplatz 11", 10, 60, []string{"anna", "ben"}, job.Published},
		{"Radiator cold on the third floor", "Bleed, then check the valve.", "Primary school North", "Schulweg 2, room 304", 13, 45, []string{"anna"}, job.Published},
		{"Lift stops between floors", "Stops between 2 and 3 about once a day. Nobody inside.", "Parkside offices", "Park Avenue 80", 9, 120, []string{"ben"}, job.Published},
		{"Replace circulation pump", "Pump is on the van. Shut-off valve is behind the freezer.", "Restaurant Adria", "Hafenstrasse 17", 14, 150, []string{"ben"}, job.Published},
		{"Thermostat quotation", "Measure and photograph all twelve rooms for the quotation.", "Dr. Weiss, dentist", "Ringstrasse 5, 1st floor", 16, 60, nil, job.Scheduled},
	}
}

// SeedDemo makes the demonstration's jobs in an organisation, where they are missing, as somebody who may. now gives the day.
func (s *Service) SeedDemo(ctx context.Context, as access.Principal, now time.Time) error {
	for i, d := range demoJobs() {
		id := demoID(fmt.Sprintf("demo job %d", i))
		if _, err := drive.ReadRecord(s.store, id); err == nil {
			continue
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		raw, err := d.change(as, i, now)
		if err != nil {
			return fmt.Errorf("demo job %q: %w", d.title, err)
		}
		if err := s.Append(ctx, as, id, [][]byte{raw}); err != nil {
			return fmt.Errorf("demo job %q: %w", d.title, err)
		}
	}
	return nil
}

func (d demoJob) change(as access.Principal, n int, now time.Time) ([]byte, error) {
	day := time.Date(now.Year(), now.Month(), now.Day(), d.hour, 0, 0, 0, now.Location())
	draft := job.Draft{
		SerialNo: fmt.Sprint(1001 + n), ScheduledAt: crdt.Timestamp(day.UnixMilli()), CreatedAt: crdt.Timestamp(now.UnixMilli()),
		Plan: job.Plan{Title: d.title, Description: d.description, Client: job.Ref{Name: d.client}, Address: job.Address{Formatted: d.address},
			ScheduledDuration: job.Duration{Minutes: d.minutes}},
		First: job.Event{ID: fmt.Sprintf("demo-%d", n), Status: d.status, HappenedAt: crdt.Timestamp(now.UnixMilli()), By: as.User},
	}
	for i, user := range d.assignees {
		draft.Assignees = append(draft.Assignees, job.Assignee{User: user, Edit: i == 0})
	}
	edits, err := job.New(draft)
	if err != nil {
		return nil, err
	}
	doc, err := engine.New()
	if err != nil {
		return nil, err
	}
	defer doc.Close()
	actor := demoID(fmt.Sprintf("demo actor %d", n))
	return doc.Edit(engine.Commit{Actor: crdt.ActorID(actor[:]), Time: now.Unix(), Message: "demonstration"},
		func(tx *engine.Tx) error { return tx.Apply(edits...) })
}

// demoID makes the same id of the same name on every machine, in the form of a UUIDv4.
func demoID(name string) crdt.DocID {
	sum := sha256.Sum256([]byte("fieldsync " + name))
	id := crdt.DocID(sum[:16])
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id
}
