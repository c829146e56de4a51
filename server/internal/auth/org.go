package auth

import (
	"errors"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Org is an organisation: sealed from every other.
type Org struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Settings Settings  `json:"settings,omitzero"`
	Created  time.Time `json:"created,omitzero"`
	Version  uint64    `json:"version,omitempty"` // rises with each change
}

// Settings are what an organisation decides for itself.
type Settings struct {
	// WorkerJobs says which jobs its workers may make. Never empty in what Organisation gives.
	WorkerJobs access.WorkerJobs `json:"worker_jobs,omitempty"`
	// PhotoLocation says what clients do with the place in a photo. Never empty in what Organisation gives.
	PhotoLocation access.PhotoLocation `json:"photo_location,omitempty"`
	// TimeZone is where the organisation works, as Europe/Berlin. Never empty in what Organisation gives.
	TimeZone string `json:"time_zone,omitempty"`
	// WorkdayEnd is when a working day is over, HH:MM there. Never empty in what Organisation gives.
	WorkdayEnd string `json:"workday_end,omitempty"`
}

func (s Settings) withDefaults() Settings {
	if s.WorkerJobs == "" {
		s.WorkerJobs = access.WorkerJobsTemplates
	}
	if s.PhotoLocation == "" {
		s.PhotoLocation = access.PhotoLocationKeep
	}
	if s.TimeZone == "" {
		s.TimeZone = DefaultTimeZone
	}
	if s.WorkdayEnd == "" {
		s.WorkdayEnd = DefaultWorkdayEnd
	}
	return s
}

// orgsCached bounds the organisations whose settings are kept at hand.
const orgsCached = 1024

// Organisation gives an organisation with its settings, mostly from memory: it may be asked for each change that comes in.
// KindNotFound where there is none.
func (a *Auth) Organisation(id string) (Org, error) {
	a.orgsMu.Lock()
	defer a.orgsMu.Unlock()
	if o, ok := a.orgs.Get(id); ok {
		return o, nil
	}
	if !idPattern.MatchString(id) {
		return Org{}, crdt.Errorf(crdt.KindNotFound, "no such organisation")
	}
	o, err := load[Org](a.store, orgKey(id))
	if err != nil {
		return Org{}, wrapMissing(err, "organisation")
	}
	o.Settings, o.Version = o.Settings.withDefaults(), max(o.Version, 1)
	a.orgs.Add(id, o)
	return o, nil
}

func newOrgCache[T any]() *lru.Cache[string, T] {
	c, _ := lru.New[string, T](orgsCached) // fails for a size below 1
	return c
}

// OrgChange is what to change about an organisation; nil stays as it is.
type OrgChange struct {
	Name          *string
	WorkerJobs    *string
	PhotoLocation *string
	TimeZone      *string
	WorkdayEnd    *string
}

// CreateOrg makes an organisation; the operator's business alone. An empty id is made up.
func (a *Auth) CreateOrg(id string, c OrgChange) (Org, error) {
	if id == "" {
		id = newID("org")
	}
	if !idPattern.MatchString(id) {
		return Org{}, invalid("id", "an id has up to 63 of a-z, 0-9 and -, and does not begin with -")
	}
	a.writing.Lock()
	defer a.writing.Unlock()
	switch _, err := load[Org](a.store, orgKey(id)); {
	case err == nil:
		return Org{}, fieldError("id", crdt.KindConflict, "organisation %q is there already", id)
	case !errors.Is(err, store.ErrNotFound):
		return Org{}, unavailable(err)
	}
	if c.Name == nil || *c.Name == "" {
		return Org{}, invalid("name", "an organisation has a name")
	}
	o, _, err := c.apply(Org{ID: id, Created: a.now().UTC()})
	if err != nil {
		return Org{}, err
	}
	return o, a.putOrg(Operator(id), o, Entry{Action: "organisation.created", Subject: id}, newNamespace(id))
}

