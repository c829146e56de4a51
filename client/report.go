package client

import (
	"context"
	"sync"
	"time"

	"fieldsync/client/internal/backoff"
	"fieldsync/client/internal/service"
	"fieldsync/crdt"
)

// reportEvery is how old what the server was told of this device may become while nothing changes: as often as a phone syncs.
const reportEvery = 2 * time.Minute

// longestSince is the longest time since the last sync that a server believes: ten years. A clock that was wrong says more.
const longestSince = 10 * 365 * 24 * time.Hour

// reports is what the server was last told of this device.
type reports struct {
	wanted chan struct{} // holds one token when there may be something new to tell

	mu     sync.Mutex           // held while the server is told
	last   service.DeviceReport // without SinceSync
	at     time.Time            // zero: nothing yet
	absent bool                 // this server does not want to know
}

// reports tells the server how far this device is, whenever that may have changed, until ctx ends. It has a goroutine of its own: a connection that is dead is
// found out while a report waits for its answer, and what changed meanwhile is told after it.
func (s *session) reports(ctx context.Context) {
	var delays backoff.Backoff
	var again <-chan time.Time
	for {
		select {
		case <-s.c.reports.wanted:
		case <-again:
		case <-ctx.Done():
			return
		}
		if again = nil; s.c.reportDevice(ctx, s.api) != nil {
			again = time.After(delays.Next())
		} else {
			delays.Reset()
		}
	}
}

// reportDevice tells the server how far this device is, for the office to see: what is unsent, how good the link is, when all was in step. What is
// known there is not told again. The error says that it could not be told now.
func (c *Client) reportDevice(ctx context.Context, api *service.Service) error {
	c.reports.mu.Lock()
	defer c.reports.mu.Unlock()
	l := c.Link()
	if c.reports.absent || l.Class == LinkNone {
		return nil
	}
	u, err := c.Unsent(ctx)
	if err != nil {
		return nil //nolint:nilerr // whoever asks for it is told
	}
	r := service.DeviceReport{Link: string(l.Class), Metered: l.Metered, Unsent: service.DeviceUnsent{Changes: u.Edits, Files: u.Attached, Bytes: u.Bytes}}
	now := time.Now()
	if r == c.reports.last && now.Sub(c.reports.at) < reportEvery {
		return nil
	}
	said := r
	if ago := now.Sub(u.LastSync); !u.LastSync.IsZero() && ago < longestSince {
		since := max(0, int64(ago/time.Second))
		said.SinceSync = &since
	}
	err = api.Report(ctx, said)
	switch crdt.KindOf(err) {
	case crdt.KindNotFound, crdt.KindForbidden: // a server that knows no reports, or not of devices like this one
		c.reports.absent = true
		return nil
	case crdt.KindInvalid: // nor would it take the same again
		c.log.Warn("the server refuses what this device says of itself", "error", err.Error())
		err = nil
	}
	if err != nil {
		c.log.Info("the server could not be told how far this device is", "error", err.Error())
		return err
	}
	c.reports.last, c.reports.at = r, now
	return nil
}
