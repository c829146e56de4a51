package server

import (
	"context"
	"sync"
)

// background is work that goes on while a server has its data. The zero value is ready.
type background struct {
	once    sync.Once
	ctx     context.Context
	cancel  context.CancelFunc
	working sync.WaitGroup
}

func (b *background) begin() {
	b.once.Do(func() { b.ctx, b.cancel = context.WithCancel(context.Background()) })
}

// run starts work that ends soon after its context does.
func (b *background) run(work func(ctx context.Context)) {
	b.begin()
	b.working.Go(func() { work(b.ctx) })
}

// stop ends all work, and waits for its end.
func (b *background) stop() {
	b.begin()
	b.cancel()
	b.working.Wait()
}
