package notify

import (
	"time"

	"fieldsync/crdt"
	"fieldsync/server/internal/auth"
	"fieldsync/server/internal/notify/rules"
)

// zone is where a person is, as far as somebody has said.
func (n *Notifier) zone(s *Subscription, set Settings) *time.Location {
	for _, name := range []string{set.TimeZone, s.TimeZone} {
		if name != "" {
			if l, err := auth.ParseTimeZone(name); err == nil {
				return l
			}
		}
	}
	l, _ := n.opt.People.Workday(s.Org)
	return l
}

// quietUntil is when quiet hours end that hold now; the zero time: none do.
func (set Settings) quietUntil(now time.Time, zone *time.Location) time.Time {
	from, err := auth.ParseClock(set.QuietFrom)
	to, err2 := auth.ParseClock(set.QuietTo)
	if err != nil || err2 != nil {
		return time.Time{}
	}
	t := now.In(zone)
	minute := t.Hour()*60 + t.Minute()
	days := 0
	switch {
	case from < to && minute >= from && minute < to, from > to && minute < to:
	case from > to && minute >= from:
		days = 1
	default:
		return time.Time{}
	}
	until := time.Date(t.Year(), t.Month(), t.Day()+days, to/60, to%60, 0, 0, zone)
	if !until.After(now) { // the clocks are put forward or back meanwhile: that time is not there, or was before this one
		return now.Add(clockPause)
	}
	return until
}

// clockPause is after how long it is looked again whether quiet hours are over, where the clocks are changed within them.
const clockPause = time.Minute

// leastTTL is how long a message is kept at least: at the very end of a working day it is still worth that.
const leastTTL = time.Hour

// endOfWork is when a working day ends next, as the organisation counts, and not within the hour.
func (n *Notifier) endOfWork(org string, now time.Time) time.Time {
	zone, end := n.opt.People.Workday(org)
	t := now.In(zone)
	for day := 0; ; day++ {
		if at := time.Date(t.Year(), t.Month(), t.Day()+day, end/60, end%60, 0, 0, zone); at.Sub(now) >= leastTTL {
			return at
		}
	}
}

// isToday tells whether a notice is about a job of today.
func isToday(notice rules.Notice, now time.Time, zone *time.Location) bool {
	today := now.In(zone).Format(time.DateOnly)
	for _, at := range []crdt.Timestamp{notice.ScheduledAt, notice.Was} {
		if at != 0 && timeOf(at).In(zone).Format(time.DateOnly) == today {
			return true
		}
	}
	return false
}
