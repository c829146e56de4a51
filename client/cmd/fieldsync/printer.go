package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"fieldsync/crdt/job"
)

// printer writes text for people. Colours only where somebody looks: on a terminal that knows them, unless NO_COLOR is set.
type printer struct {
	io.Writer
	colour bool
	now    func() time.Time
}

func newPrinter(w io.Writer) *printer {
	p := &printer{Writer: w, now: time.Now}
	if c, ok := w.(*coloured); ok {
		p.colour = c.on
	}
	if f, ok := w.(*os.File); ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && os.Getenv("TERM") != "" {
		info, err := f.Stat()
		p.colour = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

type colour string

// The colours that people know from the product, as far as terminals have them.
const (
	plain   colour = ""
	bold    colour = "1"
	dim     colour = "2"
	red     colour = "31"
	green   colour = "32"
	yellow  colour = "33"
	blue    colour = "34"
	magenta colour = "35"
	grey    colour = "90"
	bright  colour = "92"
)

func (p *printer) paint(c colour, s string) string {
	if !p.colour || c == plain || s == "" {
		return s
	}
	return "\x1b[" + string(c) + "m" + s + "\x1b[0m"
}

func (p *printer) line(format string, args ...any) { _, _ = fmt.Fprintf(p, format+"\n", args...) }

// clean makes text from a document harmless for a terminal: one line, without control characters.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, s)
}

func short(s string, n int) string {
	s = clean(s)
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// cell is a piece of a table.
type cell struct {
	text   string
	colour colour
}

// rows prints rows with aligned columns, and no heads.
func (p *printer) rows(rows [][]cell) { p.columns(nil, rows) }

// table prints rows with aligned columns under their heads; columns that are empty everywhere are left out.
func (p *printer) table(head []string, rows [][]cell) { p.columns(head, rows) }

func (p *printer) columns(head []string, rows [][]cell) {
	n := len(head)
	for _, r := range rows {
		n = max(n, len(r))
	}
	heads := head
	head = append(slices.Clone(head), make([]string, n-len(head))...)
	width := make([]int, len(head))
	used := make([]bool, len(head))
	for _, r := range rows {
		for i, c := range r {
			width[i] = max(width[i], utf8.RuneCountInString(c.text), utf8.RuneCountInString(head[i]))
			used[i] = used[i] || c.text != ""
		}
	}
	last := -1
	for i := range used {
		if used[i] {
			last = i
		}
	}
	write := func(cells []cell) {
		var b strings.Builder
		for i, c := range cells {
			if !used[i] {
				continue
			}
			b.WriteString(p.paint(c.colour, c.text))
			if i != last {
				b.WriteString(strings.Repeat(" ", width[i]-utf8.RuneCountInString(c.text)+2))
			}
		}
		p.line("%s", strings.TrimRight(b.String(), " "))
	}
	if len(heads) > 0 {
		titles := make([]cell, len(head))
		for i, h := range head {
			titles[i] = cell{h, dim}
		}
		write(titles)
	}
	for _, r := range rows {
		write(r)
	}
}

// fields prints names and values, aligned; empty values are left out.
func (p *printer) fields(pairs ...string) {
	width := 0
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			width = max(width, utf8.RuneCountInString(pairs[i]))
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			pad := strings.Repeat(" ", width-utf8.RuneCountInString(pairs[i]))
			p.line("%s%s  %s", p.paint(dim, pairs[i]), pad, pairs[i+1])
		}
	}
}

// ago says how long ago a moment was, roughly.
func (p *printer) ago(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	d := p.now().Sub(t)
	switch {
	case d < -time.Minute:
		return "at " + t.Local().Format("2 Jan 15:04") // a clock is wrong somewhere
	case d < 10*time.Second:
		return "just now"
	case d < time.Minute:
		return fmt.Sprintf("%d s ago", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	case d < 14*24*time.Hour:
		return count(int(d.Hours()/24), "day") + " ago"
	}
	return "on " + t.Local().Format("2 Jan 2006")
}

// when says when something is planned.
func (p *printer) when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	t, now := t.Local(), p.now().Local()
	day := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	switch days := int(day(t).Sub(day(now)).Hours() / 24); {
	case days == 0:
		return "today " + t.Format("15:04")
	case days == 1:
		return "tomorrow " + t.Format("15:04")
	case days == -1:
		return "yesterday " + t.Format("15:04")
	case t.Year() == now.Year():
		return t.Format("Mon 2 Jan 15:04")
	}
	return t.Format("2 Jan 2006 15:04")
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func statusCell(s job.Status, clash bool) cell {
	c := cell{text: strings.ReplaceAll(clean(string(s)), "_", " ")}
	switch s {
	case job.Published:
		c.colour = blue
	case job.EnRoute:
		c.colour = magenta
	case job.Started:
		c.colour = green
	case job.Paused:
		c.colour = grey
	case job.Finished:
		c.colour = bright
	case job.Cancelled:
		c.colour = red
	}
	if clash {
		c.text, c.colour = c.text+" (clash)", yellow
	}
	return c
}
