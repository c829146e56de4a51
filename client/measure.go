package client

import (
	"context"
	"time"

	"fieldsync/client/internal/lane"
	"fieldsync/client/internal/netclass"
)

// probeTimeout bounds one measurement. What takes longer says as much as that.
const probeTimeout = 15 * time.Second

// measure measures the session's link for as long as it lasts, as package netclass wants it.
func (s *session) measure() {
	c := s.c
	s.conn.OnArrived(func(bytes int64, took time.Duration) { c.meter(func(m *netclass.Meter) { m.Moved(bytes, took) }) })
	for {
		waiting := c.heldFiles.Load() > 0
		c.net.mu.Lock()
		what, at := c.net.meter.Probe(time.Now(), waiting)
		c.net.mu.Unlock()
		timer := time.NewTimer(time.Until(at))
		select {
		case <-timer.C:
		case <-c.net.measured:
			timer.Stop()
			continue
		case <-s.conn.Closed():
			timer.Stop()
			return
		}
		if err := s.probe(what); err != nil {
			return
		}
	}
}

// probe makes one measurement. The error says that the session has ended.
func (s *session) probe(what netclass.Probe) error {
	c := s.c
	pings, size := 1, 0
	switch what {
	case netclass.NoProbe:
		return nil
	case netclass.PingProbe:
	case netclass.TrainProbe:
		pings, size = netclass.TrainPings, netclass.PingBytes
	}
	c.meter(func(m *netclass.Meter) { m.Asked(what, time.Now()) })
	files := len(c.net.gate.Running()) > 0
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	took, busy, err := s.conn.Ping(ctx, pings, size)
	if err != nil {
		if ctx.Err() == nil {
			return err
		}
		took = probeTimeout
	}
	busy = busy || files || len(c.net.gate.Running()) > 0
	learned := false
	c.meter(func(m *netclass.Meter) {
		before := m.Known()
		switch {
		case what == netclass.PingProbe:
			m.RoundTrip(took, busy)
		case !busy:
			m.Train(netclass.TrainBytes, took)
		}
		learned = m.Known() && !before
	})
	if learned {
		s.update(func() {}) // for known
	}
	return nil
}

// known waits until it is known what the link is worth, if files are to move; not for ever.
func (s *session) known(ctx context.Context) error {
	inner, cancel := context.WithTimeout(ctx, s.c.stall)
	defer cancel()
	err := s.until(inner, func() bool {
		s.c.net.mu.Lock()
		defer s.c.net.mu.Unlock()
		return s.c.net.meter.Known()
	})
	if err != nil && ctx.Err() == nil && inner.Err() != nil {
		return nil // nothing is known, and nothing moves that needs it
	}
	return err
}

// small tells whether a file of the outbox is a preview of another one.
func small(kind string) bool { return kind == kindPreview || kind == kindThumbnail }

// laneFile is a file of the outbox as its lane wants it.
func laneFile(f *outboxEntry) lane.File {
	return lane.File{Doc: f.doc.String(), Ref: f.ref.String(), Name: f.Name, Up: true, Small: small(f.Kind), Size: f.Size}
}
