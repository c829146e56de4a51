// Command fieldsync is a worker's or a dispatcher's client in a terminal: jobs, changes and photos in a folder, with or
// without a network, exchanged with a fieldsync server by `fieldsync sync`. `fieldsync --help` lists the commands.
//
// Exit codes: 0 done; 1 failed; 2 the command line is wrong; 3 offline (what was done is kept here); 4 not logged in, or the
// token is not accepted; 5 no such job or file, or not for you; 6 another process has the folder.
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
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
