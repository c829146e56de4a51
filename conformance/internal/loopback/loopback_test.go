package loopback_test

import (
	"net"
	"runtime"
	"testing"

	"fieldsync/conformance/internal/loopback"
)

// What is given to one is given to no other, so that a port of it stays free until he listens there: a port of 127.0.0.1 goes to whoever asks next.
func TestNobodyIsGivenAnAddressThatAnotherHas(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Log("here only 127.0.0.1 can be had")
	}
	seen := map[string]bool{}
	for range 200 {
		l, err := net.Listen("tcp", loopback.Free())
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		at := l.Addr().(*net.TCPAddr).IP
		if !at.IsLoopback() {
			t.Fatalf("%v is not of this machine", at)
		}
		if runtime.GOOS == "linux" && seen[at.String()] {
			t.Fatalf("%v was given twice", at)
		}
		seen[at.String()] = true
	}
}
