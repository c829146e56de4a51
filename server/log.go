package server

import (
	"io"
	"log/slog"
	"os"
)

// newLogger makes the server's log: constant messages, fixed keys, no token and no personal data.
func newLogger(cfg Config) (*slog.Logger, error) {
	level, err := cfg.Level()
	if err != nil {
		return nil, err
	}
	var to io.Writer = os.Stderr
	if cfg.LogTo != nil {
		to = cfg.LogTo
	}
	opts := &slog.HandlerOptions{Level: level}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(to, opts)), nil
	}
	return slog.New(slog.NewTextHandler(to, opts)), nil
}
