package server

import (
	"fieldsync/server/internal/egress"
	"fieldsync/server/internal/metrics"
	"fieldsync/server/internal/webhook"
)

// openWebhooks opens the webhooks and what waits for them; Run of package webhook delivers it.
func (s *Server) openWebhooks() error {
	allowed, err := egress.ParseAllowed(s.cfg.WebhookAllow)
	if err != nil {
		return err
	}
	counters := metrics.NewWebhooks(s.metrics, func() int {
		if s.webhooks == nil {
			return 0
		}
		return s.webhooks.Waiting()
	})
	s.webhooks, err = webhook.New(webhook.Options{Store: s.data.store, Allowed: allowed, Version: s.cfg.Version, Log: s.log, Record: s.auth.Record, Delivered: counters.Delivered})
	return err
}
