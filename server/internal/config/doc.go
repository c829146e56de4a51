// Package config is the server's configuration: one struct whose every field says its unit, its default and what zero
// means, completed and validated once, and then passed to whoever needs it.
//
// The struct carries the tags by which cmd/fieldsyncd reads it from flags, environment and file; it can as well be
// filled in by hand, as tests do.
package config
