package chaos_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"fieldsync/conformance/internal/author"
	"fieldsync/conformance/internal/light"

	"github.com/gorilla/websocket"
	"golang.org/x/sys/unix"
)

// smallDisk is the disk of the full-disk test, in bytes: what a server takes when it starts (a reserve of 64 MB, logs of 16 MB), with room.
const smallDisk = 256 << 20

func TestAFullDiskIsSaidAcknowledgesNothingAndRecovers(t *testing.T) {
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	onSmallDisk(t, "FIELDSYNCD="+bin)
}

// onSmallDisk has this program act on a disk of its own, in a mount namespace of its own, so that nothing is left mounted however it ends.
func onSmallDisk(t *testing.T, env ...string) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(append(os.Environ(), smallDiskVariable+"="+t.TempDir()), env...)
	child.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		child.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		child.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		child.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	out, err := child.CombinedOutput()
	if errors.Is(err, syscall.EPERM) || bytes.Contains(out, []byte(noMounting)) {
		t.Logf("no mounting here (%v): the full disk is tested with the store alone, in crdt/store/badgerstore, by a simulated one", err)
		return
	}
	t.Logf("%s", out)
	if err != nil {
		t.Fatalf("the process ended with %v", err)
	}
}

const noMounting = "mount: operation not permitted"

// fullDiskProcess runs a server on a small disk, fills it and frees it again.
func fullDiskProcess(dir string) int {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		fmt.Println("mount:", err)
		return 1
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", smallDisk)); err != nil {
		fmt.Println("mount:", err)
		return 1
	}
	if os.Getenv(smallPhoneVariable) != "" {
		if err := phoneOnAFullDisk(dir); err != nil {
			fmt.Println("FAILED:", err)
			return 1
		}
		return 0
	}
	w, err := openWorld(os.Getenv("FIELDSYNCD"), filepath.Join(dir, "data"), 1)
	if err == nil {
		f := &fullDisk{world: w, filler: filepath.Join(dir, "filler"), doc: w.newDoc()}
		err = f.run()
		w.p.Kill()
		if err != nil {
			fmt.Println(w.p.Output())
		}
	}
	if err != nil {
		fmt.Println("FAILED:", err)
		return 1
	}
	return 0
}

type fullDisk struct {
	*world
	filler string
	doc    string
	n      int // names of peers
}

func (f *fullDisk) run() error {
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"start", f.start},
		{"edits are taken", f.taken},
		{"fill the disk", f.fill},
		{"an edit of a client that knows our extension is refused with store-failed", f.refused},
		{"an edit of a plain client is not acknowledged, it is closed", f.notAcknowledged},
		{"/readyz says 503 and names the store", f.unready},
		{"what was acknowledged is read", f.read},
		{"free", f.free},
		{"/readyz says 200", f.ready},
		{"edits are taken again", f.taken},
		{"what was acknowledged is read", f.read},
		{"fill the disk again", f.fill},
		{"edits are not acknowledged", f.notAcknowledged},
		{"kill -9 on the full disk", f.kill},
		{"free", f.free},
		{"start again", f.start},
		{"what was acknowledged is read", f.read},
		{"edits are taken", f.taken},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		fmt.Println("ok:", step.name)
	}
	return nil
}

func (f *fullDisk) peer() string {
	f.n++
	return fmt.Sprintf("peer-%d", f.n)
}

func (f *fullDisk) kill() error { f.p.Kill(); return nil }

func (f *fullDisk) read() error { return f.checkDoc(f.peer(), f.doc) }

func (f *fullDisk) taken() error {
	for range 5 {
		copied, err := f.writeOne(f.peer(), f.doc)
		if err != nil {
			return err
		}
		f.promise(copied)
	}
	return nil
}

// tryEdit makes an edit that is not to be acknowledged, and gives how the connection ended.
func (f *fullDisk) tryEdit(opt light.Options) (*author.Client, error) {
	peer := f.peer()
	copied := author.NewCopy(f.doc, actorOf(peer))
	client, err := author.Dial(context.Background(), f.url(), peer, opt, copied)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	if err := client.Until(copied.Complete); err != nil {
		return nil, fmt.Errorf("reading: %w", err)
	}
	if err := client.Edit(copied, "while the disk is full"); err != nil {
		return nil, err
	}
	err = client.Until(func() bool { return copied.Unconfirmed() == 0 })
	if err == nil {
		return nil, errors.New("it was acknowledged")
	}
	if !closedWith(err, websocket.CloseTryAgainLater) {
		return nil, fmt.Errorf("it ended with %w, want close code 1013", err)
	}
	return client, nil
}

func (f *fullDisk) refused() error {
	client, err := f.tryEdit(light.Options{Fieldsync: 1})
	if err != nil {
		return err
	}
	if len(client.Refused) != 1 || client.Refused[0].Code != "store-failed" || !client.Refused[0].Retry || client.Refused[0].DocumentID != f.doc {
		return fmt.Errorf("it was refused with %+v", client.Refused)
	}
	return nil
}

func (f *fullDisk) notAcknowledged() error {
	client, err := f.tryEdit(light.Options{})
	if err == nil && len(client.Refused) > 0 {
		err = fmt.Errorf("a plain client was sent an extension frame")
	}
	return err
}

// fill takes the disk's last block, and again whatever the server gave back meanwhile, until writes are refused.
func (f *fullDisk) fill() error { return fillDisk(f.filler) }

func (f *fullDisk) free() error { return os.Remove(f.filler) }

func (f *fullDisk) unready() error {
	return f.waitReadiness(func(status int, checks map[string]string) bool {
		return status == http.StatusServiceUnavailable && checks["store"] == "failed"
	})
}

func (f *fullDisk) ready() error {
	return f.waitReadiness(func(status int, _ map[string]string) bool { return status == http.StatusOK })
}

func (f *fullDisk) waitReadiness(want func(status int, checks map[string]string) bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), watchdog)
	defer cancel()
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+f.p.Addr+"/readyz", nil)
		if err != nil {
			return err
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		var body struct{ Checks map[string]string }
		err = json.NewDecoder(res.Body).Decode(&body)
		_ = res.Body.Close()
		if err != nil {
			return err
		}
		if want(res.StatusCode, body.Checks) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it stays %s with %v", res.Status, body.Checks)
		case <-poll.C:
		}
	}
}
