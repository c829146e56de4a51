package client

import (
	"context"
	"sync"
	"time"

	"fieldsync/client/internal/service"
	"fieldsync/crdt"
)

// reportEvery is how old what the server was told of this device may become while nothing changes: as often as a phone syncs.
const reportEvery = 2 * time.Minute

// reports is what the server was last told of this device.
type reports struct {
	mu     sync.Mutex           // held while the server is told
	last   service.DeviceReport // without SinceSync
	at     time.Time            // zero: nothing yet
	absent bool                 // this server does not want to know
}

// reportDevice tells the server how far this device is, for the office to see: what is unsent, how good the link is, when all was in step. That is when
// synced is, or where it is zero, when it last was. What is known there is not told again. That it cannot be told now is no failure: it is with the next sync.
func (c *Client) reportDevice(ctx context.Context, api *service.Service, synced time.Time) {
	if !c.reports.mu.TryLock() {
		return // it is being told, over a connection that may be dead: whoever looks whether it lives does not wait for that
	}
	defer c.reports.mu.Unlock()
	l := c.Link()
	if c.reports.absent || l.Class == LinkNone {
		return
	}
	u, err := c.Unsent(ctx)
	if err != nil {
		return // whoever asks for it is told
	}
	r := service.DeviceReport{Link: string(l.Class), Metered: l.Metered, Unsent: service.DeviceUnsent{Changes: u.Edits, Files: u.Attached, Bytes: u.Bytes}}
	now := time.Now()
	if r == c.reports.last && now.Sub(c.reports.at) < reportEvery {
		return
	}
	said := r
	if synced.IsZero() {
		synced = u.LastSync
	}
	if !synced.IsZero() {
		since := max(0, int64(now.Sub(synced)/time.Second))
		said.SinceSync = &since
	}
	switch err := api.Report(ctx, said); crdt.KindOf(err) {
	case crdt.KindNotFound, crdt.KindInvalid, crdt.KindForbidden: // a server that knows no reports
		c.reports.absent = true
	default:
		if err != nil {
			c.log.Info("the server could not be told how far this device is", "error", err.Error())
			return
		}
		c.reports.last, c.reports.at = r, now
	}
}
