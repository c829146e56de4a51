package badgerstore

import (
	"os"
	"testing"
)

// roleVariable makes the test binary play another part: a process that is killed, or one with a small disk.
const roleVariable = "BADGERSTORE_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "":
		os.Exit(m.Run())
	case "writer":
		os.Exit(writerProcess(os.Args[1]))
	case "full disk":
		os.Exit(fullDiskProcess(os.Args[1]))
	}
	os.Exit(2)
}
