package access

import (
	"bytes"
	"fmt"
	"testing"

	"fieldsync/crdt"

	"github.com/google/go-cmp/cmp"
)

func person(org string, role Role) Principal {
	return Principal{ID: "user:me", Org: org, Role: role, User: "me", Device: "phone"}
}

// TestDecideEveryCell is the whole table: every role against every relation to a document.
func TestDecideEveryCell(t *testing.T) {
	relations := []struct {
		name   string
		record Record
	}{
		{"stranger", Record{Org: "acme", Creator: "user:other", Kind: "job"}.WithAssignees([]string{"other"})},
		{"assigned", Record{Org: "acme", Creator: "user:other", Kind: "job"}.WithAssignees([]string{"zoe", "me", "abe"})},
		{"was assigned", Record{Org: "acme", Creator: "user:other", Kind: "job"}.WithAssignees([]string{"me"}).WithAssignees([]string{"zoe"})},
		{"creator", Record{Org: "acme", Creator: "user:me", Kind: "job"}},
		{"creator of opaque", Record{Org: "acme", Creator: "user:me"}},
		{"opaque of another", Record{Org: "acme", Creator: "user:other"}},
		{"other organisation", Record{Org: "rival", Creator: "user:me", Kind: "job"}.WithAssignees([]string{"me"})},
		{"no organisation", Record{Creator: "user:me", Kind: "job"}.WithAssignees([]string{"me"})},
	}
	const all = "rw rw rw rw rw rw -- --"
	want := map[Role]string{
		RoleOwner:         all,
		RoleAdministrator: all,
		RoleDispatcher:    all,
		RoleDirector:      "r- r- r- r- r- r- -- --",
		RoleWorker:        "-- rw -w rw rw -- -- --",
		Role(""):          "-- -- -- -- -- -- -- --",
		Role("janitor"):   "-- -- -- -- -- -- -- --",
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
	if a := Decide(p, Record{Org: "acme", Kind: "job"}.WithAssignees([]string{""})); a.Exists() {
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
		Record{Org: "acme", Creator: "user:a", Kind: "job"}.WithAssignees([]string{"b", "a", "b"}).WithAssignees([]string{"c"}),
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
	b, err := Record{Org: "o", Creator: "c", Kind: "k", Assignees: []string{"a"}, EverAssigned: []string{"a"}}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	const want = "a6010102616f03616304616b058161610681616" + "1"
	if got := fmt.Sprintf("%x", b); got != want {
		t.Errorf("stored records of version 1 look like %s, not %s", want, got)
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
		"later version": {[]byte{0xa1, 0x01, 0x02}, crdt.KindUnsupported},
		"no version":    {[]byte{0xa0}, crdt.KindUnsupported},
		"truncated":     {[]byte{0xa2, 0x01, 0x01, 0x02, 0x61}, crdt.KindInvalid},
		"huge":          {make([]byte, maxRecordBytes+1), crdt.KindTooLarge},
	} {
		if _, err := DecodeRecord(c.in); crdt.KindOf(err) != c.kind || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
