package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"fieldsync/client/internal/remote"
	"fieldsync/crdt"

	"golang.org/x/term"
)

type topCmd struct {
	networkFlags
}

// Run shows what moves and what waits until q or Ctrl-C.
func (cmd *topCmd) Run(a *app) error {
	out, ok := a.out.Writer.(*os.File)
	if !ok || !term.IsTerminal(int(out.Fd())) {
		return crdt.Errorf(crdt.KindInvalid, "\"top\" needs a terminal; \"fieldsync link --follow\" prints lines")
	}
	ctx, stop := context.WithCancel(a.ctx)
	defer stop()
	a.ctx = ctx
	sights, ended := make(chan sight), make(chan error, 2)
	var sync func()
	if err := a.findDir(); err != nil {
		return err
	}
	if there := a.watchElsewhere(sights, ended); there {
		sync = func() { _, _ = a.ask(io.Discard, "sync", "--no-wait") }
	} else {
		c, err := a.open()
		if err != nil {
			return err
		}
		if _, err := c.WhoAmI(); err != nil {
			return err
		}
		cmd.tell(c)
		k, err := a.keep()
		if err != nil {
			return err
		}
		defer k.close()
		go func() { ended <- c.Run(ctx) }()
		go func() { ended <- a.follow(func(s sight) error { return put(ctx, sights, s) }) }()
		sync = c.SyncNow
	}
	return a.screen(out, sights, ended, sync)
}

func put(ctx context.Context, to chan<- sight, s sight) error {
	select {
	case to <- s:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ask has the process that holds the folder run a command.
func (a *app) ask(out io.Writer, args ...string) (int, error) {
	return remote.Run(a.ctx, a.dir, remote.Request{Args: args}, strings.NewReader(""), out, io.Discard)
}

// watchElsewhere takes what there is to see from the process that holds the folder, if there is one.
func (a *app) watchElsewhere(sights chan<- sight, ended chan<- error) bool {
	if _, err := a.ask(io.Discard, "version"); err != nil {
		return false
	}
	lines, from := io.Pipe()
	go func() {
		code, err := a.ask(from, "--json", "link", "--follow")
		if err == nil {
			err = fmt.Errorf("the process that holds the folder has ended (%d)", code)
		}
		_ = from.CloseWithError(err)
	}()
	go func() {
		scan := bufio.NewScanner(lines)
		scan.Buffer(nil, 1<<20)
		for scan.Scan() {
			var s sight
			if json.Unmarshal(scan.Bytes(), &s) != nil {
				continue
			}
			if text, ok := s.LastSync.(string); ok {
				s.last, _ = time.Parse(time.RFC3339Nano, text) // what is none is never
			}
			if put(a.ctx, sights, s) != nil {
				return
			}
		}
		ended <- scan.Err()
	}()
	return true
}

const (
	enterScreen = "\x1b[?1049h\x1b[?25l"
	leaveScreen = "\x1b[?25h\x1b[?1049l"
)

// screen draws until a key or an error ends it.
func (a *app) screen(out *os.File, sights <-chan sight, ended <-chan error, sync func()) error {
	keys := make(chan byte)
	if in, ok := a.in.(*os.File); ok && term.IsTerminal(int(in.Fd())) {
		state, err := term.MakeRaw(int(in.Fd()))
		if err != nil {
			return err
		}
		defer func() { _ = term.Restore(int(in.Fd()), state) }()
		go func() {
			for b := make([]byte, 1); ; {
				if _, err := in.Read(b); err != nil {
					return
				}
				keys <- b[0]
			}
		}()
	}
	_, _ = io.WriteString(out, enterScreen)
	defer func() { _, _ = io.WriteString(out, leaveScreen) }()
	turn := time.NewTicker(250 * time.Millisecond)
	defer turn.Stop()
	var s *sight
	heard := (chan byte)(nil) // keys are heard when there is something to see
	for n := 0; ; n++ {
		if s != nil {
			heard = keys
			width, height, err := term.GetSize(int(out.Fd()))
			if err != nil || width <= 0 || height <= 0 {
				width, height = 80, 24
			}
			text := "\x1b[H" + strings.Join(a.out.frame(*s, width, height, n), "\x1b[K\r\n") + "\x1b[K\x1b[J"
			if _, err := io.WriteString(out, text); err != nil {
				return err
			}
		}
		select {
		case next := <-sights:
			s = &next
		case <-turn.C:
		case key := <-heard:
			switch key {
			case 'q', 3, 27: // Ctrl-C, Esc
				return nil
			case 's':
				sync()
			}
		case err := <-ended:
			if errors.Is(err, context.Canceled) {
				return nil
			}
			return err
		case <-a.ctx.Done():
			return nil
		}
	}
}
