package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"fieldsync/crdt"
	"fieldsync/server"
	"fieldsync/server/internal/admin"
)

// folder is what every command of the operator needs, and how it answers.
type folder struct {
	Data string `help:"The server's folder (required); a server may run over it." placeholder:"DIR"`
	JSON bool   `name:"json" env:"-" help:"Answer in JSON."`
}

// inOrg names the organisation too.
type inOrg struct {
	folder
	Org string `env:"-" help:"The organisation's id; needed where there are several." placeholder:"ID"`
}

// call does a command, in the server that runs or on the folder itself.
func call[O any](ctx context.Context, f folder, name string, in any) (O, error) {
	return callOn[O](ctx, f, false, name, in)
}

func callOn[O any](ctx context.Context, f folder, fresh bool, name string, in any) (out O, err error) {
	op, err := server.OpenOperator(ctx, f.Data, fresh)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, op.Close()) }()
	return admin.Call[O](ctx, op, name, in)
}

// answer prints what a command gave: as JSON, or as words.
func answer(out streams, f folder, v any, words func(io.Writer) error) error {
	if f.JSON {
		enc := json.NewEncoder(out.out)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(v)
	}
	return words(out.out)
}

// say prints a line.
func say(format string, args ...any) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := fmt.Fprintf(w, format+"\n", args...)
		return err
	}
}

// table prints rows under a header.
func table(header string, rows [][]string, none string) func(io.Writer) error {
	return func(w io.Writer) error {
		if len(rows) == 0 {
			return say("%s", none)(w)
		}
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(t, strings.ReplaceAll(header, " ", "\t"))
		for _, row := range rows {
			for i, cell := range row {
				if row[i] = printable(cell); row[i] == "" {
					row[i] = "-"
				}
			}
			_, _ = fmt.Fprintln(t, strings.Join(row, "\t"))
		}
		return t.Flush() // it kept the first error
	}
}

// printable takes out of a text what would move in a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}

func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04")
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

// optional makes a flag that was not given nil.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// expiry reads a date, a time or a duration from now; empty is never.
func expiry(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(s); err == nil {
		return now.Add(d), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, crdt.Errorf(crdt.KindInvalid, "--expires: %q is no date like 2027-12-31, no time in RFC 3339 and no duration like 720h", s)
}
