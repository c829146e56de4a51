package rules

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"fieldsync/crdt/job"
)

// Text is a notice in words, with times as they are in a zone. The first line says the most; lines are parted by newlines.
func (n Notice) Text(zone *time.Location) (title, body string) {
	title = n.Label
	if title == "" {
		title = "A job"
	}
	var lines []string
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	switch n.Kind {
	case Assigned:
		if n.ScheduledAt != 0 {
			say("New job for you: %s", moment(int64(n.ScheduledAt), zone))
		} else {
			say("New job for you")
		}
		if n.Place != "" {
			say("%s", n.Place)
		}
	case Unassigned:
		say("This job is not yours any more")
	case Cancelled:
		say("Cancelled%s", by(n.By))
	case Status:
		say("%s%s", statuses[n.Status], by(n.By))
	case Test:
		return "Notices arrive", "This is what the test of this device has sent."
	}
	for _, c := range n.Changes {
		say("%s", c.text(zone))
	}
	if n.More > 0 {
		say("and %d more", n.More)
	}
	return title, strings.Join(lines, "\n")
}

var statuses = map[job.Status]string{job.EnRoute: "Set to En route", job.Started: "Set to Started", job.Paused: "Set to Paused", job.Finished: "Set to Finished",
	job.Published: "Published", job.Scheduled: "Set back to planned", job.Cancelled: "Cancelled"}

func by(name string) string {
	if name == "" {
		return ""
	}
	return " by " + name
}

func (c Change) text(zone *time.Location) string {
	switch c.What {
	case Scheduled:
		return c.scheduled(zone)
	case Duration:
		return instead("Planned to take", span(c.Old), span(c.New), "Its duration is open")
	case Value:
		switch {
		case c.New == "":
			return fmt.Sprintf("%s removed, was %s", c.Name, c.Old)
		case c.Old == "":
			return fmt.Sprintf("%s: %s", c.Name, c.New)
		}
		return fmt.Sprintf("%s: %s instead of %s", c.Name, c.New, c.Old)
	case Commented:
		if c.New == "" {
			return "New comment" + by(c.By)
		}
		return fmt.Sprintf("New comment%s: %s", by(c.By), c.New)
	case FileAdded:
		return strings.TrimSuffix(fmt.Sprintf("New file%s: %s", by(c.By), c.New), ": ")
	case FileRemoved:
		return strings.TrimSuffix(fmt.Sprintf("File removed%s: %s", by(c.By), c.Old), ": ")
	case Joined:
		return c.Name + " has the job too"
	case Left:
		return c.Name + " does not have the job any more"
	case SetStatus:
		return statuses[job.Status(c.New)] + by(c.By)
	case Edited:
		if c.New != "" {
			return fmt.Sprintf("%s: %s", c.Name, c.New)
		}
	}
	return fmt.Sprintf("%s changed%s", c.Name, by(c.By))
}

// scheduled names days only where they are not the same.
func (c Change) scheduled(zone *time.Location) string {
	was, _ := strconv.ParseInt(c.Old, 10, 64)
	is, _ := strconv.ParseInt(c.New, 10, 64)
	if was != 0 && is != 0 && day(was, zone) == day(is, zone) {
		return fmt.Sprintf("Scheduled for %s instead of %s", clock(is, zone), clock(was, zone))
	}
	return instead("Scheduled for", moment(was, zone), moment(is, zone), "Not scheduled any more")
}

func instead(what, was, is, none string) string {
	switch {
	case is == "" && was == "":
		return none
	case is == "":
		return none + ", was " + was
	case was == "":
		return what + " " + is
	}
	return what + " " + is + " instead of " + was
}

func moment(ms int64, zone *time.Location) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).In(zone).Format("Mon 2 Jan, 15:04")
}

func clock(ms int64, zone *time.Location) string { return time.UnixMilli(ms).In(zone).Format("15:04") }
func day(ms int64, zone *time.Location) string {
	return time.UnixMilli(ms).In(zone).Format(time.DateOnly)
}

func span(minutes string) string {
	m, err := strconv.ParseInt(minutes, 10, 64)
	switch {
	case err != nil || m <= 0:
		return ""
	case m < 60:
		return fmt.Sprintf("%d min", m)
	case m%60 == 0:
		return fmt.Sprintf("%d h", m/60)
	}
	return fmt.Sprintf("%d h %02d", m/60, m%60)
}
