package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"fieldsync/blobs/mark"
	"fieldsync/blobs/upload"
	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api/idempotency"
	"fieldsync/server/internal/auth"
	"fieldsync/server/internal/auth/oidc"
	"fieldsync/server/internal/config"
	"fieldsync/server/internal/documents"
	"fieldsync/server/internal/index"
	"fieldsync/server/internal/marks"
	"fieldsync/server/internal/metrics"
	"fieldsync/server/internal/netlimit"
	"fieldsync/server/internal/notify"
	"fieldsync/server/internal/webhook"
)

// Config says how a server runs. Its fields document unit, default and what zero means.
type Config = config.Config

// endpoint is a part of the server that holds connections beyond a request's end, so that it has to be told of a
// revocation and of a stop.
type endpoint struct {
	http.Handler
	// disconnect ends the connections of a credential (access.Principal.Credential) that was revoked.
	disconnect func(credential string)
	// reconnect ends the connections of a user whose account has changed; those who still may come back at once.
	reconnect func(user string)
	// connected gives who stands behind the open connections; nil: nobody can tell.
	connected func() []access.Principal
	// drain takes no more connections, tells the open ones to come back later and waits for what they have under way to
	// be durable, until ctx ends.
	drain func(ctx context.Context) error
}

// backends are what a server keeps its data in. The server closes them.
type backends struct {
	store store.Store
	blobs upload.Backend
	close func() error // what else there is to close after the store; nil: nothing
}

// Server is a fieldsync server. Make one with New; it must be ended by Run or by Close.
type Server struct {
	cfg       Config
	log       *slog.Logger
	metrics   *metrics.Metrics
	auth      *auth.Auth
	oidc      *oidc.Handler // nil: nobody signs in by an OpenID provider
	proxies   netlimit.Proxies
	data      backends
	marked    *mark.Store // data.blobs, as what it is
	sync      *endpoint   // what /sync serves; nil: not mounted
	documents *documents.Service
	room      *documents.Room // of all documents that are loaded
	index     *index.Index
	files     http.Handler // what /api/v1/files/ serves; nil: not mounted
	filing    filed
	keys      *idempotency.Keeper
	webhooks  *webhook.Webhooks
	push      *notify.Notifier
	handler   http.Handler

	ready      readiness
	draining   atomic.Bool
	stopping   chan struct{} // closed when the server begins to stop
	background background

	listening sync.Mutex
	listener  net.Listener
	closeOnce func() error
}

// New opens the data of a configuration and puts a server together over it; it listens to nothing yet. The error's kind
// is KindInvalid where the configuration is wrong, and its text then names the field.
func New(cfg Config) (*Server, error) {
	cfg = cfg.WithDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	log, err := newLogger(cfg)
	if err != nil {
		return nil, err
	}
	data, err := open(cfg, log)
	if err != nil {
		return nil, err
	}
	s, err := assemble(cfg, log, data)
	if err != nil {
		return nil, errors.Join(err, data.Close())
	}
	return s, nil
}

// assemble wires the parts, by hand and in order, over data that is open.
func assemble(cfg Config, log *slog.Logger, data backends) (*Server, error) {
	proxies, err := netlimit.ParseProxies(cfg.TrustedProxies)
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, log: log, proxies: proxies, data: data,
		metrics:  metrics.New(cfg.Version, frameTypes(), reasons()),
		stopping: make(chan struct{}),
	}
	s.data.store = timedStore{data.store, s.metrics}
	s.closeOnce = sync.OnceValue(func() error {
		s.background.stop()
		if s.documents != nil {
			s.documents.Close()
		}
		var err error
		if s.index != nil {
			err = s.index.Close()
		}
		return errors.Join(err, data.Close())
	})
	book, secret, err := marks.Open(s.data.store)
	if err != nil {
		return nil, err
	}
	s.marked = mark.New(data.blobs, secret, book, log)
	s.data.blobs = s.marked
	s.ready = newReadiness(log, s.data)
	s.auth, err = auth.New(auth.Options{
		Store: s.data.store, ClientIP: proxies.ClientIP, Demo: cfg.Demo, PublicURL: cfg.PublicURL, Origins: cfg.Origins,
		OnRevoke:  s.disconnect,
		OnChange:  s.reconnect,
		OnFailure: func(r auth.Reason) { s.metrics.AuthFailed(string(r)) },
		Log:       log,
	})
	if err != nil {
		return nil, err
	}
	if err := s.auth.Upgrade(); err != nil {
		return nil, err
	}
	if cfg.Demo {
		if err := s.auth.SeedDemo(); err != nil {
			return nil, err
		}
	}
	if err := s.mountOIDC(); err != nil {
		return nil, err
	}
	if err := s.openWebhooks(); err != nil {
		return nil, err
	}
	s.room = documents.NewRoom()
	if err := s.openPush(); err != nil {
		return nil, err
	}
	if err := s.openIndex(); err != nil {
		return nil, err
	}
	if err := s.mountSync(); err != nil {
		return nil, err
	}
	if err := s.mountFiles(); err != nil {
		return nil, err
	}
	if s.keys, err = idempotency.New(s.data.store, nil); err != nil {
		return nil, err
	}
	if cfg.Demo {
		if err := s.seedDemoJobs(); err != nil {
			return nil, err
		}
	}
	s.handler = s.routes()
	s.background.run(func(ctx context.Context) { s.keys.Run(ctx, log) })
	s.background.run(s.webhooks.Run)
	s.background.run(s.push.Run)
	s.background.run(s.sweepUploads)
	s.background.run(func(ctx context.Context) { s.filing.keeper.Run(ctx, cfg.GC) })
	return s, nil
}

// Handler is everything that the server serves. Its limits on connections are Run's.
func (s *Server) Handler() http.Handler { return s.handler }

// Close ends a server that Run does not end: it releases the data. It is safe to call twice.
func (s *Server) Close() error { return s.closeOnce() }

func (s *Server) disconnect(credential string) {
	if s.push != nil {
		s.push.Revoked(credential)
	}
	if s.sync != nil {
		s.sync.disconnect(credential)
	}
}

func (s *Server) reconnect(user string) {
	if s.sync != nil {
		s.sync.reconnect(user)
	}
}

// Close closes the store, which waits for what was submitted, and then the rest.
func (b backends) Close() error {
	err := b.store.Close()
	if b.close != nil {
		err = errors.Join(err, b.close())
	}
	if err != nil {
		return crdt.Errorf(crdt.KindUnavailable, "closing the data: %w", err)
	}
	return nil
}

// timedStore measures each durable write.
type timedStore struct {
	store.Store
	metrics *metrics.Metrics
}

// Submit queues a batch and notes how long it took to become durable, its wait in the queue included.
func (t timedStore) Submit(ops []store.Op, done func(error)) {
	started := time.Now()
	t.Store.Submit(ops, func(err error) {
		t.metrics.Committed(time.Since(started), err)
		done(err)
	})
}

// frameTypes are the frames that the metrics count apart: those of crdt/wire.
func frameTypes() []string {
	return []string{"join", "peer", "error", "leave", "sync", "request", "doc-unavailable", "ephemeral",
		"remote-subscription-change", "remote-heads-changed", "fieldsync-refused", "fieldsync-catch-up"}
}

func reasons() []string {
	var out []string
	for _, r := range auth.Reasons() {
		out = append(out, string(r))
	}
	return out
}
