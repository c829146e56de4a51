package chaos_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fieldsync/blobs"
	"fieldsync/client"
	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt"
	"fieldsync/crdt/job"
)

// phoneVariable makes this program a phone in a folder, until it is killed: its value is the folder. The job is in phoneVariable_JOB, and
// what the names of its things begin with in phoneVariable_ROUND.
const phoneVariable = "FIELDSYNC_CHAOS_PHONE"

// phoneKey encrypts the phone's folder.
var phoneKey = bytes.Repeat([]byte{9}, client.KeyLen)

func openPhone(dir string) (*client.Client, error) {
	return client.Open(client.Options{Dir: dir, Key: phoneKey, Log: slog.New(slog.DiscardHandler), StallAfter: 5 * time.Second})
}

// snapshot is a photo of noise: a JPEG that nothing makes smaller, of about 300 KB, from which previews are made.
func snapshot(seed uint64) []byte {
	rng := rand.New(rand.NewPCG(seed, 1))
	img := image.NewNRGBA(image.Rect(0, 0, 480, 360))
	for i := range img.Pix {
		img.Pix[i] = byte(rng.Uint32())
	}
	img.Set(0, 0, color.White)
	var out bytes.Buffer
	_ = jpeg.Encode(&out, img, &jpeg.Options{Quality: 90}) // to memory
	return out.Bytes()
}

// workOnThePhone stays connected, writes comments and takes photos, and prints what is saved, when the client has said so.
func workOnThePhone(dir string) error {
	ctx := context.Background()
	c, err := openPhone(dir)
	if err != nil {
		return err
	}
	id, err := crdt.ParseDocID(os.Getenv(phoneVariable + "_JOB"))
	if err != nil {
		return err
	}
	go func() { _ = c.Run(ctx) }()
	round := os.Getenv(phoneVariable + "_ROUND")
	tmp, err := os.MkdirTemp("", "fieldsync-photo-")
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		name := fmt.Sprintf("%s-%d", round, n)
		if n%4 != 3 {
			if _, err := c.Comment(ctx, id, name); err != nil {
				return err
			}
			fmt.Println("comment", name)
			continue
		}
		path := filepath.Join(tmp, name+".jpg")
		if err := os.WriteFile(path, snapshot(rand.Uint64()), 0o600); err != nil {
			return err
		}
		a, err := c.Attach(ctx, id, path, "")
		if err := errors.Join(err, os.Remove(path)); err != nil {
			return err
		}
		fmt.Println("photo", name, a.SHA256, a.ThumbnailSHA256)
	}
}

// phoneWorld is a server, an office, and a phone that is killed.
type phoneWorld struct {
	*testing.T
	p      *sut.Process
	dir    string
	office *client.Client
	said   []string // what the phone said was saved, of the job of now
	id     crdt.DocID
	plan   blobs.Ref // the file that the office gave the job
}

// start has the server run again.
func (w *phoneWorld) start() {
	w.Helper()
	if err := w.p.Start(context.Background()); err != nil {
		w.Fatalf("%v\n%s", err, w.p.Output())
	}
}

func (w *phoneWorld) open() *client.Client {
	w.Helper()
	c, err := openPhone(w.dir)
	if err != nil {
		w.Fatal(err)
	}
	return c
}

func (w *phoneWorld) sync(c *client.Client) {
	w.Helper()
	for range 50 { // on a busy machine a sync may come to its bounds
		r, err := c.Sync(w.Context())
		if err == nil && r.Finished {
			return
		}
		if err != nil && !errors.Is(err, client.ErrOffline) && !errors.Is(err, client.ErrUnfinished) {
			w.Fatal(err)
		}
	}
	w.Fatalf("it never came in step\n%s", w.p.Output())
}

// newJob has the office make a job with a plan of 2 MB, and the phone hold it, without the plan.
func (w *phoneWorld) newJob() {
	w.Helper()
	d := job.Draft{Plan: job.Plan{Title: "Pump"}, First: job.Event{ID: "made", Status: job.Published, HappenedAt: 1, By: "dispatcher"},
		Assignees: []job.Assignee{{User: "anna", Edit: true}}}
	edits, err := job.New(d)
	if err != nil {
		w.Fatal(err)
	}
	if w.id, err = w.office.Create(w.Context(), edits...); err != nil {
		w.Fatal(err)
	}
	w.sync(w.office)
	c := w.open()
	w.sync(c)
	if err := c.SetStatus(w.Context(), w.id, client.StatusChange{Status: job.Started}); err != nil {
		w.Fatal(err)
	}
	if err := c.Close(); err != nil {
		w.Fatal(err)
	}
	path := filepath.Join(w.TempDir(), "plan.bin")
	data := make([]byte, 2<<20)
	for i := range data {
		data[i] = byte(rand.Uint32())
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		w.Fatal(err)
	}
	w.plan = blobs.RefOf(data)
	if _, err := w.office.Attach(w.Context(), w.id, path, ""); err != nil {
		w.Fatal(err)
	}
	w.sync(w.office)
	w.said = nil
}

