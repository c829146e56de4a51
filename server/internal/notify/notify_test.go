package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/documents"
	"fieldsync/server/pushtest"
)

func (w *world) want(b *pushtest.Browser, want ...string) {
	w.t.Helper()
	if got := words(w.t, b); !slices.Equal(got, want) {
		w.t.Errorf("told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if err := w.service.Wrong(); err != nil {
		w.t.Error(err)
	}
	if len(want) == 0 && w.Waiting() > 0 {
		w.t.Errorf("%d messages wait", w.Waiting())
	}
}

func (w *world) day() string { return timeOf(w.at(13)).In(w.people.zone).Format("Mon 2 Jan") }

func TestAJobsPeopleAreToldOfWhatOthersDo(t *testing.T) {
	w := newWorld(t)
	anna, ben, dora := w.device("anna"), w.device("ben"), w.device("dora")
	doc := w.job("Two pumps", "anna")
	w.later(2 * time.Second)
	w.want(anna, "Two pumps: New job for you: "+w.day()+", 13:00")
	w.want(ben)
	w.edit(doc, "dora", documents.EditOptions{}, put(w.at(15), "scheduled_at"))
	w.edit(doc, "dora", documents.EditOptions{}, put(map[string]any{"text": crdt.Text("Mind the dog"), "by": "dora", "happened_at": w.at(9)}, "comments", "c1"))
	w.edit(doc, "anna", documents.EditOptions{}, put(map[string]any{"text": crdt.Text("I will"), "by": "anna", "happened_at": w.at(9)}, "comments", "c2"))
	w.later(time.Minute)
	w.want(anna, "Two pumps: New job for you: "+w.day()+", 13:00", "Two pumps: Scheduled for 15:00 instead of 13:00 / New comment by Dora: Mind the dog")
	w.edit(doc, "dora", documents.EditOptions{}, put(map[string]any{"edit": true}, "assignees", "ben"), remove("assignees", "anna"), put("Three pumps", "title"))
	w.later(2 * time.Second)
	if got := words(t, anna); len(got) == 0 || got[len(got)-1] != "Two pumps: This job is not yours any more" {
		t.Fatalf("%q: the name is one that she did not know, or nothing came", got)
	}
	w.want(ben, "Three pumps: New job for you: "+w.day()+", 15:00")
	w.edit(doc, "dora", documents.EditOptions{}, put("Four pumps", "title"))
	w.later(time.Minute)
	if got := words(t, anna); len(got) != 3 {
		t.Errorf("%q: told of a job that is not hers", got)
	}
	w.want(dora)
	m := anna.Messages()[0]
	if m.Urgency != "high" || m.TTL < time.Hour || m.TTL > 25*time.Hour || m.Contact != "mailto:push@example.org" || string(m.Signer) != string(w.PublicKey()) {
		t.Errorf("%+v", m)
	}
	if changed := anna.Messages()[1]; changed.Urgency != "normal" || changed.Topic != m.Topic || changed.Topic == "" {
		t.Errorf("%+v", changed)
	}
}

func TestTenEditsInAMinuteAreOneNotice(t *testing.T) {
	w := newWorld(t)
	anna := w.device("anna")
	doc := w.job("Two pumps", "anna")
	w.later(2 * time.Second)
	for i := range 10 {
		w.edit(doc, "dora", documents.EditOptions{}, put(fmt.Sprintf("Pumps %d", i), "title"))
		w.later(6 * time.Second)
	}
	w.later(time.Minute)
	w.want(anna, "Two pumps: New job for you: "+w.day()+", 13:00", "Pumps 9: Title: Pumps 9 instead of Two pumps")
	if v := anna.Visible(); len(v) != 1 {
		t.Errorf("%d notices stand on the screen: %v", len(v), v)
	}
	w.edit(doc, "dora", documents.EditOptions{}, put("There", "title"))
	w.later(3 * time.Second)
	w.edit(doc, "dora", documents.EditOptions{}, put("Pumps 9", "title"))
	w.later(time.Minute)
	if got := words(t, anna); len(got) != 2 {
		t.Errorf("%q: told of what was changed back", got)
	}
}

func TestMutedChangesAreToldToNobody(t *testing.T) {
	w := newWorld(t)
	anna := w.device("anna")
	doc := w.job("Two pumps", "anna")
	w.later(2 * time.Second)
	w.edit(doc, "dora", documents.EditOptions{Mute: true}, put("Three", "title"))
	w.later(time.Minute)
	w.want(anna, "Two pumps: New job for you: "+w.day()+", 13:00")
}

func TestWhatBecameOfAPersonMeanwhileCounts(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(w *world, doc crdt.DocID)
		gone bool // the subscription, too
		log  string
	}{
		"disabled":   {func(w *world, _ crdt.DocID) { w.people.roles["anna"] = "" }, true, dropSignedOut},
		"signed out": {func(w *world, _ crdt.DocID) { w.people.out["cred-anna"] = true }, true, dropSignedOut},
		"another's now": {func(w *world, doc crdt.DocID) {
			w.edit(doc, "dora", documents.EditOptions{Mute: true}, remove("assignees", "anna"))
		}, false, dropMayNotRead},
		"wants only today": {func(w *world, _ crdt.DocID) {
			w.set("anna", Settings{OnlyToday: true, TimeZone: "Pacific/Kiritimati"})
			w.clock = w.clock.Add(48 * time.Hour)
		}, false, dropNotToday},
	} {
		w := newWorld(t)
		doc := w.job("Two pumps", "anna")
		anna := w.device("anna")
		w.edit(doc, "dora", documents.EditOptions{}, put("Three", "title"))
		w.later(2 * time.Second) // it is in the outbox, and waits for calm
		c.do(w, doc)
		w.later(time.Minute)
		if got := words(t, anna); len(got) > 0 {
			t.Errorf("%s: told %q", name, got)
		}
		if _, err := w.Of(org, "device-anna"); (err != nil) != c.gone {
			t.Errorf("%s: %v", name, err)
		}
		if log := w.entries(); len(log) != 1 || log[0].Result != resultDropped || log[0].Reason != c.log {
			t.Errorf("%s: %+v", name, log)
		}
		if w.Waiting() > 0 {
			t.Errorf("%s: it waits", name)
		}
	}
}

