package jobs_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/auth"
)

// told is one event of a stream.
type told struct{ name, id, data string }

// listener is somebody who reads a stream.
type listener struct {
	t      *testing.T
	res    *http.Response
	cancel context.CancelCauseFunc // as a revocation does
	events chan told               // closed at the stream's end
}

// listen opens a stream over a real connection.
func (o *office) listen(p access.Principal, path string, header ...string) *listener {
	o.t.Helper()
	l := &listener{t: o.t, events: make(chan told, 1000)}
	ready := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancelCause(auth.WithPrincipal(r.Context(), p))
		l.cancel = cancel
		close(ready)
		o.mux.ServeHTTP(w, r.WithContext(ctx))
	}))
	r, err := http.NewRequestWithContext(o.t.Context(), http.MethodGet, srv.URL+"/api/v1/"+path, nil)
	if err != nil {
		o.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	if l.res, err = http.DefaultClient.Do(r); err != nil {
		o.t.Fatal(err)
	}
	<-ready
	o.t.Cleanup(func() { l.res.Body.Close(); srv.CloseClientConnections(); srv.Close() })
	go l.read()
	return l
}

func (l *listener) read() {
	defer close(l.events)
	in := bufio.NewReader(l.res.Body)
	var ev told
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch name {
		case "":
			if ev != (told{}) {
				l.events <- ev
			}
			ev = told{}
		case "event":
			ev.name = value
		case "id":
			ev.id = value
		case "data":
			ev.data = value
		}
	}
}

// next gives the next event of a name; what comes before it must be nothing but signs of life.
func (l *listener) next(name string) told {
	l.t.Helper()
	late := time.NewTimer(20 * time.Second)
	defer late.Stop()
	for {
		select {
		case ev, ok := <-l.events:
			switch {
			case !ok:
				l.t.Fatalf("the stream ended; %s was to come", name)
			case ev.name == name:
				return ev
			case ev.name != "":
				l.t.Fatalf("%+v came, not %s", ev, name)
			}
		case <-late.C:
			l.t.Fatalf("no %s came", name)
		}
	}
}

// any gives the next event of any name.
func (l *listener) any() told {
	l.t.Helper()
	late := time.NewTimer(20 * time.Second)
	defer late.Stop()
	for {
		select {
		case ev, ok := <-l.events:
			if !ok || ev.name != "" {
				return ev
			}
		case <-late.C:
			l.t.Fatal("no event came")
		}
	}
}

// ended waits for the stream's end.
func (l *listener) ended() {
	l.t.Helper()
	late := time.NewTimer(20 * time.Second)
	defer late.Stop()
	for {
		select {
		case ev, ok := <-l.events:
			if !ok {
				return
			}
			if ev.name != "" {
				l.t.Fatalf("%+v came, not the end", ev)
			}
		case <-late.C:
			l.t.Fatal("the stream does not end")
		}
	}
}

func (e told) is(t *testing.T, pairs ...string) told {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(e.data), &m); err != nil {
		t.Fatalf("%q: %v", e.data, err)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if m[pairs[i]] != pairs[i+1] {
			t.Errorf("%s is %v, want %s", pairs[i], m[pairs[i]], pairs[i+1])
		}
	}
	return e
}

