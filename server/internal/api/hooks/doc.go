// Package hooks is the API over webhooks (package webhook), for administrators.
package hooks
