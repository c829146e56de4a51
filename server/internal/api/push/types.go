package push

import (
	"encoding/base64"

	"fieldsync/crdt"
	"fieldsync/server/internal/notify"
	"fieldsync/server/internal/notify/transport"
)

// Key is the server's key for Web Push.
type Key struct {
	Key string `json:"key" doc:"The applicationServerKey to subscribe with: a point of P-256, base64url. It changes when the operator rotates it; then subscribe anew"`
}

// Keys are a device's own keys, as a browser's PushSubscription has them.
type Keys struct {
	P256dh string `json:"p256dh" maxLength:"100" doc:"base64url"`
	Auth   string `json:"auth" maxLength:"40" doc:"base64url"`
}

// Registration is where a device is reached.
type Registration struct {
	Service   string `json:"service,omitempty" enum:"webpush,fcm,apns" default:"webpush" doc:"webpush is UnifiedPush too"`
	Endpoint  string `json:"endpoint,omitempty" maxLength:"2048" doc:"webpush: the address that the push service gave; a public one, by https"`
	Keys      *Keys  `json:"keys,omitempty" doc:"What messages are encrypted with: required for webpush unless silent; with fcm and apns the app then has to open them itself"`
	ServerKey string `json:"server_key,omitempty" maxLength:"100" doc:"webpush: the server's key that it was subscribed with; without: the one of now"`
	Token     string `json:"token,omitempty" maxLength:"4096" doc:"fcm, apns: the device's token"`
	App       string `json:"app,omitempty" maxLength:"200" doc:"apns: the app's bundle id"`
	Sandbox   bool   `json:"sandbox,omitempty" doc:"apns: an app under development"`
	Silent    bool   `json:"silent,omitempty" doc:"It shows nothing: each message only says that it should sync now"`
	TimeZone  string `json:"time_zone,omitempty" maxLength:"64" doc:"Where the device is, such as Europe/Berlin: times in notices are told so"`
}

// Subscription is a device that is told. Where it leads stays here.
type Subscription struct {
	User      string         `json:"user"`
	Device    string         `json:"device" doc:"As in the lists of devices"`
	Service   string         `json:"service" enum:"webpush,fcm,apns"`
	ServerKey string         `json:"server_key,omitempty" doc:"webpush: the server's key that it is bound to; where that is not the one of now, the device should subscribe anew"`
	Silent    bool           `json:"silent,omitempty"`
	TimeZone  string         `json:"time_zone,omitempty"`
	CreatedAt crdt.Timestamp `json:"created_at"`
	UpdatedAt crdt.Timestamp `json:"updated_at"`
}

// SubscriptionList is the devices that are told.
type SubscriptionList struct {
	Subscriptions []Subscription `json:"subscriptions"`
}

// Wishes are what a person wants to hear.
type Wishes struct {
	QuietFrom string `json:"quiet_from,omitempty" pattern:"^([0-2][0-9]:[0-5][0-9])?$" doc:"From then on nothing is sent, HH:MM; what comes is sent at quiet_to"`
	QuietTo   string `json:"quiet_to,omitempty" pattern:"^([0-2][0-9]:[0-5][0-9])?$"`
	OnlyToday bool   `json:"only_today,omitempty" doc:"Only of jobs that are, or were, scheduled for the day"`
	TimeZone  string `json:"time_zone,omitempty" maxLength:"64" doc:"Without: the device's, else the organisation's"`
}

// Log is a page of what was sent.
type Log struct {
	Entries []notify.Entry `json:"entries" doc:"The newest first"`
}

func shown(s notify.Subscription) Subscription {
	return Subscription{User: s.User, Device: s.Device, Service: s.Service, ServerKey: base64.RawURLEncoding.EncodeToString(s.VAPIDKey), Silent: s.Silent,
		TimeZone: s.TimeZone, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt}
}

// draft reads what a device says. What is no base64url becomes keys that are none, and is refused as such.
func (r *Registration) draft() notify.Draft {
	d := notify.Draft{Service: r.Service, Silent: r.Silent, TimeZone: r.TimeZone,
		Target: transport.Target{Endpoint: r.Endpoint, Token: r.Token, App: r.App, Sandbox: r.Sandbox, VAPIDKey: bytesOf(r.ServerKey)}}
	if r.Service == "" {
		d.Service = notify.ServiceWebPush
	}
	if r.Keys != nil {
		d.Target.P256dh, d.Target.Auth = bytesOf(r.Keys.P256dh), bytesOf(r.Keys.Auth)
		if len(d.Target.P256dh)+len(d.Target.Auth) == 0 {
			d.Target.Auth = []byte{0}
		}
	}
	return d
}

func bytesOf(s string) []byte {
	if s == "" {
		return nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return []byte{0}
	}
	return b
}
