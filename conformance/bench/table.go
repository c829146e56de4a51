package main

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"fieldsync/conformance/internal/sut"
)

// row is one figure of all systems, larger is worse unless bigger says otherwise.
type row struct {
	name   string
	unit   func(float64) string
	bigger bool
	value  func(*results) (float64, bool)
	target target
}

// target is what issue 2 asks of a ratio against another system, or of the figure itself.
type target struct {
	text    string
	against string  // name of the other system; empty: the figure itself
	atMost  float64 // of ours/theirs (or theirs/ours for bigger figures), or of the figure
}

func median[T cmp.Ordered](vs []T) T {
	s := slices.Clone(vs)
	slices.Sort(s)
	return s[len(s)/2]
}

func fromLive(pick func(*results) []liveResult, value func(liveResult) float64) func(*results) (float64, bool) {
	return func(r *results) (float64, bool) {
		var vs []float64
		for _, l := range pick(r) {
			vs = append(vs, value(l))
		}
		if len(vs) == 0 {
			return 0, false
		}
		return median(vs), true
	}
}

func fromCold(value func(coldResult) (float64, bool)) func(*results) (float64, bool) {
	return func(r *results) (float64, bool) {
		var vs []float64
		for _, c := range r.cold {
			if v, ok := value(c); ok {
				vs = append(vs, v)
			}
		}
		if len(vs) == 0 {
			return 0, false
		}
		return median(vs), true
	}
}

func fromMemory(value func(memoryResult) float64) func(*results) (float64, bool) {
	return func(r *results) (float64, bool) {
		if r.memory == nil {
			return 0, false
		}
		return value(*r.memory), true
	}
}

