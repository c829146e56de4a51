package main

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"fieldsync/conformance/internal/sut"
)

func TestMain(m *testing.M) {
	if !act() {
		os.Exit(m.Run())
	}
}

func TestATinyBenchRunsAPhone(t *testing.T) {
	cfg := tiny(t)
	cfg.phoneJobs = 5
	all, err := runPhone(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		if r.start <= 0 || r.first <= 0 || r.connected <= 0 || r.opened <= 0 || r.anonymous <= 0 || r.anonymous >= r.opened || r.peaks < r.opened {
			t.Errorf("%+v", r)
		}
	}
	if text := reportPhone(cfg, all, "here"); len(all) != 2 || !strings.Contains(text, "| encrypted |") {
		t.Errorf("%d results\n%s", len(all), text)
	}
}

// The phones come back through the narrowest gate that there is: all get in, as they were told to, and have everything (runHerd looks); and two that were never
// cut off are not.
func TestATinyHerdComesBackOneByOne(t *testing.T) {
	cfg := tiny(t)
	cfg.herdPhones, cfg.herdJobs, cfg.outages = 40, 3, []outage{{true, 100 * time.Millisecond}, {false, 100 * time.Millisecond}}
	cfg.herdServer = []string{"--catch-ups", "1", "--catch-ups-waiting", "1"}
	r, err := runHerd(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range r.rounds {
		if len(o.took) != cfg.herdPhones || o.attempts < cfg.herdPhones+o.told || o.told == 0 || o.early > 0 {
			t.Errorf("%+v: %d attempts, %d told to come later, %d before that", o.outage, o.attempts, o.told, o.early)
		}
	}
	if text := reportHerd(cfg, r); strings.Count(text, "\n| the ") != 2 || !strings.Contains(text, "never cut off") {
		t.Errorf("\n%s", text)
	}
}

func TestOutagesAreRead(t *testing.T) {
	all, err := parseOutages("kill:2s,cut:1m")
	if want := []outage{{true, 2 * time.Second}, {false, time.Minute}}; err != nil || !slices.Equal(all, want) {
		t.Errorf("%+v, %v", all, err)
	}
	for _, bad := range []string{"", "kill", "kill:soon", "burn:2s", "kill:2s,"} {
		if _, err := parseOutages(bad); err == nil {
			t.Errorf("%q is an outage", bad)
		}
	}
}

// tiny is a run that touches everything and measures nothing.
func tiny(t *testing.T) config {
	cfg := standard()
	cfg.repeats, cfg.liveDocs, cfg.subscribers, cfg.rate, cfg.liveFor, cfg.burst = 1, 2, 2, 20, time.Second, 5
	cfg.jobs, cfg.changes, cfg.open, cfg.conns, cfg.onDisk = 5, 7, 5, 5, 20
	cfg.heavy, cfg.settle = 40, time.Millisecond
	cfg.log = t.Logf
	return cfg
}

func TestATinyBenchRunsAgainstEverySystem(t *testing.T) {
	cfg := tiny(t)
	all, err := run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	text := report(cfg, all, "a machine")
	t.Log(text)
	for _, name := range []string{sut.NameFieldsync, sut.NameReference, sut.NameRelayNode, sut.NameRelayGo} {
		if !strings.Contains(text, " "+name+" |") {
			t.Errorf("the table has no column for %s", name)
		}
	}
	for _, r := range rows(cfg) {
		for _, res := range all[:2] {
			v, ok := r.value(res)
			if wanted := res.name == sut.NameFieldsync || !strings.Contains(r.name, "closed documents"); ok != wanted {
				t.Errorf("%s has a figure for %q: %v", res.name, r.name, ok)
			} else if ok && r.unit(v) == "" {
				t.Errorf("%q has no unit", r.name)
			}
		}
	}
}

func TestATargetIsJudgedByTheRatio(t *testing.T) {
	at := func(us time.Duration) []liveResult {
		return []liveResult{{cpuSaturated: us, perSecond: 1 / us.Seconds()}}
	}
	ours := func(us time.Duration) []*results {
		return []*results{{name: sut.NameFieldsync, live: at(us)}, {name: sut.NameReference, live: at(1000 * time.Microsecond)}}
	}
	cpu := row{value: fromLive(func(r *results) []liveResult { return r.live }, func(l liveResult) float64 { return l.cpuSaturated.Seconds() }),
		target: target{"≤ 1/20", sut.NameReference, 1.0 / 20}}
	rate := row{bigger: true, value: fromLive(func(r *results) []liveResult { return r.live }, func(l liveResult) float64 { return l.perSecond }),
		target: target{"≥ 8 ×", sut.NameReference, 1.0 / 8}}
	for _, c := range []struct {
		row   row
		us    time.Duration
		ratio string
		want  string
	}{
		{cpu, 50 * time.Microsecond, "1/20.0", "yes"}, {cpu, 51 * time.Microsecond, "1/19.6", "**no**"},
		{rate, 125 * time.Microsecond, "1/8.0", "yes"}, {rate, 126 * time.Microsecond, "1/7.9", "**no**"},
		{cpu, 1500 * time.Microsecond, "1.50", "**no**"},
	} {
		if ratio, reached := judge(c.row, ours(c.us)); ratio != c.ratio || reached != c.want {
			t.Errorf("%v: %s, %s; want %s, %s", c.us, ratio, reached, c.ratio, c.want)
		}
	}
}