// round has the phone work and kills it in the middle of something, and in every other round the server too.
func (w *phoneWorld) round(n int) {
	w.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), phoneVariable+"="+w.dir, phoneVariable+"_JOB="+w.id.String(), fmt.Sprintf("%s_ROUND=r%d", phoneVariable, n))
	var stderr bytes.Buffer
	child.Stderr = &stderr
	out, err := child.StdoutPipe()
	if err != nil {
		w.Fatal(err)
	}
	if err := child.Start(); err != nil {
		w.Fatal(err)
	}
	watchdog := time.AfterFunc(watchdog, func() { _ = child.Process.Kill() })
	defer watchdog.Stop()
	lines := bufio.NewReader(out)
	killAt := 1 + rand.IntN(40)
	serverAt := -1
	if n%2 == 1 {
		serverAt = rand.IntN(killAt + 1)
	}
	back := make(chan struct{})
	close(back)
	for seen := 0; ; seen++ {
		if seen == serverAt {
			back = make(chan struct{})
			go func() { // the phone goes on meanwhile
				defer close(back)
				w.p.Kill()
				if err := w.p.Start(context.Background()); err != nil {
					w.Errorf("the server: %v\n%s", err, w.p.Output())
				}
			}()
		}
		if seen == killAt {
			time.AfterFunc(time.Duration(rand.IntN(60_000))*time.Microsecond, func() { _ = child.Process.Kill() })
		}
		line, err := lines.ReadString('\n')
		if err != nil {
			if !errors.Is(err, io.EOF) {
				w.Fatal(err)
			}
			break
		}
		w.said = append(w.said, strings.TrimSpace(line))
	}
	<-back
	if err := child.Wait(); child.ProcessState.Exited() {
		w.Fatalf("round %d: the phone ended by itself: %v\n%s", n, err, &stderr)
	}
}

// check looks whether all that was said to be saved is in a job as a client shows it, and its files are what they were. It gives what is missing.
func (w *phoneWorld) check(c *client.Client, files bool) (missing []string) {
	w.Helper()
	v, err := c.View(w.id)
	if err != nil {
		w.Fatal(err)
	}
	comments, photos := map[string]int{}, map[string]job.Attachment{}
	for _, x := range v.Job.Comments {
		comments[x.Text]++
	}
	for _, a := range v.Job.Attachments {
		photos[a.SHA256] = a
	}
	for _, line := range w.said {
		f := strings.Fields(line)
		if f[0] == "comment" {
			if comments[f[1]] != 1 {
				missing = append(missing, line)
			}
			continue
		}
		a, ok := photos[f[2]]
		if !ok || a.ThumbnailSHA256 != f[3] {
			missing = append(missing, line)
			continue
		}
		if !files {
			continue
		}
		var got bytes.Buffer
		if err := c.Fetch(w.Context(), w.id, a.ID, &got); err != nil || blobs.RefOf(got.Bytes()).String() != f[2] {
			missing = append(missing, fmt.Sprintf("%s: %d bytes, %v", line, got.Len(), err))
		}
	}
	return missing
}

// TestNothingThatThePhoneSaidWasSavedIsLostByKill9 kills a phone again and again while it writes, takes photos, sends and fetches files, and the server too. Its
// folder is encrypted. CHAOS_PHONE_ROUNDS=100 is the long form.
func TestNothingThatThePhoneSaidWasSavedIsLostByKill9(t *testing.T) {
	rounds := number(t, "CHAOS_PHONE_ROUNDS", 10)
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	p, err := sut.Fieldsyncd(bin, filepath.Join(t.TempDir(), "data"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	w := &phoneWorld{T: t, p: p, dir: filepath.Join(t.TempDir(), "phone")}
	w.start()
	if w.office, err = client.Open(client.Options{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler), StallAfter: 5 * time.Second}); err != nil {
		t.Fatal(err)
	}
	defer w.office.Close()
	if _, err := w.office.Login(t.Context(), "http://"+p.Addr, "demo-dispatcher"); err != nil {
		t.Fatal(err)
	}
	c := w.open()
	if _, err := c.Login(t.Context(), "http://"+p.Addr, "demo-worker-anna"); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	comments, photos, unsent := 0, 0, 0
	const perJob = 10
	for n := range rounds {
		if n%perJob == 0 {
			w.newJob()
		}
		w.round(n)
		c := w.open()
		if missing := w.check(c, false); len(missing) > 0 {
			t.Fatalf("round %d: not on the phone: %v", n, missing)
		}
		u, err := c.Unsent(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if u.Changes+len(u.Files) > 0 {
			unsent++
		}
		if n%perJob == perJob-1 || n == rounds-1 {
			w.sync(c)
			w.sync(w.office)
			if missing := w.check(w.office, true); len(missing) > 0 {
				t.Fatalf("round %d: not at the server: %v", n, missing)
			}
			if u, err := c.Unsent(t.Context()); err != nil || u.Changes+len(u.Files)+len(u.Refused) > 0 {
				t.Fatalf("round %d: unsent: %+v, %v", n, u, err)
			}
			w.mustHavePlan(c)
			for _, line := range w.said {
				if strings.HasPrefix(line, "comment") {
					comments++
				} else {
					photos++
				}
			}
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if unsent == 0 {
		t.Error("nothing was ever under way when the phone was killed")
	}
	t.Logf("%d kills, %d comments, %d photos; %d times something was under way", rounds, comments, photos, unsent)
}

// mustHavePlan checks that the office's file came whole.
func (w *phoneWorld) mustHavePlan(c *client.Client) {
	w.Helper()
	v, err := c.View(w.id)
	if err != nil {
		w.Fatal(err)
	}
	for _, a := range v.Job.Attachments {
		if a.SHA256 == w.plan.String() {
			if !c.Has(w.Context(), a) {
				w.Error("the plan was not fetched ahead")
			}
			var got bytes.Buffer
			if err := c.Fetch(w.Context(), w.id, a.ID, &got); err != nil || blobs.RefOf(got.Bytes()) != w.plan {
				w.Errorf("the plan: %d bytes, %v", got.Len(), err)
			}
			return
		}
	}
	w.Error("the phone knows of no plan")
}
