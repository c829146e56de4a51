package hostile_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"fieldsync/conformance/admission"
	"fieldsync/conformance/internal/author"
	"fieldsync/conformance/internal/light"
	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt"
	"fieldsync/crdt/format"

	"github.com/gorilla/websocket"
)

// watchdog is how long anything may take that has to happen. Far more than it does.
const watchdog = 45 * time.Second

// binaries builds the server and the process that loads documents.
var binaries = sync.OnceValues(func() ([2]string, error) {
	dir, err := os.MkdirTemp("", "fieldsync-hostile-")
	if err != nil {
		return [2]string{}, err
	}
	server, err := sut.BuildFieldsyncd(context.Background(), dir)
	if err != nil {
		return [2]string{}, err
	}
	judge, err := sut.Build(context.Background(), "./conformance/admission/amgochild", filepath.Join(dir, "amgochild"))
	return [2]string{server, judge}, err
})

// world is a server, and a client of good will with the document that is attacked.
type world struct {
	testing.TB
	p     *sut.Process
	judge *admission.Judge
	doc   string
	good  *author.Client // the dispatcher
	copy  *author.Copy   // what it holds
	n     int            // edits of the good client, names of peers
}

func newWorld(t testing.TB, flags ...string) *world {
	t.Helper()
	bin, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	p, err := sut.Fieldsyncd(bin[0], filepath.Join(t.TempDir(), "data"))
	if err != nil {
		t.Fatal(err)
	}
	p.Args = append(p.Args, flags...)
	if err := p.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	w := &world{TB: t, p: p, judge: admission.NewJudge("automerge-go", bin[1]), doc: newDoc()}
	t.Cleanup(w.judge.Close)
	w.copy = author.NewCopy(w.doc, "good")
	w.good = w.dial(sut.Dispatcher, light.Options{})
	first := w.copy.Next()
	first.Ops = jobOps()
	w.must(w.good.Open(w.copy))
	w.must(w.good.SendSync("sync", w.doc, w.copy.Message(w.added(w.copy, &first))))
	w.must(w.good.Until(func() bool { return w.copy.Unconfirmed() == 0 }))
	return w
}

// Operations of the document's first change, by their counters.
const (
	opAssignees = 2
	opText      = 4
	opLetter    = 5 // of the text
	opList      = 6
	opItem      = 7 // of the list
	opCounter   = 8
	opMap       = 9
)

// jobOps makes a job of Anna's with one object of each type.
func jobOps() []format.Op {
	set := func(key string, v format.Value) format.Op {
		return format.Op{Key: key, Action: format.ActionSet, Value: v}
	}
	return []format.Op{
		set("kind", format.StringValue("job")),
		{Key: "assignees", Action: format.ActionMakeMap},
		{Object: format.OpID{Counter: opAssignees}, Key: "anna", Action: format.ActionSet, Value: format.BoolValue(true)},
		{Key: "text", Action: format.ActionMakeText},
		{Object: format.OpID{Counter: opText}, InSeq: true, Insert: true, Action: format.ActionSet, Value: format.StringValue("a")},
		{Key: "list", Action: format.ActionMakeList},
		{Object: format.OpID{Counter: opList}, InSeq: true, Insert: true, Action: format.ActionSet, Value: format.IntValue(1)},
		set("counter", format.CounterValue(1)),
		{Key: "map", Action: format.ActionMakeMap},
	}
}

func newDoc() string {
	var id crdt.DocID
	_, _ = rand.Read(id[:])
	return id.String()
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		words := w.p.Output()
		w.Fatalf("%v\nthe server's last words:\n%s", err, words[max(0, len(words)-2000):])
	}
}

// added encodes a change and adds it to a copy.
func (w *world) added(c *author.Copy, change *format.Change) []byte {
	w.Helper()
	raw, _, err := format.EncodeChange(change)
	w.must(err)
	w.must(c.Add(raw))
	return raw
}

func (w *world) name(prefix string) string {
	w.n++
	return fmt.Sprintf("%s-%d", prefix, w.n)
}

func (w *world) dial(token string, opt light.Options, copies ...*author.Copy) *author.Client {
	w.Helper()
	c, err := author.Dial(context.Background(), w.p.URL(token), w.name("peer"), opt, copies...)
	w.must(err)
	w.Cleanup(c.Close)
	return c
}

// attacker is a dispatcher's connection that hears of refusals, with all of the document.
func (w *world) attacker(token string) (*author.Client, *author.Copy) {
	w.Helper()
	c := author.NewCopy(w.doc, crdt.ActorID(w.name("attacker")))
	client := w.dial(token, light.Options{Fieldsync: 1}, c)
	w.must(client.Until(c.Complete))
	return client, c
}

// rssBound is the memory that a server takes in these tests at most, where a test does not say otherwise. Idle it is about 60 MB.
const rssBound = 400 << 20

