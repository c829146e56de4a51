package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"

	"fieldsync/crdt"
	"fieldsync/server"

	"github.com/alecthomas/kong"
)

// cli is the command line.
type cli struct {
	Config  kong.ConfigFlag `help:"Read settings from a YAML or JSON file; its keys are the flags' names." placeholder:"FILE"`
	Serve   serveCmd        `cmd:"" help:"Serve until SIGTERM or Ctrl-C."`
	Org     orgCmd          `cmd:"" help:"Organisations."`
	User    userCmd         `cmd:"" help:"Users of an organisation."`
	Team    teamCmd         `cmd:"" help:"Teams of an organisation."`
	Device  deviceCmd       `cmd:"" help:"Where users are signed in."`
	Apikey  apikeyCmd       `cmd:"" help:"API keys of programs."`
	Index   indexCmd        `cmd:"" help:"The index of documents, which lists are read from."`
	Blobs   blobsCmd        `cmd:"" help:"The store of files."`
	Push    pushCmd         `cmd:"" help:"Notices to people's devices."`
	Openapi openapiCmd      `cmd:"" help:"Print the description of the API, OpenAPI 3.1 in JSON, as it is served."`
	Version versionCmd      `cmd:"" help:"Print the version."`
}

type serveCmd struct {
	server.Config `embed:""`
}

// Run serves until ctx ends.
func (c *serveCmd) Run(ctx context.Context, out streams) error {
	c.Version, c.LogTo = version, out.err
	s, err := server.New(c.Config)
	if err != nil {
		return err
	}
	return s.Run(ctx)
}

type openapiCmd struct{}

// Run prints the description of the API.
func (openapiCmd) Run(out streams) error {
	description, err := server.OpenAPI(version)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out.out, "%s\n", description)
	return err
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(out streams) error {
	_, err := fmt.Fprintf(out.out, "fieldsyncd %s %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

type streams struct {
	in       io.Reader
	out, err io.Writer
}

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2 // the command line, the environment or the file is wrong
)

func run(ctx context.Context, args []string, in io.Reader, out, err io.Writer) int {
	parser, perr := newParser(&cli{}, out, err)
	if perr != nil {
		_, _ = fmt.Fprintln(err, "fieldsyncd:", perr)
		return exitFailed
	}
	var helped helpShown
	defer func() {
		if r := recover(); r != nil && r != any(helped) {
			panic(r)
		}
	}()
	parsed, perr := parser.Parse(args)
	if perr != nil {
		_, _ = fmt.Fprintln(err, "fieldsyncd:", perr)
		return exitUsage
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	if rerr := parsed.Run(streams{in, out, err}); rerr != nil {
		_, _ = fmt.Fprintln(err, "fieldsyncd:", rerr)
		return exitCode(rerr)
	}
	return exitOK
}

// helpShown ends the parsing after --help printed.
type helpShown struct{}

func newParser(c *cli, out, err io.Writer) (*kong.Kong, error) {
	return kong.New(c,
		kong.Name("fieldsyncd"),
		kong.Description("The fieldsync server. Every flag is also an environment variable FIELDSYNC_… and a key of the --config file; a flag beats the environment, the environment beats the file."),
		kong.DefaultEnvars("FIELDSYNC"),
		kong.Configuration(loadFile),
		kong.Writers(out, err),
		kong.Exit(func(int) { panic(helpShown{}) }),
		kong.UsageOnError(),
	)
}

func exitCode(err error) int {
	var known *crdt.Error
	if errors.As(err, &known) && known.Kind == crdt.KindInvalid {
		return exitUsage
	}
	return exitFailed
}
