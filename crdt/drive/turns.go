package drive

import "runtime"

// What a Step of a document takes for a moment can be a thousand times its event: 40 bytes may be a change of 262,144
// deletions (50 MB decoded), a document chunk of 16 MB may unpack to 64 MB of columns and as much again of changes. Steps
// only compute, so more of them at a time than there are processors gain nothing; and without a bound, a peer with many
// connections could have as many such events unpacked at once.
const (
	// stepsPerProcessor leaves room for steps that are quick beside some that are not.
	stepsPerProcessor = 4
	// largeEvent is the length of a frame in bytes from which it is large. Those are done one at a time: so they neither
	// add up, nor take all turns from the small ones.
	largeEvent = 64 << 10
)

// turns bounds the steps that are done at a time.
type turns struct{ all, large chan struct{} }

func newTurns() turns {
	return turns{all: make(chan struct{}, stepsPerProcessor*runtime.GOMAXPROCS(0)), large: make(chan struct{}, 1)}
}

// take waits for a turn for an event of so many bytes. The function that it gives ends the turn.
func (t turns) take(bytes int) (release func()) {
	if bytes < largeEvent {
		t.all <- struct{}{}
		return t.release
	}
	t.large <- struct{}{}
	t.all <- struct{}{}
	return t.releaseLarge
}

func (t turns) release() { <-t.all }

func (t turns) releaseLarge() {
	<-t.all
	<-t.large
}
