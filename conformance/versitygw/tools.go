//go:build tools

// Package versitygw pins the second S3 server that the tests run, apart from the product's own modules.
package versitygw

import _ "github.com/versity/versitygw/cmd/versitygw"
