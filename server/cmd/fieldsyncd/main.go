// Command fieldsyncd is the fieldsync server: `fieldsyncd serve --data DIR`. Every flag is also an environment variable
// FIELDSYNC_… and a key of the file that --config names; docs/OPERATIONS.md has the table.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// version is set by the build (-ldflags "-X main.version=…").
var version = "dev"

// gcPercent is the garbage collector's target where GOGC does not say otherwise. Most of what the server holds lives as long
// as a document is open: less than half of the usual room for garbage saves a third of its memory, for little work.
const gcPercent = 40

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
