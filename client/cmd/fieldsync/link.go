package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"fieldsync/client"

	"github.com/dustin/go-humanize"
)

type linkCmd struct {
	networkFlags
	WiFiOnly  string `name:"wifi-only" help:"Whether files move over Wi-Fi and cables only: on or off." enum:",on,off" default:"" placeholder:"on|off"`
	DataSaver string `help:"Whether files, but for previews, wait while the network is metered: on or off." enum:",on,off" default:"" placeholder:"on|off"`
	Follow    bool   `short:"f" help:"Go on, and print again whenever something changes."`
}

// Run tells what the link is worth, and takes what is chosen.
func (cmd *linkCmd) Run(a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	cmd.tell(c)
	if cmd.WiFiOnly != "" || cmd.DataSaver != "" {
		p := c.Preferences()
		if cmd.WiFiOnly != "" {
			p.WiFiOnly = cmd.WiFiOnly == "on"
		}
		if cmd.DataSaver != "" {
			p.DataSaver = cmd.DataSaver == "on"
		}
		if err := c.SetPreferences(p); err != nil {
			return err
		}
	}
	if !cmd.Follow {
		s, err := a.sight()
		if err != nil {
			return err
		}
		if done, err := a.print(s); done {
			return err
		}
		a.tellLink(s)
		return nil
	}
	return a.follow(func(s sight) error {
		if a.json {
			return json.NewEncoder(a.out).Encode(s)
		}
		a.tellLink(s)
		a.out.line("")
		return nil
	})
}

// follow gives what there is to see now, and again whenever that changes, until the command ends.
func (a *app) follow(show func(sight) error) error {
	events := a.client.WatchAll(a.ctx)
	tick := time.NewTicker(time.Second) // what grows with time, and what no event tells: a new measurement
	defer tick.Stop()
	last := ""
	for {
		s, err := a.sight()
		if a.ctx.Err() != nil {
			return nil // told to stop while it looked
		}
		if err != nil {
			return err
		}
		text, err := json.Marshal(s)
		if err != nil {
			return err
		}
		if string(text) != last {
			last = string(text)
			if err := show(s); err != nil && a.ctx.Err() == nil {
				return err
			}
		}
		select {
		case _, ok := <-events:
			if !ok {
				return nil
			}
			for more := true; more; { // many at once are one
				select {
				case _, more = <-events:
				default:
					more = false
				}
			}
		case <-tick.C:
		case <-a.ctx.Done():
			return nil
		}
	}
}

// sight is what there is to see of the link and of what moves over it.
type sight struct {
	Who       string    `json:"who"`
	Server    string    `json:"server"`
	Connected bool      `json:"connected"`
	Syncing   bool      `json:"syncing"`
	Class     string    `json:"class"`
	Network   string    `json:"network"`
	Metered   bool      `json:"metered"`
	RoundTrip float64   `json:"round_trip_seconds"`
	Rate      int       `json:"bits_per_second"`
	Measured  bool      `json:"measured"`
	WiFiOnly  bool      `json:"wifi_only"`
	DataSaver bool      `json:"data_saver"`
	LastSync  any       `json:"last_sync"`
	Unsent    int       `json:"unsent_changes"` // as a person counts them
	Attached  int       `json:"unsent_files"`   // so too
	Storage   string    `json:"storage"`        // of this device
	Status    int       `json:"waiting_status"`
	Text      int       `json:"waiting_text"`
	Up        laneSight `json:"up"`
	Down      laneSight `json:"down"`
	Moving    []anyFile `json:"moving"`

	last time.Time
}

// laneSight is the files that wait in one direction.
type laneSight struct {
	Files int     `json:"files"`
	Bytes int64   `json:"bytes"`
	Held  string  `json:"held"`
	Here  float64 `json:"here_seconds"`
	Fast  float64 `json:"fast_seconds"`
}

// anyFile is a file that moves.
type anyFile struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Way    string `json:"way"` // "up", "down"
	Size   int64  `json:"size"`
	Done   int64  `json:"done"`
	Rate   int    `json:"bits_per_second"`
	Ended  bool   `json:"ended"`
	Held   string `json:"held"`
	SHA256 string `json:"sha256"`
}

func fileJSON(f client.FileProgress) anyFile {
	way := "down"
	if f.Up {
		way = "up"
	}
	return anyFile{f.Doc.String(), f.Name, way, f.Size, f.Done, f.Rate, f.Ended, string(f.Held), f.SHA256}
}

// sight looks.
func (a *app) sight() (sight, error) {
	c := a.client
	who, err := c.WhoAmI()
	if err != nil {
		return sight{}, err
	}
	l, p := c.Link(), c.Preferences()
	lanes, err := c.Lanes(a.ctx)
	if err != nil {
		return sight{}, err
	}
	u, err := c.Unsent(a.ctx)
	if err != nil {
		return sight{}, err
	}
	s := sight{Who: who.Name, Server: who.Server, Connected: lanes.Connected, Syncing: lanes.Syncing, Class: string(l.Class), Network: string(l.Kind), Metered: l.Metered,
		RoundTrip: l.RoundTrip.Seconds(), Rate: l.Throughput, Measured: l.Measured, WiFiOnly: p.WiFiOnly, DataSaver: p.DataSaver, LastSync: jsonTime(u.LastSync),
		Unsent: u.Edits, Attached: u.Attached, Storage: string(c.Storage()), Status: lanes.Status, Text: lanes.Text, Up: sightOf(lanes.Up), Down: sightOf(lanes.Down), Moving: []anyFile{}, last: u.LastSync}
	for _, f := range lanes.Moving {
		s.Moving = append(s.Moving, fileJSON(f))
	}
	return s, nil
}

