package audit_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"fieldsync/crdt"
	"fieldsync/crdt/audit"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/job"
)

var update = flag.Bool("update", false, "write testdata anew; review the difference")

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// office is the server with what arrives there, and when. The first minute is 0.
type office struct {
	t       testing.TB
	h       *history.History
	arrived []int64
}

func newOffice(t testing.TB) *office {
	return &office{t: t, h: history.New(history.DefaultLimits())}
}

// minute is a moment of the day of the tests.
func minute(m int) crdt.Timestamp { return crdt.Timestamp(1_795_000_000_000 + int64(m)*60_000) }

// deliver brings changes to the office.
func (o *office) deliver(at int, by history.Author, raws ...[]byte) {
	o.t.Helper()
	for _, raw := range raws {
		c, err := format.DecodeChange(raw, format.DefaultLimits())
		if err != nil {
			o.t.Fatal(err)
		}
		res, err := o.h.Admit(c, by, nil)
		if err != nil || len(res.Admitted) != 1 {
			o.t.Fatalf("%+v: %v", res, err)
		}
		o.arrived = append(o.arrived, int64(minute(at)))
	}
}

// log is what the office tells.
func (o *office) log() *audit.Log {
	return audit.New(o.h, audit.Options{
		Arrived: func(i int) int64 { return o.arrived[i] },
		Who: func(a history.Author) audit.Who {
			switch a {
			case "user:anna", "user:ben", "user:carl":
				return audit.Who{User: string(a[len("user:"):]), Worker: true, Source: "app"}
			case "user:dora":
				return audit.Who{User: "dora", Source: "web"}
			}
			return audit.Who{Source: "api"}
		},
	})
}

// device is somebody's copy of the document.
type device struct {
	t     testing.TB
	d     *engine.Doc
	actor crdt.ActorID
	made  [][]byte // and not delivered yet
}

func newDevice(t testing.TB, actor crdt.ActorID) *device {
	d, err := engine.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return &device{t: t, d: d, actor: actor}
}

// do makes a change, at a minute of the device's clock.
func (d *device) do(at int, edits ...[]crdt.Edit) []byte { return d.say(at, "", edits...) }

func (d *device) say(at int, message string, edits ...[]crdt.Edit) []byte {
	d.t.Helper()
	raw, err := d.d.Edit(engine.Commit{Actor: d.actor, Time: int64(minute(at)) / 1000, Message: message}, func(tx *engine.Tx) error {
		for _, e := range edits {
			if err := tx.Apply(e...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
	if raw == nil {
		d.t.Fatalf("%+v did nothing", edits)
	}
	d.made = append(d.made, raw)
	return raw
}

// sync delivers what was made, and takes what the office has.
func (d *device) sync(at int, o *office, by history.Author) {
	d.t.Helper()
	o.deliver(at, by, d.made...)
	d.made = nil
	for i := range o.h.Len() {
		if err := d.d.Apply(o.h.Raw(i)); err != nil {
			d.t.Fatal(err)
		}
	}
}

func (d *device) tree() map[string]any {
	d.t.Helper()
	tree, err := d.d.Tree()
	if err != nil {
		d.t.Fatal(err)
	}
	return tree
}

func (d *device) job() job.Job {
	j, _ := job.Read(d.tree())
	return j
}

// press adds a status event after all that the device shows.
func (d *device) press(at int, id string, s job.Status, by string) []byte {
	d.t.Helper()
	j := d.job()
	return d.do(at, must(job.AddEvent(job.Event{ID: id, Status: s, HappenedAt: minute(at), By: by, Device: "phone-of-" + by, After: j.Tips()})))
}

func (d *device) get(path ...any) any {
	v, err := d.d.Get(path...)
	if err != nil {
		return nil
	}
	return v
}

func set(v any, path ...any) []crdt.Edit {
	return []crdt.Edit{{Kind: crdt.EditSet, Path: path, Value: v}}
}
func del(path ...any) []crdt.Edit { return []crdt.Edit{{Kind: crdt.EditDelete, Path: path}} }
func splice(index, n int, s string, path ...any) []crdt.Edit {
	return []crdt.Edit{{Kind: crdt.EditSplice, Path: path, Index: index, Delete: n, Text: s}}
}

func hashOf(raw []byte) crdt.Hash {
	h, err := format.DecodeHeader(raw)
	if err != nil {
		panic(err)
	}
	return h.Hash
}

// newJob is a job as the office makes it, with two assignees.
func newJob() []crdt.Edit {
	d := job.Draft{UUID: "0b0e0f0a", SerialNo: "J-17", CreatedAt: minute(0), Assignees: []job.Assignee{{User: "anna", Edit: true}, {User: "ben"}},
		ScheduledAt: minute(240), First: job.Event{ID: "e0", HappenedAt: minute(0), By: "dora"}}
	d.Title, d.Description = "Boiler leaks", "Water under the boiler."
	d.ReportFields = []job.Field{{ID: "f1", Name: "Pressure", Type: job.FieldNumber}}
	d.Checklist = []job.Item{{ID: "i1", Text: "Close the valve"}}
	return must(job.New(d))
}

func engineJSON(v any) (string, error) {
	b, err := engine.MarshalTree(v)
	return string(b), err
}
