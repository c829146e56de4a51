package server

import (
	"context"
	"time"

	"fieldsync/crdt"
	"fieldsync/server/internal/auth"
)

// demoPatience bounds how long seeding may take.
const demoPatience = 30 * time.Second

// seedDemoJobs makes the demonstration's jobs as its dispatcher, where they are missing.
func (s *Server) seedDemoJobs() error {
	dispatcher, err := s.auth.Authenticate(auth.DemoUsers()[0].Token)
	if err != nil {
		return crdt.Errorf(crdt.KindInternal, "demo: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), demoPatience)
	defer cancel()
	return s.documents.SeedDemo(ctx, dispatcher, time.Now())
}
