package jobs

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"fieldsync/crdt"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/index"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Bounds on streams. Each costs a goroutine, a connection and the rows that it has not read yet.
const (
	maxStreams    = 10 // of a principal: the tabs of a browser
	maxStreamsAll = 2_000
	catchUpPage   = 200
	maxCatchUp    = 5_000 // rows behind: who lacks more reads the list anew, which costs less
)

// EventsIn asks for the changes of a list.
type EventsIn struct {
	JobFilters
	After       string `query:"after" maxLength:"20" pattern:"^[0-9]{0,20}$" doc:"Begin behind this place: sequence of the list that was read. Without: with what happens from now on"`
	LastEventID string `header:"Last-Event-ID" maxLength:"20" pattern:"^[0-9]{0,20}$" doc:"The id of the last event that was seen; browsers send it by themselves. It goes before after"`
}

// from is the place to begin behind; false: at the end.
func (in *EventsIn) from() (uint64, bool, error) {
	text := in.LastEventID
	if text == "" {
		text = in.After
	}
	if text == "" {
		return 0, false, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, false, wrong("query.after", "must be a place in the feed")
	}
	return n, true, nil
}

// Removed is the data of the event removed.
type Removed struct {
	ID string `json:"id" doc:"The document's id"`
}

// Ended is the data of the event end.
type Ended struct {
	Reason string `json:"reason" enum:"slow,revoked,stopping" doc:"slow: the reader was, and may go on where it was; revoked: sign in again; stopping: the server does, and comes back"`
}

// events begins a stream of what changes in a list.
func (s *Service) events(ctx context.Context, in *EventsIn) (*huma.StreamResponse, error) {
	p, err := api.Principal(ctx)
	if err != nil {
		return nil, err
	}
	q, err := in.query(p)
	if err != nil {
		return nil, err
	}
	match, err := q.Matcher()
	if err != nil {
		return nil, queryProblem(err)
	}
	at, known, err := in.from()
	if err != nil {
		return nil, err
	}
	leave, err := s.streams.enter(p)
	if err != nil {
		return nil, err
	}
	// Subscribed before the feed is read, nothing is missed between.
	st := &stream{service: s, who: p, match: match, at: at, sub: s.opt.Index.Subscribe(p.Org)}
	last, err := s.opt.Index.Last(p.Org)
	if err != nil {
		st.sub.Close()
		leave()
		return nil, crdt.Errorf(crdt.KindUnavailable, "the feed: %w", err)
	}
	if !known {
		st.at = last
	}
	st.lost = st.at > last
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer leave()
		defer st.sub.Close()
		_, w := humago.Unwrap(hc)
		st.out = newSSE(w)
		st.run(hc.Context())
	}}, nil
}

// stream is one reader's stream.
type stream struct {
	service *Service
	who     access.Principal
	match   index.Matcher
	sub     *index.Subscription
	at      uint64 // the reader has seen the feed up to here
	lost    bool   // the reader was where the feed has never been
	out     *sse
}

// run sends until the reader goes, or has to.
func (st *stream) run(ctx context.Context) {
	if st.out.begin() != nil {
		return
	}
	if err := st.catchUp(ctx); err != nil {
		st.end(ctx, err)
		return
	}
	beat := time.NewTicker(st.service.opt.Heartbeat)
	defer beat.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			err = ctx.Err()
		case <-st.service.opt.Stopping:
			err = errStopping
		case <-beat.C:
			err = st.out.beat(st.at)
		case ev, ok := <-st.sub.C:
			switch {
			case ctx.Err() != nil: // both were there: whose right has ended hears no more
				err = ctx.Err()
			case !ok:
				err = errSlow
			case ev.Seq > st.at:
				err = st.tell(ev, st.match.Before(ev))
			}
		}
		if err != nil {
			st.end(ctx, err)
			return
		}
	}
}

var (
	errSlow     = errors.New("the reader is too slow")
	errStopping = errors.New("the server stops")
)

