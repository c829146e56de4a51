package syncpeers

import (
	"fmt"
	"slices"
	"testing"

	"fieldsync/crdt/syncproto"
)

// talk counts what went over the wire.
type talk struct {
	messages         int
	fromUs, fromThem int // bytes of changes
	bytes            int // of all messages
	documents        int // version 2 messages with changes from us
}

// maxTalk bounds the messages of one synchronisation; four or five are usual.
const maxTalk = 12

// settle lets both speak until both are silent.
func settle(t *testing.T, us *ours, them partner, weBegin bool) talk {
	t.Helper()
	var k talk
	for turn, silent := weBegin, 0; silent < 2; turn = !turn {
		var data []byte
		var ok bool
		if turn {
			data, ok = us.generate(t)
		} else {
			data, ok = them.generate(t)
		}
		if !ok {
			silent++
			continue
		}
		silent = 0
		if k.messages++; k.messages > maxTalk {
			t.Fatalf("still talking after %d messages", maxTalk)
		}
		k.bytes += len(data)
		m, err := syncproto.Decode(data, syncproto.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		size := 0
		for _, c := range m.Changes {
			size += len(c)
		}
		if turn {
			k.fromUs += size
			if m.Version == syncproto.V2 && size > 0 {
				k.documents++
			}
			them.receive(t, data)
		} else {
			k.fromThem += size
			us.receive(t, &m)
		}
	}
	return k
}

func mustAgree(t *testing.T, us *ours, them partner) {
	t.Helper()
	theirs, n := them.heads(t)
	var mine []string
	for _, h := range us.h.Heads() {
		mine = append(mine, h.String())
	}
	slices.Sort(theirs)
	if !slices.Equal(mine, theirs) || us.h.Len() != n {
		t.Fatalf("we have %d changes, heads %v; they have %d, heads %v", us.h.Len(), mine, n, theirs)
	}
}

func TestOtherImplementationsConvergeWithUsAndEchoNothing(t *testing.T) {
	type start struct {
		name                 string
		common, mine, theirs int
	}
	starts := []start{
		{"both empty", 0, 0, 0}, {"they are empty", 0, 60, 0}, {"we are empty", 0, 0, 60},
		{"equal", 40, 0, 0}, {"we are ahead", 40, 20, 0}, {"they are ahead", 40, 0, 20},
		{"divergent", 20, 30, 30}, {"strangers", 0, 25, 25},
	}
	for name, partner := range partners {
		for _, opt := range []syncproto.Options{{}, {AdvertiseV2: true}} {
			for _, snapshot := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/flags %v/snapshot %v", name, opt.AdvertiseV2, snapshot), func(t *testing.T) {
					them := partner(t)
					for i, s := range starts {
						for _, weBegin := range []bool{true, false} {
							us := newOurs(opt, snapshot)
							them.fresh(t)
							if s.common > 0 {
								us.edit(t, s.common, "common")
								them.load(t, us.save(t))
							}
							if s.mine > 0 {
								us.edit(t, s.mine, "mine")
							}
							if s.theirs > 0 {
								them.edit(t, s.theirs, "theirs")
							}
							k := settle(t, us, them, weBegin)
							mustAgree(t, us, them)
							t.Logf("%-15s we begin %-5v: %d messages, %d bytes; changes %d bytes from us, %d from them",
								s.name, weBegin, k.messages, k.bytes, k.fromUs, k.fromThem)
							// Newer cores send even an empty document as a chunk, of 14 bytes.
							if s.theirs == 0 && k.fromThem > 0 && (s.common > 0 || s.mine > 0 || k.fromThem > 14) {
								t.Errorf("%s: they echo %d bytes", s.name, k.fromThem)
							}
							if s.mine == 0 && k.fromUs > 0 {
								t.Errorf("%s: we echo %d bytes", s.name, k.fromUs)
							}
							if i%3 == 1 { // a selection, for time's sake
								liveAndReconnect(t, us, them)
							}
						}
					}
				})
			}
		}
	}
}

// liveAndReconnect goes on with two ends that are in sync.
func liveAndReconnect(t *testing.T, us *ours, them partner) {
	t.Helper()
	for i := range 4 {
		us.edit(t, 1, "live")
		if k := settle(t, us, them, true); k.messages > 2 || k.fromThem > 0 {
			t.Errorf("our live edit: %+v", k)
		}
		them.edit(t, 1, fmt.Sprint("live", i))
		// Two messages; four where the filter in our last message hides their change, one time in a hundred.
		if k := settle(t, us, them, false); k.messages > 4 || k.fromUs > 0 {
			t.Errorf("their live edit: %+v", k)
		}
	}
	mustAgree(t, us, them)

	// Both edit at once: neither has heard of the other's edit when it speaks.
	us.edit(t, 1, "both")
	them.edit(t, 1, "both")
	mine, _ := us.generate(t)
	theirs, _ := them.generate(t)
	them.receive(t, mine)
	m, err := syncproto.Decode(theirs, syncproto.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	us.receive(t, &m)
	if k := settle(t, us, them, true); k.fromUs > 0 || k.fromThem > 0 {
		t.Errorf("edits that crossed were sent again: %+v", k)
	}
	mustAgree(t, us, them)

	restored, err := syncproto.Restore(us.p.Save(), us.opt)
	if err != nil {
		t.Fatal(err)
	}
	us.p = restored
	them.reconnect(t)
	if k := settle(t, us, them, true); k.fromUs+k.fromThem > 0 || k.bytes > 400 {
		t.Errorf("reconnect with nothing new: %+v", k)
	}
	us.p.Reset()
	them.reconnect(t)
	us.edit(t, 2, "offline")
	them.edit(t, 2, "offline too")
	k := settle(t, us, them, false)
	mustAgree(t, us, them)
	if k.fromUs > 600 || k.fromThem > 600 {
		t.Errorf("after a reconnect with saved states two edits each cost %+v", k)
	}
}
