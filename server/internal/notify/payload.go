package notify

import (
	"crypto/sha256"
	"encoding/base64"
	"time"
	"unicode/utf8"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/server/internal/notify/rules"
	"fieldsync/server/internal/notify/transport"
)

// Bounds, in bytes of JSON. Encrypted and in base64, as FCM and APNs carry it, maxPayload makes 3,552 of the 4,000 that they take.
const (
	maxPayload = 2559 // sealed fills up to 2,560
	maxTitle   = 400
	maxBody    = 1200
)

// payload is what a device reads.
type payload struct {
	Title  string     `json:"title,omitempty"`
	Body   string     `json:"body,omitempty"`
	Job    string     `json:"job,omitempty"` // document id
	Tag    string     `json:"tag,omitempty"` // notices with one tag take one another's place
	Kind   rules.Kind `json:"kind"`
	Notice *reason    `json:"notice,omitempty"`
	Sync   bool       `json:"sync,omitempty"` // nothing to show: sync now
}

// reason is what Title and Body are made of, for a device that says it in its person's language.
type reason struct {
	Label       string         `json:"label,omitempty"`
	Status      job.Status     `json:"status,omitempty"`
	By          string         `json:"by,omitempty"`
	Place       string         `json:"place,omitempty"`
	ScheduledAt crdt.Timestamp `json:"scheduled_at,omitempty"`
	Was         crdt.Timestamp `json:"was_scheduled_at,omitempty"`
	Changes     []rules.Change `json:"changes,omitempty"`
	More        int            `json:"more,omitempty"`
}

// topicOf is the topic of a job: the same each time, and nothing that a push service could know it by.
func topicOf(org, job string) string {
	sum := sha256.Sum256([]byte("topic\x00" + org + "\x00" + job))
	return base64.RawURLEncoding.EncodeToString(sum[:24])
}

// compose makes what is sent of a notice to a device.
func compose(s *Subscription, job string, notice rules.Notice, zone *time.Location, ttl time.Duration) (transport.Message, error) {
	p := payload{Job: job, Kind: notice.Kind, Sync: s.Silent}
	m := transport.Message{Job: job, TTL: ttl, Urgency: transport.Normal, Silent: s.Silent}
	if job != "" {
		m.Topic = topicOf(s.Org, job)
		p.Tag = m.Topic
	}
	if notice.Kind.Urgent() {
		m.Urgency = transport.High
	}
	if s.Silent {
		var err error
		m.Payload, err = transport.JSON(p)
		m.Short = m.Payload
		return m, err
	}
	p.Title, p.Body = notice.Text(zone)
	p.Title, p.Body = cut(p.Title, maxTitle), cut(p.Body, maxBody)
	m.Title, m.Body = p.Title, p.Body
	if notice.Kind != rules.Test {
		p.Notice = &reason{notice.Label, notice.Status, notice.By, notice.Place, notice.ScheduledAt, notice.Was, notice.Changes, notice.More}
	}
	var err error
	if m.Payload, err = p.fit(); err != nil {
		return m, err
	}
	if p.Notice != nil {
		if m.Reason, err = transport.JSON(p.Notice); err != nil {
			return m, err
		}
	}
	p.Body, p.Notice = "", nil
	m.Short, err = transport.JSON(p)
	return m, err
}

// fit encodes a payload, with fewer changes where all are too long; the newest say more.
func (p *payload) fit() ([]byte, error) {
	for {
		out, err := transport.JSON(p)
		switch {
		case err != nil || len(out) <= maxPayload || p.Notice == nil:
			return out, err
		case len(p.Notice.Changes) > 0:
			p.Notice.Changes = p.Notice.Changes[1:]
			p.Notice.More++
		default:
			p.Notice = nil
		}
	}
}

// cut cuts a text that is longer in JSON.
func cut(s string, most int) string {
	size := 0
	for i, r := range s {
		switch {
		case r == '"' || r == '\\' || r == '\n' || r == '\t' || r == '\r':
			size += 2
		case r < ' ' || r == 0x7F || r == 0x2028 || r == 0x2029 || r == utf8.RuneError:
			size += 6
		default:
			size += utf8.RuneLen(r)
		}
		if size > most {
			return s[:i] + "…"
		}
	}
	return s
}
