package uploads

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"fieldsync/blobs"
	"fieldsync/blobs/blobtest"
	"fieldsync/conformance/internal/cut"
	"fieldsync/conformance/internal/sut"
	"fieldsync/conformance/minioserver"
)

const photosInBench = 30

// BenchmarkPhotosOverACutLink is the same link and the same photos for our uploads, for tusd with its own S3 store (both with
// tus-js-client, in chunks of 256 KiB), and for whole files that are sent again until they are through. Each server is killed
// twice. It reports what was sent beside what is needed. One run is enough: -benchtime 1x; FIELDSYNC_PHOTOS says how many photos.
func BenchmarkPhotosOverACutLink(b *testing.B) {
	n := photos(b, photosInBench)
	data := make([][]byte, n)
	for i := range data {
		data[i] = blobtest.Bytes(uint64(i+1), photoBytes-i)
	}
	table := []string{"| | photos | sent beside what is needed | cuts | time |", "|---|---:|---:|---:|---:|"}
	for _, c := range []struct {
		name string
		set  func(b *testing.B) (*sut.Process, func(link *cut.Proxy, data []byte) error)
	}{{"fieldsyncd, tus", ours(true)}, {"tusd, its own S3 store", tusdS3}, {"fieldsyncd, whole files again", ours(false)}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				server, send := c.set(b)
				link, err := cut.New(server.Addr)
				if err != nil {
					b.Fatal(err)
				}
				link.Limit(linkRate)
				stop := cutting(link)
				begun := time.Now()
				for i, d := range data {
					if i == n/3 || i == 2*n/3 {
						time.AfterFunc(100*time.Millisecond, server.Kill) // in the middle of this one
						time.AfterFunc(200*time.Millisecond, func() {
							if err := server.Start(context.Background()); err != nil {
								b.Error(err)
							}
						})
					}
					for try := 0; ; try++ {
						if err := send(link, d); err == nil {
							break
						} else if try > 300 {
							b.Fatal(err)
						}
					}
				}
				needed := float64(n * photoBytes)
				table = append(table, fmt.Sprintf("| %s | %d | %.1f %% | %d | %.0f s |", c.name, n, (float64(link.Sent())-needed)*100/needed, link.Cuts(), time.Since(begun).Seconds()))
				stop()
				link.Cut()
				server.Kill()
			}
		})
	}
	report(b, "photos", table)
}

// ours is our server over a MinIO, sent to by tus or by PUT.
func ours(byTus bool) func(b *testing.B) (*sut.Process, func(*cut.Proxy, []byte) error) {
	return func(b *testing.B) (*sut.Process, func(*cut.Proxy, []byte) error) {
		w := newWorld(b, minioserver.Start(b))
		job := w.newJob("photos")
		return w.server, func(link *cut.Proxy, data []byte) error {
			if byTus {
				return sendByTus(b, link, job, data)
			}
			req, err := http.NewRequestWithContext(b.Context(), http.MethodPut, "http://"+link.Addr()+"/api/v1/files/"+blobs.RefOf(data).String()+"?job="+job, bytes.NewReader(data))
			if err != nil {
				return err
			}
			req.Header.Set("Authorization", "Bearer "+sut.WorkerAnna)
			answer, err := http.DefaultClient.Do(req)
			if err != nil {
				return err
			}
			answer.Body.Close()
			if answer.StatusCode/100 != 2 {
				return errors.New(answer.Status)
			}
			return nil
		}
	}
}

func tusdS3(b *testing.B) (*sut.Process, func(*cut.Proxy, []byte) error) {
	store := minioserver.Start(b)
	c := direct(b, store)
	if err := c.MakeBucket(b.Context(), "tusd", minio.MakeBucketOptions{}); err != nil {
		b.Fatal(err)
	}
	root, err := sut.Root()
	if err != nil {
		b.Fatal(err)
	}
	bin := filepath.Join(b.TempDir(), "tusd")
	build := exec.CommandContext(b.Context(), "go", "build", "-o", bin, ".")
	build.Dir = filepath.Join(root, "conformance", "tusd")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	addr, err := sut.FreeAddr()
	if err != nil {
		b.Fatal(err)
	}
	p := &sut.Process{Name: "tusd", Addr: addr, Ready: "/readyz", Args: []string{bin, addr, "http://" + store.Endpoint, "tusd"},
		Env: append(os.Environ(), "AWS_ACCESS_KEY_ID="+minioserver.AccessKey, "AWS_SECRET_ACCESS_KEY="+minioserver.SecretKey)}
	if err := p.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	return p, func(link *cut.Proxy, data []byte) error { return sendByTus(b, link, "", data) }
}

