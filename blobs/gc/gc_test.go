package gc

import (
	"context"
	"errors"
	"testing"
	"time"

	"fieldsync/blobs"
	"fieldsync/blobs/blobtest"
	"fieldsync/blobs/memblob"
)

func put(t *testing.T, s *memblob.Store, space blobs.Space, text string) blobs.Ref {
	t.Helper()
	return blobtest.Put(t, s, space, []byte(text))
}

func there(s *memblob.Store, space blobs.Space, ref blobs.Ref) bool {
	_, err := s.Stat(context.Background(), space, ref)
	return err == nil
}

func TestOnlyWhatNothingNamesAndIsOldAndOursIsRemoved(t *testing.T) {
	s := memblob.New(0)
	named, old, elsewhere, foreign := put(t, s, "org", "named"), put(t, s, "org", "old"), put(t, s, "org-2", "named"), put(t, s, "strange", "old")
	wanted, stuck := put(t, s, "org", "wanted again"), put(t, s, "org", "stuck")
	now := time.Now().Add(48 * time.Hour)
	cfg := Config{
		Store: s, Grace: 24 * time.Hour, Now: func() time.Time { return now },
		Known: func(space blobs.Space) bool { return space != "strange" },
		Mark: func(_ context.Context, m *Marks) error {
			m.Add("org", named)
			return nil
		},
		Remove: func(ctx context.Context, space blobs.Space, ref blobs.Ref) (bool, error) {
			switch ref {
			case wanted:
				return false, nil
			case stuck:
				return false, errors.New("no")
			}
			return true, s.Remove(ctx, space, ref)
		},
	}
	dry := cfg
	dry.Dry = true
	r, err := Run(t.Context(), dry)
	if err != nil || r.Removed != 4 || r.Unreferenced != 4 || r.Named != 1 || r.Unknown != 1 || len(r.Sample) != 4 || !there(s, "org", old) {
		t.Errorf("a dry run: %+v, %v", r, err)
	}
	young := cfg
	young.Grace = 72 * time.Hour
	if r, err := Run(t.Context(), young); err != nil || r.Young != 4 || r.Removed != 0 {
		t.Errorf("within the grace period: %+v, %v", r, err)
	}
	r, err = Run(t.Context(), cfg)
	if err != nil || r.Files != 6 || r.Removed != 2 || r.RemovedBytes != int64(len("old")+len("named")) || r.Wanted != 1 || r.Failed != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	for _, c := range []struct {
		space blobs.Space
		ref   blobs.Ref
		want  bool
	}{{"org", named, true}, {"org", old, false}, {"org-2", elsewhere, false}, {"strange", foreign, true}, {"org", wanted, true}, {"org", stuck, true}} {
		if got := there(s, c.space, c.ref); got != c.want {
			t.Errorf("%s %v: there %v", c.space, c.ref, got)
		}
	}
}

func TestNothingIsRemovedWhenMarkingFails(t *testing.T) {
	s := memblob.New(0)
	ref := put(t, s, "org", "x")
	fail := errors.New("a document that cannot be read")
	_, err := Run(t.Context(), Config{Store: s, Now: func() time.Time { return time.Now().Add(time.Hour) },
		Mark:   func(context.Context, *Marks) error { return fail },
		Remove: func(context.Context, blobs.Space, blobs.Ref) (bool, error) { t.Error("removed"); return true, nil },
	})
	if !errors.Is(err, fail) || !there(s, "org", ref) {
		t.Error(err)
	}
}

func TestMarksHoldsWhatWasAdded(t *testing.T) {
	var m Marks
	ref := func(i int) blobs.Ref { return blobs.RefOf([]byte{byte(i), byte(i >> 8)}) }
	for i := range 10_000 {
		m.Add("org", ref(i%5000))
		if i%777 == 0 && (!m.Has("org", ref(i%5000)) || m.Has("org", ref(60_000))) {
			t.Fatal(i)
		}
	}
	for i := range 5000 {
		if !m.Has("org", ref(i)) || m.Has("org-2", ref(i)) {
			t.Fatal(i)
		}
	}
	if n := len(m.spaces["org"].list); n != 5000 {
		t.Errorf("%d kept for 5000", n)
	}
}
