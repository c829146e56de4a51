package access

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/job"

	"github.com/google/go-cmp/cmp"
)

func person(org string, role Role) Principal {
	return Principal{ID: "user:me", Org: org, Role: role, User: "me", Device: "phone"}
}

// TestDecideEveryCell is the whole table: every role against every kind of document and every relation to it.
func TestDecideEveryCell(t *testing.T) {
	made := func(kind, by string, role Role) Record {
		return Record{Org: "acme", Kind: kind, Creator: "user:" + by, CreatorRole: role}
	}
	others := func(names ...string) []string { return append(names, "zoe", "abe") }
	relations := []struct {
		name   string
		record Record
	}{
		{"stranger", made("job", "other", RoleDispatcher).WithAssignees(others(), others())},
		{"editor", made("job", "other", RoleDispatcher).WithAssignees(others("me"), []string{"me"})},
		{"viewer", made("job", "other", RoleDispatcher).WithAssignees(others("me"), []string{"zoe"})},
		{"was editor, is viewer", made("job", "other", RoleDispatcher).WithAssignees([]string{"me"}, []string{"me"}).WithAssignees([]string{"me"}, nil)},
		{"was editor", made("job", "other", RoleDispatcher).WithAssignees([]string{"me"}, []string{"me"}).WithAssignees([]string{"zoe"}, nil)},
		{"was viewer", made("job", "other", RoleDispatcher).WithAssignees([]string{"me"}, nil).WithAssignees([]string{"zoe"}, nil)},
		{"made it", made("job", "me", RoleWorker)},
		{"made it, nobody knows as what", made("job", "me", "")},
		{"made it as a dispatcher", made("job", "me", RoleDispatcher)},
		{"template", made("template", "other", RoleDispatcher)},
		{"client", made("client", "other", RoleDispatcher)},
		{"client that he made as a dispatcher", made("client", "me", RoleDispatcher)},
		{"site", made("site", "other", RoleDispatcher)},
		{"own opaque", made("", "me", RoleWorker)},
		{"own of another kind", made("invoice", "me", RoleDispatcher)},
		{"another's opaque", made("", "other", RoleWorker)},
		{"other organisation", Record{Org: "rival", Creator: "user:me", Kind: "job", CreatorRole: RoleWorker}.WithAssignees([]string{"me"}, []string{"me"})},
		{"other organisation's template", Record{Org: "rival", Kind: "template"}},
		{"no organisation", Record{Creator: "user:me", Kind: "job"}.WithAssignees([]string{"me"}, nil)},
	}
	const (
		all   = "rw rw rw rw rw rw rw rw rw rw rw rw rw rw rw rw -- -- --"
		reads = "r- r- r- r- r- r- r- r- r- r- r- r- r- r- r- r- -- -- --"
		none  = "-- -- -- -- -- -- -- -- -- -- -- -- -- -- -- -- -- -- --"
	)
	want := map[Role]string{
		RoleOwner: all, RoleAdministrator: all, RoleDispatcher: all, RoleDirector: reads, "": none, "janitor": none,
		RoleWorker: "-- rw rw rw -w -w rw rw -- r- -- -- -- rw rw -- -- -- --",
	}
	for _, role := range append(Roles(), "", "janitor") {
		cells := bytes.Fields([]byte(want[role]))
		for i, rel := range relations {
			t.Run(fmt.Sprintf("%s/%s", role, rel.name), func(t *testing.T) {
				if got := show(Decide(person("acme", role), rel.record)); got != string(cells[i]) {
					t.Errorf("got %s, want %s", got, cells[i])
				}
			})
		}
	}
	// What a worker is: e editor, v viewer, c creator; behind it l late, w was an editor.
	standings := strings.Fields("- e v vw vlw vl c c - - - - - c c - - - -")
	for i, rel := range relations[:16] {
		if got := showStanding(StandingOf(person("acme", RoleWorker), rel.record)); got != standings[i] {
			t.Errorf("a worker, %s: %s, want %s", rel.name, got, standings[i])
		}
		for role, want := range map[Role]job.Part{RoleOwner: job.PartPlanner, RoleAdministrator: job.PartPlanner, RoleDispatcher: job.PartPlanner,
			RoleDirector: job.PartOnlooker, "": job.PartOnlooker, "janitor": job.PartOnlooker} {
			if got := StandingOf(person("acme", role), rel.record); got != (Standing{Part: want}) {
				t.Errorf("%q, %s: %+v", role, rel.name, got)
			}
		}
	}
}

func showStanding(s Standing) string {
	out := "-vecp"[s.Part : s.Part+1]
	if s.Late {
		out += "l"
	}
	if s.WasEditor {
		out += "w"
	}
	return out
}

func show(a Access) string {
	out := []byte("--")
	if a.Read {
		out[0] = 'r'
	}
	if a.Write {
		out[1] = 'w'
	}
	return string(out)
}

func TestNobodyGetsNothing(t *testing.T) {
	open := Record{}
	for _, p := range []Principal{{}, {Role: RoleOwner}, {ID: "user:me", Role: RoleOwner}, {Org: "acme", Role: RoleOwner}} {
		if a := Decide(p, open); a.Exists() {
			t.Errorf("%+v may %+v a document without an organisation", p, a)
		}
		if a := Decide(p, Record{Org: "acme"}); a.Exists() {
			t.Errorf("%+v may %+v a document of acme", p, a)
		}
	}
}