func direct(b *testing.B, s *minioserver.Server) *minio.Client {
	b.Helper()
	c, err := minio.New(s.Endpoint, &minio.Options{Creds: credentials.NewStaticV4(minioserver.AccessKey, minioserver.SecretKey, ""), Region: "us-east-1"})
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// sendByTus runs tus-js-client, which goes on where the last run ended.
func sendByTus(b *testing.B, link *cut.Proxy, job string, data []byte) error {
	w := &world{t: b, link: link}
	j := w.tusJob(job, data)
	j.ChunkSize, j.RetryDelays = chunkLost, make([]int, 200)
	for i := range j.RetryDelays {
		j.RetryDelays[i] = 20
	}
	r := w.run(j)
	seen := r.until(b, done)
	if last := seen[len(seen)-1]; last != "done" {
		return errors.New(last)
	}
	return nil
}

// way is one way into or out of the store.
type way struct {
	name  string
	fresh bool // out: of a file that the server has not read
	do    func(data []byte, ref blobs.Ref) error
	took  []time.Duration
}

// BenchmarkThroughput compares the ways into and out of the real server with minio-go against the same MinIO. They take turns, so
// that each has the same share of what else the machine does; what is reported is the median of each, and minio-go's divided by it. The
// file's hash is known beforehand: it is the client's work, and a phone has done it when it took the photo.
func BenchmarkThroughput(b *testing.B) {
	const size, turns, starts = 64 << 20, 11, 4
	store := minioserver.Start(b)
	w := newWorld(b, store, "--s3-public-url", "http://"+store.Endpoint)
	c, job, bucket := direct(b, store), w.newJob("video"), bucketOf(b)
	status := func(want, got int) error {
		if got != want {
			return errors.New(http.StatusText(got))
		}
		return nil
	}
	in := []*way{
		{name: "minio-go", do: func(data []byte, _ blobs.Ref) error {
			_, err := c.PutObject(b.Context(), bucket, "direct", bytes.NewReader(data), size, minio.PutObjectOptions{})
			return err
		}},
		{name: "tus, in one chunk", do: func(data []byte, ref blobs.Ref) error {
			answer, _ := w.openAs(job, ref, data).patch(0, size)
			return status(204, answer.StatusCode)
		}},
		{name: "`PUT`", do: func(data []byte, ref blobs.Ref) error { return status(201, w.putAs(sut.WorkerAnna, job, ref, data)) }},
		{name: "past the server, with its copy at the end", do: func(data []byte, _ blobs.Ref) error {
			_, put, confirm := w.direct(sut.WorkerAnna, job, data, data)
			if put != 200 || !strings.HasPrefix(confirm(), "200") {
				return errors.New("refused")
			}
			return nil
		}},
	}
	kept := blobtest.Bytes(1, size)
	if got := w.put(sut.WorkerAnna, job, kept); got != 201 {
		b.Fatal(got)
	}
	w.attach(sut.WorkerAnna, job, kept)
	if _, err := c.PutObject(b.Context(), bucket, "direct", bytes.NewReader(kept), size, minio.PutObjectOptions{}); err != nil {
		b.Fatal(err)
	}
	out := []*way{
		{name: "minio-go", do: func([]byte, blobs.Ref) error {
			o, err := c.GetObject(b.Context(), bucket, "direct", minio.GetObjectOptions{})
			if err != nil {
				return err
			}
			defer o.Close()
			return drain(o, io.Discard, size)
		}},
		{name: "`GET`, the first of a file, of a server that was started since it came", fresh: true, do: func(_ []byte, ref blobs.Ref) error { return w.download(sut.WorkerAnna, job, ref, size, io.Discard) }},
		{name: "`GET` again", do: func(_ []byte, ref blobs.Ref) error { return w.download(sut.WorkerAnna, job, ref, size, io.Discard) }},
		{name: "`GET` of a range, of all but the first byte", do: func(_ []byte, ref blobs.Ref) error {
			return w.download(sut.WorkerAnna, job, ref, size-1, io.Discard, "Range", "bytes=1-")
		}},
	}
	seed := uint64(1)
	next := func() ([]byte, blobs.Ref) {
		seed++
		data := blobtest.Bytes(seed, size)
		return data, blobs.RefOf(data)
	}
	table := []string{"| | MB/s | share of minio-go |", "|---|---:|---:|"}
	for _, direction := range []struct {
		name string
		ways []*way
	}{{"into MinIO", in}, {"out of MinIO", out}} {
		b.Run(strings.Fields(direction.name)[0], func(b *testing.B) {
			for b.Loop() {
				var unread []blobs.Ref // what came to a server that is gone, by tus and by PUT in turn
				if direction.name == "out of MinIO" {
					for i := range turns {
						data, ref := next()
						if err := in[1+i%2].do(data, ref); err != nil {
							b.Fatal(err)
						}
						w.attach(sut.WorkerAnna, job, data)
						unread = append(unread, ref)
					}
				}
				rounds := turns
				if unread != nil {
					rounds *= starts
				}
				for turn := range rounds {
					if unread != nil && turn%turns == 0 { // a server that has read none of them
						w.server.Kill()
						w.start()
						if err := out[2].do(kept, blobs.RefOf(kept)); err != nil { // so that it is again
							b.Fatal(err)
						}
					}
					for _, way := range direction.ways {
						data, ref := kept, blobs.RefOf(kept)
						switch {
						case way.fresh:
							ref = unread[turn%turns]
						case direction.name == "into MinIO":
							data, ref = next()
						}
						begun := time.Now()
						if err := way.do(data, ref); err != nil {
							b.Fatal(way.name, err)
						}
						way.took = append(way.took, time.Since(begun))
					}
				}
			}
			base := median(direction.ways[0].took)
			for _, way := range direction.ways {
				m := median(way.took)
				table = append(table, fmt.Sprintf("| %s, %s | %.0f | %.0f %% |", direction.name, way.name, size/1e6/m.Seconds(), 100*base.Seconds()/m.Seconds()))
			}
		})
	}
	b.Logf("the server's memory was at most %s", peak(b, w.server.PID()))
	report(b, "throughput", table)
}

func median(of []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}

// BenchmarkLargeFile sends files of 512 MiB, 1 GiB and 4 GiB in one chunk and fetches them again (FIELDSYNC_LARGE_MIB is another list),
// each with a server of its own, and reports the server's memory: it must not grow with the file.
func BenchmarkLargeFile(b *testing.B) {
	table := []string{"| file | in | out | the server's memory at most (RSS), after the upload | after the download |", "|---|---:|---:|---:|---:|"}
	for _, mib := range largeMiB(b) {
		b.Run(itoa(mib)+" MiB", func(b *testing.B) {
			size := mib << 20
			w := newWorld(b, minioserver.Start(b), "--max-file", itoa(blobs.MaxSize))
			job, ref := w.newJob("video"), sumOf(b, size)
			for b.Loop() {
				begun := time.Now()
				answer, body := w.do("POST", "/api/v1/uploads", sut.WorkerAnna, nil, "Tus-Resumable", "1.0.0", "Upload-Length", itoa(size),
					"Upload-Metadata", metadata(map[string]string{"sha256": ref.String(), "job": job}))
				if answer.StatusCode != 201 {
					b.Fatal(answer.Status, string(body))
				}
				if answer, body = w.do("PATCH", answer.Header.Get("Location"), sut.WorkerAnna, pattern(size), "Tus-Resumable", "1.0.0", "Upload-Offset", "0",
					"Content-Type", "application/offset+octet-stream"); answer.StatusCode != 204 {
					b.Fatal(answer.Status, string(body))
				}
				up, upPeak := time.Since(begun), peak(b, w.server.PID())
				w.attachAs(sut.WorkerAnna, job, ref, size)
				begun = time.Now()
				sum := sha256.New()
				if err := w.download(sut.WorkerAnna, job, ref, size, sum); err != nil {
					b.Fatal(err)
				}
				if got := blobs.RefFromSum([sha256.Size]byte(sum.Sum(nil))); got != ref {
					b.Fatalf("what came back is %v, not %v", got, ref)
				}
				table = append(table, fmt.Sprintf("| %d MiB | %.0f MB/s | %.0f MB/s | %s | %s |", mib, float64(size)/1e6/up.Seconds(), float64(size)/1e6/time.Since(begun).Seconds(),
					upPeak, peak(b, w.server.PID())))
			}
		})
	}
	report(b, "large", table)
}
