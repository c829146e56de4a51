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

// SeedDemo makes the demonstration's templates, clients, sites and jobs in an organisation, where they are missing, as somebody who
// may. now gives the day.
func (s *Service) SeedDemo(ctx context.Context, as access.Principal, now time.Time) error {
	created := crdt.Timestamp(now.UnixMilli())
	for key, t := range demoTemplates() {
		t.CreatedAt = created
		if err := s.seed(ctx, as, demoTemplateID(key), now, func() ([]crdt.Edit, error) { return job.NewTemplate(t) }); err != nil {
			return fmt.Errorf("demo template %q: %w", t.Name, err)
		}
	}
	for i, d := range demoJobs() {
		if err := s.seedPlace(ctx, as, d, now); err != nil {
			return fmt.Errorf("demo client %q: %w", d.client, err)
		}
		edits := func() ([]crdt.Edit, error) { return job.New(d.draft(as, i, now)) }
		if err := s.seed(ctx, as, demoID(fmt.Sprintf("demo job %d", i)), now, edits); err != nil {
			return fmt.Errorf("demo job %q: %w", d.title, err)
		}
	}
	return nil
}

// seedPlace makes a job's client and its site.
func (s *Service) seedPlace(ctx context.Context, as access.Principal, d demoJob, now time.Time) error {
	created := crdt.Timestamp(now.UnixMilli())
	client := job.ClientRecord{Name: d.client, CreatedAt: created, Address: d.address(), Contacts: d.contacts()}
	if err := s.seed(ctx, as, d.clientID(), now, func() ([]crdt.Edit, error) { return job.NewClient(client) }); err != nil {
		return err
	}
	site := job.Site{Name: d.street, CreatedAt: created, Client: d.clientRef(), Territory: job.Ref{Name: d.territory}, Address: d.address(), Contacts: d.contacts()}
	return s.seed(ctx, as, d.siteID(), now, func() ([]crdt.Edit, error) { return job.NewSite(site) })
}

// seed makes one document as one change, if it is not there.
func (s *Service) seed(ctx context.Context, as access.Principal, id crdt.DocID, now time.Time, draft func() ([]crdt.Edit, error)) error {
	inner, err := s.inner(as, id)
	if err != nil {
		return err
	}
	if _, err := drive.ReadRecord(s.store, inner); err == nil || !errors.Is(err, store.ErrNotFound) {
		return err
	}
	edits, err := draft()
	if err != nil {
		return err
	}
	doc, err := engine.New()
	if err != nil {
		return err
	}
	defer doc.Close()
	actor := demoID("demo actor of " + id.String())
	raw, err := doc.Edit(engine.Commit{Actor: crdt.ActorID(actor[:]), Time: now.Unix(), Message: "demonstration"},
		func(tx *engine.Tx) error { return tx.Apply(edits...) })
	if err != nil {
		return err
	}
	return s.Append(ctx, as, id, [][]byte{raw})
}

// draft is the job as its dispatcher would have made it from its template.
func (d demoJob) draft(as access.Principal, n int, now time.Time) job.Draft {
	draft := job.Draft{}
	if t, ok := demoTemplates()[d.template]; ok {
		draft = job.FromTemplate(t, job.Ref{UUID: demoTemplateID(d.template).String(), Name: t.Name})
	}
	day := time.Date(now.Year(), now.Month(), now.Day(), d.hour, 0, 0, 0, now.Location())
	draft.SerialNo, draft.Title, draft.Description = fmt.Sprint(1001+n), d.title, d.description
	draft.Client, draft.Site = d.clientRef(), job.Ref{UUID: d.siteID().String(), Name: d.street}
	draft.Territory, draft.Address, draft.Contacts = job.Ref{Name: d.territory}, d.address(), d.contacts()
	draft.ScheduledAt, draft.ScheduledDuration = crdt.Timestamp(day.UnixMilli()), job.Duration{Minutes: d.minutes}
	draft.CreatedAt = crdt.Timestamp(now.UnixMilli())
	draft.First = job.Event{ID: fmt.Sprintf("demo-%d", n), Status: d.status, HappenedAt: draft.CreatedAt, By: as.User}
	for i, user := range d.assignees {
		draft.Assignees = append(draft.Assignees, job.Assignee{User: user, Edit: i == 0})
	}
	return draft
}

// demoID makes the same id of the same name on every machine, in the form of a UUIDv4.
func demoID(name string) crdt.DocID {
	sum := sha256.Sum256([]byte("fieldsync " + name))
	id := crdt.DocID(sum[:16])
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id
}
