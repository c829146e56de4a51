package audit_test

import (
	"math/rand/v2"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
)

// What the phone showed when Finish was pressed is what the core reads at the heads that the log gives, whatever the office did meanwhile.
func TestWhatThePhoneKnewIsWhatItShowed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 12))
		o := newOffice(t)
		dora, anna := newDevice(t, "office-0001"), newDevice(t, "phone-0001")
		dora.do(0, newJob())
		dora.sync(0, o, "user:dora")
		anna.sync(0, o, "user:anna")
		shown := map[string]map[string]any{}
		for n := range 3 + r.IntN(10) {
			d, user := dora, "dora"
			if r.IntN(2) == 0 {
				d, user = anna, "anna"
			}
			id := string(rune('a' + n))
			switch r.IntN(4) {
			case 0:
				d.sync(n, o, "user:"+"dora")
			case 1:
				shown[id] = d.tree()
				d.press(n, id, []job.Status{job.Started, job.Paused, job.Finished}[r.IntN(3)], user)
			case 2:
				d.do(n, splice(0, r.IntN(2), id, job.KeyDescription))
			default:
				d.do(n, set(id+" by "+user, job.KeyTitle), del("gone"), set(int64(n), "gone"))
			}
		}
		anna.sync(20, o, "user:anna")
		dora.sync(21, o, "user:dora")
		l := o.log()
		for id, want := range shown {
			k, err := l.KnewAtStatus(id)
			if err != nil {
				rt.Fatal(err)
			}
			then, err := dora.d.At(k.Heads)
			if err != nil {
				rt.Fatal(err)
			}
			got, err := then.Tree()
			then.Close()
			if err != nil {
				rt.Fatal(err)
			}
			if diff := gocmp.Diff(want, got); diff != "" {
				rt.Fatalf("at %s the phone showed (-) and is said to have shown (+):\n%s", id, diff)
			}
			if again, err := l.Knew(k.Change); err != nil || !again.Heads.Equal(k.Heads) {
				rt.Fatalf("%+v, %v", again, err)
			}
		}
		k, err := l.KnewAtStatus("e0")
		if err != nil || len(k.Heads) != 0 {
			rt.Fatalf("whoever made the job knew %v: %v", k, err)
		}
		if _, err := l.KnewAtStatus("none"); crdt.KindOf(err) != crdt.KindNotFound {
			rt.Fatal(err)
		}
	})
}
