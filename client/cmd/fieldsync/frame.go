package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"fieldsync/client"

	"github.com/dustin/go-humanize"
)

// leastWidth is what a frame is drawn for at least, in characters.
const leastWidth = 40

// frame draws what there is to see, at most so wide and high; n turns the symbol.
func (p *printer) frame(s sight, width, height, n int) []string {
	width = max(width, leastWidth)
	var out []string
	line := func(c colour, format string, args ...any) {
		out = append(out, p.paint(c, fit(fmt.Sprintf(format, args...), width)))
	}
	symbol, c := "✓ in step", green
	switch {
	case !s.Connected:
		symbol, c = "✗ offline", red
	case s.Syncing:
		symbol, c = string([]rune("◐◓◑◒")[n%4])+" syncing", blue
	case len(s.Moving) > 0:
		symbol, c = string([]rune("◐◓◑◒")[n%4])+" files", blue
	case s.Unsent > 0:
		symbol, c = "… waiting", yellow
	case s.Up.Files+s.Down.Files > 0:
		symbol, c = "✓ text", yellow
	}
	title := fit(fmt.Sprintf("fieldsync  %s at %s", clean(s.Who), clean(s.Server)), width-utf8.RuneCountInString(symbol)-2)
	out = append(out, p.paint(bold, pad(title, width-utf8.RuneCountInString(symbol)))+p.paint(c, symbol), "")
	for _, text := range banners(s, p) {
		out = append(out, p.paint(text.colour, pad(fit(" "+text.text, width), width)))
	}
	if len(out) > 2 {
		out = append(out, "")
	}

	line(plain, "link       %s", linkLine(s))
	line(plain, "unsent     %s", cmp.Or(s.unsent(), "nothing"))
	line(plain, "last sync  %s", p.ago(s.last))
	out = append(out, "")
	line(dim, "LANE       WAITS")
	line(plain, "status     %s", orNone(s.Status, "job"))
	line(plain, "text       %s", orNone(s.Text, "job"))
	line(plain, "files up   %s", filesLine(s.Up))
	line(plain, "files down %s", filesLine(s.Down))
	out = append(out, "")
	room := height - len(out) - 3 // the heading, a blank line, and the keys
	if len(s.Moving) > 0 && room > 0 {
		line(dim, "MOVES NOW")
		for i, f := range s.Moving {
			if i == room-1 && len(s.Moving) > room {
				line(dim, "and %d more", len(s.Moving)-i)
				break
			}
			line(plain, "%s", fileLine(f, width))
		}
		out = append(out, "")
	}
	line(dim, "s sync now   q quit")
	return out[:min(len(out), max(height, 1))]
}

// banners are what stands at the top, as it concerns everything below.
func banners(s sight, p *printer) []cell {
	var out []cell
	switch client.StorageState(s.Storage) {
	case client.StorageFull:
		out = append(out, cell{"NO ROOM: nothing new is saved. What was saved is here, and is sent.", "97;41"})
	case client.StorageFailed:
		out = append(out, cell{"THE DISK FAILED: nothing new is saved until fieldsync starts again.", "97;41"})
	}
	if !s.Connected {
		text := "OFFLINE: what you do is kept here, and sent when the network is back."
		out = append(out, cell{text, "97;41"})
	} else if client.LinkClass(s.Class) == client.LinkSlow {
		text := "SLOW LINK: text moves, files wait."
		if n := s.Up.Files + s.Down.Files; n > 0 {
			both := laneSight{Files: n, Here: s.Up.Here + s.Down.Here, Fast: s.Up.Fast + s.Down.Fast}
			text = fmt.Sprintf("SLOW LINK: text moves. %s: %s.", count(n, "file"), estimate(both))
		}
		out = append(out, cell{text, "30;43"})
	}
	return out
}

func linkLine(s sight) string {
	class := s.Class
	if !s.Connected {
		class = string(client.LinkNone)
	}
	parts := []string{class}
	if s.Network != "" {
		parts = append(parts, s.Network)
	}
	if s.Metered {
		parts = append(parts, "metered")
	}
	if s.RoundTrip > 0 {
		parts = append(parts, fmt.Sprintf("%.0f ms", s.RoundTrip*1000))
	}
	if s.Rate > 0 {
		parts = append(parts, bits(s.Rate))
	}
	if s.WiFiOnly {
		parts = append(parts, "files over Wi-Fi only")
	}
	if s.DataSaver {
		parts = append(parts, "data saver")
	}
	return strings.Join(parts, " · ")
}

func orNone(n int, noun string) string {
	if n == 0 {
		return "nothing"
	}
	return count(n, noun)
}

func filesLine(l laneSight) string {
	if l.Files == 0 {
		return "nothing"
	}
	text := fmt.Sprintf("%s, %s", count(l.Files, "file"), humanize.Bytes(uint64(max(l.Bytes, 0))))
	if l.Held != "" {
		text += ", held: " + l.Held
	}
	return text + "; " + estimate(l)
}

// fileLine is a file with a bar.
func fileLine(f anyFile, width int) string {
	arrow := "↓"
	if f.Way == "up" {
		arrow = "↑"
	}
	share := 0.0
	if f.Size > 0 {
		share = min(float64(f.Done)/float64(f.Size), 1)
	}
	numbers := fmt.Sprintf("%3.0f%%  %s of %s", share*100, humanize.Bytes(uint64(max(f.Done, 0))), humanize.Bytes(uint64(max(f.Size, 0))))
	if f.Rate > 0 {
		numbers += "  " + bits(f.Rate)
		if left := float64(f.Size-f.Done) * 8 / float64(f.Rate); left >= 1 {
			numbers += "  " + about(time.Duration(left*float64(time.Second)))
		}
	}
	bar := 16
	if width < 80 {
		bar = 8
	}
	name := max(width-bar-utf8.RuneCountInString(numbers)-6, 8)
	full := int(share * float64(bar))
	return fmt.Sprintf("%s %s %s%s %s", arrow, pad(fit(clean(f.Name), name), name), strings.Repeat("█", full), strings.Repeat("░", bar-full), numbers)
}

func fit(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	return string([]rune(s)[:max(width-1, 0)]) + "…"
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}