// unharmed is what holds after each attack.
func (w *world) unharmed() {
	w.Helper()
	if !w.p.Alive() {
		w.Fatalf("the server has ended:\n%s", w.p.Output())
	}
	w.editsGoOn()
	w.loads(w.doc)
	w.memoryUnder(rssBound)
}

// editsGoOn has the good client edit, and a stranger read the edit.
func (w *world) editsGoOn() {
	w.Helper()
	w.must(w.good.Edit(w.copy, w.name("edit")))
	w.must(w.good.Until(func() bool { return w.copy.Unconfirmed() == 0 }))
}

// loads fetches a document as a stranger, and has automerge-go load what came. It gives how many changes the document has.
func (w *world) loads(doc string) int {
	w.Helper()
	got, err := author.Fetch(context.Background(), w.p.URL(sut.Dispatcher), w.name("stranger"), doc)
	if errors.Is(err, author.ErrUnavailable) && doc != w.doc {
		return 0
	}
	w.must(err)
	if doc == w.doc {
		for _, h := range w.copy.AllConfirmed() {
			if !got.Has(h) {
				w.Fatalf("a stranger is not given change %s", h)
			}
		}
	}
	raws := got.Raws()
	a, died, err := w.judge.Ask(admission.Request{A: raws, B: raws})
	w.must(err)
	if died != "" || a.Failed != "" {
		w.Fatalf("automerge-go does not bear what the server holds: died %q, failed to %s: %s", died, a.Failed, a.Error)
	}
	for _, s := range a.Seen {
		if strings.Join(s.Heads, " ") != hexHeads(got.Heads()) {
			w.Fatalf("%s: automerge-go has heads %v, the server %v", s.How, s.Heads, got.Heads())
		}
	}
	return len(raws)
}

func hexHeads(heads crdt.Heads) string {
	out := make([]string, len(heads))
	for i, h := range heads {
		out[i] = h.String()
	}
	return strings.Join(out, " ")
}

// rss is the memory that the server's process holds in RAM and that no file backs, in bytes.
func (w *world) rss() int64 {
	w.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.p.PID()))
	w.must(err)
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			w.must(err)
			return kb << 10
		}
	}
	w.Fatal("no RssAnon")
	return 0
}

func (w *world) memoryUnder(bound int64) {
	w.Helper()
	if rss := w.rss(); rss > bound {
		w.Errorf("the server takes %d MiB, more than %d", rss>>20, bound>>20)
	}
}

// metric is a series of /metrics, named as it is printed there, labels included; 0 if it is not there yet.
func (w *world) metric(series string) float64 {
	w.Helper()
	res, err := http.Get("http://" + w.p.Addr + "/metrics")
	w.must(err)
	defer res.Body.Close()
	for s := bufio.NewScanner(res.Body); s.Scan(); {
		if rest, ok := bytes.CutPrefix(s.Bytes(), []byte(series+" ")); ok {
			v, err := strconv.ParseFloat(string(rest), 64)
			w.must(err)
			return v
		}
	}
	return 0
}

// waitMetric waits until a series has reached a value.
func (w *world) waitMetric(series string, least float64) {
	w.Helper()
	w.eventually(fmt.Sprintf("%s reaches %v", series, least), func() bool { return w.metric(series) >= least })
}

// endings are the close codes of all connections that ended.
func (w *world) endings() string {
	res, err := http.Get("http://" + w.p.Addr + "/metrics")
	w.must(err)
	defer res.Body.Close()
	var out []string
	for s := bufio.NewScanner(res.Body); s.Scan(); {
		if rest, ok := strings.CutPrefix(s.Text(), "fieldsync_connections_closed_total"); ok {
			out = append(out, rest)
		}
	}
	return strings.Join(out, ", ")
}

// eventually waits until a condition holds.
func (w *world) eventually(what string, holds func() bool) {
	w.Helper()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for deadline := time.Now().Add(watchdog); !holds(); <-poll.C {
		if time.Now().After(deadline) {
			w.Fatalf("it does not happen that %s; connections ended so: %s", what, w.endings())
		}
	}
}

// closeCode reads until the connection ends, and gives the close code; 0 where it ended without one.
func (w *world) closeCode(c *light.Conn) int {
	w.Helper()
	c.SetReadDeadline(time.Now().Add(watchdog))
	for {
		if _, _, err := c.WebSocket().ReadMessage(); err != nil {
			var closed *websocket.CloseError
			if errors.As(err, &closed) {
				return closed.Code
			}
			if os.IsTimeout(err) {
				w.Fatalf("the connection does not end: %v", err)
			}
			return 0
		}
	}
}

// in is the world as a subtest sees it.
func (w *world) in(t testing.TB) *world {
	sub := *w
	sub.TB = t
	w.n += 1000 // names stay unique
	sub.n = w.n
	return &sub
}

// readVector reads a file of conformance/vectors.
func readVector(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// bodyLength is the length of the body of the one chunk in raw.
func bodyLength(raw []byte) int {
	n, _ := binary.Uvarint(raw[9:])
	return int(n)
}
