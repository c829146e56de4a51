package index

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/documents"
)

// Metrics is what an Index counts. The methods are called from several goroutines.
type Metrics interface {
	RowsWritten(n int)
	// RowLate tells how long after a document's change its row was durable.
	RowLate(d time.Duration)
	RowFailed() // a document could not be read, or its row not be written
}

// Options are what an Index is made of.
type Options struct {
	Store store.Store
	// Namespace gives an organisation's document ids. All that an Index gives, and takes but from Changed, has outer ids; what it loads has
	// inner ones. Nil: they are the same everywhere.
	Namespace func(org string) (access.Namespace, error)
	// Load reads a document of now, by its inner id. It is called from few goroutines, and may take its time. Its error is of kind NotFound where
	// there is no such document, of kind Unavailable where it is worth another try.
	Load func(ctx context.Context, doc crdt.DocID) (*Document, error)
	// OnRow gives what is to be written with a row, in the same durable batch. It is called by one goroutine, must not block, and
	// may be called again for a row whose write failed. Nil: nothing.
	OnRow func(Event) []store.Op
	// OnWritten hears of rows after they are durable, in the order of the feed. It is called by one goroutine, and must not block. Nil: nobody
	// hears.
	OnWritten func([]Event)
	// Search is the folder of the full text; empty: there is none, and queries with a text are refused.
	Search string
	// Gather is how long a document waits for more changes before its row is made. 0: 100 ms.
	Gather time.Duration
	// Loaders is how many documents are read at a time. 0: 2.
	Loaders int
	Metrics Metrics      // nil: nobody counts
	Log     *slog.Logger // nil: slog.Default()
}

// Index keeps the rows. Its methods may be called from any goroutine.
type Index struct {
	opt    Options
	limits limits
	log    *slog.Logger
	// outerLog takes inner ids.
	outerLog *slog.Logger
	queue    *queue
	text     *fullText // nil: none

	passing sync.Mutex // held while all documents are gone through; taken before writing
	writing sync.Mutex // held while a batch is put together and written, and while entries are dropped
	gen     atomic.Uint32
	ready   atomic.Bool // all documents that there were have their rows
	// compared is closed after the first comparison with the documents; nil where none is made by itself.
	compared chan struct{}

	slow    slowDocs
	subs    subscribers
	task    tasks
	results chan result
	ctx     context.Context //nolint:containedctx // it is the index's own life
	stop    context.CancelFunc
	running sync.WaitGroup
}

// result is a document that was read.
type result struct {
	it  item
	doc *Document // nil: it is not there
	err error
	made
}

// New starts an Index over a store. It compares all records with the rows in the background.
func New(opt Options) (*Index, error) {
	x, err := Open(opt)
	if err != nil {
		return nil, err
	}
	x.compared = make(chan struct{})
	x.running.Go(x.reconcile)
	return x, nil
}

// Open starts an Index that makes the rows that it is told of and compares nothing by itself: for the commands about a folder whose server
// is stopped.
func Open(opt Options) (*Index, error) {
	if opt.Gather == 0 {
		opt.Gather = 100 * time.Millisecond
	}
	if opt.Loaders == 0 {
		opt.Loaders = 2
	}
	if opt.Log == nil {
		opt.Log = slog.Default()
	}
	if opt.Namespace == nil {
		opt.Namespace = func(string) (access.Namespace, error) { return access.Namespace{}, nil }
	}
	if opt.Metrics == nil {
		opt.Metrics = noMetrics{}
	}
	x := &Index{opt: opt, limits: defaultLimits, log: opt.Log, outerLog: documents.OuterLog(opt.Log, opt.Store, opt.Namespace), queue: newQueue(), results: make(chan result, maxBatchRows)}
	st, err := readState(opt.Store)
	if err != nil {
		return nil, err
	}
	x.gen.Store(st.gen)
	x.ctx, x.stop = context.WithCancel(context.Background())
	if opt.Search != "" {
		if x.text, err = openFullText(opt.Search, opt.Store, x.log, opt.Metrics.RowFailed); err != nil {
			x.stop()
			return nil, err
		}
	}
	var loaders sync.WaitGroup
	for range opt.Loaders {
		loaders.Go(x.load)
	}
	x.running.Go(func() {
		loaders.Wait()
		close(x.results)
	})
	x.running.Go(x.write)
	if x.text != nil {
		x.running.Go(func() { x.text.follow(x.ctx) })
	}
	return x, nil
}

// Close ends the work. What still waits is done after the next start.
func (x *Index) Close() error {
	x.stop()
	x.queue.close()
	x.running.Wait()
	x.subs.closeAll()
	if x.text != nil {
		return x.text.close()
	}
	return nil
}

// Changed says that a document, by its inner id, has changed, or is new. It neither blocks nor fails.
func (x *Index) Changed(doc crdt.DocID) {
	now := time.Now()
	x.queue.offer(item{doc: doc, since: now, due: now.Add(max(x.opt.Gather, x.slow.wait(doc)))})
}

// Get gives the row of a document of an organisation, as JSON; an error of kind NotFound where there is none.
func (x *Index) Get(org string, doc crdt.DocID) (json.RawMessage, error) {
	if err := validOrg(org); err != nil {
		return nil, err
	}
	row, err := readRow(x.opt.Store, orgKeys{org}, doc)
	if errors.Is(err, store.ErrNotFound) || err == nil && row.gone() {
		return nil, errNoRow
	}
	return row.json, err
}

var errNoRow = crdt.Errorf(crdt.KindNotFound, "index: no row of this document")

// Status is how far the index is behind.
type Status struct {
	// Queued is how many documents wait for their rows, Lag for how long the first of them has.
	Queued int
	Lag    time.Duration
	// Ready says that all documents that there were at the start have been compared with their rows. Before, lists may lack some.
	Ready bool
}

// Status tells how far the index is behind.
func (x *Index) Status() Status {
	n, oldest := x.queue.len()
	s := Status{Queued: n, Ready: x.ready.Load()}
	if n > 0 {
		s.Lag = time.Since(oldest)
	}
	return s
}

type noMetrics struct{}

func (noMetrics) RowsWritten(int)       {}
func (noMetrics) RowLate(time.Duration) {}
func (noMetrics) RowFailed()            {}
