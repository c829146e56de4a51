package upload

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"fieldsync/blobs"
	"fieldsync/blobs/blobtest"
	"fieldsync/blobs/diskblob"
	"fieldsync/blobs/memblob"
)

func stores(t *testing.T) map[string]Backend {
	disk, err := diskblob.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { disk.Close() })
	return map[string]Backend{"memory": memblob.New(0), "like S3": s3like(), "disk": disk}
}

func TestChunksOfAnySizeFromOneByteBecomeTheFileWhicheverServerTakesThem(t *testing.T) {
	for _, size := range []int{0, 1, 999, 4000, 4001, 30_000} {
		for _, chunk := range []int{1, 7, 1000, 4000, 9999, 1 << 20} {
			for name, s := range stores(t) {
				if n := size / chunk; n > 5000 || name == "disk" && n > 50 {
					continue // each chunk is some writes, on a disk with fsync
				}
				t.Run(fmt.Sprintf("%d in chunks of %d on %s", size, chunk, name), func(t *testing.T) {
					data := blobtest.Bytes(uint64(size), size)
					up, err := uploads(t, s).Create(t.Context(), anna, fileOf(data))
					if err != nil {
						t.Fatal(err)
					}
					one, two := uploads(t, s), uploads(t, s)
					for i, done := 0, false; !done; i++ {
						u := one
						if i%3 == 2 {
							u = two
						}
						up, err := u.Open(t.Context(), anna, up.id)
						if err != nil {
							t.Fatal(err)
						}
						at := up.State().Offset
						if want := min(i*chunk, size); at != int64(want) {
							t.Fatalf("before chunk %d it ends at %d", i, at)
						}
						n, err := up.Append(t.Context(), at, iotest.HalfReader(bytes.NewReader(data[at:min(int(at)+chunk, size)])))
						if err != nil || n != int64(min(chunk, size-int(at))) {
							t.Fatalf("chunk %d at %d: %d durable, %v", i, at, n, err)
						}
						done = up.State().Done
					}
					mustHold(t, s, data)
					again, err := one.Open(t.Context(), anna, up.id)
					if err != nil || !again.State().Done || again.State().Offset != int64(size) || again.State().File.Meta["job"] != "j" {
						t.Errorf("asked about afterwards: %+v, %v", again.State(), err)
					}
				})
			}
		}
	}
}

// TestAKillAtAnyMomentLosesNothingThatWasAnswered lets the process die at each of its writes, before and after the write's
// effect, and another process go on.
func TestAKillAtAnyMomentLosesNothingThatWasAnswered(t *testing.T) {
	for _, size := range []int{900, 13_500, 61_000} {
		for _, chunk := range []int{300, 2500, 100_000} {
			if size > 100*chunk {
				continue // each of its writes is a kill
			}
			for _, effect := range []bool{false, true} {
				for kill := 0; ; kill++ {
					s := s3like()
					data := blobtest.Bytes(uint64(size), size)
					up, err := uploads(t, s).Create(t.Context(), anna, fileOf(data))
					if err != nil {
						t.Fatal(err)
					}
					m := &mortal{Backend: s, left: kill, effect: effect}
					acked, err := send(uploads(t, m), up.id, data, chunk)
					if err != nil && !errors.Is(err, errDead) {
						t.Fatalf("kill %d: %v", kill, err)
					}
					next := uploads(t, s)
					open, oerr := next.Open(t.Context(), anna, up.id)
					if oerr != nil || open.State().Offset < acked {
						t.Fatalf("%d bytes in chunks of %d, killed at write %d, effect %v: %d were answered for, then %+v, %v", size, chunk, kill, effect, acked, open, oerr)
					}
					if _, err := send(next, up.id, data, chunk); err != nil {
						t.Fatalf("%d bytes in chunks of %d, killed at write %d, effect %v: %v", size, chunk, kill, effect, err)
					}
					// What a dead process left over is swept when its time has come.
					s.Age(space, 8*24*time.Hour)
					if _, err := next.Sweep(t.Context(), false); err != nil {
						t.Fatal(err)
					}
					got, rerr := blobs.ReadAll(t.Context(), s, space, blobs.RefOf(data), 1<<20)
					if rerr != nil || !bytes.Equal(got, data) {
						t.Fatalf("killed at write %d: %d bytes, %v", kill, len(got), rerr)
					}
					if notes, _ := s.Staged(space); notes != 0 {
						t.Fatalf("killed at write %d: %d notes are left", kill, notes)
					}
					if err == nil {
						break // it lived to the end
					}
				}
			}
		}
	}
}