// ChangeOrg changes the organisation of whoever asks, if it still has this version (0: whichever it has).
func (a *Auth) ChangeOrg(by access.Principal, c OrgChange, version uint64) (Org, error) {
	if !manages(by) {
		return Org{}, errRole
	}
	a.writing.Lock()
	defer a.writing.Unlock()
	o, err := load[Org](a.store, orgKey(by.Org))
	if err != nil {
		return Org{}, wrapMissing(err, "organisation")
	}
	o.Version = max(o.Version, 1)
	if version != 0 && version != o.Version {
		return Org{}, ErrChanged
	}
	o, what, err := c.apply(o)
	if err != nil || len(what) == 0 {
		return o, err
	}
	return o, a.putOrg(by, o, Entry{Action: "organisation.changed", Subject: o.ID, Fields: what})
}

// apply gives the changed organisation, and the fields that changed.
func (c OrgChange) apply(o Org) (Org, []string, error) {
	var what []string
	o.Settings = o.Settings.withDefaults()
	if c.Name != nil && *c.Name != o.Name {
		if err := checkName("name", *c.Name); err != nil {
			return o, nil, err
		}
		o.Name, what = *c.Name, append(what, "name")
	}
	if c.WorkerJobs != nil && *c.WorkerJobs != string(o.Settings.WorkerJobs) {
		w, err := access.ParseWorkerJobs(*c.WorkerJobs)
		if err != nil {
			return o, nil, fieldError("settings.worker_jobs", crdt.KindInvalid, "%w", err)
		}
		o.Settings.WorkerJobs, what = w, append(what, "settings.worker_jobs")
	}
	if c.PhotoLocation != nil && *c.PhotoLocation != string(o.Settings.PhotoLocation) {
		l, err := access.ParsePhotoLocation(*c.PhotoLocation)
		if err != nil {
			return o, nil, fieldError("settings.photo_location", crdt.KindInvalid, "%w", err)
		}
		o.Settings.PhotoLocation, what = l, append(what, "settings.photo_location")
	}
	if c.TimeZone != nil && *c.TimeZone != o.Settings.TimeZone {
		l, err := ParseTimeZone(*c.TimeZone)
		if err != nil {
			return o, nil, fieldError("settings.time_zone", crdt.KindInvalid, "%w", err)
		}
		o.Settings.TimeZone, what = l.String(), append(what, "settings.time_zone")
	}
	if c.WorkdayEnd != nil && *c.WorkdayEnd != o.Settings.WorkdayEnd {
		if _, err := ParseClock(*c.WorkdayEnd); err != nil {
			return o, nil, fieldError("settings.workday_end", crdt.KindInvalid, "%w", err)
		}
		o.Settings.WorkdayEnd, what = *c.WorkdayEnd, append(what, "settings.workday_end")
	}
	if len(what) > 0 || o.Version == 0 {
		o.Version++
	}
	return o, what, nil
}

// putOrg stores an organisation, and what goes with it; a.writing is held.
func (a *Auth) putOrg(by access.Principal, o Org, e Entry, with ...store.Op) error {
	op, err := put(orgKey(o.ID), o)
	if err != nil {
		return err
	}
	a.orgsMu.Lock() // who reads meanwhile waits: what was read before must not enter the cache afterwards
	defer a.orgsMu.Unlock()
	if err := a.record(by, o.ID, e, append(with, op)...); err != nil {
		return err
	}
	a.orgs.Remove(o.ID)
	return nil
}

// Orgs lists all organisations, by their ids: for the operator.
func (a *Auth) Orgs() ([]Org, error) {
	var out []Org
	err := a.store.Scan(orgKey(""), nil, func(key, _ []byte) error {
		out = append(out, Org{ID: store.ParseKey(key).Name})
		return nil
	})
	if err != nil {
		return nil, unavailable(err)
	}
	for i := range out {
		if out[i], err = a.Organisation(out[i].ID); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Empty tells whether there is no organisation yet, so that nobody can sign in.
func (a *Auth) Empty() (bool, error) {
	empty := true
	err := a.store.Scan(orgKey(""), nil, func([]byte, []byte) error { empty = false; return store.ErrStop })
	if err != nil {
		return false, unavailable(err)
	}
	return empty, nil
}
