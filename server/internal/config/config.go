package config

import (
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"fieldsync/crdt"
	"fieldsync/server/internal/egress"
	"fieldsync/server/internal/netlimit"
)

// Config says how a server runs. In every field the zero value stands for the default.
type Config struct {
	// Listen is the TCP address to listen on, host:port; port 0 takes a free one. Default 127.0.0.1:8080.
	Listen string `help:"Address to listen on, host:port; port 0 takes a free one (default 127.0.0.1:8080)." placeholder:"ADDR"`
	// Data is the folder of everything that must outlive the server; it is made if need be, and one server at a time
	// uses it. Required.
	Data string `help:"Folder of everything that must outlive the server (required)." placeholder:"DIR"`
	// Demo seeds an organisation with users and tokens that everybody knows; only on a loopback address. Default off.
	Demo bool `help:"Seed an organisation, users and tokens that everybody knows; listens on loopback only."`
	// Blobs is where files are kept: disk:DIR, or s3:URL as ParseBlobs reads it. Default disk:<Data>/files.
	Blobs string `help:"Where files are kept: disk:DIR, or s3:https://HOST[:PORT]/BUCKET[?region=R&style=path|virtual] (default disk:DATA/files)." placeholder:"PLACE"`
	// S3AccessKey and S3SecretKey sign requests to S3; without them they are looked for where AWS's tools do: AWS_… and
	// MINIO_… in the environment, ~/.aws/credentials, the machine's role. Never logged.
	S3AccessKey string `name:"s3-access-key" env:"FIELDSYNC_S3_ACCESS_KEY" help:"Access key for s3: blobs; better given by environment or file." placeholder:"KEY"`
	S3SecretKey string `name:"s3-secret-key" env:"FIELDSYNC_S3_SECRET_KEY" help:"Secret key for s3: blobs; better given by environment or file." placeholder:"KEY"`
	// S3CA is a file of PEM certificates that may sign the S3 server's, beside those that the system trusts. Default none.
	S3CA string `name:"s3-ca" env:"FIELDSYNC_S3_CA" help:"File of PEM certificates that the S3 server's is signed by." placeholder:"FILE"`
	// S3PublicURL is where clients reach the S3 server, http(s)://host[:port]; then they may send to it and fetch from it
	// directly, by signed addresses. Default none: all files go through the server.
	S3PublicURL string `name:"s3-public-url" env:"FIELDSYNC_S3_PUBLIC_URL" help:"Where clients reach the S3 server, so that files may go past this one: http(s)://host[:port]." placeholder:"URL"`
	// MaxFile bounds a file, in bytes. Default 256 MiB, at most 5 GiB.
	MaxFile int64 `help:"Largest file, in bytes (default 268435456)." placeholder:"BYTES"`
	// UploadExpiry is how long an upload to which nothing is added is kept. Default 168h.
	UploadExpiry time.Duration `help:"How long an upload to which nothing is added is kept (default 168h)." placeholder:"DURATION"`
	// GC says what is done once a day with files that no document names: sweep, report or off. Default sweep.
	GC string `name:"gc" env:"FIELDSYNC_GC" help:"What is done once a day with files that no document names: sweep, report or off (default sweep)." placeholder:"MODE"`
	// GCGrace is how long such a file is kept. Default 720h, at least 24h.
	GCGrace time.Duration `name:"gc-grace" env:"FIELDSYNC_GC_GRACE" help:"How long a file that no document names is kept (default 720h)." placeholder:"DURATION"`
	// PublicURL is the server as browsers see it, https://host[:port], where a proxy ends TLS before it: cookies are then
	// Secure, and only pages of this origin use a session. Default: as each request says.
	PublicURL string `name:"public-url" help:"The server as browsers see it, where a proxy ends TLS before it: https://host[:port]." placeholder:"URL"`
	// Origins are further origins whose pages may use a browser's session. Default none.
	Origins []string `help:"Further origins whose pages may use a browser's session." placeholder:"URL"`
	// TrustedProxies are addresses or networks whose X-Forwarded-For is believed. Default none.
	TrustedProxies []string `help:"Addresses or networks of proxies whose X-Forwarded-For is believed." placeholder:"NET"`
	// WebhookAllow are addresses or networks that webhooks may be sent to although they are not public, also without TLS: an
	// office's own system. Default none.
	WebhookAllow []string `help:"Addresses or networks that webhooks may be sent to although they are not public, also by http." placeholder:"NET"`
	// PushAllow are addresses or networks that notices may be sent to although they are not public, also without TLS: a push service of one's own.
	// Default none.
	PushAllow []string `help:"Addresses or networks of push services that may be used although they are not public, also by http." placeholder:"NET"`
	// PushCalm is how long a job must be left alone before its people are told of changes that nobody acts upon at once. Default 8s.
	PushCalm time.Duration `help:"How long a job must be left alone before its people are told what was changed (default 8s)." placeholder:"DURATION"`
	// PushContact is whom a push service may turn to: mailto:… or https://…. Default PublicURL.
	PushContact string `help:"Whom push services may turn to: mailto:… or https://… (default the public URL)." placeholder:"URL"`
	// FCMAccount is a file with the key of a service account that may send by Firebase Cloud Messaging. Default none.
	FCMAccount string `name:"fcm-account" env:"FIELDSYNC_FCM_ACCOUNT" help:"File with the key of a service account, to send by Firebase Cloud Messaging." placeholder:"FILE"`
	// APNsKey is a .p8 file with a key for Apple's push service; APNsKeyID and APNsTeam go with it. Default none.
	APNsKey   string `name:"apns-key" env:"FIELDSYNC_APNS_KEY" help:"File (.p8) with a key for Apple's push service." placeholder:"FILE"`
	APNsKeyID string `name:"apns-key-id" env:"FIELDSYNC_APNS_KEY_ID" help:"The key's id." placeholder:"ID"`
	APNsTeam  string `name:"apns-team" env:"FIELDSYNC_APNS_TEAM" help:"The team's id." placeholder:"ID"`
	// MaxConnections bounds open TCP connections; more are closed unread. Default 20000.
	MaxConnections int `help:"Open connections at most, in all (default 20000)." placeholder:"N"`
	// MaxConnectionsPerIP bounds those from one address that is no trusted proxy. Default 2000: an office, or a mobile
	// network, behind one address.
	MaxConnectionsPerIP int `name:"max-connections-per-ip" help:"Open connections at most, from one address (default 2000)." placeholder:"N"`
	// CatchUps is how many sync connections catch up at a time, from before they are made until they first rest. Default 64 for each processor.
	CatchUps int `help:"Sync connections that catch up at a time (default 64 for each processor)." placeholder:"N"`
	// CatchUpsWaiting is how many more wait, for some seconds; others are told when to come back. Default 1024.
	CatchUpsWaiting int `help:"Sync connections that wait to catch up, before others are told to come back later (default 1024)." placeholder:"N"`
	// OIDCIssuer is an OpenID provider by which people sign in, as its tokens name it, https://…; with it OIDCClientID and OIDCOrg are
	// required. Default none.
	OIDCIssuer string `name:"oidc-issuer" env:"FIELDSYNC_OIDC_ISSUER" help:"An OpenID provider by which people sign in, as its tokens name it: https://…" placeholder:"URL"`
	// OIDCClientID and OIDCClientSecret are this server's at the provider; a public client has no secret. The secret is never logged.
	OIDCClientID     string `name:"oidc-client-id" env:"FIELDSYNC_OIDC_CLIENT_ID" help:"This server's client id at the OpenID provider." placeholder:"ID"`
	OIDCClientSecret string `name:"oidc-client-secret" env:"FIELDSYNC_OIDC_CLIENT_SECRET" help:"Its secret; better given by environment or file." placeholder:"SECRET"`
	// OIDCOrg is the organisation whose people sign in so.
	OIDCOrg string `name:"oidc-org" env:"FIELDSYNC_OIDC_ORG" help:"The organisation whose people sign in by the OpenID provider." placeholder:"ID"`
	// OIDCClaim is what names a user's login: email, which the provider must have verified, or preferred_username. Default email.
	OIDCClaim string `name:"oidc-claim" env:"FIELDSYNC_OIDC_CLAIM" help:"What of the provider's is the login: email (verified) or preferred_username (default email)." placeholder:"CLAIM"`
	// OIDCCreate is the role of users that are made when they first sign in. Default none: users must be there.
	OIDCCreate string `name:"oidc-create" env:"FIELDSYNC_OIDC_CREATE" help:"Make users who are not there yet, as worker, dispatcher or director (default: they must be there)." placeholder:"ROLE"`
	// DrainTimeout bounds how long a stop waits for what is under way. Default 8s, at most 1m.
	DrainTimeout time.Duration `help:"How long a stop waits for what is under way (default 8s)." placeholder:"DURATION"`
	// LogLevel is debug, info, warn or error. Default info.
	LogLevel string `help:"debug, info, warn or error (default info)." placeholder:"LEVEL"`
	// LogFormat is json or text. Default text.
	LogFormat string `help:"json or text (default text)." placeholder:"FORMAT"`
	// LogTo takes the log, line by line. Default standard error. Not a flag.
	LogTo io.Writer `kong:"-"`
	// Version is what the metrics and the welcome say the build is. Default "dev". Not a flag.
	Version string `kong:"-"`
}