func TestAListIsToldOfWhatEntersChangesAndLeavesIt(t *testing.T) {
	o := open(t)
	l := o.listen(dora, "jobs/events?status=published&territory=North")
	if l.res.StatusCode != 200 || l.res.Header.Get("Content-Type") != "text/event-stream" || l.res.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v", l.res.StatusCode, l.res.Header)
	}
	south := o.listen(dora, "jobs/events?status=published&territory=South")
	o.job(form("title", "Elsewhere", "territory", "South", "status", "published"))
	south.next("job") // rows of two documents are written in any order
	path, a := o.job(form("title", "Boiler", "territory", "North", "status", "published"))
	first := l.next("job").is(t, "title", "Boiler", "id", a.str("id"), "etag", a.etag())
	o.must(dora, "PATCH", path, form("title", "Boiler 2"))
	second := l.next("job").is(t, "title", "Boiler 2")
	o.must(dora, "PATCH", path, form("territory", "South"))
	l.next("removed").is(t, "id", a.str("id"))
	o.must(dora, "PATCH", path, form("territory", "North"))
	l.next("job").is(t, "title", "Boiler 2")

	o.must(dora, "POST", path+"/status", form("status", "cancelled"))
	gone := l.next("removed")
	if (first.id == "" || first.id >= second.id) && len(first.id) >= len(second.id) {
		t.Errorf("ids %q and %q do not rise", first.id, second.id)
	}
	again := o.listen(dora, "jobs/events?status=published&territory=North", "Last-Event-ID", first.id)
	again.next("removed").is(t, "id", a.str("id")) // it came and went meanwhile: told once, as it is
	o.job(form("title", "Lift", "territory", "North", "status", "published"))
	again.next("job").is(t, "title", "Lift")
	third := o.listen(dora, "jobs/events?status=published&territory=North&after="+gone.id)
	third.next("job").is(t, "title", "Lift")
}

func TestAListAndItsStreamFitTogether(t *testing.T) {
	o := open(t)
	o.job(form("title", "Boiler"))
	o.listed(dora, "jobs", 1)
	page := o.must(dora, "GET", "jobs", nil)
	o.job(form("title", "Lift"))
	l := o.listen(dora, "jobs/events?after="+jsonOf(t, page.at("sequence")))
	l.next("job").is(t, "title", "Lift")
}

func TestAWorkersStreamTellsOfHisJobsAlone(t *testing.T) {
	o := open(t)
	l := o.listen(anna, "jobs/events")
	theirs, _ := o.job(form("title", "Ben's", "assignees", list("ben"), "status", "published"))
	path, a := o.job(form("title", "Anna's", "assignees", list("anna"), "status", "published"))
	first := l.next("job").is(t, "title", "Anna's")
	o.must(dora, "PATCH", theirs, form("title", "Ben's 2"))
	o.must(dora, "PATCH", path, form("assignees", list("ben")))
	l.next("removed").is(t, "id", a.str("id"))
	o.must(dora, "PATCH", path, form("title", "Anna's no more"))
	_, b := o.job(form("title", "Anna's second", "assignees", list("anna"), "status", "published"))
	last := l.next("job").is(t, "id", b.str("id"))
	if strings.Contains(last.data, "no more") {
		t.Error(last.data)
	}
	// Who was away hears of what was his, and of nothing that never was.
	for _, away := range []*listener{o.listen(anna, "jobs/events", "Last-Event-ID", first.id), o.listen(anna, "jobs/events?after=0")} {
		got := map[string]string{}
		for range 2 { // in the order of their rows, which the index makes as it comes to it
			ev := away.any()
			got[ev.name] = ev.data
		}
		if !strings.Contains(got["removed"], a.str("id")) || !strings.Contains(got["job"], b.str("id")) {
			t.Errorf("%v", got)
		}
	}

	other := o.listen(rita, "jobs/events?after=0")
	o.must(rita, "POST", "jobs", form("title", "Rita's"))
	other.next("job").is(t, "title", "Rita's")
}

func TestAStreamShowsThatItLivesAndEndsWithTheCredentialAndTheServer(t *testing.T) {
	o := open(t)
	o.job(form("title", "Boiler"))
	l := o.listen(dora, "jobs/events?after=0")
	first := l.next("job")
	if beat := <-l.events; beat.name != "" || beat.id != first.id {
		t.Errorf("%+v, want a sign of life at %s", beat, first.id)
	}
	l.cancel(crdt.Errorf(crdt.KindUnauthenticated, "revoked"))
	l.next("end").is(t, "reason", "revoked")
	l.ended()
	m := o.listen(dora, "jobs/events")
	close(o.stopping)
	m.next("end").is(t, "reason", "stopping")
	m.ended()
}

