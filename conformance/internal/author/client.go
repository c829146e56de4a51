package author

import (
	"context"
	"errors"
	"fmt"
	"time"

	"fieldsync/conformance/internal/light"
	"fieldsync/crdt"
)

// patience is how long a client waits for a frame that has to come; generous, because machines that run tests are busy.
const patience = 60 * time.Second

// ErrUnavailable is the server's answer for a document that does not exist, or that one may not read.
var ErrUnavailable = errors.New("the document is unavailable")

// Client is a connection with its copies. One goroutine uses it.
type Client struct {
	*light.Conn
	copies  map[string]*Copy
	Refused []light.Frame // the refusals that came
}

// Dial connects and joins. Copies may be of an earlier connection: the server is told what they hold.
func Dial(ctx context.Context, url, peer string, opt light.Options, copies ...*Copy) (*Client, error) {
	conn, err := light.Dial(ctx, url, peer, opt)
	if err != nil {
		return nil, err
	}
	c := &Client{Conn: conn, copies: map[string]*Copy{}}
	for _, copied := range copies {
		if err := c.Open(copied); err != nil {
			c.Close()
			return nil, err
		}
	}
	return c, nil
}

// Open begins the conversation about a document.
func (c *Client) Open(copied *Copy) error {
	c.copies[copied.ID] = copied
	kind, m := copied.Hello()
	return c.SendSync(kind, copied.ID, m)
}

// Edit makes a change and sends it; whether the server takes it Step finds out.
func (c *Client) Edit(copied *Copy, value string) error {
	change, err := copied.Edit(value)
	if err != nil {
		return err
	}
	return c.SendSync("sync", copied.ID, copied.Message(change.Raw))
}

// Step waits for one frame and handles it. The error is ErrUnavailable where that is the answer for a document; then the connection
// goes on.
func (c *Client) Step() (*light.Frame, error) {
	c.SetReadDeadline(time.Now().Add(patience))
	f, err := c.Read()
	if err != nil {
		return nil, err
	}
	switch f.Type {
	case "sync", "request":
		copied := c.copies[f.DocumentID]
		if copied == nil {
			return f, nil
		}
		m, err := light.ParseSync(f.Data)
		if err != nil {
			return f, fmt.Errorf("the server's sync message: %w", err)
		}
		answer, err := copied.Receive(m)
		if err != nil || answer == nil {
			return f, err
		}
		return f, c.SendSync("sync", copied.ID, answer)
	case "doc-unavailable":
		return f, fmt.Errorf("%s: %w", f.DocumentID, ErrUnavailable)
	case "fieldsync-refused":
		c.Refused = append(c.Refused, *f)
	case "error":
		return f, fmt.Errorf("the server says: %s", f.Message)
	}
	return f, nil
}

// Until handles frames until a condition holds. That a document which is being made was unavailable at first is passed over.
func (c *Client) Until(done func() bool) error {
	for !done() {
		if _, err := c.Step(); err != nil && !errors.Is(err, ErrUnavailable) {
			return err
		}
	}
	return nil
}

// Fetch gets a document with a connection of its own, as somebody who never saw it.
func Fetch(ctx context.Context, url, peer, doc string) (*Copy, error) {
	copied := NewCopy(doc, crdt.ActorID(peer))
	c, err := Dial(ctx, url, peer, light.Options{}, copied)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	for !copied.Complete() {
		if _, err := c.Step(); err != nil {
			return copied, err
		}
	}
	return copied, nil
}
