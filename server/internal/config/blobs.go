package config

import (
	"net/url"
	"strings"
)

// Blobs is a place for files: a folder, or a bucket.
type Blobs struct {
	Dir      string // of a disk place
	Endpoint string // of an S3 place: host[:port]
	Secure   bool   // https
	Bucket   string
	Region   string // empty: the store's default
	Style    string // where the bucket's name stands: path, virtual; empty: as the host is known for
}

// ParseBlobs reads disk:DIR or s3:http(s)://HOST[:PORT]/BUCKET[?region=REGION&style=path|virtual].
func ParseBlobs(s string) (Blobs, error) {
	kind, place, _ := strings.Cut(s, ":")
	switch kind {
	case "disk":
		if place == "" {
			return Blobs{}, invalid("disk: needs a folder")
		}
		return Blobs{Dir: place}, nil
	case "s3":
		u, err := url.Parse(place)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return Blobs{}, invalid("s3: needs http(s)://HOST[:PORT]/BUCKET")
		}
		bucket := strings.Trim(u.Path, "/")
		if bucket == "" || strings.Contains(bucket, "/") || u.User != nil || u.Fragment != "" {
			return Blobs{}, invalid("s3: needs one bucket as its path, and no user")
		}
		q := u.Query()
		region := q.Get("region")
		style := q.Get("style")
		q.Del("region")
		q.Del("style")
		if len(q) > 0 {
			return Blobs{}, invalid("s3: knows the parameters region and style only")
		}
		if style != "" && style != "path" && style != "virtual" {
			return Blobs{}, invalid("s3: style is path or virtual")
		}
		return Blobs{Endpoint: u.Host, Secure: u.Scheme == "https", Bucket: bucket, Region: region, Style: style}, nil
	default:
		return Blobs{}, invalid("begins with neither disk: nor s3:")
	}
}
