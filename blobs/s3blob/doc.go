// Package s3blob keeps files in a bucket of MinIO or another S3 server. It is a blobs.Store, and the only importer of minio-go.
//
// Layout: one object per file, its key "<space>/<aa>/<64 hexadecimal digits>" (blobs.Key), its content type
// application/octet-stream, its stored checksum x-amz-checksum-sha256 the file's name.
//
// A file is written by one PUT: never by parts, whose checksum is not the file's SHA-256. The declared SHA-256 is the
// request's signed payload hash (x-amz-content-sha256) and its declared checksum (x-amz-checksum-sha256), so that the server
// refuses other bytes, and blobs.Incoming withholds the last bytes of a wrong file, so that such a request is never even
// complete. A PUT appears whole or not at all: there is nothing to stage. "If-None-Match: *" keeps a file that is there
// already from being written again; 412 means just that. Over TLS and over plain http the request is the same one: the
// payload's hash is known beforehand, so nothing needs to be signed piece by piece.
//
// A file whose stored checksum is its name is blobs.Info.Attested: the server compared it with the bytes when they came and
// MinIO checks its disks on each read. An object that somebody else put there, without that checksum, is not.
//
// In a bucket with versions, Remove leaves older versions behind; use a bucket without, or a lifecycle rule that ends them.
package s3blob
