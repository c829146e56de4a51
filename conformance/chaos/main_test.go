package chaos_test

import (
	"fmt"
	"os"
	"testing"
)

// smallDiskVariable makes this program the process of the full disk: its value is the folder to mount it on.
const smallDiskVariable = "FIELDSYNC_CHAOS_SMALL_DISK"

func TestMain(m *testing.M) {
	if dir := os.Getenv(smallDiskVariable); dir != "" {
		os.Exit(fullDiskProcess(dir))
	}
	if dir := os.Getenv(phoneVariable); dir != "" {
		if err := workOnThePhone(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}
