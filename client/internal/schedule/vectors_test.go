package schedule

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"fieldsync/crdt/wire"
)

// The SDK of the browser is held to the same (client/web/sdk/src/net/net.test.ts).
func TestTriesAgainAsTheSharedVectorsSay(t *testing.T) {
	data, err := os.ReadFile("../../../conformance/vectors/retry.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Name   string
			Random float64
			Steps  []struct {
				At                 int64
				Connected, Network bool
				Asked              string
				Ended              *struct {
					Code   wire.CloseCode
					Reason string
				}
				Wait int64
			}
		}
	}
	if err := json.Unmarshal(data, &file); err != nil || len(file.Cases) == 0 {
		t.Fatalf("%d cases, %v", len(file.Cases), err)
	}
	for _, c := range file.Cases {
		s := New(0, func() float64 { return c.Random })
		for _, step := range c.Steps {
			now := start.Add(time.Duration(step.At) * time.Millisecond)
			switch {
			case step.Connected:
				s.Connected(now)
			case step.Network:
				s.Online(true, true)
			case step.Asked != "":
				if s.Asked(Trigger(step.Asked)); step.Asked == "network" {
					s.Online(true, true)
				}
				if got := s.Next(now).At.Sub(now).Milliseconds(); got != step.Wait {
					t.Errorf("%s: at %d asked by %s: after %d ms, want %d", c.Name, step.At, step.Asked, got, step.Wait)
				}
			default:
				s.Begun(now)
				at := s.Ended(now, step.Ended.Code.Advice() == wire.AdviceReconnect)
				if seconds, ok := step.Ended.Code.ParseRetryAfter(step.Ended.Reason); ok {
					at = s.Later(now, time.Duration(seconds)*time.Second)
				}
				if got := at.Sub(now).Milliseconds(); got != step.Wait {
					t.Errorf("%s: at %d again after %d ms, want %d", c.Name, step.At, got, step.Wait)
				}
			}
		}
	}
}
