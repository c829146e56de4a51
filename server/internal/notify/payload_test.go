package notify

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/server/internal/notify/apns"
	"fieldsync/server/internal/notify/fcm"
	"fieldsync/server/internal/notify/rules"
	"fieldsync/server/internal/notify/transport"
	"fieldsync/server/internal/notify/webpush"
	"fieldsync/server/pushtest"
)

// worst are notices as long as they become, of characters that are long in JSON.
func worst() (out []rules.Notice) {
	for _, char := range []string{"x", `"`, `\`, "<", "\x01", "\u2028", "é", "語", "🔧"} {
		long := strings.Repeat(char, 163/len(char))
		n := rules.Notice{Kind: rules.Status, Label: long, Status: job.Started, By: long, Place: long, ScheduledAt: 1_900_000_000_000, Was: 1_900_000_000_000, More: 1 << 20}
		for range 8 {
			n.Changes = append(n.Changes, rules.Change{Place: "custom_fields/" + long, What: rules.Value, Name: long, Old: long, New: long, By: long})
		}
		out = append(out, n)
	}
	return out
}

// wire keeps the body of the last message that went to a service.
type wire struct{ last []byte }

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	answer := ""
	if strings.Contains(r.URL.Path, "token") {
		answer = `{"access_token":"x","token_type":"Bearer","expires_in":3600}`
	} else {
		w.last = body
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, err
}

func pemOf(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func TestNoNoticeIsLongerThanAServiceTakes(t *testing.T) {
	var w wire
	client := &http.Client{Transport: &w}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	account, err := json.Marshal(map[string]string{"type": "service_account", "project_id": "p", "client_email": "e@example.org", "private_key": string(pemOf(t, rsaKey)), "token_uri": "https://example.org/token"})
	if err != nil {
		t.Fatal(err)
	}
	google, err := fcm.New(fcm.Options{Account: account, Client: client})
	if err != nil {
		t.Fatal(err)
	}
	apple, err := apns.New(apns.Options{Key: pemOf(t, ec), KeyID: "ABCDEFGHIJ", Team: "ABCDEFGHIJ", Client: client})
	if err != nil {
		t.Fatal(err)
	}
	web := webpush.New(webpush.Options{Client: client, Key: func([]byte) *ecdsa.PrivateKey { return ec }})
	service := pushtest.New()
	defer service.Close()
	keys := target(t, service.Subscribe())
	keys.Token, keys.App = strings.Repeat("ab", 32), "org.example.fieldsync"
	bare := transport.Target{Token: keys.Token, App: keys.App}
	for _, c := range []struct {
		name string
		by   transport.Transport
		to   transport.Target
		most int
	}{{"Web Push", web, keys, 4096}, {"FCM", google, bare, 4000}, {"FCM, sealed", google, keys, 4000}, {"APNs", apple, bare, 4096}, {"APNs, sealed", apple, keys, 4096}} {
		for _, n := range worst() {
			m, err := compose(&Subscription{Org: org, Service: "x", Target: c.to}, crdt.DocID{1}.String(), n, time.UTC, time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			if o := c.by.Send(t.Context(), c.to, m); o.Result != transport.Sent || len(w.last) > c.most || len(m.Payload) > maxPayload {
				t.Errorf("%s: of %.8q %d bytes on the wire, %d of payload: %+v", c.name, n.Label, len(w.last), len(m.Payload), o)
			}
		}
	}
}

func TestADeviceIsToldInPartsTooForAnotherLanguage(t *testing.T) {
	n := rules.Notice{Kind: rules.Status, Label: "<Two> pumps", Status: job.Started, By: "Dora", ScheduledAt: 1_900_000_000_000, Was: 1_899_996_400_000,
		Changes: []rules.Change{{Place: "scheduled_at", What: rules.Scheduled, Old: "1899996400000", New: "1900000000000", By: "Dora"}}, More: 2}
	m, err := compose(&Subscription{Org: org}, "j1", n, time.UTC, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	const parts = `{"label":"<Two> pumps","status":"started","by":"Dora","scheduled_at":"2030-03-17T17:46:40.000Z","was_scheduled_at":"2030-03-17T16:46:40.000Z",` +
		`"changes":[{"place":"scheduled_at","what":"scheduled","old":"1899996400000","new":"1900000000000","by":"Dora"}],"more":2}`
	want := `{"title":"<Two> pumps","body":"Set to Started by Dora\nScheduled for 17:46 instead of 16:46\nand 2 more","job":"j1","tag":"` + topicOf(org, "j1") + `","kind":"status","notice":` + parts + `}`
	if string(m.Payload) != want || string(m.Reason) != parts {
		t.Errorf("\n%s\nwant\n%s\nparts %s", m.Payload, want, m.Reason)
	}
	if bytes.Contains(m.Short, []byte("notice")) || !bytes.Contains(m.Short, []byte(`"title":"<Two> pumps"`)) {
		t.Errorf("short: %s", m.Short)
	}
	for _, n := range worst() { // fewer changes, and how many are not there
		m, err := compose(&Subscription{Org: org}, "j1", n, time.UTC, time.Hour)
		var p payload
		if err == nil {
			err = json.Unmarshal(m.Payload, &p)
		}
		if err != nil || p.Notice != nil && len(p.Notice.Changes)+p.Notice.More != len(n.Changes)+n.More {
			t.Errorf("%v %s", err, m.Payload)
		}
	}
}
