// Command fieldsyncd is the fieldsync server: `fieldsyncd serve --data DIR`. Every flag is also an environment variable
// FIELDSYNC_… and a key of the file that --config names; docs/OPERATIONS.md has the table.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// version is set by the build (-ldflags "-X main.version=…").
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
