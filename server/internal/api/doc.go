// Package api holds what every handler under /api/v1/ shares: how a value and how an error is written as JSON, and the
// one table from an error's kind to an HTTP status.
package api
