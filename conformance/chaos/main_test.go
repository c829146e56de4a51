package chaos_test

import (
	"os"
	"testing"
)

// smallDiskVariable makes this program the process of the full disk: its value is the folder to mount it on.
const smallDiskVariable = "FIELDSYNC_CHAOS_SMALL_DISK"

func TestMain(m *testing.M) {
	if dir := os.Getenv(smallDiskVariable); dir != "" {
		os.Exit(fullDiskProcess(dir))
	}
	os.Exit(m.Run())
}
