package client

import (
	"context"
	"time"

	"fieldsync/client/internal/service"
	"fieldsync/crdt/store"
)

// factLocation is what the organisation wants done with the places in photos, as it last said: "keep" or "strip".
const factLocation = "photo-location"

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
	if old, err := c.fact(factLocation); err == nil && string(old) == s.PhotoLocation {
		return
	}
	c.note(store.Op{Key: store.Local(bookFact, []byte(factLocation)), Value: []byte(s.PhotoLocation)})
}

// stripsLocation tells whether places are to be taken out of photos.
func (c *Client) stripsLocation() bool {
	v, err := c.fact(factLocation)
	return err == nil && string(v) == "strip"
}
