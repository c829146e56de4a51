package config

import (
	"strings"
	"testing"
	"time"

	"fieldsync/crdt"

	"github.com/google/go-cmp/cmp"
)

func TestZeroConfigNeedsOnlyData(t *testing.T) {
	if err := (Config{Data: "d"}).Validate(); err != nil {
		t.Error(err)
	}
	got := Config{Data: "d"}.WithDefaults()
	if got.Listen != DefaultListen || got.Blobs != "disk:d/files" || got.DrainTimeout != DefaultDrainTimeout {
		t.Errorf("%+v", got)
	}
	if diff := cmp.Diff(got, got.WithDefaults()); diff != "" {
		t.Error("filling in twice changes something:", diff)
	}
}

func TestValidateNamesTheField(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		field  string
	}{
		"no data":              {func(c *Config) { c.Data = "" }, "data"},
		"no port":              {func(c *Config) { c.Listen = "localhost" }, "listen"},
		"blobs of no kind":     {func(c *Config) { c.Blobs = "/tmp" }, "blobs"},
		"disk without folder":  {func(c *Config) { c.Blobs = "disk:" }, "blobs"},
		"s3 without bucket":    {func(c *Config) { c.Blobs = "s3:http://h:9000" }, "blobs"},
		"s3 with user":         {func(c *Config) { c.Blobs = "s3:http://a:b@h:9000/x" }, "blobs"},
		"s3 with half a key":   {func(c *Config) { c.Blobs = "s3:http://h:9000/x"; c.S3SecretKey = "s" }, "blobs"},
		"s3 with odd parts":    {func(c *Config) { c.Blobs = "s3:http://h:9000/x?acl=public" }, "blobs"},
		"public url with path": {func(c *Config) { c.PublicURL = "https://h/x" }, "public-url"},
		"origin with slash":    {func(c *Config) { c.Origins = []string{"https://h/"} }, "origins"},
		"origin without host":  {func(c *Config) { c.Origins = []string{"null"} }, "origins"},
		"proxies":              {func(c *Config) { c.TrustedProxies = []string{"proxy"} }, "trusted-proxies"},
		"webhook networks":     {func(c *Config) { c.WebhookAllow = []string{"intranet"} }, "webhook-allow"},
		"negative":             {func(c *Config) { c.MaxConnections = -1 }, "max-connections"},
		"negative per ip":      {func(c *Config) { c.MaxConnectionsPerIP = -1 }, "max-connections-per-ip"},
		"a provider over http": {func(c *Config) { c.OIDCIssuer, c.OIDCClientID, c.OIDCOrg = "http://sso.example", "x", "acme" }, "oidc-issuer"},
		"no provider":          {func(c *Config) { c.OIDCOrg = "acme" }, "oidc-issuer"},
		"provider as client":   {func(c *Config) { c.OIDCIssuer, c.OIDCOrg = "https://sso.example", "acme" }, "oidc-client-id"},
		"provider of whom":     {func(c *Config) { c.OIDCIssuer, c.OIDCClientID = "https://sso.example", "x" }, "oidc-org"},
		"makes owners": {func(c *Config) {
			c.OIDCIssuer, c.OIDCClientID, c.OIDCOrg, c.OIDCCreate = "https://sso.example", "x", "acme", "owner"
		}, "oidc-create"},
		"names by nickname": {func(c *Config) {
			c.OIDCIssuer, c.OIDCClientID, c.OIDCOrg, c.OIDCClaim = "https://sso.example", "x", "acme", "nickname"
		}, "oidc-claim"},
		"drains for ever":         {func(c *Config) { c.DrainTimeout = time.Hour }, "drain-timeout"},
		"files of 6 GiB":          {func(c *Config) { c.MaxFile = 6 << 30 }, "max-file"},
		"uploads expire at once":  {func(c *Config) { c.UploadExpiry = time.Second }, "upload-expiry"},
		"a public S3 with a path": {func(c *Config) { c.S3PublicURL = "https://s3.example.org/bucket" }, "s3-public-url"},
		"an unknown style":        {func(c *Config) { c.Blobs = "s3:https://h/b?style=x" }, "blobs"},
		"level":                   {func(c *Config) { c.LogLevel = "loud" }, "log-level"},
		"format":                  {func(c *Config) { c.LogFormat = "xml" }, "log-format"},
	} {
		cfg := Config{Data: "d"}
		c.change(&cfg)
		err := cfg.Validate()
		if crdt.KindOf(err) != crdt.KindInvalid || err == nil || !strings.HasPrefix(err.Error(), c.field+": ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDemoRefusesEverythingButLoopback(t *testing.T) {
	for listen, ok := range map[string]bool{
		"": true, "127.0.0.1:0": true, "127.8.8.8:80": true, "[::1]:80": true, "localhost:80": true,
		":80": false, "0.0.0.0:80": false, "[::]:80": false, "192.0.2.1:80": false, "example.org:80": false,
		"localhost.example.org:80": false, "127.0.0.1.nip.io:80": false,
	} {
		err := Config{Data: "d", Listen: listen, Demo: true}.Validate()
		if (err == nil) != ok {
			t.Errorf("%q: %v", listen, err)
		}
		if err := (Config{Data: "d", Listen: listen}).Validate(); err != nil {
			t.Errorf("%q without demo: %v", listen, err)
		}
	}
}

func TestParseBlobs(t *testing.T) {
	for in, want := range map[string]Blobs{
		"disk:/var/x":                         {Dir: "/var/x"},
		"s3:http://127.0.0.1:9000/files":      {Endpoint: "127.0.0.1:9000", Bucket: "files"},
		"s3:https://s3.example/b/?region=eu1": {Endpoint: "s3.example", Secure: true, Bucket: "b", Region: "eu1"},
	} {
		got, err := ParseBlobs(in)
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", in, diff)
		}
	}
}
