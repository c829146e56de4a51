package server

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/crdt/store/badgerstore"
	"fieldsync/server/internal/admin"
	"fieldsync/server/internal/auth"
	"fieldsync/server/internal/documents"
	"fieldsync/server/internal/index"
	"fieldsync/server/internal/webhook"
)

// Operator does the operator's commands on a data folder.
type Operator struct {
	admin.Doer
	close func() error
}

// Close releases the folder.
func (o *Operator) Close() error { return o.close() }

// OpenOperator reaches the server that runs over a data folder, or opens the folder itself where none runs. With fresh a folder
// that is not there is made.
func OpenOperator(ctx context.Context, dataDir string, fresh bool) (*Operator, error) {
	if dataDir == "" {
		return nil, crdt.Errorf(crdt.KindInvalid, "data: is required")
	}
	socket, err := admin.Dial(ctx, dataDir)
	if err == nil {
		return &Operator{Doer: socket, close: func() error { return nil }}, nil
	}
	if !errors.Is(err, admin.ErrNoServer) {
		return nil, err
	}
	dir := filepath.Join(dataDir, "store")
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) && !fresh {
		return nil, crdt.Errorf(crdt.KindInvalid, "data: there is nothing of a server in %s", dataDir)
	}
	if err := os.MkdirAll(dataDir, 0o700); err != nil {
		return nil, crdt.Errorf(crdt.KindUnavailable, "data: %w", err)
	}
	st, err := badgerstore.Open(badgerstore.Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	switch {
	case errors.Is(err, store.ErrLocked):
		return nil, crdt.Errorf(crdt.KindUnavailable, "data: a server that takes no commands has the folder open; it starts or stops, or is of an older version: %w", err)
	case err != nil:
		return nil, crdt.Errorf(crdt.KindUnavailable, "data: %w", err)
	}
	a, err := auth.New(auth.Options{Store: st, ClientIP: func(*http.Request) netip.Addr { return netip.Addr{} }})
	if err == nil {
		err = a.Upgrade()
	}
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	rows := &lazyIndex{opt: indexOptions(dataDir, st, a, documents.NewRoom(), slog.New(slog.DiscardHandler))}
	return &Operator{Doer: admin.Local{Auth: a, Index: rows.open, Others: stoppedPush(st, a)}, close: func() error { return errors.Join(rows.close(), st.Close()) }}, nil
}

// lazyIndex is the index of a folder whose server is stopped, opened by the first command that needs it.
type lazyIndex struct {
	opt index.Options
	x   *index.Index
}

func (l *lazyIndex) open() (*index.Index, error) {
	if l.x != nil {
		return l.x, nil
	}
	// A row that a killed server did not come to is written here, so what goes with it is queued here too; the next server delivers it.
	hooks, err := webhook.New(webhook.Options{Store: l.opt.Store, Log: l.opt.Log})
	if err != nil {
		return nil, err
	}
	l.opt.OnRow, l.opt.OnWritten = hooks.OnRow, hooks.OnWritten
	l.x, err = index.Open(l.opt)
	return l.x, err
}

func (l *lazyIndex) close() error {
	if l.x == nil {
		return nil
	}
	return l.x.Close()
}

// operatorCommands are those of the parts of a server that runs.
func (s *Server) operatorCommands() map[string]func(context.Context, json.RawMessage) (any, error) {
	all := s.push.Commands(func(name string) (string, error) { return orgNamed(s.auth, name) })
	maps.Copy(all, s.filing.keeper.Commands())
	return all
}

// serveOperator takes the operator's commands while the server runs; without it they work when it is stopped.
func (s *Server) serveOperator() (stop func(context.Context)) {
	socket, err := admin.Serve(s.cfg.Data, admin.Local{Auth: s.auth, Index: func() (*index.Index, error) { return s.index, nil },
		Others: s.operatorCommands()})
	if err != nil {
		s.log.Warn("the operator's commands work only while the server is stopped", "error", err)
		return func(context.Context) {}
	}
	return socket.Close
}