func TestWorkerWithoutUserIsNotTheEmptyAssignee(t *testing.T) {
	p := Principal{ID: "integration:x", Org: "acme", Role: RoleWorker}
	if a := Decide(p, Record{Org: "acme", Kind: "job"}.WithAssignees([]string{""}, []string{""})); a.Exists() {
		t.Errorf("an empty assignee lets everybody without a user in: %+v", a)
	}
}

func TestMayCreate(t *testing.T) {
	want := map[Role]bool{RoleOwner: true, RoleAdministrator: true, RoleDispatcher: true, RoleWorker: true}
	for _, role := range append(Roles(), "", "janitor") {
		if got := MayCreate(person("acme", role)); got != want[role] {
			t.Errorf("%s: got %v", role, got)
		}
	}
	if MayCreate(person("", RoleOwner)) {
		t.Error("without an organisation there is nowhere to create in")
	}
}

func TestRecordSurvivesStorage(t *testing.T) {
	for _, r := range []Record{
		{},
		{Org: "acme", Creator: "user:a"},
		Record{Org: "acme", Creator: "user:a", Kind: "job"}.WithAssignees([]string{"b", "a", "b"}, []string{"b"}).WithAssignees([]string{"c"}, []string{"c"}),
		Record{Org: "acme", Creator: "user:a", Kind: "template", CreatorRole: RoleOwner}.WithTemplate("u", true),
	} {
		b, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := DecodeRecord(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, back); diff != "" {
			t.Error(diff)
		}
		again, err := back.Encode()
		if err != nil || !bytes.Equal(b, again) {
			t.Errorf("encodes differently the second time: %x and %x (%v)", b, again, err)
		}
	}
}

func TestRecordLayoutIsKept(t *testing.T) {
	r := Record{Org: "o", Creator: "c", Kind: "k", Assignees: []string{"a"}, EverAssigned: []string{"a", "b"}, Editors: []string{"a"}, EverEditors: []string{"b"},
		CreatorRole: RoleWorker, UUID: "u", WorkerCreate: true}
	b, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	const want = "ab010202616f03616304616b058161610682616161620781616108816162" + "0966776f726b6572" + "0a61750bf5"
	if got := fmt.Sprintf("%x", b); got != want {
		t.Errorf("stored records of version 2 look like %s, not %s", want, got)
	}
	if Outdated(b) || Outdated(nil) {
		t.Error("it is outdated")
	}
}

// Of version 1 nobody knows who had edit access: whoever is assigned may still write as he could.
func TestARecordOfVersion1GivesEverybodyEditAccess(t *testing.T) {
	b, err := hex.DecodeString("a6010102616f03616304616b0581616106826161" + "6162")
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeRecord(b)
	want := Record{Org: "o", Creator: "c", Kind: "k", Assignees: []string{"a"}, EverAssigned: []string{"a", "b"}, Editors: []string{"a"}, EverEditors: []string{"a", "b"}, Outdated: true}
	if err != nil || !got.Equal(want) || !Outdated(b) {
		t.Errorf("%+v, %v; outdated: %v", got, err, Outdated(b))
	}
}

func TestEditorsAreAmongTheAssignees(t *testing.T) {
	r := Record{}.WithAssignees([]string{"a", "b"}, []string{"b", "x"})
	if fmt.Sprint(r.Editors, r.EverEditors) != "[b] [b]" {
		t.Errorf("%+v", r)
	}
	r = r.WithAssignees([]string{"a", "b"}, []string{"a"})
	if fmt.Sprint(r.Editors, r.EverEditors) != "[a] [a b]" {
		t.Errorf("%+v", r)
	}
	r = r.WithAssignees(nil, []string{"a"})
	if fmt.Sprint(r.Assignees, r.EverAssigned, r.Editors, r.EverEditors) != "[] [a b] [] [a b]" {
		t.Errorf("%+v", r)
	}
}

func TestDecodeRecordRefuses(t *testing.T) {
	long := Record{Org: "acme"}
	for i := range maxAssignees + 1 {
		long.Assignees = append(long.Assignees, fmt.Sprint(i))
	}
	if _, err := long.Encode(); crdt.KindOf(err) != crdt.KindTooLarge {
		t.Errorf("too many assignees: %v", err)
	}
	for name, c := range map[string]struct {
		in   []byte
		kind crdt.Kind
	}{
		"empty":         {nil, crdt.KindInvalid},
		"not CBOR":      {[]byte("{}"), crdt.KindInvalid},
		"later version": {[]byte{0xa1, 0x01, 0x03}, crdt.KindUnsupported},
		"no version":    {[]byte{0xa0}, crdt.KindUnsupported},
		"truncated":     {[]byte{0xa2, 0x01, 0x01, 0x02, 0x61}, crdt.KindInvalid},
		"huge":          {make([]byte, maxRecordBytes+1), crdt.KindTooLarge},
	} {
		if _, err := DecodeRecord(c.in); crdt.KindOf(err) != c.kind || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
