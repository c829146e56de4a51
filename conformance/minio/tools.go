//go:build tools

// Package minio pins the MinIO server that the tests run, apart from the product's own modules.
package minio

import _ "github.com/minio/minio"