func rows(cfg config) []row {
	quiet := func(r *results) []liveResult { return r.live }
	acked := func(r *results) []liveResult {
		if len(r.acked) > 0 {
			return r.acked
		}
		return r.live
	}
	heavyCPU := func(l liveResult) float64 { return l.heavy.cpuPerDelivery.Seconds() }
	lightCPU := func(l liveResult) float64 { return l.light.cpuPerDelivery.Seconds() }
	saturatedCPU := func(l liveResult) float64 { return l.cpuSaturated.Seconds() }
	docsPerSecond := func(p passResult) float64 { return float64(cfg.jobs) / p.took.Seconds() }
	bytes := func(p passResult) float64 { return float64(p.in + p.out) }
	pass := func(pick func(coldResult) passResult, value func(passResult) float64) func(*results) (float64, bool) {
		return fromCold(func(c coldResult) (float64, bool) { return value(pick(c)), true })
	}
	catchUp := func(value func(passResult) float64) func(*results) (float64, bool) {
		return fromCold(func(c coldResult) (float64, bool) {
			if c.catchUp != nil {
				return value(*c.catchUp), true
			}
			return value(c.saved), true // whoever does not know the extension is served the plain way
		})
	}
	took := func(p passResult) float64 { return p.took.Seconds() }
	warm := func(c coldResult) passResult { return c.warm }
	restarted := func(c coldResult) passResult { return c.restarted }
	saved := func(c coldResult) passResult { return c.saved }
	unsaved := func(c coldResult) passResult { return c.unsaved }
	ref := sut.NameReference
	return []row{
		{"heavy load: server CPU per delivered change", micros, false, fromLive(quiet, heavyCPU), target{"≤ 1/20 of the reference", ref, 1.0 / 20}},
		{"the same, against relays whose subscribers stay silent", micros, false, fromLive(quiet, heavyCPU), target{"≤ 1.5 × the relay on Node", sut.NameRelayNode, 1.5}},
		{"", micros, false, fromLive(quiet, heavyCPU), target{"≤ 1.5 × the relay in Go", sut.NameRelayGo, 1.5}},
		{"the same, against relays that forward the subscribers' answers too", micros, false, fromLive(acked, heavyCPU), target{"≤ 1.5 × the relay on Node", sut.NameRelayNode, 1.5}},
		{"", micros, false, fromLive(acked, heavyCPU), target{"≤ 1.5 × the relay in Go", sut.NameRelayGo, 1.5}},
		{"heavy load: median latency of an edit", millis, false, fromLive(quiet, func(l liveResult) float64 { return l.heavy.median.Seconds() }), target{"≤ 1/20 of the reference", ref, 1.0 / 20}},
		{"heavy load: 99th percentile of it", millis, false, fromLive(quiet, func(l liveResult) float64 { return l.heavy.p99.Seconds() }), target{}},
		{"light load: server CPU per delivered change", micros, false, fromLive(quiet, lightCPU), target{"≤ 1/20 of the reference", ref, 1.0 / 20}},
		{"the same, against relays that forward the subscribers' answers too", micros, false, fromLive(acked, lightCPU), target{"≤ 1.5 × the relay on Node", sut.NameRelayNode, 1.5}},
		{"light load: median latency of an edit", millis, false, fromLive(quiet, func(l liveResult) float64 { return l.light.median.Seconds() }), target{"≤ 1/20 of the reference", ref, 1.0 / 20}},
		{"light load: 99th percentile of it", millis, false, fromLive(quiet, func(l liveResult) float64 { return l.light.p99.Seconds() }), target{}},
		{"saturated: deliveries a second", plain, true, fromLive(quiet, func(l liveResult) float64 { return l.perSecond }), target{}},
		{"saturated: CPU per delivered change", micros, false, fromLive(quiet, saturatedCPU), target{"≤ 1/20 of the reference", ref, 1.0 / 20}},
		{"", micros, false, fromLive(quiet, saturatedCPU), target{"≤ 1.5 × the relay on Node", sut.NameRelayNode, 1.5}},
		{"", micros, false, fromLive(quiet, saturatedCPU), target{"≤ 1.5 × the relay in Go", sut.NameRelayGo, 1.5}},
		{"first sync, documents a second", plain, true, pass(warm, docsPerSecond), target{"≥ 8 × the reference", ref, 1.0 / 8}},
		{"first sync from a server just started, documents a second", plain, true, pass(restarted, docsPerSecond), target{"≥ 8 × the reference", ref, 1.0 / 8}},
		{"first sync, server CPU per document", micros, false, pass(warm, func(p passResult) float64 { return p.cpu.Seconds() / float64(cfg.jobs) }), target{}},
		{"first sync, bytes both ways", kilobytes, false, pass(warm, bytes), target{"≤ 0.9 of the reference", ref, 0.9}},
		{"reconnect, nothing changed, best protocol: time", millis, false, catchUp(took), target{"≤ 1/20 of the reference", ref, 1.0 / 20}},
		{"reconnect, nothing changed, best protocol: bytes", kilobytes, false, catchUp(bytes), target{"≤ 1/20 of the reference", ref, 1.0 / 20}},
		{"reconnect, plain protocol, sync state saved: time", millis, false, pass(saved, took), target{}},
		{"reconnect, plain protocol, sync state saved: bytes", kilobytes, false, pass(saved, bytes), target{}},
		{"reconnect, plain protocol, sync state lost: time", millis, false, pass(unsaved, took), target{}},
		{"reconnect, plain protocol, sync state lost: bytes", kilobytes, false, pass(unsaved, bytes), target{}},
		{"memory per open document, resident", kibibytes, false, fromMemory(func(m memoryResult) float64 { return float64(m.perDoc.anonymous) }), target{"≤ 16 KiB", "", 16 << 10}},
		{"memory per idle connection, resident", kibibytes, false, fromMemory(func(m memoryResult) float64 { return float64(m.perConn.anonymous) }), target{"≤ 20 KiB", "", 20 << 10}},
		{"memory of the empty server, resident", kibibytes, false, fromMemory(func(m memoryResult) float64 { return float64(m.empty.anonymous) }), target{}},
		{fmt.Sprintf("memory for %d closed documents on disk, all together", cfg.onDisk), kibibytes, false, func(r *results) (float64, bool) {
			if r.memory == nil || r.memory.closed == (memory{}) {
				return 0, false
			}
			return float64(r.memory.closed.anonymous), true
		}, target{"none (≤ 10 MiB)", "", 10 << 20}},
	}
}

