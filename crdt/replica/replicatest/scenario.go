package replicatest

import (
	"fmt"
	"strings"
	"time"
)

// Scenario lives through a script and gives the trace. Each line is a command; every delay is one millisecond. All nodes are
// up and nobody is connected when it begins; after each command the world settles.
//
//	connect NODE | break NODE | crash NODE | fail NODE (its disk, for 12 ms) | ask NODE DOC
//	create NODE DOC | edit NODE DOC | trespass NODE DOC (a change that the server refuses a worker) | assign NODE DOC | unassign NODE DOC | suspend NODE | restore NODE
//	wait DURATION | together (the next two commands are given before the world settles)
func Scenario(script string) (string, error) {
	s := newSim(1, true)
	s.fixed = true
	s.build()
	s.faulty, s.liar = false, nil
	for _, c := range s.clients {
		c.online = false
	}
	s.settle(maxEvents)
	together := 0
	for _, line := range strings.Split(script, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fmt.Fprintf(&s.trace.text, "> %s\n", line)
		if line == "together" {
			together = 2
			continue
		}
		if err := s.command(strings.Fields(line)); err != nil {
			return "", fmt.Errorf("%s: %w", line, err)
		}
		if together--; together <= 0 {
			s.settle(maxEvents)
		}
	}
	return s.trace.String(), s.fail
}

func (s *Sim) command(args []string) error {
	if args[0] == "wait" && len(args) == 2 {
		d, err := time.ParseDuration(args[1])
		if err == nil {
			s.run(d)
		}
		return err
	}
	if len(args) < 2 || s.node(args[1]) == nil {
		return fmt.Errorf("no such command")
	}
	n := s.node(args[1])
	doc := s.docs[0]
	if len(args) == 3 {
		for id, name := range s.names.docs { // any order finds the one
			if name == args[2] {
				doc = id
			}
		}
	}
	switch args[0] {
	case "connect":
		n.online = true
		n.dial()
	case "break":
		n.online = false
		n.disconnect()
	case "crash":
		s.crash(n)
	case "fail":
		s.failFor(n, 12*time.Millisecond)
	case "ask":
		n.hubStep(subscribe(doc))
	case "create", "edit":
		n.edit(doc, args[0] == "create", scribble)
	case "trespass":
		n.edit(doc, false, trespass)
	case "assign", "unassign":
		s.node("dora").edit(doc, false, assign(n.who.name, args[0] == "assign"))
	case "suspend", "restore":
		s.suspend(n.who.name)
	default:
		return fmt.Errorf("no such command")
	}
	return nil
}
