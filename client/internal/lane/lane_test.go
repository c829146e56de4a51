package lane

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fieldsync/client/internal/netclass"
)

var (
	lte  = netclass.Link{Class: netclass.Fast, Kind: netclass.LTE, Metered: true}
	wifi = netclass.Link{Class: netclass.Fast, Kind: netclass.WiFi}
	gprs = netclass.Link{Class: netclass.Slow, Kind: netclass.GPRS, Metered: true}
	none = netclass.Link{Class: netclass.None, Kind: netclass.WiFi}
)

func TestWhatMayMove(t *testing.T) {
	for _, c := range []struct {
		link       netclass.Link
		rules      Rules
		small, now bool
		want       Reason
	}{
		{lte, Rules{}, false, false, ""},
		{lte, Rules{WiFiOnly: true}, false, false, WiFiOnly},
		{lte, Rules{WiFiOnly: true}, true, false, WiFiOnly},
		{lte, Rules{WiFiOnly: true}, false, true, ""},
		{wifi, Rules{WiFiOnly: true}, false, false, ""},
		{netclass.Link{Class: netclass.Fast}, Rules{WiFiOnly: true}, false, false, WiFiOnly}, // nobody says that it is Wi-Fi
		{lte, Rules{DataSaver: true}, false, false, DataSaver},
		{lte, Rules{DataSaver: true}, true, false, ""},
		{wifi, Rules{DataSaver: true}, false, false, ""},
		{lte, Rules{DataSaver: true}, false, true, ""},
		{gprs, Rules{}, false, false, SlowLink},
		{gprs, Rules{}, true, false, SlowLink},
		{gprs, Rules{}, false, true, ""},
		{netclass.Link{Class: netclass.Slow, Kind: netclass.WiFi}, Rules{}, false, false, SlowLink},
		{none, Rules{}, false, false, Offline},
		{none, Rules{}, false, true, Offline},
	} {
		if got := Held(c.link, c.rules, c.small, c.now); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

func TestEstimates(t *testing.T) {
	const photos = 4 * 560_000
	if got := Estimate(netclass.Link{Class: netclass.Slow, Throughput: 50_000, RoundTrip: 700 * time.Millisecond}, 4, photos).Round(time.Minute); got != 6*time.Minute {
		t.Errorf("here: %v", got)
	}
	if got := Estimate(netclass.Link{Class: netclass.Slow}, 4, photos).Round(time.Minute); got != 6*time.Minute {
		t.Errorf("on 2G that was not measured: %v", got)
	}
	if got := EstimateFast(4, photos); got < time.Second || got > 5*time.Second {
		t.Errorf("on LTE: %v", got)
	}
}

// pipe gives bytes at a rate, forever.
type pipe struct{ bitsPerSecond int }

func (p pipe) Read(b []byte) (int, error) {
	b = b[:min(len(b), 4<<10)]
	time.Sleep(time.Duration(float64(len(b)*8) / float64(p.bitsPerSecond) * float64(time.Second)))
	return len(b), nil
}

func TestATransferStopsWithinAPieceWhenTheLinkGetsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []Progress
		g := &Gate{Tell: func(p Progress) { told = append(told, p) }}
		g.Set(lte, Rules{})
		f := File{Ref: "a", Up: true, Size: 100 << 20}
		x, err := g.Enter(t.Context(), f, 0)
		if err != nil {
			t.Fatal(err)
		}
		r := x.Reader(pipe{8_000_000})
		for range 100 {
			if _, err := r.Read(make([]byte, 1<<20)); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(g.Running()); n != 1 {
			t.Fatalf("%d run", n)
		}
		g.Set(gprs, Rules{})
		if n, err := r.Read(make([]byte, 1<<20)); n != 0 || !errors.Is(x.Err(err), ErrHeld{SlowLink}) {
			t.Errorf("on 2G: %d, %v", n, err)
		}
		if x.Context().Err() == nil {
			t.Error("the request goes on")
		}
		x.End()
		if last := told[len(told)-1]; !last.Left || last.Held != SlowLink || last.Done != 100*4<<10 {
			t.Errorf("told last: %+v", last)
		}
		if _, err := g.Enter(t.Context(), f, 0); !errors.Is(err, ErrHeld{SlowLink}) {
			t.Errorf("it enters a slow link: %v", err)
		}

		g.Now("a")
		if x, err = g.Enter(t.Context(), f, f.Size-10); err != nil {
			t.Fatalf("asked for: %v", err)
		}
		if _, err := io.ReadAll(x.Reader(bytes.NewReader(make([]byte, 10)))); err != nil {
			t.Fatal(err)
		}
		x.End()
		if g.Asked("a") {
			t.Error("it is over, and asked for still")
		}
	})
}