func micros(v float64) string    { return fmt.Sprintf("%.0f µs", v*1e6) }
func millis(v float64) string    { return fmt.Sprintf("%.2f ms", v*1e3) }
func plain(v float64) string     { return fmt.Sprintf("%.0f", v) }
func kilobytes(v float64) string { return fmt.Sprintf("%.1f kB", v/1e3) }
func kibibytes(v float64) string { return fmt.Sprintf("%.1f KiB", v/1024) }

// report is the Markdown between the markers.
func report(cfg config, all []*results, machine string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n\n", time.Now().UTC().Format("2006-01-02"), machine)
	fmt.Fprintf(&b, "%d turns of each system, medians. Live: %d documents, each with one writer and %d subscribers on connections of their own, %.0f edits a second over all in the light load and %.0f in the heavy one, for %v each; "+
		"saturated: each writer up to %d edits ahead of its slowest subscriber. First sync: %d jobs of %d changes, %v after they were uploaded, by clients that understand version 2 and offer permessage-deflate; bytes are counted at the client's socket, WebSocket and handshake included. "+
		"Memory is anonymous resident memory: %d open documents of %d changes (300 at the reference), %d idle joined connections.\n\n",
		cfg.repeats, cfg.liveDocs, cfg.subscribers, cfg.rate, cfg.heavy, cfg.liveFor, cfg.window, cfg.jobs, cfg.changes, cfg.settle, cfg.open, cfg.changes, cfg.conns)
	for _, r := range all {
		if r.failed > 0 {
			fmt.Fprintf(&b, "%s left a document unanswered in %d turns, which were repeated.\n\n", r.name, r.failed)
		}
	}
	b.WriteString("| figure |")
	for _, r := range all {
		fmt.Fprintf(&b, " %s |", r.name)
	}
	b.WriteString(" target | ratio | reached |\n|---|")
	b.WriteString(strings.Repeat("---:|", len(all)) + "---|---:|---|\n")
	for _, row := range rows(cfg) {
		fmt.Fprintf(&b, "| %s |", row.name)
		for _, r := range all {
			cell := "–"
			if v, ok := row.value(r); ok && row.name != "" {
				cell = row.unit(v)
			}
			fmt.Fprintf(&b, " %s |", cell)
		}
		ratio, reached := judge(row, all)
		fmt.Fprintf(&b, " %s | %s | %s |\n", row.target.text, ratio, reached)
	}
	return b.String()
}

// judge compares ours with the target.
func judge(r row, all []*results) (ratio, reached string) {
	find := func(name string) (float64, bool) {
		for _, res := range all {
			if res.name == name {
				return r.value(res)
			}
		}
		return 0, false
	}
	ours, ok := find(sut.NameFieldsync)
	if !ok || r.target.text == "" {
		return "", ""
	}
	yes := map[bool]string{true: "yes", false: "**no**"}
	if r.target.against == "" {
		return "", yes[ours <= r.target.atMost]
	}
	theirs, ok := find(r.target.against)
	if !ok || ours == 0 || theirs == 0 {
		return "", ""
	}
	part := ours / theirs
	if r.bigger {
		part = theirs / ours
	}
	if part < 0.5 {
		return fmt.Sprintf("1/%.1f", 1/part), yes[part <= r.target.atMost]
	}
	return fmt.Sprintf("%.2f", part), yes[part <= r.target.atMost]
}

// machine says what the figures were measured on.
func machine() string {
	cpu := "unknown CPU"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(info), "model name"); ok {
			line, _, _ := strings.Cut(rest, "\n")
			cpu = strings.TrimSpace(strings.TrimLeft(line, "\t :"))
		}
	}
	node := "none"
	if out, err := exec.Command("node", "--version").Output(); err == nil { //nolint:noctx // it ends by itself, at once
		node = strings.TrimSpace(string(out))
	}
	return fmt.Sprintf("Machine: %s, %d cores, %s/%s, %s, Node %s. Reference: automerge-repo 2.5.6, its WebSocket and nodefs adapters, automerge 3.5.0, ws 8.18.3.",
		cpu, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), node)
}
