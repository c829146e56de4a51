package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"

	"fieldsync/blobs/diskblob"
	"fieldsync/blobs/upload"
	"fieldsync/crdt"
	"fieldsync/server/internal/admin"
	"fieldsync/server/internal/auth"
	"fieldsync/server/internal/config"
	"fieldsync/server/internal/deliveries"
)

// Blobs is a store of files, open for an operator's command.
type Blobs struct {
	upload.Backend
	close func() error
}

// Close releases it.
func (b *Blobs) Close() error { return b.close() }

// OpenBlobs opens the place that a configuration names. For reading, a folder may be in use by a server.
func OpenBlobs(cfg Config, reading bool) (*Blobs, error) {
	cfg = cfg.WithDefaults()
	place, err := config.ParseBlobs(cfg.Blobs)
	if err != nil {
		return nil, err
	}
	if reading && place.Dir != "" {
		s, err := diskblob.OpenReading(place.Dir)
		if err != nil {
			return nil, crdt.Errorf(crdt.KindInvalid, "blobs: %w", err)
		}
		return &Blobs{s, s.Close}, nil
	}
	b, done, err := openBlobs(cfg)
	if err != nil {
		return nil, err
	}
	return &Blobs{b, done}, nil
}

// OpenKeeper reaches the server that runs over a data folder for its commands about files, or does them on the folder itself where
// none runs.
func OpenKeeper(ctx context.Context, cfg Config) (*Operator, error) {
	cfg = cfg.WithDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	socket, err := admin.Dial(ctx, cfg.Data)
	if err == nil {
		return &Operator{Doer: socket, close: func() error { return nil }}, nil
	}
	if !errors.Is(err, admin.ErrNoServer) {
		return nil, err
	}
	log := slog.New(slog.DiscardHandler)
	data, err := open(cfg, log)
	if err != nil {
		return nil, err
	}
	a, err := auth.New(auth.Options{Store: data.store, ClientIP: func(*http.Request) netip.Addr { return netip.Addr{} }})
	if err != nil {
		return nil, errors.Join(err, data.Close())
	}
	k := keeperOf(cfg, data, a, deliveries.New(data.store, nil), log)
	return &Operator{Doer: admin.Local{Auth: a, Others: k.Commands()}, close: data.Close}, nil
}
