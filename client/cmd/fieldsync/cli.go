package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fieldsync/client"
	"fieldsync/crdt"
	"fieldsync/crdt/store"

	"github.com/alecthomas/kong"
)

// cli is the command line.
type cli struct {
	Dir             string `help:"The folder that holds your jobs and files (default: ~/.fieldsync)." env:"FIELDSYNC_DIR" placeholder:"DIR" type:"path"`
	KeyFile         string `help:"Encrypt the folder with the key in this file (64 hexadecimal digits); a new key is made if the file is not there." env:"FIELDSYNC_KEY_FILE" placeholder:"FILE" type:"path"`
	WipeWhenRevoked bool   `help:"When the server says that the login was revoked, remove everything from the folder, once no work is lost with it." env:"FIELDSYNC_WIPE_WHEN_REVOKED"`
	JSON            bool   `name:"json" help:"Print JSON, for scripts."`
	Verbose         bool   `short:"v" help:"Log what happens inside to standard error."`

	Login  loginCmd  `cmd:"" help:"Log in to a server."`
	Logout logoutCmd `cmd:"" help:"Forget the token; jobs and files stay."`
	Whoami whoamiCmd `cmd:"" help:"Say who you are, and where."`

	Jobs     jobsCmd     `cmd:"" help:"List the jobs."`
	Show     showCmd     `cmd:"" help:"Show a job."`
	New      newCmd      `cmd:"" help:"Create a job."`
	Set      setCmd      `cmd:"" help:"Change fields of a job."`
	Assign   assignCmd   `cmd:"" help:"Give a job to somebody."`
	Unassign unassignCmd `cmd:"" help:"Take somebody off a job."`
	Status   statusCmd   `cmd:"" help:"Set any status of a job."`

	EnRoute enRouteCmd `cmd:"" name:"en-route" help:"Say that you are on your way to a job."`
	Start   startCmd   `cmd:"" help:"Begin a job, or go on with it."`
	Pause   pauseCmd   `cmd:"" help:"Interrupt a job."`
	Finish  finishCmd  `cmd:"" help:"Finish a job."`
	Fill    fillCmd    `cmd:"" help:"Answer a field of a job's report."`
	Tick    tickCmd    `cmd:"" help:"Tick an item of a job's checklist."`
	Comment commentCmd `cmd:"" help:"Add a comment to a job."`
	Attach  attachCmd  `cmd:"" help:"Add a photo or another file to a job."`
	Fetch   fetchCmd   `cmd:"" help:"Save a job's files."`

	History historyCmd `cmd:"" help:"What was done to a job: who, what, when."`
	Since   sinceCmd   `cmd:"" help:"What others did to a job since you last looked at it."`
	Clashes clashesCmd `cmd:"" help:"What several people wrote at once; settle it."`
	Undo    undoCmd    `cmd:"" help:"Take a change of a job back."`

	Sync    syncCmd    `cmd:"" help:"Exchange everything with the server now."`
	Run     runCmd     `cmd:"" help:"Stay connected until Ctrl-C; other commands of the same folder go on working meanwhile."`
	Top     topCmd     `cmd:"" help:"Look at what moves and what waits, live; stays connected, if \"run\" does not."`
	Link    linkCmd    `cmd:"" help:"What the link to the server is worth, and how long what waits takes; choose when files move."`
	Send    sendCmd    `cmd:"" help:"Send a file now, or get it, however slow the link."`
	Watch   watchCmd   `cmd:"" help:"Stay connected, and tell what changes, until Ctrl-C."`
	Push    pushCmd    `cmd:"" help:"Have the server tell this device when something changes."`
	Unsent  unsentCmd  `cmd:"" help:"What has not reached the server yet, and what it refused."`
	Export  exportCmd  `cmd:"" help:"Write what has not reached the server to a file."`
	Import  importCmd  `cmd:"" help:"Take the work of an exported file into this folder."`
	Wipe    wipeCmd    `cmd:"" help:"Remove everything from this folder, once no work is lost with it."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// Exit codes; the command's comment and the help list them.
const (
	exitOK       = 0
	exitFailed   = 1
	exitUsage    = 2
	exitOffline  = 3
	exitLogin    = 4
	exitNotFound = 5
	exitLocked   = 6
)

const description = `Jobs, photos and reports in a folder of your own: works offline, and exchanges everything with a fieldsync server by "sync" or while "run" does.

A job is named by its number (serial_no), by the beginning of its id, or by its URL (automerge:…).

Exit codes: 0 done, 1 failed, 2 wrong command line, 3 offline, 4 not logged in, 5 not found, 6 folder in use.`

// app is what a command works with.
type app struct {
	ctx    context.Context
	in     io.Reader
	out    *printer
	dir    string
	wipe   bool   // when the login is revoked
	key    string // the file with the folder's key; empty: none
	json   bool
	log    *slog.Logger
	client *client.Client // opened by the first command that asks for it
	every  time.Duration  // between syncs that nothing causes; 0: the library's own
	cwd    string         // the working folder of whoever gave the command; empty: ours
	kept   bool           // the client is not ours to run or to close: the command was given to "fieldsync run"
}

func run(ctx context.Context, args []string, in io.Reader, out, err io.Writer) int {
	return execute(ctx, args, in, out, err, nil)
}

// execute runs a command line. keeper is the process's own folder, for which it is run on somebody's behalf; nil: there is none.
func execute(ctx context.Context, args []string, in io.Reader, out, err io.Writer, keeper *keeper) int {
	var c cli
	parser, perr := kong.New(&c, kong.Name("fieldsync"), kong.Description(description), kong.Writers(out, err),
		kong.Exit(func(int) { panic(helpShown{}) }), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if perr != nil {
		_, _ = fmt.Fprintln(err, "fieldsync:", perr)
		return exitFailed
	}
	defer func() {
		if r := recover(); r != nil && r != any(helpShown{}) {
			panic(r)
		}
	}()
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, perr := parser.Parse(args)
	if perr != nil {
		_, _ = fmt.Fprintf(err, "fieldsync: %v\nfieldsync --help tells what there is.\n", perr)
		return exitUsage
	}
	a := &app{ctx: ctx, in: in, out: newPrinter(out), dir: c.Dir, key: c.KeyFile, wipe: c.WipeWhenRevoked, json: c.JSON, log: slog.New(slog.DiscardHandler)}
	if c.Verbose {
		a.log = slog.New(slog.NewTextHandler(err, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	command, _, _ := strings.Cut(parsed.Command(), " ")
	var rerr error
	if keeper != nil {
		rerr = keeper.lend(a, command)
	} else if code, done := a.elsewhere(command, args, err); done {
		return code
	}
	if rerr == nil {
		rerr = parsed.Run(a)
	}
	if a.client != nil && !a.kept {
		rerr = errors.Join(rerr, a.client.Close())
	}
	if rerr == nil {
		return exitOK
	}
	code, text := explain(rerr, a)
	text = strings.TrimPrefix(strings.TrimPrefix(text, "job: "), "audit: ") // which part of the program says it is nothing to people
	if a.json {
		_ = json.NewEncoder(err).Encode(map[string]any{"error": text, "exit": code})
	} else {
		_, _ = fmt.Fprintln(err, "fieldsync: "+text)
	}
	return code
}

// helpShown ends the parsing after --help printed.
type helpShown struct{}

// open opens the folder.
func (a *app) open() (*client.Client, error) {
	if a.client != nil {
		return a.client, nil
	}
	if err := a.findDir(); err != nil {
		return nil, err
	}
	key, err := readKey(a.key, a.dir)
	if err != nil {
		return nil, err
	}
	c, err := client.Open(client.Options{Dir: a.dir, Key: key, WipeWhenRevoked: a.wipe, Log: a.log, SyncEvery: a.every})
	if err != nil {
		return nil, err
	}
	a.client = c
	return c, nil
}

// findDir says where the folder is, where nobody did.
func (a *app) findDir() error {
	if a.dir != "" {
		return nil
	}
	home, err := os.UserHomeDir()
	if err == nil {
		a.dir = filepath.Join(home, ".fieldsync")
	}
	return err
}

// path is where a file is that was named on the command line.
func (a *app) path(name string) string {
	if a.cwd == "" || name == "" || name == "-" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(a.cwd, name)
}

// explain gives an error's exit code, and what to tell a person.
func explain(err error, a *app) (int, string) {
	switch {
	case errors.Is(err, store.ErrLocked):
		return exitLocked, fmt.Sprintf("the folder %s is in use by another fieldsync; wait for it, or stop it", a.dir)
	case errors.Is(err, client.ErrKeyNeeded):
		return exitLogin, fmt.Sprintf("the folder %s is encrypted; name the file with its key: --key-file", a.dir)
	case errors.Is(err, client.ErrWrongKey):
		return exitLogin, fmt.Sprintf("the key in %s is not that of the folder %s", a.key, a.dir)
	case errors.Is(err, client.ErrNotLoggedIn):
		return exitLogin, "you are not logged in; use: fieldsync login SERVER --user LOGIN"
	case errors.Is(err, client.ErrWiped):
		return exitLogin, fmt.Sprintf("your login was revoked; everything was removed from %s", a.dir)
	case errors.Is(err, client.ErrSignIn) && errors.Is(err, client.ErrUnsentWork):
		return exitLogin, "your login was revoked. There is work here that has not reached the server: log in again, or write it to a file (fieldsync export FILE); then everything is removed from here"
	case errors.Is(err, client.ErrSignIn) && errors.As(err, new(*stated)):
		return exitLogin, err.Error()
	case errors.Is(err, client.ErrSignIn):
		return exitLogin, "the server does not accept your token; get a new one and log in again"
	case errors.Is(err, client.ErrOtherAccount):
		return exitLogin, err.Error() + "; choose another folder with --dir"
	case errors.Is(err, client.ErrOffline), errors.Is(err, client.ErrUnfinished):
		return exitOffline, err.Error()
	case errors.Is(err, client.ErrNotFound):
		return exitNotFound, err.Error()
	case errors.Is(err, client.ErrNotAllowed):
		return exitNotFound, err.Error()
	case errors.Is(err, context.Canceled):
		return exitFailed, "interrupted"
	case crdt.KindOf(err) == crdt.KindInvalid:
		return exitUsage, err.Error()
	}
	return exitFailed, err.Error()
}

// print prints a value as JSON, if that is wanted.
func (a *app) print(v any) (done bool, err error) {
	if !a.json {
		return false, nil
	}
	enc := json.NewEncoder(a.out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return true, enc.Encode(v)
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(a *app) error {
	if done, err := a.print(map[string]string{"version": version}); done {
		return err
	}
	a.out.line("fieldsync %s", version)
	return nil
}