func TestTwoServersThatWriteAtOnceNeverMixTheirBytes(t *testing.T) {
	for seed := range uint64(30) {
		s := s3like()
		data := blobtest.Bytes(seed, 60_000)
		up, err := uploads(t, s).Create(t.Context(), anna, fileOf(data))
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for server := range 3 {
			u, rng := uploads(t, s), rand.New(rand.NewPCG(seed, uint64(server)))
			wg.Go(func() {
				for {
					_, err := send(u, up.id, data, 500+rng.IntN(50_000))
					if err == nil {
						return
					}
					if !errors.Is(err, blobs.ErrConflict) && !errors.Is(err, ErrOffset) {
						t.Errorf("seed %d: %v", seed, err)
						return
					}
				}
			})
		}
		wg.Wait()
		if got, err := blobs.ReadAll(t.Context(), s, space, blobs.RefOf(data), 1<<20); err != nil || !bytes.Equal(got, data) {
			t.Fatalf("seed %d: %d bytes, %v", seed, len(got), err)
		}
	}
}

func TestAWrongFileGetsNoNameAndCostsNothingThatStays(t *testing.T) {
	for name, s := range stores(t) {
		for _, size := range []int{1, 3000, 12_000} {
			data := blobtest.Bytes(1, size)
			f := fileOf(data)
			data[size/2] ^= 1
			u := uploads(t, s)
			up, err := u.Create(t.Context(), anna, f)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := send(u, up.id, data, 2500); !errors.Is(err, blobs.ErrMismatch) {
				t.Errorf("%s, %d bytes: %v", name, size, err)
			}
			if _, err := s.Stat(t.Context(), space, f.Ref); !errors.Is(err, blobs.ErrNotFound) {
				t.Errorf("%s: the name is there: %v", name, err)
			}
			if _, err := u.Open(t.Context(), anna, up.id); !errors.Is(err, blobs.ErrNotFound) {
				t.Errorf("%s: the upload is still there: %v", name, err)
			}
			mustBeEmpty(t, s, "")
		}
	}
}

func TestWhatASenderSendsBeforeHeBreaksOffIsKept(t *testing.T) {
	s := s3like()
	u := uploads(t, s)
	data := blobtest.Bytes(2, 9000)
	up, err := u.Create(t.Context(), anna, fileOf(data))
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("no radio")
	n, err := up.Append(t.Context(), 0, &failing{bytes.NewReader(data[:5555]), broken})
	if n != 5555 || !errors.Is(err, broken) {
		t.Errorf("%d bytes, %v", n, err)
	}
	if up, err = u.Open(t.Context(), anna, up.id); err != nil || up.State().Offset != 5555 {
		t.Fatalf("%+v, %v", up.State(), err)
	}
	if _, err := up.Append(t.Context(), 5554, bytes.NewReader(data[5554:])); !errors.Is(err, ErrOffset) {
		t.Errorf("from another offset: %v", err)
	}
	if _, err := up.Append(t.Context(), 5555, bytes.NewReader(append(data[5555:], "more than the file"...))); err != nil {
		t.Fatal(err)
	}
	mustHold(t, s, data)
}

// failing fails where the reader ends.
type failing struct {
	r   *bytes.Reader
	err error
}

func (f *failing) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != nil {
		err = f.err
	}
	return n, err
}

