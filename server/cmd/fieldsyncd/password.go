package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"fieldsync/crdt"

	"golang.org/x/term"
)

// maxPasswordLine bounds what is read as a password, in bytes.
const maxPasswordLine = 4 << 10

// readPassword reads a password from the terminal, twice and unseen, or the first line of what stands in for it. It is never
// an argument: those are seen by everybody on the machine.
func readPassword(s streams) (string, error) {
	if f, ok := s.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		first, err := ask(s, f, "Password: ")
		if err != nil {
			return "", err
		}
		second, err := ask(s, f, "Again: ")
		if err != nil {
			return "", err
		}
		if first != second {
			return "", crdt.Errorf(crdt.KindInvalid, "these were two different passwords")
		}
		return first, nil
	}
	line, err := bufio.NewReader(io.LimitReader(s.in, maxPasswordLine)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", crdt.Errorf(crdt.KindInvalid, "the password could not be read: %w", err)
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", crdt.Errorf(crdt.KindInvalid, "no password came by standard input")
	}
	return line, nil
}

func ask(s streams, f *os.File, prompt string) (string, error) {
	_, _ = fmt.Fprint(s.err, prompt)
	b, err := term.ReadPassword(int(f.Fd()))
	_, _ = fmt.Fprintln(s.err)
	if err != nil {
		return "", crdt.Errorf(crdt.KindInvalid, "the password could not be read: %w", err)
	}
	return string(b), nil
}
