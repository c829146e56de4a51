// Package phone runs the Go client in a test as a phone does: connected, for as long as the test lasts.
package phone

import (
	"context"
	"errors"
	"testing"

	"fieldsync/client"
)

// Run keeps a client connected until the test ends, before the client is closed if that was registered first, and gives its
// events. The test fails if Run ends by itself.
func Run(t *testing.T, c *client.Client) <-chan client.Event {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	events := c.WatchAll(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := c.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v", err)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return events
}