func sightOf(f client.FileLane) laneSight {
	return laneSight{f.Files, f.Bytes, string(f.Held), f.Here.Seconds(), f.Fast.Seconds()}
}

func classColour(c client.LinkClass) colour {
	switch c {
	case client.LinkFast:
		return green
	case client.LinkSlow:
		return yellow
	}
	return red
}

// linkText says what a link is worth.
func linkText(l client.Link) string {
	switch l.Class {
	case client.LinkFast:
		return "the link is fast: files move"
	case client.LinkSlow:
		return "the link is slow: text moves, files wait"
	}
	return "no link"
}

// tellLink prints what there is to see.
func (a *app) tellLink(s sight) {
	class := s.Class
	if !s.Connected {
		class = "none (not connected)"
	}
	network := s.Network
	if s.Metered {
		network = strings.TrimSpace(network + " metered")
	}
	trip := ""
	if s.RoundTrip > 0 {
		trip = fmt.Sprintf("%.0f ms", s.RoundTrip*1000)
	}
	var files []string
	if s.WiFiOnly {
		files = append(files, "over Wi-Fi only")
	}
	if s.DataSaver {
		files = append(files, "but previews not while metered")
	}
	a.out.fields("link", a.out.paint(classColour(client.LinkClass(s.Class)), class), "network", network, "round trip", trip, "carries", bits(s.Rate),
		"files move", strings.Join(files, ", "), "last sync", a.out.ago(s.last),
		"unsent", s.unsent(), "to be sent", a.laneText(s.Up), "to come", a.laneText(s.Down))
	for _, f := range s.Moving {
		a.out.line("  %s", fileText(f))
	}
}

// unsent says what has not reached the server; empty: everything has.
func (s *sight) unsent() string {
	var parts []string
	if s.Unsent > 0 {
		parts = append(parts, count(s.Unsent, "change"))
	}
	if s.Attached > 0 {
		parts = append(parts, count(s.Attached, "file"))
	}
	return strings.Join(parts, " and ")
}

// laneText says what waits, why, and how long it takes: "4 files (2.2 MB) wait: the link is slow; about 6 min here, 20 s on LTE".
func (a *app) laneText(l laneSight) string {
	if l.Files == 0 {
		return ""
	}
	text := fmt.Sprintf("%s (%s)", count(l.Files, "file"), humanize.Bytes(uint64(max(l.Bytes, 0))))
	if l.Held != "" {
		text = a.heldText(l.Files, l.Bytes, client.Held(l.Held))
	}
	return text + ": " + estimate(l)
}

// estimate says how long files take.
func estimate(l laneSight) string {
	fast := about(time.Duration(l.Fast*float64(time.Second))) + " on LTE"
	if l.Here <= 0 {
		return fast
	}
	return "about " + about(time.Duration(l.Here*float64(time.Second))) + " here, " + fast
}

// fileText says how far a file is.
func fileText(f anyFile) string {
	arrow := "down"
	if f.Way == "up" {
		arrow = "up"
	}
	text := fmt.Sprintf("%-4s %s  %s of %s", arrow, short(f.Name, 30), humanize.Bytes(uint64(max(f.Done, 0))), humanize.Bytes(uint64(max(f.Size, 0))))
	if f.Rate > 0 {
		text += "  " + bits(f.Rate)
	}
	return text
}

// tellFile prints that a file begins to move, or that it does not any more.
func (a *app) tellFile(stamp string, f client.FileProgress) {
	way := "comes down"
	if f.Up {
		way = "goes up"
	}
	text := fmt.Sprintf("%s %s (%s)", short(f.Name, 40), way, humanize.Bytes(uint64(max(f.Size, 0))))
	switch {
	case f.Ended && f.Done == f.Size:
		text = short(f.Name, 40) + map[bool]string{true: " is on the server", false: " is here"}[f.Up]
	case f.Ended && f.Held != "":
		text = fmt.Sprintf("%s waits at %s: %s", short(f.Name, 40), humanize.Bytes(uint64(max(f.Done, 0))), string(f.Held))
	case f.Ended:
		text = fmt.Sprintf("%s broke at %s", short(f.Name, 40), humanize.Bytes(uint64(max(f.Done, 0))))
	}
	a.out.line("%s  %s", stamp, a.out.paint(dim, text))
}

type sendCmd struct {
	networkFlags
	ID   string `arg:"" name:"job" help:"The job."`
	File string `arg:"" optional:"" help:"The file: its name, or the beginning of its id; nothing: all of the job."`
}

// Run moves files whatever the link.
func (cmd *sendCmd) Run(a *app) error {
	id, err := a.resolve(cmd.ID)
	if err != nil {
		return err
	}
	v, err := a.client.View(id)
	if err != nil {
		return err
	}
	cmd.tell(a.client)
	asked := 0
	for _, att := range v.Job.Attachments {
		if cmd.File != "" && att.Name != cmd.File && !strings.HasPrefix(att.ID, cmd.File) {
			continue
		}
		if err := a.client.SendNow(a.ctx, id, att.ID); err != nil {
			return err
		}
		asked++
	}
	if asked == 0 {
		return fmt.Errorf("%w: the job has no file %q", client.ErrNotFound, cmd.File)
	}
	if a.kept {
		if done, err := a.print(map[string]int{"files": asked}); done {
			return err
		}
		a.out.line("Asked for: %s move now.", count(asked, "file"))
		return nil
	}
	return (&syncCmd{}).Run(a)
}
