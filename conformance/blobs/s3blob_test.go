package blobs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"fieldsync/blobs"
	"fieldsync/blobs/blobtest"
	"fieldsync/blobs/s3blob"
	"fieldsync/conformance/minioserver"
)

func config(server *minioserver.Server, bucket string) s3blob.Config {
	return s3blob.Config{Endpoint: server.Endpoint, AccessKey: minioserver.AccessKey, SecretKey: minioserver.SecretKey, Bucket: bucket}
}

func TestS3blobIsABlobStoreOnRealMinIO(t *testing.T) {
	server := minioserver.Start(t)
	n := 0
	blobtest.Run(t, func(t *testing.T) blobs.Store {
		n++
		s, err := s3blob.Open(t.Context(), config(server, fmt.Sprintf("suite-%d", n)))
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func open(t testing.TB, server *minioserver.Server, transport http.RoundTripper) *s3blob.Store {
	t.Helper()
	cfg := config(server, "files")
	cfg.Transport = transport
	s, err := s3blob.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestS3blobOnRealMinIO(t *testing.T) {
	server := minioserver.Start(t)
	t.Run("the bucket is made once, by many at a time", func(t *testing.T) {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if _, err := s3blob.Open(t.Context(), config(server, "made-at-once")); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
	t.Run("a received file is attested", func(t *testing.T) {
		s := open(t, server, nil)
		ref := blobtest.Put(t, s, "org", blobtest.Bytes(1, 100_000))
		if info, err := s.Stat(t.Context(), "org", ref); err != nil || !info.Attested {
			t.Errorf("%+v, %v", info, err)
		}
		empty := blobtest.Put(t, s, "org", nil)
		if info, err := s.Stat(t.Context(), "org", empty); err != nil || info.Size != 0 {
			t.Errorf("an empty file: %+v, %v", info, err)
		}
	})
	t.Run("MinIO itself refuses other bytes than the declared ones", func(t *testing.T) {
		// The transport changes a byte behind our own check: only the server can see it.
		s := open(t, server, &tamper{})
		data := blobtest.Bytes(2, 300_000)
		ref := blobs.RefOf(data)
		_, err := blobs.Receive(t.Context(), s, "org", ref, int64(len(data)), bytes.NewReader(data))
		if !errors.Is(err, blobs.ErrMismatch) {
			t.Errorf("tampered on the way: %v", err)
		}
		if _, err := s.Stat(t.Context(), "org", ref); !errors.Is(err, blobs.ErrNotFound) {
			t.Errorf("Stat of tampered bytes: %v", err)
		}
	})
	t.Run("a file goes over in one request of declared length, never in parts", func(t *testing.T) {
		count := &counter{}
		s := open(t, server, count)
		count.puts.Store(0)
		blobtest.Put(t, s, "org", blobtest.Bytes(3, 40<<20))
		if got := count.puts.Load(); got != 1 {
			t.Errorf("%d PUT and POST requests for 40 MiB", got)
		}
		if count.length.Load() != 40<<20 {
			t.Errorf("Content-Length %d", count.length.Load())
		}
	})
	t.Run("a wrong key is denied, at once", func(t *testing.T) {
		cfg := config(server, "files")
		cfg.SecretKey = "wrong"
		if _, err := s3blob.Open(t.Context(), cfg); !errors.Is(err, blobs.ErrDenied) {
			t.Errorf("wrong secret: %v", err)
		}
		cfg = config(server, "files")
		cfg.AccessKey = "nobody"
		if _, err := s3blob.Open(t.Context(), cfg); !errors.Is(err, blobs.ErrDenied) {
			t.Errorf("wrong access key: %v", err)
		}
	})
	t.Run("a bad configuration is invalid", func(t *testing.T) {
		for _, cfg := range []s3blob.Config{config(server, "Not A Bucket"), {Endpoint: "http://x/y", Bucket: "files"}} {
			if _, err := s3blob.Open(t.Context(), cfg); !errors.Is(err, blobs.ErrInvalid) {
				t.Errorf("%+v: %v", cfg.Bucket, err)
			}
		}
	})
	t.Run("bytes that rotted on the server's disk are never given as the whole file", func(t *testing.T) {
		s := open(t, server, nil)
		data := blobtest.Bytes(4, 3<<20)
		ref := blobtest.Put(t, s, "rotten", data)
		rot(t, filepath.Join(server.Folder(), "files", "rotten"))
		var got bytes.Buffer
		if _, err := blobs.Copy(t.Context(), &got, s, "rotten", ref); err == nil || got.Len() >= len(data) {
			t.Errorf("%d bytes, %v", got.Len(), err)
		}
	})
}

func TestS3blobSaysUnavailableWhileMinIOIsDownAndGoesOnAfterwards(t *testing.T) {
	server := minioserver.Start(t)
	s := open(t, server, nil)
	data := blobtest.Bytes(1, 100_000)
	ref := blobtest.Put(t, s, "org", data)
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	_, stat := s.Stat(t.Context(), "org", ref)
	_, get := s.OpenRange(t.Context(), "org", ref, 0, -1)
	_, list := s.List(t.Context(), "org", blobs.Ref{}, 10)
	other := blobtest.Bytes(2, 100_000)
	_, put := blobs.Receive(t.Context(), s, "org", blobs.RefOf(other), 100_000, bytes.NewReader(other))
	_, opened := s3blob.Open(t.Context(), config(server, "files"))
	for verb, err := range map[string]error{"stat": stat, "get": get, "list": list, "put": put, "open": opened, "remove": s.Remove(t.Context(), "org", ref)} {
		if !errors.Is(err, blobs.ErrUnavailable) {
			t.Errorf("%s while it is down: %v", verb, err)
		}
		if err != nil && strings.Contains(err.Error(), minioserver.SecretKey) {
			t.Errorf("%s tells the secret key: %v", verb, err)
		}
	}
	if err := server.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := blobs.ReadAll(t.Context(), s, "org", ref, 1<<20); err != nil || !bytes.Equal(got, data) {
		t.Errorf("after the restart: %d bytes, %v", len(got), err)
	}
	blobtest.Put(t, s, "org", other)
}

// TestS3blobLosesTheServerInTheMiddleOfAFile stops MinIO while a body is on its way.
func TestS3blobLosesTheServerInTheMiddleOfAFile(t *testing.T) {
	server := minioserver.Start(t)
	s := open(t, server, nil)
	data := blobtest.Bytes(1, 8<<20)
	ref := blobs.RefOf(data)
	stopped := false
	src := &hook{Reader: bytes.NewReader(data), at: 2 << 20, do: func() {
		stopped = true
		if err := server.Kill(); err != nil {
			t.Error(err)
		}
	}}
	_, err := blobs.Receive(t.Context(), s, "org", ref, int64(len(data)), src)
	if !stopped || !errors.Is(err, blobs.ErrUnavailable) {
		t.Errorf("stopped %v: %v", stopped, err)
	}
	if err := server.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Stat(t.Context(), "org", ref); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("half a file got the name: %v", err)
	}
	blobtest.Put(t, s, "org", data)
}

// hook calls do once, when at bytes have been read.
type hook struct {
	io.Reader
	at int
	do func()
}

func (h *hook) Read(p []byte) (int, error) {
	n, err := h.Reader.Read(p)
	if h.at > 0 {
		if h.at -= n; h.at <= 0 {
			h.do()
		}
	}
	return n, err
}

func TestS3blobToNobodyIsUnavailable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, err = s3blob.Open(t.Context(), s3blob.Config{Endpoint: l.Addr().String(), AccessKey: "a", SecretKey: "b", Bucket: "files"})
	if !errors.Is(err, blobs.ErrUnavailable) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s3blob.Open(ctx, s3blob.Config{Endpoint: l.Addr().String(), Bucket: "files"}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// tamper flips a bit of every PUT's body.
type tamper struct{}

func (*tamper) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPut && r.Body != nil && r.ContentLength > 1000 {
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(&flip{r: r.Body})
	}
	return http.DefaultTransport.RoundTrip(r)
}

type flip struct {
	r    io.Reader
	done bool
}

func (f *flip) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if n > 0 && !f.done {
		p[0] ^= 1
		f.done = true
	}
	return n, err
}

// counter counts the requests that write.
type counter struct{ puts, length atomic.Int64 }

func (c *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPut || r.Method == http.MethodPost {
		c.puts.Add(1)
		c.length.Store(r.ContentLength)
	}
	return http.DefaultTransport.RoundTrip(r)
}

// rot changes a byte in the middle of every data file below dir.
func rot(t *testing.T, dir string) {
	t.Helper()
	rotten := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasPrefix(d.Name(), "part.") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		data[len(data)/2] ^= 1
		rotten++
		return os.WriteFile(path, data, 0o600)
	})
	if err != nil || rotten == 0 {
		t.Fatalf("nothing to damage below %s: %v", dir, err)
	}
}

func TestS3blobIsAStageOnRealMinIO(t *testing.T) {
	server := minioserver.Start(t)
	n := 0
	blobtest.RunStage(t, func(t *testing.T) blobtest.Staged {
		n++
		s, err := s3blob.Open(t.Context(), config(server, fmt.Sprintf("stage-%d", n)))
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
