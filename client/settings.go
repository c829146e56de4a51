package client

import (
	"context"
	"errors"
	"time"

	"fieldsync/client/internal/service"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store"
)

// What the organisation wants, as it last said.
const (
	factLocation   = "photo-location" // what is done with the places in photos: "keep" or "strip"
	factWorkerJobs = "worker-jobs"    // which jobs workers make: "none", "templates" or "any"
)

// learnEvery is how often the organisation's settings are asked for while the client is connected.
const learnEvery = 15 * time.Minute

// learn asks for the organisation's settings, so that they are known offline too. What cannot be asked now is asked next time.
func (c *Client) learn(ctx context.Context, api *service.Service) {
	if last := c.learned.Load(); last != 0 && time.Since(time.Unix(0, last)) < learnEvery {
		return
	}
	s, err := api.Settings(ctx)
	if err != nil {
		return
	}
	c.learned.Store(time.Now().UnixNano())
	for name, value := range map[string]string{factLocation: s.PhotoLocation, factWorkerJobs: s.WorkerJobs} {
		if old, err := c.fact(name); err != nil || string(old) != value {
			c.note(store.Op{Key: store.Local(bookFact, []byte(name)), Value: []byte(value)})
		}
	}
}

// MayMakeJob tells whether the server takes a new job from a template, nil: from none; as far as the phone knows, which has the organisation's word from its last
// connection. ErrRules with the reason: it does not. An app offers what may be made.
func (c *Client) MayMakeJob(from *job.Template) error {
	if !c.worker() {
		return nil
	}
	setting, err := c.fact(factWorkerJobs)
	if err != nil {
		return err
	}
	switch string(setting) {
	case "none":
		return because(ErrRules, errors.New("workers make no jobs here"))
	case "templates":
		if from == nil || !from.WorkerCreate {
			return because(ErrRules, errors.New("workers make jobs from the templates that are meant for it"))
		}
	}
	return nil
}

// stripsLocation tells whether places are to be taken out of photos.
func (c *Client) stripsLocation() bool {
	v, err := c.fact(factLocation)
	return err == nil && string(v) == "strip"
}
