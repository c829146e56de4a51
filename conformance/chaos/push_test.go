package chaos_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fieldsync/conformance/internal/sut"
	"fieldsync/server/pushtest"
)

// office asks the API of a server.
type office struct {
	t *testing.T
	p *sut.Process
}

func (o office) call(token, method, path string, in, out any) error {
	raw, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(o.t.Context(), method, "http://"+o.p.Addr+"/api/v1/"+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s", method, path, res.Status)
	}
	return json.NewDecoder(res.Body).Decode(out)
}

// A notice is due exactly for what became durable: a server that is killed at any moment between a change and its push sends all of them in the end,
// and none for a change that nobody has.
func TestEveryNoticeDueIsSentThroughKill9(t *testing.T) {
	rounds := number(t, "CHAOS_ROUNDS", 50)
	random := rand.New(rand.NewPCG(uint64(number(t, "CHAOS_SEED", 1)), 7))
	bin, err := sut.BuildFieldsyncd(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p, err := sut.Fieldsyncd(bin, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p.Args = append(p.Args, "--push-allow", "127.0.0.1", "--push-calm", "50ms")
	service := pushtest.New()
	defer service.Close()
	browser := service.Subscribe()
	o := office{t, p}
	start := func() {
		if err := p.Start(t.Context()); err != nil {
			t.Fatalf("%v\n%s", err, p.Output())
		}
	}
	start()
	defer p.Kill()
	var ignored any
	if err := o.call("demo-worker-anna", "PUT", "push/subscription", map[string]any{"endpoint": browser.Endpoint, "keys": map[string]string{"p256dh": browser.P256dh, "auth": browser.Auth}}, &ignored); err != nil {
		t.Fatal(err)
	}
	const at = "2031-05-06T07:08:09.000Z"
	due := map[string]bool{} // titles of jobs that were acknowledged
	for round := range rounds {
		last := int64(1 + random.IntN(8))
		var mu sync.Mutex
		var acknowledged atomic.Int64
		var working sync.WaitGroup
		for writer := range 3 {
			working.Go(func() {
				for n := 0; ; n++ {
					title := fmt.Sprintf("round %d, writer %d, job %d", round, writer, n)
					job := map[string]any{"title": title, "status": "published", "scheduled_at": at, "assignees": []any{map[string]any{"user": "anna", "edit": true}}}
					var made any
					if o.call("demo-dispatcher", "POST", "jobs", job, &made) != nil {
						return // it is killed
					}
					mu.Lock()
					due[title] = true
					mu.Unlock()
					if acknowledged.Add(1) == last {
						p.Kill()
					}
				}
			})
		}
		working.Wait()
		p.Wait()
		start()
	}
	pushed := func() map[string]bool {
		out := map[string]bool{}
		for _, m := range browser.Messages() {
			var said struct{ Title, Kind string }
			if json.Unmarshal(m.Payload, &said) == nil && said.Kind == "assigned" {
				out[said.Title] = true
			}
		}
		return out
	}
	missing := func() (titles []string) {
		got := pushed()
		for title := range due {
			if !got[title] {
				titles = append(titles, title)
			}
		}
		return titles
	}
	for deadline := time.After(2 * time.Minute); len(missing()) > 0; {
		select {
		case <-service.Came():
		case <-time.After(time.Second):
		case <-deadline:
			t.Fatalf("of %d notices due %d were not sent: %.300q\n%s", len(due), len(missing()), missing(), p.Output())
		}
	}
	there := map[string]bool{}
	for cursor := ""; ; {
		var page struct {
			Jobs []struct{ Title string }
			Next string
		}
		if err := o.call("demo-dispatcher", "GET", "jobs?limit=200&cursor="+cursor, nil, &page); err != nil {
			t.Fatal(err)
		}
		for _, j := range page.Jobs {
			there[j.Title] = true
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	for title := range pushed() {
		if !there[title] {
			t.Errorf("told of %q, which is not there", title)
		}
	}
	if err := service.Wrong(); err != nil {
		t.Error(err)
	}
	t.Logf("%d rounds, %d jobs acknowledged, %d there, %d told of in %d messages", rounds, len(due), len(there), len(pushed()), len(browser.Messages()))
}
