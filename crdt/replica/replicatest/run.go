package replicatest

import (
	"fmt"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/replica"
)

// Options are what a run is about, beside its seed.
type Options struct {
	Keep bool // keep the trace's text
}

// Result is what a run came to.
type Result struct {
	Err    error // the invariant that did not hold
	Digest string
	Trace  string
	Stats  Stats
}

// The bounds of I5. A document costs a pair a handful of frames after its last change: an announcement each way, what the
// other lacks, what that lacks, and the confirmations. Two changes at once, and what a filter hides, make it a few more.
const (
	maxFrames = 14
	maxEvents = 60_000
)

// Run lives through the world of a seed.
func Run(seed uint64, opt Options) Result {
	s := newSim(seed, opt.Keep)
	s.build()
	s.chaos()
	s.heal()
	s.live()
	s.part()
	return Result{Err: s.fail, Digest: s.trace.Digest(), Trace: s.trace.String(), Stats: s.stats}
}

// build makes the nodes: a server, two dispatchers of whom one speaks no extension, two phones of one worker, another
// worker, and perhaps a liar.
func (s *Sim) build() {
	s.rules.suspended = map[string]bool{}
	s.faulty = true
	for i := range 2 + s.rand.IntN(3) {
		s.docs = append(s.docs, docNumber(i))
		s.names.docs[docNumber(i)] = fmt.Sprint("job", i)
	}
	s.server = s.newNode("server", who{name: "server", all: true})
	s.server.server = true
	s.server.cfg.Access, s.server.cfg.Policy, s.server.cfg.Describe = s.rules.access, policy, describe
	for _, c := range []struct {
		name string
		who  who
	}{{"dora", who{"dora", true}}, {"anna", who{"anna", false}}, {"anna2", who{"anna", false}}, {"ben", who{"ben", false}}, {"old", who{"otto", true}}} {
		n := s.newNode(c.name, c.who)
		n.plain = c.name == "old"
		n.cfg.KeepSyncStates = s.chance(80)
		n.cfg.RangesOnly = s.chance(30)
		n.online = true
		s.clients = append(s.clients, n)
	}
	s.server.start()
	for _, c := range s.clients {
		c.start()
	}
	if s.chance(60) {
		s.liar = &liar{sim: s, who: who{"zora", s.chance(50)}, named: map[crdt.Hash]bool{}}
	}
}

// chaos lets things happen, faults among them.
func (s *Sim) chaos() {
	for range 40 + s.rand.IntN(60) {
		if s.fail != nil {
			return
		}
		s.act()
		s.run(s.pause())
	}
}

func (s *Sim) pause() time.Duration {
	switch s.rand.IntN(12) {
	case 0:
		return s.between(2000, 9000) // documents fall idle
	case 1, 2:
		return 0
	default:
		return s.between(1, 250)
	}
}

func (s *Sim) client() *Node { return s.clients[s.rand.IntN(len(s.clients))] }

func (s *Sim) someDoc() crdt.DocID { return s.docs[s.rand.IntN(len(s.docs))] }

// act has one thing happen.
func (s *Sim) act() {
	c := s.client()
	switch n := s.rand.IntN(100); {
	case n < 5: // killed while the write is out
		c.edit(s.someDoc(), c.who.all && c.name != "old", scribble)
		s.run(s.between(3, 60))
		s.crash([]*Node{c, s.server}[s.rand.IntN(2)])
	case n < 31:
		c.edit(s.someDoc(), c.who.all && c.name != "old", scribble)
	case n < 34:
		w := s.workers()[s.rand.IntN(len(s.workers()))]
		doc := s.someDoc()
		w.edit(doc, false, trespass)
		for range s.rand.IntN(3) {
			w.edit(doc, false, scribble)
		}
	case n < 38:
		s.server.edit(s.someDoc(), false, scribble)
	case n < 48:
		names := []string{"anna", "anna", "ben", "zora"}
		d := s.node("dora")
		d.edit(s.someDoc(), true, assign(names[s.rand.IntN(len(names))], s.chance(70)))
	case n < 53:
		c.disconnect()
	case n < 58: // out of reach, and back
		c.online = !c.online
		if !c.online {
			c.disconnect()
		} else if c.up {
			c.dial()
		}
	case n < 62:
		s.crash(c)
	case n < 65:
		s.crash(s.server)
	case n < 69:
		s.failFor(c, s.between(20, 1500))
	case n < 73:
		s.failFor(s.server, s.between(20, 800))
	case n < 77:
		s.slowFor(c, s.between(1000, 6000))
	case n < 80:
		s.suspend([]string{"anna", "ben", "dora"}[s.rand.IntN(3)])
	case n < 85:
		c.present(s.someDoc())
	case n < 90: // ask for something
		if c.up {
			c.hubStep(replica.Subscribe{Doc: s.someDoc()})
		}
	default:
		if s.liar != nil {
			for range 1 + s.rand.IntN(4) {
				s.liar.lie()
			}
		} else {
			c.edit(s.someDoc(), false, scribble)
		}
	}
}

