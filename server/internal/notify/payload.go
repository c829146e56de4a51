package notify

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"fieldsync/server/internal/notify/rules"
	"fieldsync/server/internal/notify/transport"
)

// maxBody bounds the words of a payload, in bytes: with the rest they stay within what each service takes, encrypted and in base64 too.
const maxBody = 1200

// payload is what a device reads.
type payload struct {
	Title string     `json:"title,omitempty"`
	Body  string     `json:"body,omitempty"`
	Job   string     `json:"job,omitempty"` // document id
	Tag   string     `json:"tag,omitempty"` // notices with one tag take one another's place
	Kind  rules.Kind `json:"kind"`
	Sync  bool       `json:"sync,omitempty"` // nothing to show: sync now
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
	if !s.Silent {
		p.Title, p.Body = notice.Text(zone)
		p.Body = cut(p.Body, maxBody)
		m.Title, m.Body = p.Title, p.Body
	}
	var err error
	if m.Payload, err = json.Marshal(p); err != nil {
		return m, err
	}
	p.Body = ""
	m.Short, err = json.Marshal(p)
	return m, err
}

func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
