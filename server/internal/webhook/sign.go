package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Names of the Standard Webhooks scheme.
const (
	headerID        = "webhook-id"
	headerTimestamp = "webhook-timestamp"
	headerSignature = "webhook-signature"
	secretPrefix    = "whsec_"
)

const secretBytes = 32 // 24 to 64 by the scheme

// rotationGrace is how long the old secret signs too, after a new one was made.
const rotationGrace = 24 * time.Hour

// secret signs messages.
type secret struct {
	Key   []byte `json:"key"`
	Until int64  `json:"until,omitempty"` // ms since 1970; 0: until it is replaced
}

func newSecret() secret {
	key := make([]byte, secretBytes)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	return secret{Key: key}
}

// text is the secret as receivers' libraries take it.
func (s secret) text() string { return secretPrefix + base64.StdEncoding.EncodeToString(s.Key) }

// sign sets the header of a message, by each secret that counts now.
func sign(h http.Header, secrets []secret, id string, now time.Time, body []byte) {
	stamp := strconv.FormatInt(now.Unix(), 10)
	var all []string
	for _, s := range secrets {
		if s.Until != 0 && s.Until <= now.UnixMilli() {
			continue
		}
		mac := hmac.New(sha256.New, s.Key)
		mac.Write([]byte(id + "." + stamp + "."))
		mac.Write(body)
		all = append(all, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	h.Set(headerID, id)
	h.Set(headerTimestamp, stamp)
	h.Set(headerSignature, strings.Join(all, " "))
}
