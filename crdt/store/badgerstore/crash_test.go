package badgerstore

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"fieldsync/crdt/store"
)

// crashRounds is how often the writer is killed. Each round opens what the one before left.
const crashRounds = 10

// value is what a key's value must be: checkable, and of sizes on both sides of the value log's threshold.
func crashValue(key string) []byte {
	sum := uint32(2166136261)
	for i := range len(key) {
		sum = (sum ^ uint32(key[i])) * 16777619
	}
	size := 8 + int(sum%2000)
	if sum%64 == 0 {
		size = valueThreshold + int(sum%100_000)
	}
	return bytes.Repeat(binary.BigEndian.AppendUint32(nil, sum), size/4)
}

// writerProcess writes with eight callers until it is killed, and prints each batch's name when it is acknowledged.
func writerProcess(dir string) int {
	s, err := Open(Options{Dir: dir, Profile: Small, Reserve: testReserve})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	run := os.Getpid()
	var mu sync.Mutex
	var writers sync.WaitGroup
	for w := range 8 {
		writers.Go(func() {
			for n := 0; ; n++ {
				name := fmt.Sprintf("k/%d/%d/%d", run, w, n)
				err := store.Write(s, []store.Op{put(name+"/a", crashValue(name+"/a")), put(name+"/b", crashValue(name+"/b"))})
				mu.Lock()
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				fmt.Println(name) // one write system call, no buffer
				mu.Unlock()
			}
		})
	}
	writers.Wait()
	return 0
}

func TestKillingTheProcessLosesNothingThatWasAcknowledged(t *testing.T) {
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	var acked []string
	for round := range crashRounds {
		child := exec.Command(os.Args[0], dir)
		child.Env = append(os.Environ(), roleVariable+"=writer")
		var stderr bytes.Buffer
		child.Stderr = &stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(out)
		killAt := 1 + random.IntN(1500)
		n := 0
		for ; ; n++ {
			if n == killAt {
				if err := child.Process.Kill(); err != nil {
					t.Error(err)
				}
			}
			line, err := lines.ReadString('\n')
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			acked = append(acked, strings.TrimSuffix(line, "\n"))
		}
		if err := child.Wait(); err == nil || n < killAt {
			t.Fatalf("round %d: the writer ended by itself after %d of %d: %v\n%s", round, n, killAt, err, &stderr)
		}
		s := open(t, dir)
		keys := 0
		halves := map[string]int{}
		if err := s.Scan([]byte("k/"), nil, func(k, v []byte) error {
			keys++
			halves[string(k[:len(k)-2])]++
			if !bytes.Equal(v, crashValue(string(k))) {
				return fmt.Errorf("%q has a wrong value", k)
			}
			return nil
		}); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		for name, n := range halves {
			if n != 2 {
				t.Errorf("round %d: half of batch %s is there", round, name)
			}
		}
		for _, name := range acked {
			if halves[name] == 0 {
				t.Errorf("round %d: %s was acknowledged and is lost", round, name)
			}
		}
		t.Logf("round %d: killed after %d acknowledgements, %d keys are there", round, killAt, keys)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// copyDir copies a store's folder as a crash would leave it. Only the blocks that hold something are written.
func copyDir(t *testing.T, from, to string) {
	t.Helper()
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(from, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(filepath.Join(to, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		used := len(bytes.TrimRight(data, "\x00"))
		if _, err := f.Write(data[:used]); err != nil {
			t.Fatal(err)
		}
		if err := f.Truncate(int64(len(data))); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// logEnds gives where the data of each log file ends.
func logEnds(t *testing.T, dir string) map[string]int {
	t.Helper()
	ends := map[string]int{}
	for _, pattern := range []string{"*.mem", "*.vlog"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			ends[filepath.Base(file)] = len(bytes.TrimRight(data, "\x00"))
		}
	}
	return ends
}

func TestATornTailLosesOnlyTheWriteThatWasTorn(t *testing.T) {
	live := t.TempDir()
	s := open(t, live)
	const before = 20
	for n := range before {
		key := fmt.Sprintf("k/%d", n)
		if err := store.Write(s, []store.Op{put(key, crashValue(key)), put("b"+key, bytes.Repeat([]byte("b"), 2*valueThreshold))}); err != nil {
			t.Fatal(err)
		}
	}
	start := logEnds(t, live)
	if err := store.Write(s, []store.Op{put("k/last", bytes.Repeat([]byte("x"), 3000)), put("bk/last", bytes.Repeat([]byte("y"), 2*valueThreshold))}); err != nil {
		t.Fatal(err)
	}
	end := logEnds(t, live)
	torn := 0
	for _, part := range []float64{0, 0.1, 0.5, 0.9, 0.999} {
		for _, shorten := range []bool{false, true} { // the tail reads as zeros, or the file is shorter
			dir := t.TempDir()
			copyDir(t, live, dir)
			for name := range end {
				if end[name] == start[name] {
					continue
				}
				keep := int64(start[name] + int(part*float64(end[name]-start[name])))
				path := filepath.Join(dir, name)
				info, err := os.Stat(path)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.Truncate(path, keep); err != nil {
					t.Fatal(err)
				}
				if !shorten {
					if err := os.Truncate(path, info.Size()); err != nil {
						t.Fatal(err)
					}
				}
				torn++
			}
			name := fmt.Sprintf("%.3f kept, shortened %v", part, shorten)
			s := open(t, dir)
			for n := range before {
				key := fmt.Sprintf("k/%d", n)
				if got, err := s.Get([]byte(key)); err != nil || !bytes.Equal(got, crashValue(key)) {
					t.Errorf("%s: %s: %d bytes, %v", name, key, len(got), err)
				}
				if got, err := s.Get([]byte("b" + key)); err != nil || len(got) != 2*valueThreshold {
					t.Errorf("%s: b%s: %d bytes, %v", name, key, len(got), err)
				}
			}
			for _, key := range []string{"k/last", "bk/last"} {
				if _, err := s.Get([]byte(key)); !errors.Is(err, store.ErrNotFound) {
					t.Errorf("%s: %s of the torn batch: %v", name, key, err)
				}
			}
			if err := store.Write(s, []store.Op{put("k/new", []byte("v"))}); err != nil {
				t.Errorf("%s: a write afterwards: %v", name, err)
			}
			if err := s.Close(); err != nil {
				t.Errorf("%s: close: %v", name, err)
			}
		}
	}
	if torn != 20 {
		t.Errorf("%d files were torn, not two logs each time", torn)
	}
}
