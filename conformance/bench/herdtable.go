package main

import (
	"fmt"
	"strings"
	"time"

	"fieldsync/conformance/figures"
)

// parseOutages reads kill:2s,cut:15s.
func parseOutages(s string) ([]outage, error) {
	var all []outage
	for one := range strings.SplitSeq(s, ",") {
		how, long, ok := strings.Cut(one, ":")
		lasts, err := time.ParseDuration(long)
		if !ok || err != nil || how != "kill" && how != "cut" {
			return nil, fmt.Errorf("%q is no outage, as kill:2s or cut:15s are", one)
		}
		all = append(all, outage{how == "kill", lasts})
	}
	return all, nil
}

// reportHerd is the table. The work itself is the faster of its two runs.
func reportHerd(cfg config, r herdResult) string {
	work := r.work[0]
	for _, w := range r.work {
		if w.last() < work.last() {
			work = w
		}
	}
	seconds := func(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%d real Go clients, each with a folder and a connection of its own, through a proxy that can be cut, in one process beside `fieldsyncd`: so the phones' work is in all times too. Each has %d jobs, %d phones the same; "+
		"while they are away each writes something, and the office changes %d jobs of each. Time is from the server's return until a phone has delivered its own and has all that is new. The work itself is the same, %d phones at a time, the next as soon as one is done: **%s**, of which the server's process %s.\n\n",
		figures.Here(), cfg.herdPhones, cfg.herdJobs, herdCrew, min(herdChanged, cfg.herdJobs), herdWorkers, seconds(work.last()), seconds(work.cpu))
	b.WriteString("| what happened | attempts after it | in the busiest second | told to come later | half are caught up after | the last after | of the work itself | target: ≤ 2 | server: processor time, most memory |\n|---|---:|---:|---:|---:|---:|---:|---|---|\n")
	for _, o := range r.rounds {
		how := "the line is cut for"
		if o.outage.kill {
			how = "the server is killed, back after"
		}
		ratio, verdict := o.last().Seconds()/work.last().Seconds(), "yes"
		if ratio > 2 {
			verdict = "**no**"
		}
		fmt.Fprintf(&b, "| %s %s | %d | %d | %d | %s | %s | %.2f | %s | %s, %d MiB |\n", how, seconds(o.lasted), o.attempts, o.most, o.told, seconds(o.took[len(o.took)/2]), seconds(o.last()), ratio, verdict, seconds(o.cpu), o.peak>>20)
	}
	for _, o := range r.rounds {
		if len(o.calm) > 0 && len(o.beside) > 0 {
			at := func(d []time.Duration, percent int) string {
				return fmt.Sprintf("%.0f ms", d[len(d)*percent/100].Seconds()*1e3)
			}
			fmt.Fprintf(&b, "\nAn edit between two phones that were never cut off took %s (median; 95 of 100: %s) before, and %s (%s) while the others came back.\n",
				at(o.calm, 50), at(o.calm, 95), at(o.beside, 50), at(o.beside, 95))
		}
	}
	return b.String()
}
