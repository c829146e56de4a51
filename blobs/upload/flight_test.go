package upload

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"fieldsync/blobs"
	"fieldsync/blobs/blobtest"
)

// watched is a store that says of each part that it is put.
type watched struct {
	Backend
	put func(ctx context.Context, f blobs.Growing, p blobs.Part) error
}

func (w watched) PutPart(ctx context.Context, f blobs.Growing, p blobs.Part, data []byte) (string, error) {
	if err := w.put(ctx, f, p); err != nil {
		return "", err
	}
	return w.Backend.PutPart(ctx, f, p, data)
}

// begun opens an upload and sends all of a file in one chunk.
func begun(t *testing.T, s Backend, data []byte) (up *Upload, durable int64, err error) {
	t.Helper()
	up, err = uploads(t, s).Create(t.Context(), anna, fileOf(data))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	durable, err = up.Append(ctx, 0, bytes.NewReader(data))
	return up, durable, err
}

func TestThreePartsOfAChunkAreOnTheirWayTogether(t *testing.T) {
	s, data := s3like(), blobtest.Bytes(1, 24_000)
	var mu sync.Mutex
	inside, most, all := 0, 0, make(chan struct{})
	_, _, err := begun(t, watched{s, func(ctx context.Context, _ blobs.Growing, _ blobs.Part) error {
		mu.Lock()
		inside++
		if most = max(most, inside); most == maxFlights && inside == most {
			select {
			case <-all:
			default:
				close(all)
			}
		}
		mu.Unlock()
		defer func() { mu.Lock(); inside--; mu.Unlock() }()
		select {
		case <-all:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}}, data)
	if err != nil || most != maxFlights {
		t.Fatalf("%d at once, %v", most, err)
	}
	mustHold(t, s, data)
}

func TestManyChunksAtOnceShareTheMemoryForMore(t *testing.T) {
	u := uploads(t, s3like())
	for range maxExtra {
		u.extra <- struct{}{}
	}
	a := &appender{up: &Upload{u: u}, flights: make([]*flight, 1)}
	if a.mayFly() {
		t.Error("a second part flies although the others have taken all")
	}
	<-u.extra
	if !a.mayFly() {
		t.Error("no second part although there is room for one")
	}
	a.flights = make([]*flight, 2)
	if a.mayFly() {
		t.Error("a third part flies although there was room for one more")
	}
	a.release()
	if len(u.extra) != maxExtra-1 {
		t.Errorf("%d places are taken after the end", len(u.extra))
	}
}

func TestNoPartHasANumberThatTheStateDoesNotReserve(t *testing.T) {
	s, data := s3like(), blobtest.Bytes(2, 30*4000+5)
	_, _, err := begun(t, watched{s, func(ctx context.Context, f blobs.Growing, p blobs.Part) error {
		text, _, err := s.GetNote(ctx, space, statePath(f.ID))
		if err != nil {
			return err
		}
		n, err := decodeNote(text)
		if err == nil && p.Number > n.Next {
			err = fmt.Errorf("part %d, the state says %d", p.Number, n.Next)
		}
		return err
	}}, data)
	if err != nil {
		t.Fatal(err)
	}
	mustHold(t, s, data)
}

func TestOfPartsThatAreOnTheirWayThoseBeforeTheFirstFailureCount(t *testing.T) {
	for bad := range 5 {
		s, data := s3like(), blobtest.Bytes(3, 5*4000+100)
		broken := errors.New("broken")
		var others sync.WaitGroup // those after the one that fails come first
		others.Add(min(maxFlights-1, 5-bad))
		up, durable, err := begun(t, watched{s, func(_ context.Context, _ blobs.Growing, p blobs.Part) error {
			at := int(p.Offset) / 4000
			if at == bad {
				others.Wait()
				return broken
			}
			if at > bad {
				defer others.Done()
			}
			return nil
		}}, data)
		if !errors.Is(err, broken) || durable != int64(bad*4000) {
			t.Fatalf("part %d failed: %d bytes count, %v", bad, durable, err)
		}
		if _, err := send(uploads(t, s), up.id, data, len(data)); err != nil {
			t.Fatal(err)
		}
		mustHold(t, s, data)
	}
}
