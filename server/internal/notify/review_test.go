package notify

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/documents"
	"fieldsync/server/pushtest"
)

// minutes gives each minute around the days of 2027 on which a zone's clocks are changed.
func minutes(t *testing.T, name string) (*time.Location, []time.Time) {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	var out []time.Time
	for day := time.Date(2027, 1, 1, 0, 0, 0, 0, zone); day.Year() == 2027; day = day.AddDate(0, 0, 1) {
		_, before := day.Zone()
		if _, after := day.AddDate(0, 0, 1).Zone(); before == after {
			continue
		}
		for at := day.Add(-12 * time.Hour); at.Before(day.Add(36 * time.Hour)); at = at.Add(time.Minute) {
			out = append(out, at)
		}
	}
	return zone, out
}

var zones = []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Kolkata"}

func TestQuietHoursEndInTheFutureAlsoWhereTheClocksAreChanged(t *testing.T) {
	for _, name := range zones {
		zone, all := minutes(t, name)
		for _, set := range []Settings{{QuietFrom: "22:00", QuietTo: "06:00"}, {QuietFrom: "01:00", QuietTo: "02:15"}, {QuietFrom: "23:30", QuietTo: "00:30"}, {QuietFrom: "23:00", QuietTo: "02:30"}, {QuietFrom: "02:00", QuietTo: "03:00"}} {
			for _, now := range all {
				until := set.quietUntil(now, zone)
				if until.IsZero() {
					continue
				}
				if wait := until.Sub(now); wait <= 0 || wait > 10*time.Hour {
					t.Fatalf("%s %+v: at %s quiet until %s", name, set, now, until)
				}
			}
		}
	}
}

func TestAWorkingDayEndsAtItsTimeInEachZoneAndWhereTheClocksAreChanged(t *testing.T) {
	w := newWorld(t)
	for _, name := range zones {
		zone, all := minutes(t, name)
		w.people.zone = zone
		for _, now := range all {
			end := w.endOfWork(org, now)
			if left := end.Sub(now); left < leastTTL || left > 26*time.Hour || end.In(zone).Format("15:04") != "20:00" {
				t.Fatalf("%s: at %s the day ends %s", name, now, end)
			}
		}
	}
}

func TestAJobOfTheDayThatFollowsIsToldAfterQuietHoursToWhoWantsOnlyThatDays(t *testing.T) {
	w := newWorld(t)
	d := w.clock
	w.clock = time.Date(d.Year(), d.Month(), d.Day(), 23, 0, 0, 0, w.people.zone).Add(-24 * time.Hour)
	anna := w.device("anna")
	w.set("anna", Settings{QuietFrom: "22:00", QuietTo: "06:00", OnlyToday: true})
	doc := w.job("Two pumps", "anna") // at 13:00 of the day that ends
	w.edit(doc, "dora", documents.EditOptions{Mute: true}, put(w.at(13)+86_400_000, "scheduled_at"))
	w.job("One pump", "anna") // is not of the day that follows
	w.later(2 * time.Second)
	if anna.Asked() > 0 || w.Waiting() != 2 {
		t.Fatalf("asked %d times at night, %d wait", anna.Asked(), w.Waiting())
	}
	w.clock = time.Date(d.Year(), d.Month(), d.Day(), 6, 0, 1, 0, w.people.zone)
	w.work()
	if anna.Asked() != 1 || w.Waiting() != 0 {
		t.Errorf("asked %d times at six, %d wait, log %+v", anna.Asked(), w.Waiting(), w.entries())
	}
}

func TestAJobThatIsNeverLeftAloneIsToldOfWithinAMinuteOrSo(t *testing.T) {
	w := newWorld(t)
	anna := w.device("anna")
	doc := w.job("Two pumps", "anna")
	w.later(2 * time.Second)
	for i := range 13 { // 65 s
		w.edit(doc, "dora", documents.EditOptions{}, put(fmt.Sprintf("Pumps %d", i), "title"))
		w.later(5 * time.Second)
	}
	if got := words(t, anna); len(got) != 2 {
		t.Errorf("%q after a minute of edits", got)
	}
}