// Defaults that several places speak of.
const (
	DefaultListen              = "127.0.0.1:8080"
	DefaultMaxConnections      = 20_000
	DefaultMaxConnectionsPerIP = 2_000
	DefaultDrainTimeout        = 8 * time.Second // with closing the store, under the 10 s that service managers give
	maxDrainTimeout            = time.Minute
	DefaultMaxFile             = 256 << 20 // bytes: a minute of a phone's video is about 130 MiB
	DefaultGCGrace             = 30 * 24 * time.Hour
	DefaultPushCalm            = 8 * time.Second
	DefaultUploadExpiry        = 7 * 24 * time.Hour // a phone that was in a drawer over the weekend goes on
)

// WithDefaults gives the configuration with every zero field that has a default filled in, LogTo excepted.
func (c Config) WithDefaults() Config {
	fill(&c.Listen, DefaultListen)
	if c.Data != "" {
		fill(&c.Blobs, "disk:"+filepath.Join(c.Data, "files"))
	}
	fill(&c.MaxConnections, DefaultMaxConnections)
	fill(&c.MaxConnectionsPerIP, DefaultMaxConnectionsPerIP)
	fill(&c.DrainTimeout, DefaultDrainTimeout)
	fill(&c.MaxFile, DefaultMaxFile)
	fill(&c.UploadExpiry, DefaultUploadExpiry)
	fill(&c.GC, "sweep")
	fill(&c.GCGrace, DefaultGCGrace)
	fill(&c.PushCalm, DefaultPushCalm)
	fill(&c.LogLevel, "info")
	fill(&c.LogFormat, "text")
	fill(&c.Version, "dev")
	return c
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Validate tells what is wrong with a configuration, naming the field as the flag does; the error's kind is KindInvalid.
// It looks at nothing but the configuration.
func (c Config) Validate() error {
	c = c.WithDefaults()
	for _, check := range []struct {
		field string
		err   error
	}{
		{"listen", checkListen(c.Listen, c.Demo)},
		{"data", required(c.Data)},
		{"blobs", c.checkBlobs()},
		{"s3-public-url", checkPublicURL(c.S3PublicURL)},
		{"max-file", inRange(c.MaxFile, 1, maxMaxFile)},
		{"upload-expiry", inRange(c.UploadExpiry, time.Minute, 366*24*time.Hour)},
		{"gc", oneOf(c.GC, "sweep", "report", "off")},
		{"gc-grace", inRange(c.GCGrace, 24*time.Hour, 10*366*24*time.Hour)},
		{"public-url", checkPublicURL(c.PublicURL)},
		{"origins", checkOrigins(c.Origins)},
		{"trusted-proxies", second(netlimit.ParseProxies(c.TrustedProxies))},
		{"webhook-allow", second(egress.ParseAllowed(c.WebhookAllow))},
		{"push-allow", second(egress.ParseAllowed(c.PushAllow))},
		{"push-calm", inRange(c.PushCalm, 10*time.Millisecond, time.Hour)},
		{"push-contact", checkContact(c.PushContact)},
		{"apns-key", c.checkAPNs()},
		{"max-connections", positive(c.MaxConnections)},
		{"max-connections-per-ip", positive(c.MaxConnectionsPerIP)},
		{"catch-ups", positive(c.CatchUps)},
		{"catch-ups-waiting", positive(c.CatchUpsWaiting)},
		{"oidc-issuer", c.checkIssuer()},
		{"oidc-client-id", c.neededByOIDC(c.OIDCClientID)},
		{"oidc-org", c.neededByOIDC(c.OIDCOrg)},
		{"oidc-claim", oneOf(c.OIDCClaim, "", "email", "preferred_username")},
		{"oidc-create", oneOf(c.OIDCCreate, "", "worker", "dispatcher", "director")},
		{"drain-timeout", checkDrain(c.DrainTimeout)},
		{"log-level", second(c.Level())},
		{"log-format", oneOf(c.LogFormat, "json", "text")},
	} {
		if check.err != nil {
			return crdt.Errorf(crdt.KindInvalid, "%s: %w", check.field, check.err)
		}
	}
	return nil
}

// Level is LogLevel as slog knows it.
func (c Config) Level() (slog.Level, error) {
	if err := oneOf(c.LogLevel, "debug", "info", "warn", "error"); err != nil {
		return 0, err
	}
	var l slog.Level
	err := l.UnmarshalText([]byte(c.LogLevel))
	return l, err
}

func checkListen(listen string, demo bool) error {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return invalid("%q is not host:port", listen)
	}
	if !demo || host == "localhost" {
		return nil
	}
	if addr, err := netip.ParseAddr(host); err != nil || !addr.IsLoopback() {
		return invalid("%q: with demo, whose passwords and tokens everybody knows, only a loopback address", listen)
	}
	return nil
}

