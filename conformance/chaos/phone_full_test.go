package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"fieldsync/client"
	"fieldsync/crdt"
	"fieldsync/crdt/job"
)

// smallPhoneVariable has the process with the small disk be a phone.
const smallPhoneVariable = "FIELDSYNC_CHAOS_SMALL_PHONE"

// TestAFullDiskOfAPhoneIsSaidAndLosesNothing fills the disk under a phone's folder: whoever makes something is told, nothing that was saved is gone, what
// was not saved is not half there, and all goes on when there is room.
func TestAFullDiskOfAPhoneIsSaidAndLosesNothing(t *testing.T) {
	onSmallDisk(t, smallPhoneVariable+"=1")
}

func phoneOnAFullDisk(dir string) error {
	ctx := context.Background()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"org":"demo","user":"anna","name":"Anna","role":"worker","device":"d"}`)
	}))
	defer server.Close()
	folder, filler := filepath.Join(dir, "phone"), filepath.Join(dir, "filler")
	c, err := openPhone(folder)
	if err != nil {
		return err
	}
	if _, err := c.Login(ctx, server.URL, "token"); err != nil {
		return err
	}
	events := c.WatchAll(ctx)
	id, err := c.NewJob(ctx, crdt.DocID{}, map[string]any{"title": "Pump", "status": "published"})
	if err != nil {
		return err
	}
	if err := c.SetStatus(ctx, id, client.StatusChange{Status: job.Started}); err != nil {
		return err
	}
	var said []string
	comment := func(n int) error {
		text := fmt.Sprint("comment ", n)
		_, err := c.Comment(ctx, id, text)
		if err == nil {
			said = append(said, text)
		}
		return err
	}
	photo := filepath.Join(dir, "photo.jpg") // written before the disk is full
	if err := os.WriteFile(photo, snapshot(1), 0o600); err != nil {
		return err
	}
	if err := comment(0); err != nil {
		return err
	}
	if err := fillDisk(filler); err != nil {
		return err
	}
	full := 0
	for n := 1; n <= 200 && full < 3; n++ {
		switch err := comment(n); {
		case errors.Is(err, client.ErrFull):
			full++
		case err != nil:
			return fmt.Errorf("on a full disk a change is answered %w", err)
		}
	}
	if full == 0 {
		return errors.New("the disk was never full")
	}
	if _, err := c.Attach(ctx, id, photo, ""); !errors.Is(err, client.ErrFull) {
		return fmt.Errorf("on a full disk a photo is answered %w", err)
	}
	if c.Storage() != client.StorageFull {
		return fmt.Errorf("the storage is said to be %q", c.Storage())
	}
	if err := awaitStorage(events, client.StorageFull); err != nil {
		return err
	}
	if err := holdsExactly(c, id, said); err != nil { // it is read all the same
		return err
	}
	if err := os.Remove(filler); err != nil {
		return err
	}
	if err := comment(1000); err != nil {
		return fmt.Errorf("with room again: %w", err)
	}
	if _, err := c.Attach(ctx, id, photo, ""); err != nil {
		return fmt.Errorf("with room again, a photo: %w", err)
	}
	if err := awaitStorage(events, client.StorageFine); err != nil {
		return err
	}
	if err := c.Close(); err != nil {
		return err
	}
	if c, err = openPhone(folder); err != nil {
		return err
	}
	defer c.Close()
	u, err := c.Unsent(ctx)
	if err != nil || u.Attached != 1 {
		return fmt.Errorf("%d files are unsent, %w", u.Attached, err)
	}
	fmt.Printf("ok: %d comments saved, %d refused for lack of room\n", len(said), full)
	return holdsExactly(c, id, said)
}

// fillDisk writes until there is no room.
func fillDisk(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	block := make([]byte, 1<<20)
	for len(block) > 0 {
		if _, err := f.Write(block); errors.Is(err, syscall.ENOSPC) {
			block = block[:len(block)/2]
		} else if err != nil {
			return err
		}
	}
	return nil
}

// awaitStorage waits for the event of a state.
func awaitStorage(events <-chan client.Event, want client.StorageState) error {
	for ev := range events {
		if ev.Kind == client.EventStorage && ev.Storage == want {
			return nil
		}
	}
	return fmt.Errorf("nobody said that the storage is %s", want)
}

// holdsExactly checks that a job has the comments that were said to be saved, and no others.
func holdsExactly(c *client.Client, id crdt.DocID, said []string) error {
	v, err := c.View(id)
	if err != nil {
		return err
	}
	var have []string
	for _, x := range v.Job.Comments {
		have = append(have, x.Text)
	}
	want := slices.Clone(said)
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) {
		return fmt.Errorf("the job has %q, saved were %q", have, want)
	}
	return nil
}
