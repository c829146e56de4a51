package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestNoticesAreLookedIntoWithAndWithoutAServer(t *testing.T) {
	dir := t.TempDir()
	command := func(want int, says string, args ...string) {
		t.Helper()
		var out, errs bytes.Buffer
		if code := run(t.Context(), append(args, "--data", dir), nil, &out, &errs); code != want || !strings.Contains(out.String()+errs.String(), says) {
			t.Errorf("%v: exit %d, %q, %q", args, code, out.String(), errs.String())
		}
	}
	stop := serving(t, dir)
	for _, running := range []bool{true, false} {
		command(exitOK, "no device is told", "push", "devices")
		command(exitOK, "nothing yet", "push", "log")
		command(exitOK, "[]", "push", "log", "--json")
		command(exitOK, "devices subscribe with B", "push", "rotate")
		if !running {
			command(exitFailed, "the server is stopped", "push", "test", "device-1")
			continue
		}
		command(exitFailed, "no push subscription", "push", "test", "device-1")
		command(exitFailed, "no such organisation", "push", "log", "--org", "nowhere")
		stop()
	}
}
