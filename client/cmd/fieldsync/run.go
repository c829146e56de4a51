package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"fieldsync/client"
	"fieldsync/client/internal/remote"
	"fieldsync/crdt"
)

// networkFlags are the platform's word, where a terminal has none to give.
type networkFlags struct {
	Network string `help:"What network this is: 2g, edge, 3g, lte, 5g, wifi, ethernet or offline. A hint; what is measured decides." enum:",2g,edge,3g,lte,5g,wifi,ethernet,offline" default:"" placeholder:"KIND"`
	Metered bool   `help:"The network costs by the byte."`
}

func (f *networkFlags) tell(c *client.Client) {
	if f.Network != "" || f.Metered {
		c.SetNetwork(client.NetworkKind(f.Network), f.Metered)
	}
}

type runCmd struct {
	networkFlags
	Every time.Duration `help:"Sync so often when nothing else causes it." default:"2m" placeholder:"2m"`
}

// Run stays connected, and takes commands.
func (cmd *runCmd) Run(a *app) error {
	a.every = cmd.Every
	c, err := a.open()
	if err != nil {
		return err
	}
	if _, err := c.WhoAmI(); err != nil {
		return err
	}
	cmd.tell(c)
	ctx, stop := context.WithCancel(a.ctx)
	defer stop()
	k, err := a.keep()
	if err != nil {
		return err
	}
	defer k.close()
	events := c.WatchAll(ctx)
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	if !a.json {
		a.out.line("%s", a.out.paint(dim, "Running for "+a.dir+"; other commands work meanwhile. Ctrl-C ends it."))
	}
	for {
		select {
		case err := <-ended:
			if errors.Is(err, context.Canceled) {
				return nil
			}
			return err
		case ev, ok := <-events:
			if !ok { // the folder was closed, wiped perhaps, or we are to end
				events = nil
				stop()
				continue
			}
			if err := a.tell(ev); err != nil {
				return err
			}
		}
	}
}

// keeper is a process that holds the folder for long, and runs other processes' command lines on it.
type keeper struct {
	app    *app
	server *remote.Server
}

// keep has this process take command lines for its folder, which is open.
func (a *app) keep() (*keeper, error) {
	k := &keeper{app: a}
	s, err := remote.Serve(a.dir, func(ctx context.Context, r remote.Request, in io.Reader, out, err io.Writer) int {
		return execute(ctx, r.Args, in, &coloured{out, r.Colour}, err, &keeper{app: &app{dir: a.dir, client: a.client, cwd: r.Dir}})
	})
	k.server = s
	if err != nil {
		return nil, fmt.Errorf("the folder's socket: %w", err)
	}
	return k, nil
}

func (k *keeper) close() { k.server.Close() }

// coloured is output that somebody elsewhere looks at.
type coloured struct {
	io.Writer
	on bool
}

// lend gives the folder to a command.
func (k *keeper) lend(a *app, command string) error {
	if command == "run" {
		return crdt.Errorf(crdt.KindConflict, "fieldsync runs already for the folder %s", k.app.dir)
	}
	a.dir, a.client, a.cwd, a.kept = k.app.dir, k.app.client, k.app.cwd, true
	return nil
}

// elsewhere has the process run the command that holds the folder, if there is one.
func (a *app) elsewhere(command string, args []string, errOut io.Writer) (code int, done bool) {
	if command == "top" || command == "version" || a.findDir() != nil {
		return 0, false
	}
	cwd, err := os.Getwd()
	if err != nil {
		return 0, false
	}
	request := remote.Request{Args: args, Dir: cwd, Colour: a.out.colour}
	if command == "login" {
		request.Args = []string{"--json", "whoami"}
		if _, err := remote.Run(a.ctx, a.dir, request, strings.NewReader(""), io.Discard, io.Discard); errors.Is(err, remote.ErrNobody) {
			return 0, false
		}
		_, _ = fmt.Fprintf(errOut, "fieldsync: another fieldsync (\"run\", \"top\" or \"watch\") holds the folder %s; stop it before you log in\n", a.dir)
		return exitLocked, true
	}
	code, err = remote.Run(a.ctx, a.dir, request, a.in, a.out.Writer, errOut)
	if errors.Is(err, remote.ErrNobody) {
		return 0, false
	}
	if err != nil {
		_, _ = fmt.Fprintln(errOut, "fieldsync:", err)
		return exitFailed, true
	}
	return code, true
}
