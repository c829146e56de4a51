package uploads

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"fieldsync/blobs"
	"fieldsync/conformance/internal/cut"
	"fieldsync/conformance/internal/sut"
	"fieldsync/conformance/minioserver"
)

// patience bounds what is waited for; generous, because machines that run tests are busy.
const patience = 60 * time.Second

var fieldsyncd string

func TestMain(m *testing.M) { os.Exit(withServer(m)) }

func withServer(m *testing.M) int {
	dir, err := os.MkdirTemp("", "fieldsync-uploads-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if fieldsyncd, err = sut.BuildFieldsyncd(context.Background(), dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// world is a real server over a folder or a MinIO, behind a proxy.
type world struct {
	t      testing.TB
	server *sut.Process
	minio  *minioserver.Server // nil: files are in a folder
	link   *cut.Proxy
}

// newWorld starts a server with demonstration data; more are further arguments of it.
func newWorld(t testing.TB, minio *minioserver.Server, more ...string) *world {
	t.Helper()
	p, err := sut.Fieldsyncd(fieldsyncd, filepath.Join(t.TempDir(), "server"))
	if err != nil {
		t.Fatal(err)
	}
	p.Args = append(p.Args, more...)
	if minio != nil {
		p.Args = append(p.Args, "--blobs", "s3:http://"+minio.Endpoint+"/"+bucketOf(t))
		p.Env = append(p.Env, "FIELDSYNC_S3_ACCESS_KEY="+minioserver.AccessKey, "FIELDSYNC_S3_SECRET_KEY="+minioserver.SecretKey)
	}
	w := &world{t: t, server: p, minio: minio}
	t.Cleanup(p.Kill)
	w.start()
	if w.link, err = cut.New(p.Addr); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.link.Cut)
	return w
}

// bucketOf is a bucket of the test's own.
func bucketOf(t testing.TB) string {
	sum := blobs.RefOf([]byte(t.Name())).String()
	return "b" + sum[:20]
}

func (w *world) start() {
	w.t.Helper()
	if err := w.server.Start(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// do makes a request to the server itself, and gives the status and the body.
func (w *world) do(method, path, token string, body any, header ...string) (*http.Response, []byte) {
	w.t.Helper()
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case io.Reader:
		r = b
	case []byte:
		r = bytes.NewReader(b)
	default:
		text, err := json.Marshal(b)
		if err != nil {
			w.t.Fatal(err)
		}
		r = bytes.NewReader(text)
		header = append(header, "Content-Type", "application/json")
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, "http://"+w.server.Addr+path, r)
	if err != nil {
		w.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer, data
}

// newJob makes a job that is assigned to anna, and gives its document's id.
func (w *world) newJob(title string) string {
	w.t.Helper()
	answer, body := w.do("POST", "/api/v1/jobs", sut.Dispatcher, map[string]any{"title": title, "assignees": []any{map[string]any{"user": "anna", "edit": true}}})
	var made struct{ ID string }
	if err := json.Unmarshal(body, &made); err != nil || made.ID == "" {
		w.t.Fatalf("%s %s", answer.Status, body)
	}
	return made.ID
}

// held tells whether the server's store has the file, read as a whole and right.
func (w *world) held(data []byte) bool {
	w.t.Helper()
	ref := blobs.RefOf(data).String()
	if w.minio == nil {
		got, err := os.ReadFile(filepath.Join(w.dataDir(), "files", "demo", ref[:2], ref))
		return err == nil && bytes.Equal(got, data)
	}
	got, err := blobs.ReadAll(w.t.Context(), w.bucket(), "demo", blobs.RefOf(data), 1<<33)
	return err == nil && bytes.Equal(got, data)
}

func (w *world) dataDir() string {
	for i, a := range w.server.Args {
		if a == "--data" {
			return w.server.Args[i+1]
		}
	}
	w.t.Fatal("the server has no folder")
	return ""
}

// tus is a run of tus.mjs.
type tus struct {
	cmd   *exec.Cmd
	lines chan string
}

type tusJob struct {
	Endpoint    string `json:"endpoint"`
	Token       string `json:"token"`
	Job         string `json:"job"`
	File        string `json:"file"`
	SHA256      string `json:"sha256"`
	ChunkSize   int    `json:"chunkSize"` // 0: all at once
	URLs        string `json:"urls"`
	During      bool   `json:"during"`
	RetryDelays []int  `json:"retryDelays"`
}

// tusJob is an upload of data as anna, over the link.
func (w *world) tusJob(job string, data []byte) tusJob {
	w.t.Helper()
	dir := w.t.TempDir()
	file := filepath.Join(dir, "photo.jpg")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		w.t.Fatal(err)
	}
	return tusJob{Endpoint: "http://" + w.link.Addr() + "/api/v1/uploads", Token: sut.WorkerAnna, Job: job, File: file,
		SHA256: blobs.RefOf(data).String(), URLs: filepath.Join(dir, "urls.json"), RetryDelays: []int{0, 50, 100, 200, 400}}
}

func (w *world) run(j tusJob) *tus {
	w.t.Helper()
	dir, err := sut.NodeModulesOf("uploads")
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := json.Marshal(j)
	if err != nil {
		w.t.Fatal(err)
	}
	r := &tus{cmd: exec.CommandContext(w.t.Context(), "node", filepath.Join(dir, "tus.mjs"), string(text)), lines: make(chan string, 1000)}
	r.cmd.Stderr = os.Stderr
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	go func() {
		defer close(r.lines)
		for in := bufio.NewScanner(out); in.Scan(); {
			r.lines <- in.Text()
		}
	}()
	w.t.Cleanup(func() { _ = r.cmd.Process.Kill() })
	return r
}

// until reads lines up to the one that is wanted, and gives all that came.
func (r *tus) until(t testing.TB, want func(line string) bool) (seen []string) {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case line, ok := <-r.lines:
			if !ok {
				t.Fatalf("it ended: %q", seen)
			}
			if seen = append(seen, line); want(line) {
				return seen
			}
		case <-late:
			t.Fatalf("it never came: %q", seen)
		}
	}
}

func done(line string) bool { return line == "done" || strings.HasPrefix(line, "failed") }

// atLeast tells whether a line says that so many bytes were accepted or sent.
func atLeast(word string, n int) func(string) bool {
	return func(line string) bool {
		at, err := strconv.Atoi(strings.TrimPrefix(line, word+" "))
		return err == nil && at >= n
	}
}

// metadata is the header Upload-Metadata.
func metadata(of map[string]string) string {
	var out []string
	for k, v := range of {
		out = append(out, k+" "+base64.StdEncoding.EncodeToString([]byte(v)))
	}
	return strings.Join(out, ",")
}
