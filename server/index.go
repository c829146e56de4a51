package server

import (
	"log/slog"
	"path/filepath"
	"time"

	"fieldsync/crdt/store"
	"fieldsync/server/internal/auth"
	"fieldsync/server/internal/documents"
	"fieldsync/server/internal/index"
	"fieldsync/server/internal/metrics"
)

// indexOptions are those of the index over a store in a data folder.
func indexOptions(dataDir string, st store.Store, accounts *auth.Auth, room *documents.Room, log *slog.Logger) index.Options {
	return index.Options{Store: st, Namespace: accounts.Namespace, Load: index.FromStore(st, room), Search: filepath.Join(dataDir, "search"), Log: log}
}

// openIndex starts the index. The documents tell it of their changes; what changed before is found by itself.
func (s *Server) openIndex() error {
	opt := indexOptions(s.cfg.Data, s.data.store, s.auth, s.room, s.log)
	opt.Metrics = metrics.NewIndex(s.metrics, func() (queued int, lag time.Duration, ready bool) {
		if s.index == nil {
			return 0, 0, false
		}
		st := s.index.Status()
		return st.Queued, st.Lag, st.Ready
	})
	opt.OnRow, opt.OnWritten = s.webhooks.OnRow, s.webhooks.OnWritten
	var err error
	s.index, err = index.New(opt)
	return err
}