func (c Config) checkBlobs() error {
	b, err := ParseBlobs(c.Blobs)
	if err != nil {
		return err
	}
	if b.Bucket != "" && (c.S3AccessKey == "") != (c.S3SecretKey == "") {
		return invalid("s3-access-key and s3-secret-key go together")
	}
	return nil
}

// checkIssuer takes an address over TLS, or on this machine: whoever reads or changes what the provider says signs in as anybody.
func (c Config) checkIssuer() error {
	if c.OIDCIssuer == "" {
		if c.OIDCClientID+c.OIDCClientSecret+c.OIDCOrg+c.OIDCClaim+c.OIDCCreate != "" {
			return invalid("is needed with the other oidc settings")
		}
		return nil
	}
	u, err := url.Parse(c.OIDCIssuer)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return invalid("%q is not https://HOST[/PATH]", c.OIDCIssuer)
	}
	ip, err := netip.ParseAddr(u.Hostname())
	local := u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return invalid("%q is not https://HOST[/PATH]", c.OIDCIssuer)
	}
	return nil
}

func (c Config) neededByOIDC(s string) error {
	if c.OIDCIssuer != "" && s == "" {
		return invalid("is required with oidc-issuer")
	}
	return nil
}

func checkPublicURL(s string) error {
	if s == "" {
		return nil
	}
	return checkOrigin(s)
}

