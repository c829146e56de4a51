package lane

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"fieldsync/client/internal/netclass"
)

const (
	// window is how long a transfer is watched for one sample of the throughput.
	window = 2 * time.Second
	// leastWindow is the shortest that says something; a file's end is one.
	leastWindow = 200 * time.Millisecond
	// piece is how much is read at once, in bytes: what still moves when a transfer is stopped, and how finely it is told.
	piece = 32 << 10
	// mostText is how long a file waits for text: a document that does not get on must not keep files back for ever.
	mostText = 10 * time.Second
	// tellEvery is how often a transfer's progress is told.
	tellEvery = 250 * time.Millisecond
)

// File is a file that moves.
type File struct {
	Doc   string // the document that it belongs to
	Ref   string // its SHA-256
	Name  string
	Up    bool // to the server
	Small bool // a preview or a thumbnail
	Size  int64
}

// Progress is how far a file is.
type Progress struct {
	File
	Done int64     // bytes that are over, of Size
	Rate int       // bits per second in the last seconds; 0: not known yet
	Left bool      // the transfer has ended: because it is done, if Done is Size
	Held Reason    // why it was stopped
	At   time.Time // when it began
}

// Gate lets files move, or not. The fields are set before its first use; its methods may be called from any goroutine.
type Gate struct {
	// Moved is told of windows of transfer, as netclass.Meter.Moved wants them.
	Moved func(bytes int64, took time.Duration)
	// Tell is told how far a file is: when it begins, some times a second, and when it ends.
	Tell func(Progress)

	mu      sync.Mutex
	link    netclass.Link
	rules   Rules
	now     map[string]struct{} // refs that somebody asked for
	busy    chan struct{}       // closed when no text moves any more; nil: none does
	since   time.Time           // when text last got on
	running []*Transfer
}

// Transfer is a file on its way. It belongs to one goroutine.
type Transfer struct {
	g      *Gate
	ctx    context.Context
	cancel context.CancelCauseFunc

	mu     sync.Mutex // after Gate.mu
	timer  *time.Timer
	p      Progress
	told   time.Time
	begun  time.Time     // of what moves in the window; zero: nothing moves
	before time.Duration // what moved in the window before that took
	bytes  int64         // in the window
	paused time.Duration // since begun
	waits  bool          // for text
}

// Set says what the link is and what is chosen; transfers that may not go on are stopped.
func (g *Gate) Set(l netclass.Link, r Rules) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.link, g.rules = l, r
	for _, t := range g.running {
		if why := g.held(t.p.File); why != "" {
			t.cancel(ErrHeld{why})
		}
	}
}

// Now lets a file move whatever the link, until it has, or Later.
func (g *Gate) Now(ref string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.now == nil {
		g.now = map[string]struct{}{}
	}
	g.now[ref] = struct{}{}
}

// Later takes Now back; a transfer that goes on because of it alone ends.
func (g *Gate) Later(ref string) {
	g.mu.Lock()
	delete(g.now, ref)
	l, r := g.link, g.rules
	g.mu.Unlock()
	g.Set(l, r)
}

// Asked tells whether somebody asked for the file.
func (g *Gate) Asked(ref string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, ok := g.now[ref]
	return ok
}

// Text says that text moves, whenever it gets on, or that it does not any more. Files wait for it at their next piece.
func (g *Gate) Text(moves bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case moves:
		g.since = time.Now()
		if g.busy == nil {
			g.busy = make(chan struct{})
		}
	case !moves && g.busy != nil:
		close(g.busy)
		g.busy = nil
	}
}

// Held is why a file may not move now; empty: it may.
func (g *Gate) Held(f File) Reason {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.held(f)
}

func (g *Gate) held(f File) Reason {
	_, now := g.now[f.Ref]
	return Held(g.link, g.rules, f.Small, now)
}

// Running are the files that move now.
func (g *Gate) Running() []Progress {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []Progress
	for _, t := range g.running {
		t.mu.Lock()
		out = append(out, t.p)
		t.mu.Unlock()
	}
	return out
}

// Enter begins a transfer of what is left of a file, of which done bytes are over. The error is ErrHeld where it may not move now. End it.
func (g *Gate) Enter(ctx context.Context, f File, done int64) (*Transfer, error) {
	g.mu.Lock()
	if why := g.held(f); why != "" {
		g.mu.Unlock()
		return nil, ErrHeld{why}
	}
	t := &Transfer{g: g, p: Progress{File: f, Done: done, At: time.Now()}}
	ctx, t.cancel = context.WithCancelCause(ctx)
	t.ctx = context.WithValue(ctx, transferKey{}, t)
	t.mu.Lock()
	t.timer = time.AfterFunc(window, t.look)
	t.mu.Unlock()
	g.running = append(g.running, t)
	g.mu.Unlock()
	t.tell(true)
	return t, nil
}

// Context ends when the transfer has to; its cause is an ErrHeld then.
func (t *Transfer) Context() context.Context { return t.ctx }