func (s *Sim) crash(n *Node) {
	if !n.up {
		return
	}
	n.crash()
	s.after(s.between(10, 2000), n.restart)
}

// restart begins a new life, unless it has begun.
func (n *Node) restart() {
	if !n.up {
		n.sim.note("%s starts again", n.name)
		n.start()
	}
}

func (s *Sim) failFor(n *Node, d time.Duration) {
	n.fails(true)
	s.after(d, func() { n.fails(false) })
}

func (s *Sim) slowFor(c *Node, d time.Duration) {
	e := c.dialed
	if e == nil {
		return
	}
	s.note("%s begins to read slowly", c.name)
	e.other.slow = 900 * time.Millisecond
	s.after(d, func() { e.other.slow = 0 })
}

// suspend takes all rights of a principal, or gives them back.
func (s *Sim) suspend(name string) {
	s.rules.suspended[name] = !s.rules.suspended[name]
	s.note("%s may do something: %v", name, !s.rules.suspended[name])
	s.stats.Revoked++
	for _, c := range s.clients {
		if c.who.name == name && !c.who.all && !s.rules.suspended[name] {
			c.disconnect() // who may do something again, but perhaps not read, has to come anew
		}
	}
	s.recheck()
}

// recheck has the server look at everybody's access, and announces what may be read from now on, as an account's change does.
func (s *Sim) recheck() {
	n := s.server
	if !n.up {
		return
	}
	for _, doc := range s.docs {
		n.post(doc, itemOf(replica.Recheck{}), true)
		if rec, ok := readRecord(n.store, doc); ok {
			n.announce(doc, metaOf(rec))
		}
	}
}

func itemOf(ev replica.Event) item { return item{ev: ev} }

// heal ends all faults, and waits until everything is quiet. Connections that stand are not renewed: what they could not
// bring while something failed, they must bring now.
func (s *Sim) heal() {
	if s.fail != nil {
		return
	}
	s.note("faults end")
	s.calm = true
	for _, c := range s.clients {
		if s.rules.suspended[c.who.name] && !c.who.all {
			c.disconnect() // who may do something again, but perhaps not read, has to come anew
		}
	}
	clear(s.rules.suspended)
	for _, n := range append([]*Node{s.server}, s.clients...) {
		n.fails(false)
		n.restart()
		if n != s.server {
			n.online = true
			n.dial()
			if n.dialed != nil {
				n.dialed.other.slow, n.dialed.slow = 0, 0
			}
		}
	}
	s.recheck()
	s.settle(maxEvents)
	s.run(2 * joinTimeout) // who never joined is thrown out
	s.settle(maxEvents)
	s.check()
}

func (s *Sim) check() {
	if s.fail != nil {
		return
	}
	s.checkAcknowledged()
	s.checkConverged()
}

// live makes one change after the other while all is well, and counts what each costs; then several at once; then a
// document wakes from its sleep.
func (s *Sim) live() {
	for round := range 4 {
		if s.fail != nil {
			return
		}
		if round == 2 {
			s.run(3 * idleAfter)
			s.settle(maxEvents)
		}
		clear(s.frames)
		edits := 1
		if round == 1 {
			edits = 3
		}
		for range edits {
			s.client().edit(s.someDoc(), false, scribble)
			s.run(s.between(0, 30))
		}
		if round == 3 {
			s.server.edit(s.someDoc(), false, scribble)
		}
		s.settle(maxEvents)
		s.check()
		for _, c := range s.clients {
			for _, doc := range s.docs {
				if n := s.frames[pair{c.name, doc}]; n > maxFrames*edits {
					s.broken("I5: %d frames between %s and the server about %s for %d changes", n, c.name, s.names.doc(doc), edits)
				}
			}
		}
	}
}

// part ends all connections: nothing of them stays.
func (s *Sim) part() {
	if s.fail != nil {
		return
	}
	for _, c := range s.clients {
		c.online = false
		c.disconnect()
	}
	if s.liar != nil && s.liar.end != nil {
		s.liar.end.end()
	}
	s.run(3 * idleAfter)
	s.settle(maxEvents)
	s.run(3 * idleAfter)
	for _, n := range append([]*Node{s.server}, s.clients...) {
		if len(n.open) > 0 || len(n.ends) > 0 {
			s.broken("I5: %s keeps %d documents and %d connections in memory for nobody", n.name, len(n.open), len(n.ends))
		}
		for _, doc := range s.docs {
			if len(n.hub.Attachments(doc)) > 0 {
				s.broken("I5: %s remembers who was subscribed to %s", n.name, s.names.doc(doc))
			}
		}
	}
}