func TestWhoIsWhereTheFeedHasNeverBeenReadsItsListAnew(t *testing.T) {
	o := open(t)
	o.job(form("title", "Boiler"))
	o.listed(dora, "jobs", 1)
	l := o.listen(dora, "jobs/events", "Last-Event-ID", "999999")
	l.next("resync")
	o.job(form("title", "Lift"))
	l.next("job").is(t, "title", "Lift")
	o.refused(dora, "GET", "jobs/events?after=99999999999999999999", nil, 400, "invalid", "query.after")
	o.refused(dora, "GET", "jobs/events?after=x", nil, 400, "invalid", "query.after")
	o.refused(dora, "GET", "jobs/events?q=x", nil, 400, "invalid", "query.q")
	o.refused(access.Principal{ID: "integration:x", Org: org, Role: access.RoleWorker}, "GET", "jobs/events", nil, 403, "forbidden", "")
}

func TestStreamsAreBoundedForEachPrincipal(t *testing.T) {
	o := open(t)
	var open []*listener
	for range 10 {
		open = append(open, o.listen(dora, "jobs/events"))
	}
	o.refused(dora, "GET", "jobs/events", nil, 429, "busy", "")
	o.listen(anna, "jobs/events")
	open[0].cancel(crdt.Errorf(crdt.KindUnauthenticated, "revoked"))
	open[0].next("end")
	open[0].ended()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		l := o.listen(dora, "jobs/events")
		if l.res.StatusCode == 200 {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("%d after one was closed", l.res.StatusCode)
		}
	}
}

// TestAReaderWhoDoesNotReadIsCutOff fills the connection of somebody who reads nothing, and finds that he can go on where he was.
func TestAReaderWhoDoesNotReadIsCutOffAndGoesOn(t *testing.T) {
	o := open(t)
	path, _ := o.job(form("title", "Boiler", "skills", list(strings.Repeat("s", 100))))
	first := o.listen(dora, "jobs/events?after=0").next("job")
	held := &stuck{ResponseRecorder: httptest.NewRecorder(), free: make(chan struct{})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		r := httptest.NewRequest(http.MethodGet, "/api/v1/jobs/events", nil)
		o.mux.ServeHTTP(held, r.WithContext(auth.WithPrincipal(r.Context(), dora)))
	}()
	live := o.listen(dora, "jobs/events", "Last-Event-ID", first.id)
	for i := range 400 { // more than wait for a reader
		o.must(dora, "PATCH", path, form("external_id", string(rune('a'+i%26))))
		live.next("job")
	}
	close(held.free)
	<-done
	if !strings.Contains(held.Body.String(), `"slow"`) {
		t.Errorf("the slow reader was told: %s", held.Body)
	}
	o.listen(dora, "jobs/events", "Last-Event-ID", first.id).next("job")
}

func TestWhoseCredentialHasEndedHearsNoMoreOfWhatWaits(t *testing.T) {
	o := open(t)
	path, _ := o.job(form("title", "Boiler"))
	o.listen(dora, "jobs/events?after=0").next("job")
	held := &stuck{ResponseRecorder: httptest.NewRecorder(), free: make(chan struct{})}
	ctx, cancel := context.WithCancelCause(auth.WithPrincipal(t.Context(), dora))
	done := make(chan struct{})
	live := o.listen(dora, "jobs/events")
	go func() {
		defer close(done)
		o.mux.ServeHTTP(held, httptest.NewRequest(http.MethodGet, "/api/v1/jobs/events", nil).WithContext(ctx))
	}()
	for i := range 100 {
		o.must(dora, "PATCH", path, form("external_id", string(rune('a'+i%26))))
		live.next("job")
	}
	cancel(crdt.Errorf(crdt.KindUnauthenticated, "revoked"))
	close(held.free)
	<-done
	if n := strings.Count(held.Body.String(), "event: job"); n > 1 || !strings.Contains(held.Body.String(), `"revoked"`) {
		t.Errorf("%d events after the end, one of which was on its way: %s", n, held.Body)
	}
}

// stuck takes nothing until it is set free.
type stuck struct {
	*httptest.ResponseRecorder
	free chan struct{}
}

func (s *stuck) Write(p []byte) (int, error) {
	if !strings.HasPrefix(string(p), "retry") {
		<-s.free
	}
	return s.ResponseRecorder.Write(p)
}
