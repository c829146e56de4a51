package server

import (
	"context"
	"time"

	"fieldsync/server/internal/access"
)

// seenEvery is how often it is written down who used the server lately.
const seenEvery = 5 * time.Minute

// noteWhoIsSeen writes down now and then which devices are used, until ctx ends.
func (s *Server) noteWhoIsSeen(ctx context.Context) {
	tick := time.NewTicker(seenEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.saveSeen()
		case <-ctx.Done():
			return
		}
	}
}

func (s *Server) saveSeen() {
	var connected []access.Principal
	if s.sync != nil && s.sync.connected != nil {
		connected = s.sync.connected()
	}
	if err := s.auth.SaveSeen(connected); err != nil {
		s.log.Warn("who was seen is not saved", "error", err)
	}
}

// hintAtFirstRun tells the operator how to begin where nobody can sign in yet.
func (s *Server) hintAtFirstRun() {
	if empty, err := s.auth.Empty(); err == nil && empty {
		s.log.Warn("there is no organisation yet, so nobody can sign in; make one and its owner: fieldsyncd org add, then fieldsyncd user add")
	}
}
