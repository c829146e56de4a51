package uploads

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
	"bytes"

	"github.com/minio/minio-go/v7"

	"fieldsync/blobs"
	"fieldsync/blobs/blobtest"
	"fieldsync/conformance/internal/sut"
	"fieldsync/conformance/minioserver"
)

func cpuOf(pid int) time.Duration {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	s := string(b)
	f := strings.Fields(s[strings.LastIndex(s, ")")+1:])
	var u, k int
	fmt.Sscan(f[11], &u)
	fmt.Sscan(f[12], &k)
	return time.Duration(u+k) * 10 * time.Millisecond
}
func selfCPU() time.Duration {
	var r syscall.Rusage
	syscall.Getrusage(0, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
func minioPID(ep string) int {
	ents, _ := os.ReadDir("/proc")
	for _, e := range ents {
		b, _ := os.ReadFile("/proc/" + e.Name() + "/cmdline")
		if strings.Contains(string(b), ep+"\x00") && strings.Contains(string(b), "minio") {
			var n int
			fmt.Sscan(e.Name(), &n)
			return n
		}
	}
	return 0
}

func BenchmarkScratchOut(b *testing.B) {
	const size, turns = 64 << 20, 25
	store := minioserver.Start(b)
	w := newWorld(b, store, "--s3-public-url", "http://"+store.Endpoint)
	c, job, bucket := direct(b, store), w.newJob("video"), bucketOf(b)
	kept := blobtest.Bytes(1, size)
	if got := w.put(sut.WorkerAnna, job, kept); got != 201 {
		b.Fatal(got)
	}
	w.attach(sut.WorkerAnna, job, kept)
	if _, err := c.PutObject(b.Context(), bucket, "direct", bytes.NewReader(kept), size, minio.PutObjectOptions{}); err != nil {
		b.Fatal(err)
	}
	ref := blobs.RefOf(kept)
	ranged := func() error {
		req, _ := http.NewRequestWithContext(b.Context(), http.MethodGet, "http://"+w.server.Addr+"/api/v1/files/"+ref.String()+"?job="+job, nil)
		req.Header.Set("Authorization", "Bearer "+sut.WorkerAnna)
		req.Header.Set("Range", "bytes=1-")
		a, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer a.Body.Close()
		return drain(a.Body, io.Discard, size-1)
	}
	head := func() error {
		req, _ := http.NewRequestWithContext(b.Context(), http.MethodHead, "http://"+w.server.Addr+"/api/v1/files/"+ref.String()+"?job="+job, nil)
		req.Header.Set("Authorization", "Bearer "+sut.WorkerAnna)
		a, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		a.Body.Close()
		return nil
	}
	ways := []*way{
		{name: "minio-go", do: func([]byte, blobs.Ref) error {
			o, err := c.GetObject(b.Context(), bucket, "direct", minio.GetObjectOptions{})
			if err != nil {
				return err
			}
			defer o.Close()
			return drain(o, io.Discard, size)
		}},
		{name: "GET", do: func(_ []byte, ref blobs.Ref) error { return w.download(sut.WorkerAnna, job, ref, size, io.Discard) }},
		{name: "Range", do: func(_ []byte, ref blobs.Ref) error { return ranged() }},
		{name: "HEAD", do: func(_ []byte, ref blobs.Ref) error { return head() }},
	}
	mp, sp := minioPID(store.Endpoint), w.server.PID()
	type cpu struct{ m, s, c time.Duration }
	used := map[string]*cpu{}
	for range turns {
		for _, way := range ways {
			if used[way.name] == nil {
				used[way.name] = &cpu{}
			}
			u := used[way.name]
			m0, s0, c0 := cpuOf(mp), cpuOf(sp), selfCPU()
			begun := time.Now()
			if err := way.do(nil, ref); err != nil {
				b.Fatal(way.name, err)
			}
			way.took = append(way.took, time.Since(begun))
			u.m += cpuOf(mp) - m0
			u.s += cpuOf(sp) - s0
			u.c += selfCPU() - c0
		}
	}
	base := median(ways[0].took)
	for _, way := range ways {
		m := median(way.took)
		u := used[way.name]
		fmt.Printf("out %-10s %7.1f ms %7.1f MB/s %4.0f %%  cpu ms: minio %d server %d client %d\n", way.name, m.Seconds()*1e3, size/1e6/m.Seconds(), 100*base.Seconds()/m.Seconds(),
			u.m.Milliseconds()/turns, u.s.Milliseconds()/turns, u.c.Milliseconds()/turns)
	}
	if os.Getenv("PROF") != "" {
		_ = head
	}
}