func TestFilesWaitForText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &Gate{}
		g.Set(lte, Rules{})
		x, err := g.Enter(t.Context(), File{Ref: "a", Size: 100}, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer x.End()
		r := x.Reader(bytes.NewReader(make([]byte, 100)))
		read := func() time.Duration {
			begun := time.Now()
			if _, err := r.Read(make([]byte, 10)); err != nil {
				t.Fatal(err)
			}
			return time.Since(begun)
		}
		if d := read(); d != 0 {
			t.Errorf("nothing moves, and it waited %v", d)
		}
		g.Text(true)
		go func() {
			time.Sleep(3 * time.Second)
			g.Text(false)
		}()
		if d := read(); d != 3*time.Second {
			t.Errorf("text moved for 3 s, and the file waited %v", d)
		}
		g.Text(true)
		if d := read(); d != mostText {
			t.Errorf("text moves without end, and the file waited %v", d)
		}
	})
}

func TestWindowsOfATransferAreMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var bytes int64
		var took time.Duration
		g := &Gate{Moved: func(n int64, d time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			bytes, took = bytes+n, took+d
		}}
		g.Set(lte, Rules{})
		x, err := g.Enter(t.Context(), File{Ref: "a", Size: 100 << 20}, 0)
		if err != nil {
			t.Fatal(err)
		}
		r := x.Reader(pipe{64_000}) // 8 kB/s
		for begun := time.Now(); time.Since(begun) < 21*time.Second; {
			if _, err := r.Read(make([]byte, 1<<20)); err != nil {
				t.Fatal(err)
			}
		}
		mu.Lock()
		if rate := float64(bytes) * 8 / took.Seconds(); rate < 60_000 || rate > 68_000 || took < 15*time.Second {
			t.Errorf("64 kbit/s were measured as %.0f over %v", rate, took)
		}
		mu.Unlock()
		// A pause for text is not the link's.
		mu.Lock()
		bytes, took = 0, 0
		mu.Unlock()
		g.Text(true)
		go func() {
			time.Sleep(9 * time.Second)
			g.Text(false)
		}()
		_, _ = r.Read(make([]byte, 1<<20))
		for begun := time.Now(); time.Since(begun) < 6*time.Second; {
			_, _ = r.Read(make([]byte, 1<<20))
		}
		x.End()
		if rate := float64(bytes) * 8 / took.Seconds(); rate < 50_000 || rate > 70_000 {
			t.Errorf("with a pause: %.0f over %v", rate, took)
		}
	})
}

func TestChunksThatAreOverSoonAreMeasuredTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var rates []float64
		g := &Gate{Moved: func(bytes int64, took time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			rates = append(rates, float64(bytes)*8/took.Seconds())
		}}
		g.Set(wifi, Rules{})
		x, err := g.Enter(t.Context(), File{Ref: "a", Up: true, Size: 100 << 20}, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, ms := range []int64{100, 100, 100, 100, 100, 3000} {
			const perMs = 1000 // bytes: 8 Mbit/s
			if _, err := io.Copy(io.Discard, x.Reader(io.LimitReader(pipe{8_000_000}, ms*perMs))); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second) // the server writes it down
		}
		x.End()
		mu.Lock()
		defer mu.Unlock()
		if len(rates) < 3 {
			t.Errorf("measured %d times", len(rates))
		}
		for _, r := range rates {
			if r < 7_000_000 || r > 8_500_000 {
				t.Errorf("8 Mbit/s were measured as %.1f", r/1e6)
			}
		}
	})
}
