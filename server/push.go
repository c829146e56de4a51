package server

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"os"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/auth"
	"fieldsync/server/internal/config"
	"fieldsync/server/internal/egress"
	"fieldsync/server/internal/metrics"
	"fieldsync/server/internal/notify"
	"fieldsync/server/internal/notify/apns"
	"fieldsync/server/internal/notify/fcm"
	"fieldsync/server/internal/notify/transport"
	"fieldsync/server/internal/notify/webpush"
)

// openPush opens the notices to devices and what waits for them; Run of package notify sends it.
func (s *Server) openPush() error {
	allowed, err := egress.ParseAllowed(s.cfg.PushAllow)
	if err != nil {
		return err
	}
	transports, err := pushServices(s.cfg)
	if err != nil {
		return err
	}
	counted := func(n func() int) func() int {
		return func() int {
			if s.push == nil {
				return 0
			}
			return n()
		}
	}
	counters := metrics.NewNotices(s.metrics, counted(func() int { return s.push.Waiting() }), counted(func() int { return s.push.Subscribed() }),
		counted(func() int { return len(s.push.Broken()) }))
	transports[notify.ServiceWebPush] = webpush.New(webpush.Options{Client: egress.NewClient(allowed), Contact: pushContact(s.cfg),
		Key: func(public []byte) *ecdsa.PrivateKey { return s.push.Key(public) }})
	s.push, err = notify.New(notify.Options{Store: s.data.store, Room: s.room, Namespace: s.auth.Namespace, People: s.auth, Transports: transports,
		Allowed: allowed, Calm: s.cfg.PushCalm, Metrics: counters, Log: s.log})
	return err
}

// pushServices are the services that the operator has keys for.
func pushServices(cfg config.Config) (map[string]transport.Transport, error) {
	out := map[string]transport.Transport{}
	if cfg.FCMAccount != "" {
		key, err := os.ReadFile(cfg.FCMAccount)
		if err != nil {
			return nil, crdt.Errorf(crdt.KindInvalid, "fcm-account: %w", err)
		}
		if out[notify.ServiceFCM], err = fcm.New(fcm.Options{Account: key, Client: egress.NewClient(nil)}); err != nil {
			return nil, crdt.Errorf(crdt.KindInvalid, "fcm-account: %w", err)
		}
	}
	if cfg.APNsKey != "" {
		key, err := os.ReadFile(cfg.APNsKey)
		if err != nil {
			return nil, crdt.Errorf(crdt.KindInvalid, "apns-key: %w", err)
		}
		if out[notify.ServiceAPNs], err = apns.New(apns.Options{Key: key, KeyID: cfg.APNsKeyID, Team: cfg.APNsTeam, Client: egress.NewClient(nil)}); err != nil {
			return nil, crdt.Errorf(crdt.KindInvalid, "apns-key: %w", err)
		}
	}
	return out, nil
}

// pushContact is whom a push service may turn to.
func pushContact(cfg config.Config) string {
	if cfg.PushContact != "" {
		return cfg.PushContact
	}
	return cfg.PublicURL
}

// orgNamed gives an organisation's id; without a name the only one's.
func orgNamed(accounts *auth.Auth, name string) (string, error) {
	if name != "" {
		o, err := accounts.Organisation(name)
		return o.ID, err
	}
	all, err := accounts.Orgs()
	if err == nil && len(all) != 1 {
		err = crdt.Errorf(crdt.KindInvalid, "there are %d organisations: say which with --org", len(all))
	}
	if err != nil {
		return "", err
	}
	return all[0].ID, nil
}

// stoppedPush are the commands on a folder whose server is stopped: all but the test, for which something has to send.
func stoppedPush(st store.Store, accounts *auth.Auth) map[string]func(context.Context, json.RawMessage) (any, error) {
	open := func(name string) func(context.Context, json.RawMessage) (any, error) {
		return func(ctx context.Context, in json.RawMessage) (any, error) {
			if name == notify.CommandTest {
				return nil, crdt.Errorf(crdt.KindUnavailable, "the server is stopped: nothing sends")
			}
			n, err := notify.New(notify.Options{Store: st, People: accounts})
			if err != nil {
				return nil, err
			}
			return n.Commands(func(org string) (string, error) { return orgNamed(accounts, org) })[name](ctx, in)
		}
	}
	out := map[string]func(context.Context, json.RawMessage) (any, error){}
	for _, name := range []string{notify.CommandDevices, notify.CommandLog, notify.CommandTest, notify.CommandRotate} {
		out[name] = open(name)
	}
	return out
}
