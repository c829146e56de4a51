package server

import (
	"context"
	"time"

	"fieldsync/server/internal/access"
	"fieldsync/server/internal/auth/oidc"
)

// seenEvery is how often it is written down who used the server lately.
const seenEvery = 5 * time.Minute

// noteWhoIsSeen writes down now and then which devices are used, until ctx ends.
func (s *Server) noteWhoIsSeen(ctx context.Context) {
	tick := time.NewTicker(seenEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.saveSeen()
		case <-ctx.Done():
			return
		}
	}
}

func (s *Server) saveSeen() {
	var connected []access.Principal
	if s.sync != nil && s.sync.connected != nil {
		connected = s.sync.connected()
	}
	if err := s.auth.SaveSeen(connected); err != nil {
		s.log.Warn("who was seen is not saved", "error", err)
	}
}

// hintAtFirstRun tells the operator how to begin where nobody can sign in yet.
func (s *Server) hintAtFirstRun() {
	if empty, err := s.auth.Empty(); err == nil && empty {
		s.log.Warn("there is no organisation yet, so nobody can sign in; make one and its owner: fieldsyncd org add, then fieldsyncd user add")
	}
}

// mountOIDC makes what lets people in by an OpenID provider, where one is set. It asks the provider nothing yet.
func (s *Server) mountOIDC() error {
	if s.cfg.OIDCIssuer == "" {
		return nil
	}
	if _, err := s.auth.Organisation(s.cfg.OIDCOrg); err != nil {
		s.log.Warn("nobody can sign in by the OpenID provider: there is no such organisation", "oidc-org", s.cfg.OIDCOrg)
	}
	var err error
	s.oidc, err = oidc.New(context.Background(), oidc.Options{
		Auth: s.auth, Issuer: s.cfg.OIDCIssuer, ClientID: s.cfg.OIDCClientID, ClientSecret: s.cfg.OIDCClientSecret, Org: s.cfg.OIDCOrg,
		Claim: s.cfg.OIDCClaim, Create: access.Role(s.cfg.OIDCCreate), PublicURL: s.cfg.PublicURL, Log: s.log,
	})
	return err
}
