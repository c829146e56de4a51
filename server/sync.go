package server

import (
	"context"
	"net/http"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/wire"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/documents"
	"fieldsync/server/internal/metrics"
	"fieldsync/server/internal/ws"
)

// mountSync starts the replica over the store, and gives what /sync serves.
func (s *Server) mountSync() error {
	var svc *documents.Service
	counters := metrics.NewDocuments(s.metrics, func() int { return svc.Open() })
	svc, err := documents.New(documents.Options{Store: s.data.store, Metrics: counters, Log: s.log, WorkerJobs: s.workerJobs, Namespace: s.auth.Namespace,
		OnChange: func(doc crdt.DocID) {
			s.index.Changed(doc)
			s.push.OnChange(doc)
		}, OnStore: s.push.OnStore, Room: s.room})
	if err != nil {
		return err
	}
	sockets := ws.New(ws.Options{Drive: svc.Drive(), Observe: s.metrics, Principal: s.principalOf, CatchUps: s.cfg.CatchUps, CatchUpsWaiting: s.cfg.CatchUpsWaiting,
		Confirm: func(p replica.Principal) error { return s.auth.Confirm(documents.Account(p)) },
		Expires: func(p replica.Principal) time.Time { return documents.Account(p).Expires }})
	s.documents = svc
	s.sync = &endpoint{
		Handler: sockets,
		disconnect: func(credential string) {
			sockets.CloseWhere(documents.ByCredential(credential), replica.Close{Code: wire.CloseUnauthenticated, Reason: "the token was revoked"})
		},
		reconnect: func(user string) {
			sockets.CloseWhere(documents.ByUser(user), replica.Close{Code: wire.CloseGoingAway, Reason: "the account has changed: connect again"})
		},
		connected: func() []access.Principal {
			var out []access.Principal
			for _, p := range sockets.Principals() {
				out = append(out, documents.Account(p))
			}
			return out
		},
		drain: func(ctx context.Context) error {
			err := sockets.Shutdown(ctx)
			svc.Close()
			return err
		},
	}
	return nil
}

// workerJobs is the organisation's setting of which jobs workers may make; the strictest where it cannot be read.
func (s *Server) workerJobs(org string) access.WorkerJobs {
	o, err := s.auth.Organisation(org)
	if err != nil {
		return access.WorkerJobsNone
	}
	return o.Settings.WorkerJobs
}

func (s *Server) principalOf(r *http.Request) (replica.Principal, error) {
	p, err := whoAsks(r)
	if err != nil {
		return nil, err
	}
	return s.documents.Principal(p)
}
