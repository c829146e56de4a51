package mobile

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"fieldsync/client"
	"fieldsync/crdt"
)

// MemoryLimit is what Open has Go's garbage collector keep its memory below where it can, in bytes: a phone's system ends the apps first that
// take much. The engine's core has its own beside it. It is a soft limit; nothing fails by it.
const MemoryLimit = 40 << 20

// Client is an open folder.
type Client struct {
	c   *client.Client
	ctx context.Context
	end context.CancelFunc

	mu      sync.Mutex
	run     context.CancelFunc // of the Run that is under way; nil: none
	stopped chan struct{}      // closed when it has ended
}

// Listener hears what happens. OnEvent is called from one goroutine, one event after another, with {"kind", "job"?, "reason"?, …} as
// events.go has it; it should return soon.
type Listener interface {
	OnEvent(event []byte)
}

// Open opens the folder, and makes it if it is not there. key has 32 bytes, or none for a folder in the clear. wipeWhenRevoked removes everything when the
// server says that the login was revoked, as soon as no work is lost with it. The error's text begins with its code and a colon.
func Open(dir string, key []byte, wipeWhenRevoked bool) (*Client, error) {
	c, err := client.Open(client.Options{Dir: dir, Key: key, WipeWhenRevoked: wipeWhenRevoked})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", codeOf(err), err)
	}
	debug.SetMemoryLimit(MemoryLimit)
	m := &Client{c: c}
	m.ctx, m.end = context.WithCancel(context.Background())
	return m, nil
}

// Close stops what is under way and releases the folder.
func (m *Client) Close() error {
	m.Stop()
	m.end()
	return m.c.Close()
}

// Do executes a command: see commands.go. args is a JSON object, or empty. The answer is a JSON object with "result" or "error".
func (m *Client) Do(command string, args []byte) []byte {
	result, err := m.do(command, args)
	return answer(result, err)
}

// answer is a result or an error as JSON.
func answer(result any, err error) []byte {
	out := map[string]any{"result": result}
	if err != nil {
		out = map[string]any{"error": map[string]string{"code": codeOf(err), "text": err.Error()}}
	}
	data, err := json.Marshal(out)
	if err != nil {
		return []byte(`{"error":{"code":"internal","text":"the result cannot be written"}}`)
	}
	return data
}

// Listen has a listener hear of everything from now on, until Close. There may be several.
func (m *Client) Listen(l Listener) {
	events := m.c.WatchAll(m.ctx)
	go func() {
		for ev := range events {
			if data, err := json.Marshal(toEvent(ev)); err == nil {
				l.OnEvent(data)
			}
		}
	}()
}

// Start keeps the folder connected and in step, until Stop. While it runs it does nothing more. Why it ended by itself is told as an event of
// the kind "ended".
func (m *Client) Start(l Listener) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.run != nil {
		return
	}
	ctx, cancel := context.WithCancel(m.ctx)
	stopped := make(chan struct{})
	m.run, m.stopped = cancel, stopped
	go func() {
		err := m.c.Run(ctx)
		wanted := ctx.Err() != nil
		cancel()
		m.mu.Lock()
		if m.stopped == stopped {
			m.run, m.stopped = nil, nil
		}
		m.mu.Unlock()
		close(stopped)
		if !wanted && l != nil {
			data, _ := json.Marshal(event{Kind: "ended", Code: codeOf(err), Reason: err.Error()}) // strings can be written
			l.OnEvent(data)
		}
	}()
}

// Stop ends what Start began, and waits until it has.
func (m *Client) Stop() {
	m.mu.Lock()
	cancel, stopped := m.run, m.stopped
	m.mu.Unlock()
	if cancel != nil {
		cancel()
		<-stopped
	}
}

// SetNetwork tells of the network that the device is on, whenever it changes: offline, 2g, edge, 3g, lte, 5g, wifi, ethernet; anything else is
// taken as unknown. metered: bytes cost money.
func (m *Client) SetNetwork(kind string, metered bool) {
	m.c.SetNetwork(client.NetworkKind(kind), metered)
}

// PushReceived tells of a push for a job, by its id; it may be empty. In the background it is followed by RunFor.
func (m *Client) PushReceived(job string) {
	id, err := crdt.ParseDocID(job)
	if err != nil {
		id = crdt.DocID{}
	}
	m.c.PushReceived(id)
}

// RunFor exchanges as much as it can in so many milliseconds, the most useful first, and returns by then. The answer is that of the command "sync".
func (m *Client) RunFor(ms int64) []byte {
	r, err := m.c.RunFor(m.ctx, time.Duration(ms)*time.Millisecond)
	return answer(toReport(r), err)
}
