package syncpeers

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"testing"
	"time"

	"github.com/automerge/automerge-go"
)

// partner is the other implementation: one document, one sync state.
type partner interface {
	fresh(t *testing.T) // an empty document of a new actor, and an unknown peer
	load(t *testing.T, doc []byte)
	edit(t *testing.T, n int, key string)
	receive(t *testing.T, message []byte)
	generate(t *testing.T) ([]byte, bool)
	heads(t *testing.T) (heads []string, changes int)
	reconnect(t *testing.T) // keeps the shared heads
}

// partners are made anew for each test.
var partners = map[string]func(t *testing.T) partner{
	"automerge-go":       func(t *testing.T) partner { return newGoPartner() },
	"automerge JS 3.5.0": func(t *testing.T) partner { return newNodePartner(t, "automerge3") },
	"automerge JS 2.2.9": func(t *testing.T) partner { return newNodePartner(t, "automerge22") },
}

// goPartner is automerge-go in this process. A malformed message would abort it: only our own are given to it.
type goPartner struct {
	doc  *automerge.Doc
	sync *automerge.SyncState
	made int
}

func newGoPartner() *goPartner {
	doc := automerge.New()
	return &goPartner{doc: doc, sync: automerge.NewSyncState(doc)}
}

func (p *goPartner) fresh(*testing.T) { *p = *newGoPartner() }

func (p *goPartner) load(t *testing.T, doc []byte) {
	d, err := automerge.Load(doc)
	if err != nil {
		t.Fatal(err)
	}
	p.doc, p.sync = d, automerge.NewSyncState(d)
}

func (p *goPartner) edit(t *testing.T, n int, key string) {
	for range n {
		p.made++
		if err := p.doc.Path(key).Set(p.made); err != nil {
			t.Fatal(err)
		}
		if _, err := p.doc.Commit("", automerge.CommitOptions{Time: &time.Time{}}); err != nil {
			t.Fatal(err)
		}
	}
}

func (p *goPartner) receive(t *testing.T, message []byte) {
	if _, err := p.sync.ReceiveMessage(message); err != nil {
		t.Fatalf("automerge-go does not take our message: %v", err)
	}
}

func (p *goPartner) generate(*testing.T) ([]byte, bool) {
	m, ok := p.sync.GenerateMessage()
	return m.Bytes(), ok
}

func (p *goPartner) heads(t *testing.T) ([]string, int) {
	var out []string
	for _, h := range p.doc.Heads() {
		out = append(out, h.String())
	}
	changes, err := p.doc.Changes()
	if err != nil {
		t.Fatal(err)
	}
	return out, len(changes)
}

func (p *goPartner) reconnect(t *testing.T) {
	s, err := automerge.LoadSyncState(p.doc, p.sync.Save())
	if err != nil {
		t.Fatal(err)
	}
	s.Doc = p.doc
	p.sync = s
}

// nodePartner is conformance/interop/syncpeer.mjs.
type nodePartner struct {
	in  io.Writer
	out *bufio.Reader
}

func newNodePartner(t *testing.T, module string) *nodePartner {
	cmd := exec.Command("node", "syncpeer.mjs", module)
	cmd.Dir = "../interop"
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatalf("node is needed, and `npm ci` in conformance/interop: %v", err)
	}
	t.Cleanup(func() {
		in.Close() // node ends when its input does
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	return &nodePartner{in: in, out: bufio.NewReader(out)}
}

func (p *nodePartner) call(t *testing.T, letter byte, payload []byte) (byte, []byte) {
	t.Helper()
	frame := binary.BigEndian.AppendUint32(nil, uint32(len(payload)+1))
	if _, err := p.in.Write(append(append(frame, letter), payload...)); err != nil {
		t.Fatal(err)
	}
	var size [4]byte
	if _, err := io.ReadFull(p.out, size[:]); err != nil {
		t.Fatalf("node does not answer %c: %v (was `npm ci` run in conformance/interop?)", letter, err)
	}
	answer := make([]byte, binary.BigEndian.Uint32(size[:]))
	if _, err := io.ReadFull(p.out, answer); err != nil {
		t.Fatal(err)
	}
	if answer[0] == 'X' {
		t.Fatalf("%c failed in node: %s", letter, answer[1:])
	}
	return answer[0], answer[1:]
}

func (p *nodePartner) fresh(t *testing.T)                   { p.call(t, 'Z', nil) }
func (p *nodePartner) load(t *testing.T, doc []byte)        { p.call(t, 'L', doc) }
func (p *nodePartner) receive(t *testing.T, message []byte) { p.call(t, 'M', message) }
func (p *nodePartner) reconnect(t *testing.T)               { p.call(t, 'R', nil) }

func (p *nodePartner) edit(t *testing.T, n int, key string) {
	p.call(t, 'E', fmt.Appendf(nil, `{"n":%d,"key":%q}`, n, key))
}

func (p *nodePartner) generate(t *testing.T) ([]byte, bool) {
	kind, message := p.call(t, 'G', nil)
	return message, kind == 'M'
}

func (p *nodePartner) heads(t *testing.T) ([]string, int) {
	_, raw := p.call(t, 'H', nil)
	var state struct {
		Heads   []string
		Changes int
	}
	if err := json.Unmarshal(raw, &state); err != nil {
		t.Fatal(err)
	}
	return state.Heads, state.Changes
}