func (w *world) set(user string, s Settings) {
	w.t.Helper()
	if err := w.Set(org, user, s); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) entries() []Entry {
	w.t.Helper()
	all, err := w.Entries(org, LogQuery{Limit: 100})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

func TestQuietHoursHoldNoticesBack(t *testing.T) {
	w := newWorld(t)
	d := w.clock
	w.clock = time.Date(d.Year(), d.Month(), d.Day(), 23, 0, 0, 0, w.people.zone)
	anna := w.device("anna")
	w.set("anna", Settings{QuietFrom: "22:00", QuietTo: "06:00"})
	doc := w.job("Two pumps", "anna")
	w.later(2 * time.Second)
	w.edit(doc, "dora", documents.EditOptions{}, put(map[string]any{"edit": false}, "assignees", "ben"))
	w.later(time.Minute)
	if anna.Asked() > 0 || w.Waiting() != 1 {
		t.Fatalf("%d requests at night, %d wait", anna.Asked(), w.Waiting())
	}
	w.reopen()
	w.clock = time.Date(d.Year(), d.Month(), d.Day()+1, 5, 59, 58, 0, w.people.zone)
	w.work()
	if anna.Asked() > 0 {
		t.Fatal("told before six")
	}
	w.later(2 * time.Second)
	// The service looks at tokens by its own clock, where it is not tomorrow: that it was asked is what counts here.
	if anna.Asked() != 1 {
		t.Errorf("%d requests at six", anna.Asked())
	}
}

func TestEachAnswerOfTheServiceHasItsEffect(t *testing.T) {
	for _, c := range []struct {
		status int
		retry  string
		result string
		gone   bool
		next   time.Duration // 0: it is over
	}{
		{201, "", "sent", false, 0}, {200, "", "sent", false, 0}, {202, "", "sent", false, 0},
		{404, "", "gone", true, 0}, {410, "", "gone", true, 0}, {403, "", "gone", true, 0},
		{400, "", "refused", false, 0}, {401, "", "refused", false, 0}, {301, "", "refused", false, 0},
		{429, "120", "later", false, 120 * time.Second}, {429, "", "later", false, 3 * time.Second},
		{500, "", "later", false, 3 * time.Second}, {503, "60", "later", false, 60 * time.Second}, {408, "", "later", false, 3 * time.Second},
	} {
		w := newWorld(t)
		anna := w.device("anna")
		w.service.Answer(func(*pushtest.Browser) *pushtest.Answer {
			return &pushtest.Answer{Status: c.status, RetryAfter: c.retry}
		})
		w.job("Two pumps", "anna")
		w.later(time.Second)
		log := w.entries()
		if len(log) != 1 || log[0].Result != c.result || log[0].Status != c.status || log[0].Attempt != 1 {
			t.Errorf("%d: %+v", c.status, log)
			continue
		}
		if _, err := w.Of(org, "device-anna"); errors.Is(err, ErrNoSubscription) != c.gone {
			t.Errorf("%d: the subscription: %v", c.status, err)
		}
		for _, result := range []string{"sent", "gone", "refused", "later"} {
			if of, err := w.Entries(org, LogQuery{Result: result, Limit: 100}); err != nil || (len(of) == 1) != (result == c.result) {
				t.Errorf("%d: of the log, %s: %+v, %v", c.status, result, of, err)
			}
		}
		if (c.next > 0) != (log[0].NextAt > 0) || c.next > 0 && (log[0].NextAt < stamp(w.clock.Add(c.next)) || log[0].NextAt > stamp(w.clock.Add(2*c.next+5*time.Second))) {
			t.Errorf("%d: again at %s, it is %s", c.status, log[0].NextAt, stamp(w.clock))
		}
		if (w.Waiting() > 0) != (c.next > 0) {
			t.Errorf("%d: %d wait", c.status, w.Waiting())
		}
		w.service.Answer(nil)
		if c.next > 0 {
			w.later(c.next - time.Second)
			if anna.Asked() != 1 {
				t.Errorf("%d: asked again too soon", c.status)
			}
			w.later(2*c.next + 10*time.Second)
			w.want(anna, "Two pumps: New job for you: "+w.day()+", 13:00")
		}
	}
}

func TestWhatIsTooLongComesShort(t *testing.T) {
	w := newWorld(t)
	anna := w.device("anna")
	n := 0
	w.service.Answer(func(*pushtest.Browser) *pushtest.Answer {
		if n++; n == 1 {
			return &pushtest.Answer{Status: 413}
		}
		return nil
	})
	w.job("Two pumps", "anna")
	w.later(2 * time.Second)
	w.want(anna, "Two pumps: ")
}

func TestAServiceThatFailsIsLeftAloneAndAskedByOne(t *testing.T) {
	w := newWorld(t)
	var all []*pushtest.Browser
	for i := range 20 {
		user := fmt.Sprintf("w%02d", i)
		w.people.roles[user] = access.RoleWorker
		all = append(all, w.device(user))
	}
	asked := func() (n int) {
		for _, b := range all {
			n += b.Asked()
		}
		return n
	}
	w.service.Answer(func(*pushtest.Browser) *pushtest.Answer { return &pushtest.Answer{Status: 503} })
	var users []string
	for user := range w.people.roles {
		if user[0] == 'w' {
			users = append(users, user)
		}
	}
	w.job("Two pumps", users...)
	w.later(10 * time.Second)
	if asked() != breakAfter || len(w.Broken()) != 1 {
		t.Errorf("asked %d times in ten seconds, want %d; broken: %v", asked(), breakAfter, w.Broken())
	}
	w.later(minBroken)
	if asked() != breakAfter+1 {
		t.Errorf("asked %d times after the pause, want one more", asked())
	}
	w.service.Answer(nil)
	w.later(3 * time.Minute)
	for _, b := range all {
		if len(b.Messages()) != 1 {
			t.Errorf("%d messages after the service was there again", len(b.Messages()))
		}
	}
	if len(w.Broken()) != 0 || w.Waiting() != 0 {
		t.Errorf("broken %v, %d wait", w.Broken(), w.Waiting())
	}
}

func TestANoticeEndsWithTheWorkingDay(t *testing.T) {
	w := newWorld(t)
	anna := w.device("anna")
	w.service.Answer(func(*pushtest.Browser) *pushtest.Answer { return &pushtest.Answer{Status: 429, RetryAfter: "7200"} })
	w.job("Two pumps", "anna")
	w.later(time.Second)
	for range 30 {
		w.clock = w.clock.Add(time.Hour)
		w.work()
	}
	log := w.entries()
	if w.Waiting() != 0 || log[0].Result != resultExpired || anna.Asked() < 1 || anna.Asked() > 14 {
		t.Errorf("%d wait, asked %d times, %+v", w.Waiting(), anna.Asked(), log[0])
	}
}

func TestWhatComesWhileANoticeIsSentIsToldAfterIt(t *testing.T) {
	w := newWorld(t)
	anna := w.device("anna")
	doc := w.job("Two pumps", "anna")
	w.clock = w.clock.Add(2 * time.Second)
	w.mu.Lock()
	w.marked.drop(doc)
	w.mu.Unlock()
	w.derived(doc)
	s, _, ok := w.take()
	if !ok {
		t.Fatal("nothing is due")
	}
	r := w.send(context.Background(), s)
	w.edit(doc, "dora", documents.EditOptions{}, put("Three", "title"))
	w.derived(doc)
	w.settleAll([]result{r})
	w.later(time.Minute)
	w.want(anna, "Two pumps: New job for you: "+w.day()+", 13:00", "Three: Title: Three instead of Two pumps")
}

func TestACrashLosesNoNoticeAndMakesNoneUp(t *testing.T) {
	w := newWorld(t)
	anna := w.device("anna")
	fail := errors.New("cut off")
	for round := range 50 {
		title := fmt.Sprintf("Job %d", round)
		durable := true
		if round%5 == 4 { // the change itself does not become durable
			w.store.SetFault(func(int, []store.Op) error { return fail })
			durable = false
		}
		if durable {
			w.job(title, "anna")
		} else {
			w.tryJob(title, "anna")
		}
		w.clock = w.clock.Add(2 * time.Second)
		switch round % 5 { // killed behind the change, behind the outbox, behind the sending
		case 1, 2, 3:
			w.mu.Lock()
			doc, _, _ := w.marked.next()
			w.mu.Unlock()
			w.derived(doc)
			if round%5 >= 2 {
				s, _, ok := w.take()
				if !ok {
					t.Fatal("nothing is due")
				}
				r := w.send(context.Background(), s)
				if round%5 == 3 {
					w.store.SetFault(func(int, []store.Op) error { return fail })
					w.settleAll([]result{r})
				}
			}
		}
		w.store.SetFault(nil)
		w.reopen()
		w.work()
		got := words(t, anna)
		want := title + ": New job for you: " + w.day() + ", 13:00"
		if slices.Contains(got, want) != durable {
			t.Fatalf("round %d: durable %v, told %q", round, durable, got[max(0, len(got)-3):])
		}
	}
	if w.Waiting() != 0 {
		t.Errorf("%d wait", w.Waiting())
	}
	if v := anna.Visible(); len(v) != 40 {
		t.Errorf("%d notices of 40 durable jobs", len(v))
	}
}

// keys counts what the store holds of a kind.
func (w *world) keys(kind byte) (count int) {
	w.t.Helper()
	if err := w.store.Scan(store.API(kind), nil, func(_, _ []byte) error { count++; return nil }); err != nil {
		w.t.Fatal(err)
	}
	return count
}

func TestAMarkThatIsWrittenWhileAnEarlierOneIsReadIsReadToo(t *testing.T) {
	w := newWorld(t)
	w.device("anna")
	doc := w.job("Two pumps", "anna")
	w.later(2 * time.Second)
	w.edit(doc, "dora", documents.EditOptions{}, put("Three", "title"))
	record := access.Record{Org: org, Kind: job.Kind, Assignees: []string{"anna"}}
	under := w.OnStore(documents.Stored{Doc: doc, From: 1000, To: 1001, Before: record, Now: record})
	w.later(2 * time.Second) // the mark of Three is read, and the next is under way
	if len(under) != 1 || w.keys(kindMark) != 0 {
		t.Fatalf("%d marks given, %d there", len(under), w.keys(kindMark))
	}
	if err := store.Write(w.store, under); err != nil {
		t.Fatal(err)
	}
	w.Notifier.OnChange(doc)
	w.later(2 * time.Second)
	if n := w.keys(kindMark); n != 0 || len(w.expected) != 0 {
		t.Errorf("%d marks, %d expected: left lying until the job changes again", n, len(w.expected))
	}
}

func TestAMarkWhoseLastDeviceSignsOutIsRemoved(t *testing.T) {
	w := newWorld(t)
	anna := w.device("anna")
	doc := w.job("Two pumps", "anna")
	w.later(2 * time.Second)
	w.edit(doc, "dora", documents.EditOptions{}, put("Three", "title"))
	if w.keys(kindMark) != 1 {
		t.Fatal("no mark")
	}
	if err := w.Unsubscribe(org, "device-anna"); err != nil {
		t.Fatal(err)
	}
	// And one whose write fails, and is made again when nobody is to be told of it any more.
	record := access.Record{Org: org, Kind: job.Kind, Assignees: []string{"anna"}}
	w.device("anna")
	w.OnStore(documents.Stored{Doc: doc, From: 1000, To: 1001, Before: record, Now: record})
	w.Notifier.OnChange(doc)
	if err := w.Unsubscribe(org, "device-anna"); err != nil {
		t.Fatal(err)
	}
	w.later(10 * time.Minute)
	if marks, waiting := w.keys(kindMark), w.keys(kindOutbox); marks+waiting+len(w.expected)+w.marked.Len() != 0 {
		t.Errorf("%d marks, %d messages, %d expected, %d to be looked at", marks, waiting, len(w.expected), w.marked.Len())
	}
	if got := words(t, anna); len(got) != 1 {
		t.Errorf("%q", got)
	}
}