// Err is an error of the transfer in better words: why it was stopped, if it was.
func (t *Transfer) Err(err error) error {
	var held ErrHeld
	if err != nil && errors.As(context.Cause(t.ctx), &held) {
		return held
	}
	return err
}

// At corrects how much is over, by the other side's word.
func (t *Transfer) At(done int64) {
	t.mu.Lock()
	t.p.Done = done
	t.mu.Unlock()
	t.tell(false)
}

// End ends it.
func (t *Transfer) End() {
	t.pauseWindow()
	g := t.g
	g.mu.Lock()
	g.running = slices.DeleteFunc(g.running, func(o *Transfer) bool { return o == t })
	t.mu.Lock()
	t.p.Left = true
	t.timer.Stop()
	if held := (ErrHeld{}); errors.As(context.Cause(t.ctx), &held) {
		t.p.Held = held.Reason
	} else if t.p.Done == t.p.Size {
		delete(g.now, t.p.Ref)
	}
	t.mu.Unlock()
	g.mu.Unlock()
	t.cancel(nil)
	t.tell(true)
}

// Reader is r, in pieces, each of which waits for text, counts, and is the last one when the transfer has to stop.
func (t *Transfer) Reader(r io.Reader) io.Reader { return &gated{t, r} }

type transferKey struct{}

// Reader is Transfer.Reader for the transfer that a context belongs to; r itself where it belongs to none.
func Reader(ctx context.Context, r io.Reader) io.Reader {
	if t, ok := ctx.Value(transferKey{}).(*Transfer); ok {
		return t.Reader(r)
	}
	return r
}

// At is Transfer.At for the transfer that a context belongs to, if any.
func At(ctx context.Context, done int64) {
	if t, ok := ctx.Value(transferKey{}).(*Transfer); ok {
		t.At(done)
	}
}

// Body is Reader of what has to be closed.
func Body(ctx context.Context, body io.ReadCloser) io.ReadCloser {
	return struct {
		io.Reader
		io.Closer
	}{Reader(ctx, body), body}
}

type gated struct {
	t *Transfer
	r io.Reader
}

// Read implements io.Reader.
func (r *gated) Read(p []byte) (int, error) {
	if err := r.t.turn(); err != nil {
		return 0, err
	}
	n, err := r.r.Read(p[:min(len(p), piece)])
	if n > 0 {
		r.t.count(int64(n))
	}
	if err != nil {
		r.t.pauseWindow() // what follows is the other side's thinking
	}
	return n, err
}

// turn waits while text moves.
func (t *Transfer) turn() error {
	if t.ctx.Err() != nil {
		return context.Cause(t.ctx)
	}
	t.g.mu.Lock()
	busy, patience := t.g.busy, mostText-time.Since(t.g.since)
	t.g.mu.Unlock()
	if busy == nil || patience <= 0 {
		return nil
	}
	t.mu.Lock()
	t.waits = true
	t.mu.Unlock()
	begun := time.Now()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-busy:
	case <-late.C:
	case <-t.ctx.Done():
		return context.Cause(t.ctx)
	}
	t.mu.Lock()
	t.paused, t.waits = t.paused+time.Since(begun), false
	t.mu.Unlock()
	return nil
}

func (t *Transfer) count(n int64) {
	t.mu.Lock()
	if t.begun.IsZero() {
		t.begun, t.paused = time.Now(), 0 // this piece came, or went, before anything was watched
	} else {
		t.bytes += n
	}
	t.p.Done = min(t.p.Done+n, t.p.Size)
	t.mu.Unlock()
	t.tell(false)
}

// look ends a window, and begins the next.
func (t *Transfer) look() {
	t.mu.Lock()
	if !t.p.Left {
		t.timer.Reset(window)
	}
	t.mu.Unlock()
	t.sample(window / 2)
}

// pauseWindow ends the window where nothing is to move for a while.
func (t *Transfer) pauseWindow() {
	t.sample(leastWindow)
	t.mu.Lock()
	t.before = t.moving()
	t.begun, t.paused = time.Time{}, 0
	t.mu.Unlock()
}

// moving is how long something has moved in the window; mu is held.
func (t *Transfer) moving() time.Duration {
	if t.begun.IsZero() {
		return t.before
	}
	return t.before + time.Since(t.begun) - t.paused
}

func (t *Transfer) sample(least time.Duration) {
	t.mu.Lock()
	bytes, took := t.bytes, t.moving()
	if t.begun.IsZero() || t.waits || took < least {
		t.mu.Unlock()
		return
	}
	t.begun, t.before, t.bytes, t.paused = time.Now(), 0, 0, 0
	t.p.Rate = int(float64(bytes) * 8 / took.Seconds())
	t.mu.Unlock()
	if t.g.Moved != nil {
		t.g.Moved(bytes, took)
	}
}

func (t *Transfer) tell(always bool) {
	t.mu.Lock()
	now := time.Now()
	if !always && now.Sub(t.told) < tellEvery {
		t.mu.Unlock()
		return
	}
	t.told = now
	p := t.p
	t.mu.Unlock()
	if t.g.Tell != nil {
		t.g.Tell(p)
	}
}