// checkContact takes what RFC 8292 does.
func checkContact(s string) error {
	if s != "" && !strings.HasPrefix(s, "mailto:") && !strings.HasPrefix(s, "https://") {
		return invalid("%q begins with neither mailto: nor https://", s)
	}
	return nil
}

func (c Config) checkAPNs() error {
	if (c.APNsKey == "") != (c.APNsKeyID == "") || (c.APNsKey == "") != (c.APNsTeam == "") {
		return invalid("goes with apns-key-id and apns-team")
	}
	return nil
}

func checkOrigins(list []string) error {
	for _, s := range list {
		if err := checkOrigin(s); err != nil {
			return err
		}
	}
	return nil
}

// checkOrigin takes what a browser sends as Origin: scheme and host, in lower case, and nothing behind.
func checkOrigin(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || s != u.Scheme+"://"+strings.ToLower(u.Host) {
		return invalid("%q is not http(s)://host[:port]", s)
	}
	return nil
}

func checkDrain(d time.Duration) error {
	if d < 0 || d > maxDrainTimeout {
		return invalid("%s is not between 0 and %s", d, maxDrainTimeout)
	}
	return nil
}

func required(s string) error {
	if s == "" {
		return invalid("is required")
	}
	return nil
}

func inRange[T int64 | time.Duration](v, low, high T) error {
	if v < low || v > high {
		return invalid("%v is not from %v to %v", v, low, high)
	}
	return nil
}

// maxMaxFile is the largest file of any store: what S3 copies in one request.
const maxMaxFile = 5 << 30

func positive(n int) error {
	if n < 0 {
		return invalid("%d is negative", n)
	}
	return nil
}

func oneOf(s string, allowed ...string) error {
	for _, a := range allowed {
		if s == a {
			return nil
		}
	}
	return invalid("%q is not one of %s", s, strings.Join(allowed, ", "))
}

func second[T any](_ T, err error) error { return err }

func invalid(format string, args ...any) error { return crdt.Errorf(crdt.KindInvalid, format, args...) }
