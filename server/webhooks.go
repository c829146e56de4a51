package server

import "fieldsync/server/internal/webhook"

// openWebhooks opens the webhooks and what waits for them; Run of package webhook delivers it.
func (s *Server) openWebhooks() error {
	allowed, err := webhook.ParseAllowed(s.cfg.WebhookAllow)
	if err != nil {
		return err
	}
	s.webhooks, err = webhook.New(webhook.Options{Store: s.data.store, Allowed: allowed, Version: s.cfg.Version, Log: s.log})
	return err
}
