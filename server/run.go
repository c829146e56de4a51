package server

import (
	"context"
	"errors"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"fieldsync/crdt"
	"fieldsync/server/internal/netlimit"
)

// Listen opens the port, so that Addr is known before Run. Calling it again does nothing.
func (s *Server) Listen() error {
	s.listening.Lock()
	defer s.listening.Unlock()
	if s.listener != nil {
		return nil
	}
	inner, err := net.Listen("tcp", s.cfg.Listen)
	if err != nil {
		return crdt.Errorf(crdt.KindUnavailable, "listen: %w", err)
	}
	if s.cfg.Demo && !onLoopback(inner.Addr()) { // whatever "localhost" means here
		_ = inner.Close()
		return crdt.Errorf(crdt.KindInvalid, "listen: %s: with demo only a loopback address", inner.Addr())
	}
	s.listener = netlimit.NewListener(inner, netlimit.Limits{
		Total: s.cfg.MaxConnections, PerIP: s.cfg.MaxConnectionsPerIP, Proxies: s.proxies,
	}, s.metrics.ConnectionTurnedAway)
	return nil
}

func onLoopback(a net.Addr) bool {
	ap, err := netip.ParseAddrPort(a.String())
	return err == nil && ap.Addr().Unmap().IsLoopback()
}

// Addr is the address that the server listens on, host:port; empty before Listen.
func (s *Server) Addr() string {
	s.listening.Lock()
	defer s.listening.Unlock()
	if s.listener == nil {
		return ""
	}
	return s.listener.Addr().String()
}

// Run listens and serves until ctx ends, and then stops: /readyz says so, sync connections are told to come back,
// requests under way finish, everything that was accepted is made durable, and the data is released. It returns nil
// after a graceful stop, within Config.DrainTimeout and the time that closing the store takes. A Server runs once.
func (s *Server) Run(ctx context.Context) error {
	if err := s.Listen(); err != nil {
		return errors.Join(err, s.Close())
	}
	srv := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: headerPatience,
		IdleTimeout:       idlePatience,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          log.New(protocolNoise{s.log}, "", 0),
	}
	endCommands := s.serveOperator()
	served := make(chan error, 1)
	go func() { served <- srv.Serve(s.listener) }()
	background, endBackground := context.WithCancel(context.Background())
	noted := make(chan struct{})
	go func() { defer close(noted); s.noteWhoIsSeen(background) }()
	stop := func() error {
		endBackground()
		<-noted
		return s.stop(srv, endCommands)
	}
	s.hintAtFirstRun()
	s.log.Info("listening", "addr", s.Addr(), "version", s.cfg.Version, "demo", s.cfg.Demo)
	select {
	case err := <-served: // the listener failed
		return errors.Join(crdt.Errorf(crdt.KindUnavailable, "serve: %w", err), stop())
	case <-ctx.Done():
		return stop()
	}
}

func (s *Server) stop(srv *http.Server, endCommands func(context.Context)) error {
	started := time.Now()
	s.draining.Store(true)
	close(s.stopping)
	s.saveSeen()
	s.log.Info("draining", "timeout", s.cfg.DrainTimeout)
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.DrainTimeout)
	defer cancel()
	drained := make(chan error, 1)
	go func() {
		if s.sync == nil {
			drained <- nil
			return
		}
		drained <- s.sync.drain(ctx)
	}()
	if err := srv.Shutdown(ctx); err != nil {
		s.log.Warn("requests cut off", "error", err)
		_ = srv.Close() // what Shutdown left; its connections' errors are theirs
	}
	if err := <-drained; err != nil {
		s.log.Warn("sync connections cut off", "error", err)
	}
	endCommands(ctx)
	err := s.Close()
	s.log.Info("stopped", "took", time.Since(started), "clean", err == nil)
	return err
}

// protocolNoise takes what net/http says about connections that break its protocol: of interest to a developer only,
// and it names addresses of people.
type protocolNoise struct{ log *slog.Logger }

func (n protocolNoise) Write(line []byte) (int, error) {
	n.log.Debug("http", "detail", string(line))
	return len(line), nil
}
