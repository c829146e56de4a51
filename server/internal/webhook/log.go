package webhook

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
)

// keptDeliveries is how many attempts the log of a hook keeps.
const keptDeliveries = 200

func logKey(hook string, n uint64) []byte {
	return binary.BigEndian.AppendUint64(hookPrefix(kindLog, hook), n)
}

// logOps adds an attempt to the log, and takes the one out that is too old now. The hook's counter moves on: it is to be written too.
func logOps(h *Hook, d Delivery) ([]store.Op, error) {
	d.Number = h.NextLog
	value, err := json.Marshal(d)
	if err != nil {
		return nil, crdt.Errorf(crdt.KindInternal, "webhook: %w", err)
	}
	ops := []store.Op{{Key: logKey(h.ID, h.NextLog), Value: value}}
	if h.NextLog >= keptDeliveries {
		ops = append(ops, store.Op{Key: logKey(h.ID, h.NextLog-keptDeliveries)})
	}
	h.NextLog++
	return ops, nil
}

// Deliveries gives the log of a hook, the newest attempt first.
func (w *Webhooks) Deliveries(org, id string) ([]Delivery, error) {
	if _, err := w.Get(org, id); err != nil {
		return nil, err
	}
	out := make([]Delivery, 0, keptDeliveries)
	err := w.opt.Store.Scan(hookPrefix(kindLog, id), nil, func(_, value []byte) error {
		var d Delivery
		if err := json.Unmarshal(value, &d); err != nil {
			return crdt.Errorf(crdt.KindInternal, "webhook: a stored delivery is not ours: %w", err)
		}
		out = append(out, d)
		return nil
	})
	if err != nil {
		return nil, unavailable(err)
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out, nil
}

// printable is what a person may be shown of an answer.
func printable(answer []byte) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, strings.ToValidUTF8(string(answer), "\uFFFD"))
}

func isTLS(err error) bool {
	var verify *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var unknown x509.UnknownAuthorityError
	return errors.As(err, &verify) || errors.As(err, &record) || errors.As(err, &alert) || errors.As(err, &unknown)
}

// testMessage is what the test of a hook sends.
func testMessage(h Hook, now crdt.Timestamp) message {
	data := fmt.Appendf(nil, `{"webhook":%q}`, h.ID)
	b, _ := json.Marshal(body{Type: EventTest, Timestamp: now, Data: data}) // JSON, as it stands there
	return message{ID: messageID(Event{Org: h.Org, Sequence: uint64(now), Type: EventTest + h.ID}), Type: EventTest, At: now, Body: b}
}
