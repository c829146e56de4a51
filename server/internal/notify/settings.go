package notify

import (
	"encoding/json"
	"errors"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/auth"
)

// Settings are what a person wants to hear, and when.
type Settings struct {
	// QuietFrom and QuietTo are between which times of the day nothing is sent, HH:MM; what comes then is sent afterwards. Both empty: always.
	QuietFrom string `json:"quiet_from,omitempty"`
	QuietTo   string `json:"quiet_to,omitempty"`
	// OnlyToday leaves out jobs that neither are nor were scheduled for the day.
	OnlyToday bool `json:"only_today,omitempty"`
	// TimeZone is where he is; empty: where his device says it is, else where the organisation works.
	TimeZone string `json:"time_zone,omitempty"`
}

// SettingsOf gives a person's settings.
func (n *Notifier) SettingsOf(org, user string) (Settings, error) {
	value, err := n.opt.Store.Get(settingsKey(org, user))
	if errors.Is(err, store.ErrNotFound) {
		return Settings{}, nil
	}
	if err != nil {
		return Settings{}, unavailable(err)
	}
	var s Settings
	if err := json.Unmarshal(value, &s); err != nil {
		return Settings{}, crdt.Errorf(crdt.KindInternal, "notify: stored settings are not ours: %w", err)
	}
	return s, nil
}

// Set keeps a person's settings. They hold for what waits, too.
func (n *Notifier) Set(org, user string, s Settings) error {
	bad := func(field, message string) error { return job.FieldErrors{{Field: field, Message: message}} }
	if (s.QuietFrom == "") != (s.QuietTo == "") {
		return bad("quiet_to", "goes together with quiet_from")
	}
	if s.QuietFrom != "" {
		from, err := auth.ParseClock(s.QuietFrom)
		if err != nil {
			return bad("quiet_from", "is no time of the day, as 22:00")
		}
		to, err := auth.ParseClock(s.QuietTo)
		if err != nil {
			return bad("quiet_to", "is no time of the day, as 06:00")
		}
		if from == to {
			return bad("quiet_to", "is quiet_from: that would be never, or always")
		}
	}
	if s.TimeZone != "" {
		if _, err := auth.ParseTimeZone(s.TimeZone); err != nil {
			return bad("time_zone", "is no name of a time zone, as Europe/Berlin")
		}
	}
	value, err := json.Marshal(s)
	if err != nil {
		return crdt.Errorf(crdt.KindInternal, "notify: %w", err)
	}
	if err := store.Write(n.opt.Store, []store.Op{{Key: settingsKey(org, user), Value: value}}); err != nil {
		return unavailable(err)
	}
	return nil
}
