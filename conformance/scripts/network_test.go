package scripts

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"fieldsync/blobs"
	"fieldsync/conformance/internal/slowlink"
	"fieldsync/conformance/internal/sut"
	"fieldsync/conformance/minioserver"
)

// connect makes the scenario's network, with $NET before the server.
func connect(env *testscript.Env, server, minio string) error {
	link := slowlink.New(slowlink.Direct)
	env.Defer(link.Close)
	addr, err := link.Open("", server, false)
	if err != nil {
		return err
	}
	files, err := link.Open("", minio, true)
	env.Values["net"], env.Values["files"] = link, files
	env.Setenv("NET", "http://"+addr)
	return err
}

// withMinIO has the server keep its files in a bucket of its own, where clients reach it over the network too.
func withMinIO(ts *testscript.TestScript, p *sut.Process) {
	if slices.Contains(p.Args, "--blobs") {
		return
	}
	bucket := "b" + blobs.RefOf([]byte(p.Addr + ts.MkAbs("."))).String()[:20]
	p.Args = append(p.Args, "--blobs", "s3:http://"+ts.Value("minio").(*minioserver.Server).Endpoint+"/"+bucket,
		"--s3-public-url", "http://"+ts.Value("files").(string))
	p.Env = append(p.Env, "FIELDSYNC_S3_ACCESS_KEY="+minioserver.AccessKey, "FIELDSYNC_S3_SECRET_KEY="+minioserver.SecretKey)
}

func cmdNet(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: net CLASS|break|reset")
	}
	link := ts.Value("net").(*slowlink.Link)
	switch args[0] {
	case "break":
		link.Break()
	case "reset":
		link.ResetCounts()
	default:
		class, err := slowlink.ParseClass(args[0])
		ts.Check(err)
		ts.Check(link.Set(class))
	}
}

func cmdBytes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: bytes KIND WAY OP NUMBER")
	}
	if ok, counts := counted(ts, args); !ok {
		ts.Fatalf("it is not: %+v", counts)
	}
}

func counted(ts *testscript.TestScript, args []string) (bool, map[slowlink.Kind]slowlink.Count) {
	counts := ts.Value("net").(*slowlink.Link).Counts()
	c, ok := counts[slowlink.Kind(args[0])]
	want, err := strconv.ParseInt(args[3], 10, 64)
	if !ok || err != nil {
		ts.Fatalf("bytes %v: no such kind, or no number", args)
	}
	got := c.Up
	if args[1] == "down" {
		got = c.Down
	}
	switch args[2] {
	case "==":
		return got == want, counts
	case "<=":
		return got <= want, counts
	case ">=":
		return got >= want, counts
	}
	ts.Fatalf("bytes %v: ==, <= or >=", args)
	return false, nil
}

func cmdUntil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until REGEXP COMMAND..., until bytes KIND WAY OP NUMBER")
	}
	late := time.After(2 * patience)
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	var last string
	try := func() bool {
		if args[0] == "bytes" && len(args) == 5 {
			ok, counts := counted(ts, args[1:])
			last = strconv.Quote(args[1]) + ": " + strconv.FormatInt(counts[slowlink.Kind(args[1])].Up, 10) + " up, " +
				strconv.FormatInt(counts[slowlink.Kind(args[1])].Down, 10) + " down"
			return ok
		}
		cmd := exec.Command(args[1], args[2:]...) //nolint:noctx // each ends by itself
		cmd.Dir, cmd.Env = ts.MkAbs("."), append(os.Environ(), "TZ=UTC", "HOME="+ts.Getenv("HOME"))
		out, _ := cmd.Output() // a command that fails prints nothing that matches
		last = string(out)
		return regexp.MustCompile("(?m)" + args[0]).Match(out)
	}
	for !try() {
		select {
		case <-poll.C:
		case <-late:
			ts.Fatalf("never: %v\n%s", args, last)
		}
	}
}

func cmdRandom(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: random FILE BYTES")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	b := make([]byte, n)
	source := rand.NewChaCha8([32]byte([]byte(filepath.Base(args[0]) + "00000000000000000000000000000000")[:32]))
	_, err = source.Read(b)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o600))
}
