package notify

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store"
	"fieldsync/crdt/store/badgerstore"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/documents"
	"fieldsync/server/internal/notify/transport"
	"fieldsync/server/internal/notify/webpush"
	"fieldsync/server/pushtest"

	"github.com/google/uuid"
)

// taker is a push service that costs nothing.
type taker struct{}

func (taker) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	return &http.Response{StatusCode: http.StatusCreated, Body: http.NoBody, Header: http.Header{}, Request: r}, nil
}

// BenchmarkNoticesBesideEdits edits jobs whose people have a subscription and jobs whose people have none, in turns, over a store on disk with 10,000
// subscriptions: the ratio of the medians is what notices cost an edit; the CPU time is measured over edits of one kind, then of the other.
func BenchmarkNoticesBesideEdits(b *testing.B) {
	const subscribed, jobs = 10_000, 50
	st, err := badgerstore.Open(badgerstore.Options{Dir: b.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	crowd := &people{roles: map[string]access.Role{"dora": access.RoleDispatcher}, out: map[string]bool{}, zone: time.UTC}
	service := pushtest.New()
	defer service.Close()
	keys := target(b, service.Subscribe())
	var n *Notifier
	options := Options{Store: st, Room: documents.NewRoom(), People: crowd, Calm: 10 * time.Millisecond, Transports: map[string]transport.Transport{
		ServiceWebPush: webpush.New(webpush.Options{Client: &http.Client{Transport: taker{}}, Key: func(p []byte) *ecdsa.PrivateKey { return n.Key(p) }})}}
	if n, err = New(options); err != nil {
		b.Fatal(err)
	}
	var ops []store.Op
	for i := range subscribed {
		user := fmt.Sprintf("w%d", i)
		crowd.roles[user], crowd.roles["q"+user] = access.RoleWorker, access.RoleWorker
		p := crowd.principal(user)
		s := Subscription{Org: org, User: user, Device: p.Device, Credential: p.Credential, Service: ServiceWebPush, Target: keys}
		s.Endpoint, s.VAPIDKey = fmt.Sprintf("https://push%d.example.org/%s", i%5, user), n.PublicKey()
		value, err := json.Marshal(s)
		if err != nil {
			b.Fatal(err)
		}
		ops = append(ops, store.Op{Key: subscriptionKey(s.id()), Value: value})
	}
	for some := range slices.Chunk(ops, 500) {
		if err := store.Write(st, some); err != nil {
			b.Fatal(err)
		}
	}
	if n, err = New(options); err != nil || n.Subscribed() != subscribed {
		b.Fatal(n.Subscribed(), err)
	}
	svc, err := documents.New(documents.Options{Store: st, Metrics: silent{}, Log: slog.New(slog.DiscardHandler), OnStore: n.OnStore, OnChange: n.OnChange})
	if err != nil {
		b.Fatal(err)
	}
	defer svc.Close()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); n.Run(ctx) }()
	defer func() { stop(); <-ended }()
	made := func(user string) crdt.DocID {
		d := job.Draft{UUID: uuid.NewString(), Assignees: []job.Assignee{{User: user, Edit: true}}, First: job.Event{ID: uuid.NewString(), Status: job.Published, By: "dora"}}
		d.Title, d.Description = "Two pumps", strings.Repeat("They hum. ", 20)
		edits, err := job.New(d)
		if err != nil {
			b.Fatal(err)
		}
		doc, _, err := svc.Create(ctx, crowd.principal("dora"), documents.CreateOptions{}, edits)
		if err != nil {
			b.Fatal(err)
		}
		return doc
	}
	var told, untold []crdt.DocID
	for i := range jobs {
		told, untold = append(told, made(fmt.Sprintf("w%d", i))), append(untold, made(fmt.Sprintf("qw%d", i)))
	}
	number := 0
	edit := func(doc crdt.DocID) time.Duration {
		number++
		began := time.Now()
		if _, err := svc.Edit(ctx, crowd.principal("dora"), doc, documents.EditOptions{}, func(tx *engine.Tx) error {
			return tx.Apply(put(fmt.Sprintf("Title %d", number), "title"))
		}); err != nil {
			b.Fatal(err)
		}
		return time.Since(began)
	}
	sent := func() uint64 {
		log, err := n.Entries(org, LogQuery{Limit: 1})
		if err != nil || len(log) == 0 {
			return 0
		}
		return log[0].Number + 1
	}
	drain := func() {
		for quiet := 0; quiet < 50; {
			n.mu.Lock()
			busy := n.marked.Len() + n.due.Len() + len(n.flying)
			n.mu.Unlock()
			if quiet++; busy > 0 {
				quiet = 0
			}
			<-time.After(2 * time.Millisecond)
		}
	}
	drain()
	b.ResetTimer()
	var with, without []time.Duration
	var cost [2]time.Duration
	notices := uint64(0)
	for range b.N {
		for i := range jobs {
			with, without = append(with, edit(told[i])), append(without, edit(untold[i]))
		}
		drain()
		for kind, docs := range [][]crdt.DocID{untold, told} {
			before, already := cpu(b), sent()
			for _, doc := range docs {
				edit(doc)
			}
			drain()
			cost[kind] += cpu(b) - before
			notices += sent() - already
		}
	}
	b.ReportMetric(median(with).Seconds()*1e6, "µs/edit-told")
	b.ReportMetric(median(without).Seconds()*1e6, "µs/edit-untold")
	b.ReportMetric(median(with).Seconds()/median(without).Seconds(), "ratio")
	b.ReportMetric((cost[1]-cost[0]).Seconds()*1e6/float64(notices), "cpu-µs/notice")
	b.ReportMetric(float64(notices)/float64(b.N), "notices/op")
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