func TestWhatBecameOfAMessageThatCouldNotBeWrittenIsFoundOutAgain(t *testing.T) {
	w := newWorld(t)
	anna := w.device("anna")
	w.job("Two pumps", "anna")
	w.heard()
	w.clock = w.clock.Add(2 * time.Second)
	docs, _ := w.takeMarked()
	w.derived(docs...)
	w.store.SetFault(func(int, []store.Op) error { return errors.New("the disk is full") })
	w.work()
	if anna.Asked() != 1 || w.Waiting() != 1 {
		t.Fatalf("asked %d times, %d wait", anna.Asked(), w.Waiting())
	}
	w.store.SetFault(nil)
	w.later(failedPause + time.Second)
	if log := w.entries(); anna.Asked() != 2 || w.Waiting() != 0 || len(log) != 1 || log[0].Number != 0 {
		t.Errorf("asked %d times, %d wait, log %+v: a number that was not written is free", anna.Asked(), w.Waiting(), log)
	}
}

func TestTheLogKeepsSoMuchAndNoMore(t *testing.T) {
	w := newWorld(t)
	w.device("anna")
	s := w.List(org, "")[0]
	for range keptEntries + 50 {
		e := entryOf(&s, "", "test", 1, 1)
		ops, err := w.logOps(org, &e)
		if err == nil {
			err = store.Write(w.store, ops)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := w.keys(kindLog); n != keptEntries {
		t.Errorf("%d entries", n)
	}
}

func TestADeviceHasSoManyJobsWaitingAndNoMore(t *testing.T) {
	w := newWorld(t)
	w.device("anna")
	w.set("anna", Settings{QuietFrom: w.clock.Add(-time.Hour).Format("15:04"), QuietTo: w.clock.Add(2 * time.Hour).Format("15:04")})
	for i := range maxWaiting + 20 {
		w.job(fmt.Sprint("Job ", i), "anna")
	}
	w.later(2 * time.Second)
	if n := w.keys(kindOutbox); n != maxWaiting || w.keys(kindMark) != 0 {
		t.Errorf("%d wait, %d marks", n, w.keys(kindMark))
	}
}

func TestNothingIsWrittenOfWhatWaitsForAServiceThatFails(t *testing.T) {
	w := newWorld(t)
	w.service.Answer(func(*pushtest.Browser) *pushtest.Answer { return &pushtest.Answer{Status: 503} })
	var users []string
	for i := range 50 {
		user := fmt.Sprintf("w%02d", i)
		users, w.people.roles[user] = append(users, user), access.RoleWorker
		w.device(user)
	}
	w.job("Two pumps", users...)
	w.later(3 * time.Second)
	writes := 0
	w.store.SetFault(func(_ int, ops []store.Op) error { writes += len(ops); return nil })
	w.later(5 * time.Minute)
	if asked := len(w.entries()) - breakAfter; writes > 3*asked+3 || asked < 2 { // of each that was asked: the message, the log
		t.Errorf("%d writes while %d were asked", writes, asked)
	}
	w.service.Answer(nil)
	w.later(10 * time.Minute)
	if w.Waiting() > 0 {
		t.Errorf("%d wait after the service was there again", w.Waiting())
	}
}

func TestARotatedKeyServesThoseWhoSubscribedWithIt(t *testing.T) {
	w := newWorld(t)
	anna := w.device("anna")
	old := string(w.PublicKey())
	if err := w.RotateKey(); err != nil {
		t.Fatal(err)
	}
	ben := w.device("ben")
	w.reopen()
	w.job("Two pumps", "anna", "ben")
	w.later(2 * time.Second)
	if a, b := anna.Messages(), ben.Messages(); len(a) != 1 || len(b) != 1 || string(a[0].Signer) != old || string(b[0].Signer) != string(w.PublicKey()) || old == string(w.PublicKey()) {
		t.Errorf("%+v %+v: a subscription is bound to the key that it was made with", a, b)
	}
	if err := w.Unsubscribe(org, "device-anna"); err != nil {
		t.Fatal(err)
	}
	if err := w.RotateKey(); err != nil {
		t.Fatal(err)
	}
	if w.Key([]byte(old)) != nil || len(w.vapid.Keys) != 2 {
		t.Errorf("%d keys: one that no subscription has is kept", len(w.vapid.Keys))
	}
}
