package upload

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/tus/tusd/v2/pkg/memorylocker"
)

func TestWhoHoldsAnUploadGivesWayWhenItReadsAndNotBefore(t *testing.T) {
	for name, reads := range map[string]bool{"before it reads": false, "while it reads": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				all := locker{memorylocker.New()}
				first, _ := all.NewLock("one")
				c := &call{}
				ended := false
				if err := first.Lock(context.WithValue(t.Context(), callKey{}, c), func() { ended = true }); err != nil {
					t.Fatal(err)
				}
				if reads {
					c.begins()
				}
				second, _ := all.NewLock("one")
				locked := make(chan error, 1)
				go func() { locked <- second.Lock(t.Context(), func() {}) }()
				synctest.Wait()
				if ended != reads {
					t.Fatalf("ended: %v", ended)
				}
				c.begins()
				if !ended {
					t.Error("it reads, and was not ended")
				}
				if err := first.Unlock(); err != nil {
					t.Fatal(err)
				}
				if err := <-locked; err != nil {
					t.Error(err)
				}
			})
		})
	}
}