func TestASlowSendersBytesBecomeDurableWhileHeSends(t *testing.T) {
	s := s3like()
	u := uploads(t, s, func(c *Config) { c.FlushAfter = time.Nanosecond })
	data := blobtest.Bytes(3, 2000)
	up, err := u.Create(t.Context(), anna, fileOf(data))
	if err != nil {
		t.Fatal(err)
	}
	seen := int64(-1)
	src := readerFunc(func(p []byte) (int, error) {
		if other, err := uploads(t, s).load(t.Context(), space, up.id); err == nil {
			seen = other.n.Offset
		}
		at := seen
		return copy(p[:min(len(p), 500)], data[at:]), nil
	})
	if n, err := up.Append(t.Context(), 0, src); err != nil || n != 2000 {
		t.Fatal(n, err)
	}
	if seen != 1500 {
		t.Errorf("before the last bytes came, %d were durable", seen)
	}
	mustHold(t, s, data)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestAStoreThatFailsLosesNothingAndTheUploadGoesOn(t *testing.T) {
	for _, verb := range []memblob.Verb{memblob.PutNote, memblob.PutPart, memblob.Assemble, memblob.Write, memblob.GetNote} {
		for _, size := range []int{3000, 9000} {
			s := s3like()
			u := uploads(t, s)
			data := blobtest.Bytes(4, size)
			up, err := u.Create(t.Context(), anna, fileOf(data))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := up.Append(t.Context(), 0, bytes.NewReader(data[:1500])); err != nil {
				t.Fatal(err)
			}
			s.Fail(verb, fmt.Errorf("%w: down", blobs.ErrUnavailable))
			if _, err := send(u, up.id, data, 5000); err != nil && !errors.Is(err, blobs.ErrUnavailable) {
				t.Errorf("%s: %v", verb, err)
			}
			s.Fail(verb, nil)
			if _, err := send(u, up.id, data, 5000); err != nil {
				t.Errorf("%s, after it came back: %v", verb, err)
			}
			mustHold(t, s, data)
		}
	}
}

func TestAPieceThatRottedIsNoticedAndTheUploadRefused(t *testing.T) {
	s := s3like()
	u := uploads(t, s)
	data := blobtest.Bytes(5, 3000)
	up, err := u.Create(t.Context(), anna, fileOf(data))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := up.Append(t.Context(), 0, bytes.NewReader(data[:1000])); err != nil {
		t.Fatal(err)
	}
	bad := bytes.Clone(data[:1000])
	bad[0] ^= 1
	if _, err := s.PutNote(t.Context(), space, piecePath(up.id, up.n.Pieces[0].Number), bad, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := send(u, up.id, data, 5000); !errors.Is(err, blobs.ErrMismatch) {
		t.Errorf("%v", err)
	}
	mustBeEmpty(t, s, "")
}

func TestCheckIsAskedBeforeTheNameAndDoneIsToldAfterIt(t *testing.T) {
	for _, size := range []int{3000, 9000} {
		s := s3like()
		data := blobtest.Bytes(6, size)
		refuse := errors.New("not any more")
		allowed, told := false, 0
		u := uploads(t, s, func(c *Config) {
			c.Check = func(_ context.Context, st State) error {
				if _, err := s.Stat(t.Context(), space, st.File.Ref); !errors.Is(err, blobs.ErrNotFound) {
					t.Errorf("the name is there already: %v", err)
				}
				if !allowed {
					return refuse
				}
				return nil
			}
			c.Done = func(_ context.Context, st State) error {
				told++
				if info, err := s.Stat(t.Context(), space, st.File.Ref); err != nil || info.Size != int64(size) || !st.Done {
					t.Errorf("%+v, %+v, %v", st, info, err)
				}
				return nil
			}
		})
		up, err := u.Create(t.Context(), anna, fileOf(data))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := send(u, up.id, data, 5000); !errors.Is(err, refuse) {
			t.Errorf("%v", err)
		}
		if _, err := s.Stat(t.Context(), space, blobs.RefOf(data)); !errors.Is(err, blobs.ErrNotFound) || told != 0 {
			t.Errorf("refused, and yet: %v, told %d times", err, told)
		}
		allowed = true
		if _, err := send(u, up.id, data, 5000); err != nil || told != 1 {
			t.Errorf("%v, told %d times", err, told)
		}
		mustHold(t, s, data)
	}
}

func TestAnUploadIsItsOwnersAlone(t *testing.T) {
	s := s3like()
	u := uploads(t, s)
	up, err := u.Create(t.Context(), anna, fileOf([]byte("x")))
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []Owner{{space, "user:ben"}, {"org-2", "user:anna"}, {space, ""}} {
		if _, err := u.Open(t.Context(), o, up.id); !errors.Is(err, blobs.ErrNotFound) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	for _, id := range []string{"", "x", "../" + up.id, up.id + "/", strings.ToUpper(up.id), up.id[:20], "state/" + up.id, up.id + "\x00"} {
		if _, err := u.Open(t.Context(), anna, id); !errors.Is(err, blobs.ErrNotFound) {
			t.Errorf("the id %q: %v", id, err)
		}
	}
}

func TestOpenUploadsAreBoundedForAPersonAndForAnOrganisation(t *testing.T) {
	s := s3like()
	now := time.Now()
	u := uploads(t, s, func(c *Config) {
		c.PerOwner, c.PerSpace = Quota{3, 1000}, Quota{5, 1500}
		c.Now = func() time.Time { return now }
	})
	open := func(who string, size int) (*Upload, error) {
		return u.Create(t.Context(), Owner{space, who}, File{Ref: blobs.RefOf([]byte(who)), Size: int64(size)})
	}
	if _, err := open("a", 1001); !errors.Is(err, ErrQuota) {
		t.Errorf("more bytes than one may promise: %v", err)
	}
	var first *Upload
	for i := range 3 {
		up, err := open("a", 100)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = up
		}
	}
	if _, err := open("a", 1); !errors.Is(err, ErrQuota) {
		t.Errorf("one more than one may open: %v", err)
	}
	if err := first.Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := open("a", 800); err != nil {
		t.Errorf("after one was ended: %v", err)
	}
	if _, err := open("b", 600); !errors.Is(err, ErrQuota) {
		t.Errorf("more bytes than the organisation may promise: %v", err)
	}
	for range 2 {
		if _, err := open("b", 1); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := open("c", 1); !errors.Is(err, ErrQuota) {
		t.Errorf("one more than the organisation may open: %v", err)
	}
	if _, err := u.Create(t.Context(), Owner{"org-2", "c"}, fileOf(make([]byte, 900))); err != nil {
		t.Errorf("another organisation: %v", err)
	}
	s.Age(space, DefaultExpireAfter+time.Minute)
	if _, err := open("c", 900); err != nil {
		t.Errorf("when all others have expired: %v", err)
	}
}

func TestWhatHasExpiredIsSweptAndNothingElse(t *testing.T) {
	s := s3like()
	u := uploads(t, s)
	data := blobtest.Bytes(7, 9000)
	old, err := u.Create(t.Context(), anna, fileOf(data))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := old.Append(t.Context(), 0, only{bytes.NewReader(data[:8500])}); err != nil {
		t.Fatal(err)
	}
	done := blobtest.Bytes(8, 100)
	finished, err := u.Create(t.Context(), anna, fileOf(done))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := finished.Append(t.Context(), 0, bytes.NewReader(done)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutNote(t.Context(), space, "piece/nobody/1", []byte("left over"), ""); err != nil {
		t.Fatal(err)
	}
	s.Age(space, DefaultExpireAfter+time.Minute)
	fresh, err := u.Create(t.Context(), anna, fileOf(blobtest.Bytes(9, 9000)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fresh.Append(t.Context(), 0, bytes.NewReader(data[:300])); err != nil {
		t.Fatal(err)
	}
	before, _ := s.Staged(space)
	swept, err := u.Sweep(t.Context(), true)
	if after, _ := s.Staged(space); err != nil || swept != (Swept{Uploads: 1, Bytes: 8500, Notes: 2}) || after != before {
		t.Errorf("a dry run: %+v, %v, %d of %d notes are left", swept, err, after, before)
	}
	if swept, err = u.Sweep(t.Context(), false); err != nil || swept.Uploads != 1 || swept.Failed != 0 {
		t.Errorf("%+v, %v", swept, err)
	}
	if notes, growing := s.Staged(space); notes != 2 || growing != 0 { // the state and the piece of the fresh one
		t.Errorf("%d notes and %d growing files are left", notes, growing)
	}
	if _, err := u.Open(t.Context(), anna, old.id); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("the expired one: %v", err)
	}
	if up, err := u.Open(t.Context(), anna, fresh.id); err != nil || up.State().Offset != 300 {
		t.Errorf("the fresh one: %v", err)
	}
	if _, err := s.Stat(t.Context(), space, blobs.RefOf(done)); err != nil {
		t.Errorf("the finished file: %v", err)
	}
}

func TestArrivingTellsWhatIsUnderWay(t *testing.T) {
	s := s3like()
	u := uploads(t, s)
	data := blobtest.Bytes(10, 5000)
	up, err := u.Create(t.Context(), anna, fileOf(data))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := up.Append(t.Context(), 0, bytes.NewReader(data[:1234])); err != nil {
		t.Fatal(err)
	}
	got, err := u.Arriving(t.Context(), space, blobs.RefOf(data))
	if err != nil || len(got) != 1 || got[0].Offset != 1234 || got[0].Size != 5000 || got[0].Owner != anna.ID || got[0].Meta["job"] != "j" {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := u.Arriving(t.Context(), "org-2", blobs.RefOf(data)); err != nil || len(got) != 0 {
		t.Errorf("in another organisation: %+v, %v", got, err)
	}
	if _, err := send(u, up.id, data, 5000); err != nil {
		t.Fatal(err)
	}
	if got, err := u.Arriving(t.Context(), space, blobs.RefOf(data)); err != nil || len(got) != 0 {
		t.Errorf("when it is here: %+v, %v", got, err)
	}
}
