package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"fieldsync/conformance/internal/cut"
)

// lineRole makes this program the line to the server that it names, which is cut and healed by words on standard input: two sockets for each connection
// are more than one process may have open beside a thousand phones.
const lineRole = "FIELDSYNC_BENCH_LINE"

// herdLine is a line that can be cut, in a process of its own.
type herdLine struct {
	cmd  *exec.Cmd
	say  io.WriteCloser
	told *bufio.Scanner
	addr string // where phones connect
}

// newHerdLine starts a line to a server. Close it.
func newHerdLine(target string) (*herdLine, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	l := &herdLine{cmd: exec.Command(self)} //nolint:noctx // it ends when its input does
	l.cmd.Env = append(os.Environ(), lineRole+"="+target)
	l.cmd.Stderr = os.Stderr
	if l.say, err = l.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := l.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := l.cmd.Start(); err != nil {
		return nil, err
	}
	l.told = bufio.NewScanner(out)
	l.addr, err = l.answer()
	return l, err
}

// Cut resets every connection and refuses new ones; Heal accepts them again.
func (l *herdLine) Cut() error  { return l.do("cut") }
func (l *herdLine) Heal() error { return l.do("heal") }

// Close ends the process.
func (l *herdLine) Close() error {
	_ = l.say.Close() // Wait says what is wrong
	return l.cmd.Wait()
}

func (l *herdLine) do(word string) error {
	if _, err := fmt.Fprintln(l.say, word); err != nil {
		return err
	}
	_, err := l.answer()
	return err
}

func (l *herdLine) answer() (string, error) {
	if !l.told.Scan() {
		return "", fmt.Errorf("the line is gone: %w", l.told.Err())
	}
	word, text, _ := strings.Cut(l.told.Text(), " ")
	if word != "ok" {
		return "", fmt.Errorf("the line: %s", text)
	}
	return text, nil
}

// actAsLine is that process, until its input ends.
func actAsLine(target string) error {
	line, err := cut.New(target)
	if err != nil {
		return err
	}
	defer line.Cut()
	fmt.Println("ok", line.Addr())
	words := bufio.NewScanner(os.Stdin)
	for words.Scan() {
		switch words.Text() {
		case "cut":
			line.Cut()
		case "heal":
			if err := line.Heal(); err != nil {
				fmt.Println("failed", err)
				continue
			}
		}
		fmt.Println("ok")
	}
	return words.Err()
}
