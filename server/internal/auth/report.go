package auth

import (
	"errors"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
)

// DeviceReport is what a device last said of itself: how good its link is, and what it has that the server has not. Nothing is decided by it.
type DeviceReport struct {
	At      time.Time    `json:"at"`                // when it said so, by our clock
	Synced  time.Time    `json:"synced,omitzero"`   // when it was last in step with the server, by our clock; zero: never
	Link    string       `json:"link"`              // "slow", "fast"
	Metered bool         `json:"metered,omitempty"` // the platform says that bytes cost money
	Unsent  DeviceUnsent `json:"unsent"`
}

// DeviceUnsent is what a device has not sent, as its user counts it.
type DeviceUnsent struct {
	Changes int   `json:"changes,omitempty"`
	Files   int   `json:"files,omitempty"`
	Bytes   int64 `json:"bytes,omitempty"` // of the files, that are left
}

// The classes of a link by which a device may report.
const (
	LinkSlow = "slow"
	LinkFast = "fast"
)

// maxSinceSync bounds how long ago a device may say that it was in step: ten years.
const maxSinceSync = 10 * 365 * 24 * time.Hour

// Report takes what a device says of itself. sinceSync is how long ago it was in step by its own clock, which need not be right; negative: never.
// SaveSeen writes it down: a request itself writes nothing, and what a crash loses is said anew with the device's next sync.
func (a *Auth) Report(by access.Principal, r DeviceReport, sinceSync time.Duration) error {
	if by.User == "" || by.Device == "" {
		return crdt.Errorf(crdt.KindForbidden, "only a person's device says how far it is")
	}
	switch {
	case r.Link != LinkSlow && r.Link != LinkFast:
		return invalid("link", "a link is slow or fast")
	case r.Unsent.Changes < 0 || r.Unsent.Files < 0 || r.Unsent.Bytes < 0:
		return invalid("unsent", "what is unsent is counted from 0")
	case sinceSync > maxSinceSync:
		return invalid("since_sync", "that is longer ago than ten years")
	}
	h, err := a.findCredential(by)
	if err != nil {
		return err
	}
	r.At, r.Synced = a.now(), time.Time{}
	if sinceSync >= 0 {
		r.Synced = r.At.Add(-sinceSync)
	}
	if a.cache.report(h, r) {
		return nil
	}
	// More devices than are kept in memory between two writes.
	a.writing.Lock()
	defer a.writing.Unlock()
	return a.saveReports(map[secretHash]DeviceReport{h: r})
}

// saveReports writes reports down, of credentials that are still there; a.writing is held.
func (a *Auth) saveReports(reports map[secretHash]DeviceReport) error {
	var ops []store.Op
	for h, r := range reports {
		if _, err := a.store.Get(credentialKey(h)); errors.Is(err, store.ErrNotFound) {
			continue
		} else if err != nil {
			return unavailable(err)
		}
		op, err := put(reportKey(h), r)
		if err != nil {
			return err
		}
		if ops = append(ops, op); len(ops) == seenAtOnce {
			if err := a.write(ops...); err != nil {
				return err
			}
			ops = nil
		}
	}
	if len(ops) == 0 {
		return nil
	}
	return a.write(ops...)
}

// lastReport gives what a device last said of itself; nil: nothing yet.
func (a *Auth) lastReport(h secretHash) (*DeviceReport, error) {
	if r, ok := a.cache.reported(h); ok {
		return &r, nil
	}
	r, err := load[DeviceReport](a.store, reportKey(h))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, unavailable(err)
	}
	return &r, nil
}
