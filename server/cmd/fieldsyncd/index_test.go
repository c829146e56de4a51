package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"fieldsync/server/internal/index"
)

// serving runs a demonstration server over a folder, and gives how to stop it.
func serving(t *testing.T, dir string) (stop func()) {
	t.Helper()
	log := make(lines, 64)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "--demo", "--data", dir, "--listen", "127.0.0.1:0", "--log-format", "json"}, nil, io.Discard, log)
	}()
	for started := (struct{ Msg string }{}); started.Msg != "listening"; {
		select {
		case line := <-log:
			if err := json.Unmarshal([]byte(line), &started); err != nil {
				t.Fatalf("%q is no JSON: %v", line, err)
			}
		case code := <-ended:
			t.Fatalf("ended with %d", code)
		}
	}
	go func() {
		for range log { //nolint:revive // the log has to be read on
		}
	}()
	return func() {
		cancel()
		if code := <-ended; code != exitOK {
			t.Errorf("exit %d", code)
		}
	}
}

func TestTheIndexIsMadeAnewAndCheckedWithAndWithoutAServer(t *testing.T) {
	dir := t.TempDir()
	command := func(args ...string) (int, string, string) {
		var out, errs bytes.Buffer
		code := run(t.Context(), append(args, "--data", dir), nil, &out, &errs)
		return code, out.String(), errs.String()
	}
	if code, _, errs := command("index", "check"); code != exitUsage || !strings.Contains(errs, "there is nothing of a server") {
		t.Errorf("an empty folder: exit %d, %q", code, errs)
	}
	stop := serving(t, dir)
	code, out, errs := command("index", "check", "--json")
	var task index.Task
	if err := json.Unmarshal([]byte(out), &task); code != exitOK || err != nil || task.Name != index.TaskCheck || task.Found != 0 || task.Done < 6 || task.Done != task.Total {
		t.Fatalf("while the server runs: exit %d, %q, %q, %v", code, out, errs, err)
	}
	documents := fmt.Sprintf("%d documents", task.Done)
	rebuild := func(where string) {
		code, out, errs := command("index", "rebuild")
		if code != exitOK || !strings.HasPrefix(out, documents) || !strings.Contains(errs, "rebuild: "+strings.Replace(documents, " ", fmt.Sprintf(" of %d ", task.Done), 1)+" (100 %)") {
			t.Errorf("%s: exit %d, %q, %q", where, code, out, errs)
		}
		if code, out, errs := command("index", "check"); code != exitOK || !strings.HasPrefix(out, documents+", and all rows are as they should be") {
			t.Errorf("%s: exit %d, %q, %q", where, code, out, errs)
		}
	}
	rebuild("while the server runs")
	stop()
	rebuild("on the folder")
}
