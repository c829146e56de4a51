package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"fieldsync/conformance/figures"
	"fieldsync/conformance/internal/light"
	"fieldsync/conformance/internal/sut"
)

// config is the size of a run.
type config struct {
	parts         []string      // of the bench: sync, 2g, phone, herd
	phoneJobs     int           // that a phone holds
	systems       []string      // which, by short name
	repeats       int           // turns of each system; the table shows medians
	liveDocs      int           // documents being edited at once
	subscribers   int           // readers of each
	rate          float64       // edits a second over all documents, the same for every system: a quiet office
	heavy         float64       // the same, near what the reference server can do at all
	liveFor       time.Duration // length of each paced load
	burst         int           // edits a document in the saturated load
	window        int           // edits a writer may be ahead of its slowest reader then
	jobs          int           // documents of the first sync
	settle        time.Duration // between their upload and the first sync, for what a server does when nobody asks for anything
	changes       int           // changes in each document
	open          int           // documents held open for the memory figure; 0 leaves memory out
	conns         int           // idle connections for the memory figure
	onDisk        int           // documents on disk while closed, our server only; 0 leaves it out
	onDiskChanges int           // changes in each of those
	herdPhones    int           // that lose one server
	herdJobs      int           // that each of them holds
	herdServer    []string      // arguments of that server, beside the usual ones
	outages       []outage      // that they go through, one after the other
	log           func(format string, args ...any)
}

// perDoc is how many edits each document gets at a rate.
func (c *config) perDoc(rate float64) int {
	return int(rate * c.liveFor.Seconds() / float64(c.liveDocs))
}

func standard() config {
	return config{
		parts: []string{"sync", "2g", "phone", "herd"}, phoneJobs: 200,
		systems: []string{"fieldsyncd", "reference", "relay-node", "relay-go"}, repeats: 3,
		liveDocs: 20, subscribers: 4, rate: 100, heavy: 800, liveFor: 10 * time.Second, burst: 100, window: 16,
		herdPhones: 1000, herdJobs: 20, outages: []outage{{true, 2 * time.Second}, {true, 15 * time.Second}, {false, 15 * time.Second}, {true, time.Minute}},
		jobs: 300, settle: 15 * time.Second, changes: 31, open: 3000, conns: 2000, onDisk: 100_000, onDiskChanges: 3,
		log: func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) },
	}
}

