package scripts

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"fieldsync/conformance/internal/sut"
	"fieldsync/conformance/minioserver"
)

// patience bounds what is waited for; generous, because machines that run tests are busy.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	if dir := os.Getenv(editsIn); dir != "" {
		os.Exit(editForEver(dir))
	}
	os.Exit(withBinaries(m))
}

// withBinaries builds both programs, or takes those that FIELDSYNCD and FIELDSYNC name, and puts them into the PATH.
func withBinaries(m *testing.M) int {
	dir, err := os.MkdirTemp("", "fieldsync-scripts-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	_, err = sut.Build(context.Background(), "./client/cmd/fieldsync", filepath.Join(dir, "fieldsync"))
	if err == nil {
		fieldsyncd, err = sut.BuildFieldsyncd(context.Background(), dir)
	}
	if err == nil {
		err = os.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// fieldsyncd is the server's binary.
var fieldsyncd string

func TestScenarios(t *testing.T) {
	minio := minioserver.Start(t)
	testscript.Run(t, testscript.Params{
		Dir:                 ".",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			p, err := sut.Fieldsyncd(fieldsyncd, filepath.Join(env.WorkDir, "server"))
			if err != nil {
				return err
			}
			env.Values["server"] = p
			env.Setenv("SERVER", "http://"+p.Addr)
			env.Setenv("TZ", "UTC")
			env.Defer(p.Kill)
			env.Values["minio"] = minio
			return connect(env, p.Addr, minio.Endpoint)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"server": cmdServer, "capture": cmdCapture, "appears": cmdAppears, "damage": cmdDamage,
			"net": cmdNet, "bytes": cmdBytes, "until": cmdUntil, "random": cmdRandom,
		},
	})
}

func cmdServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: server start [minio]|stop|kill")
	}
	p := ts.Value("server").(*sut.Process)
	switch args[0] {
	case "start":
		if len(args) == 2 && args[1] == "minio" {
			withMinIO(ts, p)
		}
		ts.Check(p.Start(context.Background()))
	case "stop":
		p.Stop()
	case "kill":
		p.Kill()
	default:
		ts.Fatalf("server %s: unknown", args[0])
	}
}

func cmdCapture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: capture NAME REGEXP")
	}
	m := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(m) != 2 {
		ts.Fatalf("stdout has no one group of %q", args[1])
	}
	ts.Setenv(args[0], m[1])
}

func cmdAppears(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: appears FILE REGEXP")
	}
	want := regexp.MustCompile("(?m)" + args[1])
	late := time.After(patience)
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		data, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil && want.Match(data) {
			return
		}
		select {
		case <-poll.C:
		case <-late:
			ts.Fatalf("%s never matched %q: %v\n%s", args[0], args[1], err, data)
		}
	}
}

func cmdDamage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: damage SHA256")
	}
	found := 0
	ts.Check(filepath.WalkDir(ts.MkAbs("server"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() != args[0] {
			return err
		}
		found++
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		var b [1]byte
		if _, err := f.ReadAt(b[:], 0); err != nil {
			return err
		}
		b[0] ^= 1
		_, err = f.WriteAt(b[:], 0)
		return err
	}))
	if found != 1 {
		ts.Fatalf("the server has %d files %s", found, args[0])
	}
}
