package netclass

import (
	"encoding/json"
	"os"
	"testing"
	"time"
)

// The SDK of the browser is held to the same (client/web/sdk/src/net/link.test.ts).
func TestTheClassIsAsTheSharedVectorsSay(t *testing.T) {
	data, err := os.ReadFile("../../../conformance/vectors/link.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Name  string
			Steps []struct {
				Word                  *Kind
				Connected, Lost, Busy bool
				Trip                  int64
				Moved, Train          []int64
				Times                 int
				Class                 string
			}
		}
	}
	if err := json.Unmarshal(data, &file); err != nil || len(file.Cases) == 0 {
		t.Fatalf("%d cases, %v", len(file.Cases), err)
	}
	ms := func(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
	for _, c := range file.Cases {
		var m Meter
		for i, s := range c.Steps {
			for range max(1, s.Times) {
				switch {
				case s.Word != nil:
					m.Word(*s.Word, false)
				case s.Connected:
					m.Connected()
				case s.Lost:
					m.Lost()
				case s.Trip > 0:
					m.RoundTrip(ms(s.Trip), s.Busy)
				case s.Moved != nil:
					m.Moved(s.Moved[0], ms(s.Moved[1]))
				case s.Train != nil:
					m.Train(s.Train[0], ms(s.Train[1]))
				}
			}
			got := string(m.Class())
			if m.Class() != None && !m.Known() {
				got = "unknown"
			}
			if got != s.Class {
				t.Errorf("%s: step %d: %s, want %s", c.Name, i+1, got, s.Class)
			}
		}
	}
}