func main() {
	if act() {
		return
	}
	cfg := standard()
	out := flag.String("out", filepath.Join("docs", "PERFORMANCE.md"), "file with the markers, relative to the module; empty: standard output only")
	parts := flag.String("parts", strings.Join(cfg.parts, ","), "what to measure: sync, 2g, phone, herd")
	systems := flag.String("systems", strings.Join(cfg.systems, ","), "systems under test")
	flag.IntVar(&cfg.repeats, "repeats", cfg.repeats, "turns of each system")
	flag.Float64Var(&cfg.rate, "rate", cfg.rate, "edits a second over all documents")
	flag.Float64Var(&cfg.heavy, "heavy", cfg.heavy, "edits a second in the heavy load")
	flag.DurationVar(&cfg.settle, "settle", cfg.settle, "pause between the upload and the first sync")
	flag.DurationVar(&cfg.liveFor, "for", cfg.liveFor, "length of the paced load")
	flag.IntVar(&cfg.liveDocs, "docs", cfg.liveDocs, "documents being edited at once")
	flag.IntVar(&cfg.burst, "burst", cfg.burst, "edits a document in the saturated load")
	flag.IntVar(&cfg.open, "open", cfg.open, "documents held open for the memory figure; 0: no memory figures")
	flag.IntVar(&cfg.conns, "conns", cfg.conns, "idle connections for the memory figure")
	flag.IntVar(&cfg.onDisk, "disk", cfg.onDisk, "documents on disk while closed; 0: leave out")
	flag.IntVar(&cfg.herdPhones, "phones", cfg.herdPhones, "phones that lose one server")
	flag.IntVar(&cfg.herdJobs, "phonejobs", cfg.herdJobs, "jobs that each of them holds")
	flag.Func("outages", "how they lose it, as kill:2s,cut:15s", func(s string) (err error) { cfg.outages, err = parseOutages(s); return err })
	flag.Func("herdserver", "arguments for the server that they lose, with spaces between", func(s string) error { cfg.herdServer = strings.Fields(s); return nil })
	flag.Parse()
	cfg.parts, cfg.systems = strings.Split(*parts, ","), strings.Split(*systems, ",")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := benchAndReport(ctx, cfg, *out); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// act does what this process was started for by another of this program, if it was.
func act() bool {
	var err error
	if role := os.Getenv(phoneRole); role != "" {
		err = actAsPhone(role)
	} else if target := os.Getenv(lineRole); target != "" {
		err = actAsLine(target)
	} else {
		return false
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	return true
}

func benchAndReport(ctx context.Context, cfg config, out string) error {
	for _, part := range cfg.parts {
		var text string
		switch part {
		case "sync":
			all, err := run(ctx, cfg)
			if err != nil {
				return err
			}
			text = report(cfg, all, machine())
		case "2g":
			all, err := runSlow(ctx, cfg)
			if err != nil {
				return err
			}
			text = reportSlow(all, machine())
		case "phone":
			all, err := runPhone(ctx, cfg)
			if err != nil {
				return err
			}
			text = reportPhone(cfg, all, machine())
		case "herd":
			r, err := runHerd(ctx, cfg)
			if err != nil {
				return err
			}
			text = reportHerd(cfg, r)
		default:
			return fmt.Errorf("there is no part %q", part)
		}
		fmt.Println(text)
		if out == "" {
			continue
		}
		root, err := sut.Root()
		if err != nil {
			return err
		}
		if err := figures.Write(filepath.Join(root, out), "bench "+part, text); err != nil {
			return err
		}
	}
	return nil
}

// results are one system's, a value a turn.
type results struct {
	name   string
	live   []liveResult
	acked  []liveResult // relays only: subscribers answer, and the relay forwards the answers too
	cold   []coldResult
	memory *memoryResult
	failed int // turns that had to be repeated
}

// run measures every system, turn by turn.
func run(ctx context.Context, cfg config) ([]*results, error) {
	tmp, err := os.MkdirTemp("", "fieldsync-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	b := &bench{cfg: cfg, tmp: tmp}
	if err := b.prepare(ctx); err != nil {
		return nil, err
	}
	all := make([]*results, len(cfg.systems))
	for i := range all {
		all[i] = &results{}
	}
	for turn := range cfg.repeats {
		for i, name := range cfg.systems {
			cfg.log("turn %d of %d: %s", turn+1, cfg.repeats, name)
			if err := b.again(ctx, name, all[i], func() error { return b.turn(ctx, name, all[i]) }); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	for i, name := range cfg.systems {
		if cfg.open == 0 || all[i].cold == nil {
			continue
		}
		cfg.log("memory: %s", name)
		err := b.again(ctx, name, all[i], func() error {
			return b.with(ctx, name, func(sys *sut.Process) error {
				size := cfg
				if name != "fieldsyncd" {
					size.open = min(cfg.open, othersOpen)
				}
				m, err := runMemory(ctx, sys, size, b.jobs)
				all[i].memory = &m
				return err
			})
		})
		if err != nil {
			return nil, fmt.Errorf("%s, memory: %w", name, err)
		}
	}
	return all, nil
}

// patienceWithOthers is how often a turn of another's server is tried: the reference server now and then leaves a document
// unanswered for ever. Ours has to do it at the first.
const patienceWithOthers = 5

// othersOpen is how many documents another's server is asked to hold open: the reference server takes half a megabyte for each.
const othersOpen = 300

// again runs a turn, and for other systems than ours tries again when it fails. The report says how often.
func (b *bench) again(ctx context.Context, name string, res *results, turn func() error) error {
	for try := 1; ; try++ {
		err := turn()
		if err == nil || name == "fieldsyncd" || try == patienceWithOthers || ctx.Err() != nil {
			return err
		}
		res.failed++
		b.cfg.log("%s failed, once more: %v", name, err)
	}
}

// bench holds what the turns share.
type bench struct {
	cfg         config
	tmp         string
	server      string // fieldsyncd's binary
	relay       string
	jobs, edits []*light.History
	runs        int
}

func (b *bench) prepare(ctx context.Context) error {
	var err error
	for _, name := range b.cfg.systems {
		switch name {
		case "fieldsyncd":
			b.server, err = sut.BuildFieldsyncd(ctx, b.tmp)
		case "relay-go":
			b.relay, err = sut.Build(ctx, "./conformance/bench/relay", filepath.Join(b.tmp, "relay"))
		}
		if err != nil {
			return err
		}
	}
	b.cfg.log("making %d jobs of %d changes", b.cfg.jobs, b.cfg.changes)
	if b.jobs, err = light.Corpus(b.cfg.jobs, b.cfg.changes); err != nil {
		return err
	}
	perDoc := b.cfg.changes + b.cfg.perDoc(b.cfg.rate) + b.cfg.perDoc(b.cfg.heavy) + b.cfg.burst
	b.cfg.log("making %d jobs of %d changes", b.cfg.liveDocs, perDoc)
	b.edits, err = light.Corpus(b.cfg.liveDocs, perDoc)
	return err
}

// with runs f on a system of its own, just started on an empty folder, and ends it.
func (b *bench) with(ctx context.Context, name string, f func(*sut.Process) error) error {
	b.runs++
	dir := filepath.Join(b.tmp, fmt.Sprintf("data-%d", b.runs))
	var sys *sut.Process
	var err error
	switch name {
	case "fieldsyncd":
		sys, err = sut.Fieldsyncd(b.server, dir)
	case "reference":
		sys, err = sut.Reference(dir)
	case "reference-patient":
		sys, err = sut.ReferencePatient(dir, slowPatience)
	case "relay-node":
		sys, err = sut.RelayNode()
	case "relay-go":
		sys, err = sut.RelayGo(b.relay)
	default:
		err = fmt.Errorf("no such system")
	}
	if err != nil {
		return err
	}
	if err := sys.Start(ctx); err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	defer sys.Kill()
	if err := f(sys); err != nil {
		return fmt.Errorf("%w; the end of its output:\n%s", err, lastLines(sys.Output(), 20))
	}
	return nil
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

func (b *bench) turn(ctx context.Context, name string, res *results) error {
	err := b.with(ctx, name, func(sys *sut.Process) error {
		res.name = sys.Name
		r, err := runLive(ctx, sys, b.cfg, b.edits, false)
		if err != nil {
			return fmt.Errorf("live: %w", err)
		}
		res.live = append(res.live, r)
		if !sys.IsRelay {
			return nil
		}
		if r, err = runLive(ctx, sys, b.cfg, b.edits, true); err != nil {
			return fmt.Errorf("live with answers: %w", err)
		}
		res.acked = append(res.acked, r)
		return nil
	})
	if err != nil || strings.HasPrefix(name, "relay") {
		return err
	}
	return b.with(ctx, name, func(sys *sut.Process) error {
		r, err := runCold(ctx, sys, b.cfg, b.jobs)
		if err != nil {
			return fmt.Errorf("first sync: %w", err)
		}
		res.cold = append(res.cold, r)
		return nil
	})
}
