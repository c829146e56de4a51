package jobs

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"time"

	"fieldsync/crdt"
)

// ssePatience is how long a reader may take to make room for an event. Who is slower is cut off, and goes on where he was.
const ssePatience = 20 * time.Second

// defaultHeartbeat is how often a stream without events shows that it lives: under the half minute after which proxies lose patience.
const defaultHeartbeat = 15 * time.Second

// reconnect is how long a browser waits before it comes again, in ms.
const reconnect = "3000"

// sse writes server-sent events.
type sse struct {
	w       http.ResponseWriter
	control *http.ResponseController
	buf     bytes.Buffer
}

func newSSE(w http.ResponseWriter) *sse {
	return &sse{w: w, control: http.NewResponseController(w)}
}

// begin sends the header.
func (s *sse) begin() error {
	h := s.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // proxies that gather answers are to pass this one on
	s.w.WriteHeader(http.StatusOK)
	s.buf.WriteString("retry: " + reconnect + "\n\n")
	return s.flush()
}

// event sends an event; id 0: it has no place.
func (s *sse) event(name string, id uint64, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return crdt.Errorf(crdt.KindInternal, "an event that is no JSON: %w", err)
	}
	s.buf.WriteString("event: " + name + "\n")
	if id > 0 {
		s.buf.WriteString("id: " + strconv.FormatUint(id, 10) + "\n")
	}
	s.buf.WriteString("data: ")
	s.buf.Write(text) // JSON has no line breaks
	s.buf.WriteString("\n\n")
	return s.flush()
}

// beat shows that the stream lives, and how far it has come: an event without data is not shown to anybody, but its id is remembered.
func (s *sse) beat(id uint64) error {
	s.buf.WriteString("id: " + strconv.FormatUint(id, 10) + "\n\n")
	return s.flush()
}

func (s *sse) flush() error {
	defer s.buf.Reset()
	_ = s.control.SetWriteDeadline(time.Now().Add(ssePatience)) // not every ResponseWriter of a test has deadlines
	if _, err := s.w.Write(s.buf.Bytes()); err != nil {
		return err
	}
	return s.control.Flush()
}

// counter counts things by name.
type counter struct {
	mu sync.Mutex
	by map[string]int
}

// add counts one more, unless there are so many.
func (c *counter) add(name string, most int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by[name] >= most {
		return false
	}
	if c.by == nil {
		c.by = map[string]int{}
	}
	c.by[name]++
	return true
}

func (c *counter) remove(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by[name]--; c.by[name] <= 0 {
		delete(c.by, name)
	}
}