// end says why, if the reader is still there.
func (st *stream) end(ctx context.Context, err error) {
	var reason string
	switch {
	case errors.Is(err, errSlow):
		reason = "slow"
	case errors.Is(err, errStopping):
		reason = "stopping"
	case crdt.KindOf(context.Cause(ctx)) == crdt.KindUnauthenticated || crdt.KindOf(context.Cause(ctx)) == crdt.KindBusy:
		reason = "revoked" // or the role is another: the next request tells
	default:
		return
	}
	_ = st.out.event("end", 0, Ended{Reason: reason})
}

// catchUp sends what the reader has missed.
func (st *stream) catchUp(ctx context.Context) error {
	for told := 0; !st.lost; {
		events, err := st.service.opt.Index.Since(ctx, st.who.Org, st.at, catchUpPage)
		if errors.Is(err, index.ErrResync) {
			break
		}
		if err != nil {
			return err
		}
		for _, ev := range events {
			had := false
			if !st.match.After(ev) {
				if had, err = st.mayHaveHad(ev.Doc); err != nil {
					return err
				}
			}
			if err := st.tell(ev, had); err != nil {
				return err
			}
		}
		if told += len(events); len(events) < catchUpPage {
			return nil
		}
		if told >= maxCatchUp {
			break
		}
	}
	return st.resync()
}

// resync tells the reader to read its list anew, and goes on from the feed's end.
func (st *stream) resync() (err error) {
	if st.at, err = st.service.opt.Index.Last(st.who.Org); err != nil {
		return err
	}
	return st.out.event("resync", st.at, struct{}{})
}

// mayHaveHad tells whether a document that is not of the list may have been, and may be told of as gone: what a worker never was
// assigned to he is not to hear of.
func (st *stream) mayHaveHad(doc crdt.DocID) (bool, error) {
	if st.who.Role != access.RoleWorker {
		return true, nil
	}
	return st.service.opt.Documents.KnewOf(st.who, doc)
}

// tell sends what an event means for the list.
func (st *stream) tell(ev index.Event, had bool) error {
	st.at = ev.Seq
	after := st.match.After(ev)
	if after && st.who.Role == access.RoleWorker { // the row may be behind: reading ends with the assignment
		may, err := st.service.opt.Documents.Access(st.who, ev.Doc)
		if err != nil {
			return err
		}
		after, had = may.Read, true
	}
	switch {
	case after:
		return st.out.event("job", ev.Seq, Row{ev.JSON})
	case had:
		return st.out.event("removed", ev.Seq, Removed{ID: ev.Doc.String()})
	}
	return nil
}

// eventsOperation describes the stream.
func eventsOperation(a *api.API) huma.Operation {
	op := operation("stream-job-events", http.MethodGet, "jobs/events",
		"What changes in a list of jobs, as server-sent events: job (its row, new or changed), removed (it is not of the list any more), resync (read the list anew), end", "jobs")
	r := a.OpenAPI().Components.Schemas
	for _, v := range []any{Row{}, Removed{}, Ended{}} {
		r.Schema(reflect.TypeOf(v), true, "") // so that they stand among the schemas
	}
	op.Responses = map[string]*huma.Response{"200": {Description: "The stream. The id of an event is its place in the feed; an event without data is a sign of life",
		Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString, Description: "The data of an event is JSON of one of these types: Row, Removed, Ended"}}}}}
	return api.Unhurried(op)
}

// streams counts those that are open.
type streams struct {
	all chan struct{}
	by  counter
}

// enter takes one more of a principal's in.
func (s *streams) enter(p access.Principal) (leave func(), err error) {
	who := p.Org + "/" + p.ID
	if !s.by.add(who, maxStreams) {
		return nil, crdt.Errorf(crdt.KindBusy, "you have too many streams open")
	}
	select {
	case s.all <- struct{}{}:
		return func() { <-s.all; s.by.remove(who) }, nil
	default:
		s.by.remove(who)
		return nil, crdt.Errorf(crdt.KindBusy, "too many streams are open")
	}
}
