package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"fieldsync/client"
	"fieldsync/client/mobile"
	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt"
	"fieldsync/crdt/audit"
	"fieldsync/crdt/job"
)

const (
	phoneChanges = 30 // of each job, beside the one that made it
	phoneStarts  = 9  // of which the median counts

	// phoneRole makes this program a phone in a folder: "fill" gets all jobs and says so, "list" prints how many jobs there are, "work" works on all of them.
	phoneRole = "FIELDSYNC_BENCH_PHONE"
)

// phoneResult is a phone's memory in bytes, and the times of its start.
type phoneResult struct {
	key                      bool
	first, killed, start     time.Duration // of a process, to the list of jobs: the first after a first sync, after one that was killed at its last job, and any later one
	connected, opened, peaks int64         // resident: connected and in step; all jobs read and changed; the most it ever had
	anonymous                int64         // of opened, what is the process's own
}

// runPhone measures a phone with cfg.phoneJobs jobs.
func runPhone(ctx context.Context, cfg config) ([]phoneResult, error) {
	tmp, err := os.MkdirTemp("", "fieldsync-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	bin, err := sut.BuildFieldsyncd(ctx, tmp)
	if err != nil {
		return nil, err
	}
	p, err := sut.Fieldsyncd(bin, filepath.Join(tmp, "server"))
	if err != nil {
		return nil, err
	}
	if err := p.Start(ctx); err != nil {
		return nil, err
	}
	defer p.Kill()
	cfg.log("phone: %d jobs", cfg.phoneJobs)
	if err := fillPhones(ctx, filepath.Join(tmp, "office"), "http://"+p.Addr, cfg.phoneJobs); err != nil {
		return nil, err
	}
	var all []phoneResult
	for _, key := range []bool{false, true} {
		cfg.log("phone: encrypted %v", key)
		r, err := measurePhone(ctx, filepath.Join(tmp, fmt.Sprint("phone-", key)), "http://"+p.Addr, key, cfg.phoneJobs)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// fillPhones has a dispatcher make the jobs, each with comments, and give them to anna.
func fillPhones(ctx context.Context, dir, server string, jobs int) error {
	c, err := client.Open(client.Options{Dir: dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.Login(ctx, server, "demo-dispatcher"); err != nil {
		return err
	}
	for n := range jobs {
		id, err := c.NewJob(ctx, crdt.DocID{}, map[string]any{"title": fmt.Sprint("Boiler ", n), "serial_no": fmt.Sprint("P", n), "status": "published",
			"description": strings.Repeat("No hot water since yesterday evening. ", 5), "assignees": []any{map[string]any{"user": "anna", "edit": true}},
			"scheduled_at": time.Now().Add(time.Duration(n) * time.Hour).UTC().Format(time.RFC3339), "checklist": []any{map[string]any{"text": "Gas off"}, map[string]any{"text": "Water off"}}})
		if err != nil {
			return err
		}
		for k := range phoneChanges {
			if _, err := c.Comment(ctx, id, fmt.Sprintf("Remark %d of job %d, as long as remarks are", k, n)); err != nil {
				return err
			}
		}
	}
	_, err = c.Sync(ctx)
	return err
}

func phoneKey(key bool) []byte {
	if key {
		return []byte(strings.Repeat("k", client.KeyLen))
	}
	return nil
}

func measurePhone(ctx context.Context, dir, server string, key bool, jobs int) (phoneResult, error) {
	r := phoneResult{key: key}
	list := func(dir string) (time.Duration, error) {
		out, took, err := phoneProcess(ctx, "list", dir, key, 0)
		if count := 0; err == nil && (len(out) != 1 || !scan(out[0], &count) || count < jobs) {
			err = fmt.Errorf("the list: %q", out)
		}
		return took, err
	}
	held := 0 // documents, in the end
	for _, kill := range []bool{false, true} {
		at, into := dir, &r.first
		if kill {
			at, into = dir+"-killed", &r.killed
		}
		c, err := client.Open(client.Options{Dir: at, Key: phoneKey(key), Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			return r, err
		}
		_, err = c.Login(ctx, server, "demo-worker-anna")
		if err := errors.Join(err, c.Close()); err != nil {
			return r, err
		}
		out, _, err := phoneProcess(ctx, "fill", at, key, held) // the first time held is 0: to the end
		if err != nil || len(out) == 0 || !scan(out[0], &held) {
			return r, fmt.Errorf("the first sync: %q, %w", out, err)
		}
		if *into, err = list(at); err != nil {
			return r, err
		}
	}
	var starts []time.Duration
	for range phoneStarts {
		took, err := list(dir)
		if err != nil {
			return r, err
		}
		starts = append(starts, took)
	}
	slices.Sort(starts)
	r.start = starts[len(starts)/2]
	out, _, err := phoneProcess(ctx, "work", dir, key, 0)
	if err != nil {
		return r, err
	}
	if len(out) != 1 || !scan(out[0], &r.connected, &r.opened, &r.anonymous, &r.peaks) {
		return r, fmt.Errorf("the work: %q", out)
	}
	return r, nil
}

func scan(line string, into ...any) bool {
	n, err := fmt.Sscan(line, into...)
	return err == nil && n == len(into)
}

// fill has a client get all jobs, without asking for a list, and says how many documents it has when everything is here; or, where it is going to be
// killed, when that many are.
func fill(ctx context.Context, c *client.Client, kill int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	events := c.WatchAll(ctx)
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	for {
		select {
		case ev := <-events:
			ids, err := c.Documents()
			if err != nil {
				return err
			}
			if kill > 0 && len(ids) >= kill {
				fmt.Println(len(ids))
				kill = 1 << 30
			}
			if kill == 0 && ev.Kind == client.EventSynced {
				cancel()
				<-ended //nolint:errcheck // it was told to end
				fmt.Println(len(ids))
				return nil
			}
		case err := <-ended:
			return err
		}
	}
}

// phoneProcess runs this program as a phone, and gives its lines, and how long it took from the start of the process to the first. kill: it is
// killed when it holds so many documents; 0: it is not.
func phoneProcess(ctx context.Context, role, dir string, key bool, kill int) (lines []string, first time.Duration, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, 0, err
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), phoneRole+"="+role, phoneRole+"_DIR="+dir, fmt.Sprintf("%s_KEY=%v", phoneRole, key), fmt.Sprintf("%s_KILL=%d", phoneRole, kill))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, 0, err
	}
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, 0, err
	}
	s := bufio.NewScanner(out)
	for s.Scan() {
		if lines = append(lines, s.Text()); len(lines) == 1 {
			first = time.Since(begun)
			if kill > 0 {
				_ = cmd.Process.Kill()
			}
		}
	}
	if err := cmd.Wait(); err != nil && kill == 0 {
		return lines, first, err
	}
	return lines, first, nil
}

// actAsPhone is the process that is measured.
func actAsPhone(role string) error {
	ctx := context.Background()
	debug.SetMemoryLimit(mobile.MemoryLimit) // as Open of the phone's interface does
	c, err := client.Open(client.Options{Dir: os.Getenv(phoneRole + "_DIR"), Key: phoneKey(os.Getenv(phoneRole+"_KEY") == "true"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	if role == "fill" {
		kill := 0
		_, _ = fmt.Sscan(os.Getenv(phoneRole+"_KILL"), &kill)
		return errors.Join(fill(ctx, c, kill), c.Close())
	}
	jobs, err := c.Jobs(ctx)
	if err != nil {
		return err
	}
	if role == "list" {
		fmt.Println(len(jobs))
		return c.Close()
	}
	events := c.WatchAll(ctx)
	go func() { _ = c.Run(ctx) }()
	inStep := func() {
		for ev := range events {
			if ev.Kind == client.EventSynced {
				return
			}
		}
	}
	inStep()
	connected, _, err := residentBytes(os.Getpid())
	if err != nil {
		return err
	}
	for _, row := range jobs {
		if _, err := c.View(row.ID); err != nil {
			return err
		}
		if _, err := c.History(ctx, row.ID, audit.Query{Limit: 20}); err != nil {
			return err
		}
		if row.Status == job.Published {
			if err := c.SetStatus(ctx, row.ID, client.StatusChange{Status: job.Started}); err != nil {
				return err
			}
		}
	}
	for {
		u, err := c.Unsent(ctx)
		if err != nil {
			return err
		}
		if u.Changes == 0 {
			break
		}
		inStep()
	}
	opened, anonymous, err := residentBytes(os.Getpid())
	if err != nil {
		return err
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	fmt.Println(connected, opened, anonymous, statusKB(status, "VmHWM:")<<10)
	return c.Close()
}

// reportPhone is the table.
func reportPhone(cfg config, all []phoneResult, on string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s A phone with %d jobs of %d changes, its client a process of its own against `fieldsyncd` on the same machine. Start: from the start of the process to the list of all jobs, its pages in the page cache: the first list after a first sync; the first one after a first "+
		"sync that was ended by SIGKILL the moment that the last job was durable; and later ones, median of %d. Memory is resident, the program and what it maps included: connected and in step; then each job read with its history and its status set, everything sent; and the most it ever had.\n\n",
		on, cfg.phoneJobs, phoneChanges+1, phoneStarts)
	b.WriteString("| folder | first list | first list, killed | later lists | connected | all jobs opened and changed (own memory) | at most | target |\n|---|---|---|---|---|---|---|---|\n")
	for _, r := range all {
		name := "in the clear"
		if r.key {
			name = "encrypted"
		}
		verdict := "≤ 150 ms, ≤ 64 MiB: yes"
		if max(r.start, r.first, r.killed) > 150*time.Millisecond || r.peaks > 64<<20 {
			verdict = "≤ 150 ms, ≤ 64 MiB: **no**"
		}
		mib := func(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
		fmt.Fprintf(&b, "| %s | %d ms | %d ms | %d ms | %s | %s (%s) | %s | %s |\n", name, r.first.Milliseconds(), r.killed.Milliseconds(), r.start.Milliseconds(), mib(r.connected), mib(r.opened), mib(r.anonymous), mib(r.peaks), verdict)
	}
	return b.String()
}
