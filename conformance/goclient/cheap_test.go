package goclient

import (
	"fmt"
	"testing"

	"fieldsync/client"
	"fieldsync/conformance/internal/slowlink"
	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt"
)

// On 2G a second has six kilobytes. However many jobs a phone holds, it pays for what differs.
func TestAReconnectOn2GCostsTwoKilobytesAndWhatChanged(t *testing.T) {
	addr, _ := startServer(t, t.TempDir(), "")
	office := open(t, t.TempDir(), addr, sut.Dispatcher)
	jobs := make([]crdt.DocID, 300)
	for i := range jobs {
		jobs[i] = newJob(t, office, fmt.Sprint("Pump ", i))
	}
	synced(t, office)
	link, there := over(t, addr, slowlink.Direct)
	phone := open(t, t.TempDir(), there, sut.Dispatcher)
	phone.SetNetwork(client.Network2G, false)
	if r := synced(t, phone); r.Documents < len(jobs) {
		t.Fatalf("%+v", r)
	}
	if err := link.Set(slowlink.GPRS); err != nil {
		t.Fatal(err)
	}
	reconnect := func() (bytes int64) {
		t.Helper()
		link.ResetCounts()
		synced(t, phone)
		for _, n := range link.Counts() {
			bytes += n.Up + n.Down
		}
		return bytes
	}

	const nothing = 2 << 10
	if n := reconnect(); n > nothing {
		t.Errorf("nothing had changed, and %d bytes passed the line", n)
	}
	const each = 600    // the change, its heads, and that it came
	const longer = 2200 // the first sketch cannot be read in one comparison of fifty, by the chance of the ids; the next one is as long
	for round := 1; ; round++ {
		for i, id := range jobs[:10] {
			set(t, office, id, "title", fmt.Sprintf("Another pump %d %d", i, round))
		}
		synced(t, office)
		n := reconnect()
		for i, id := range jobs[:10] {
			if got, want := view(t, phone, id).Job.Title, fmt.Sprintf("Another pump %d %d", i, round); got != want {
				t.Errorf("%s has the title %q, want %q", id, got, want)
			}
		}
		if n <= nothing+10*each {
			return
		}
		if n > nothing+10*each+longer || round == 3 {
			t.Fatalf("ten jobs had changed, and in round %d %d bytes passed the line", round, n)
		}
	}
}
