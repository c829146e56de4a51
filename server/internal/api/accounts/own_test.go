package accounts

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestADeviceSaysHowFarItIs(t *testing.T) {
	w := newWorld(t).withRoles()
	phone := func() Device {
		t.Helper()
		all := must[DeviceList](w, "acme/dispatcher", "GET", "users/"+w.users["acme/worker"]+"/devices", "").Devices
		if len(all) != 1 {
			t.Fatalf("%+v", all)
		}
		return all[0]
	}
	if d := phone(); d.Report != nil {
		t.Errorf("it has said nothing: %+v", d.Report)
	}
	must[any](w, "acme/worker", "PUT", "me/device/report", `{"link":"slow","metered":true,"since_sync":90,"unsent":{"changes":2,"files":3,"bytes":4000000}}`)
	want := Report{At: w.clock, Link: "slow", Metered: true, Unsent: Unsent{Changes: 2, Files: 3, Bytes: 4_000_000}}
	synced := w.clock.Add(-90 * time.Second)
	check := func() {
		t.Helper()
		r := phone().Report
		if r == nil || r.Synced == nil || !r.Synced.Equal(synced) || !r.At.Equal(want.At) {
			t.Fatalf("%+v", r)
		}
		if got := *r; got.Link != want.Link || got.Metered != want.Metered || got.Unsent != want.Unsent {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	check()
	if err := w.auth.SaveSeen(nil); err != nil {
		t.Fatal(err)
	}
	check() // now it is read from the store
	w.clock = w.clock.Add(time.Minute)
	must[any](w, "acme/worker", "PUT", "me/device/report", `{"link":"fast","since_sync":0,"unsent":{"changes":0,"files":0,"bytes":0}}`)
	want, synced = Report{At: w.clock, Link: "fast"}, w.clock
	check()

	for _, bad := range []string{`{"link":"none","unsent":{"changes":0,"files":0,"bytes":0}}`, `{"link":"fast","unsent":{"changes":-1,"files":0,"bytes":0}}`,
		`{"link":"fast","unsent":{"changes":0,"files":0,"bytes":0},"since_sync":-5}`, `{"link":"fast","unsent":{"changes":0,"files":0,"bytes":0},"more":1}`, `{}`} {
		if rec := w.ask("acme/worker", "PUT", "me/device/report", bad); rec.Code != 400 {
			t.Errorf("%s: %d %s", bad, rec.Code, rec.Body)
		}
	}
	check()

	// What was said ends with the sign-in, also what is not written down.
	must[any](w, "acme/worker", "PUT", "me/device/report", `{"link":"slow","unsent":{"changes":1,"files":0,"bytes":0}}`)
	must[any](w, "acme/owner", "DELETE", "users/"+w.users["acme/worker"]+"/devices", "")
	w.tokens["acme/worker"] = w.signIn("acme", "worker")
	if err := w.auth.SaveSeen(nil); err != nil {
		t.Fatal(err)
	}
	if d := phone(); d.Report != nil {
		t.Errorf("another sign-in has said %+v", d.Report)
	}
}

func TestViewsArePersonsOwnAndBounded(t *testing.T) {
	w := newWorld(t).withRoles()
	first := w.ask("acme/dispatcher", "GET", "me/views", "")
	tag := first.Header().Get("ETag")
	if !strings.Contains(first.Body.String(), `"views":[]`) || tag == "" {
		t.Fatalf("%s %q", first.Body, tag)
	}
	mine := `{"views":[{"name":"Lindenhof, under way","search":{"status":"en_route,started","client":"c-1"}}]}`
	if rec := w.ask("acme/dispatcher", "PUT", "me/views", mine, "If-Match", tag); rec.Code != 200 || rec.Header().Get("ETag") == tag {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	if got := must[Views](w, "acme/dispatcher", "GET", "me/views", "").Views; len(got) != 1 || got[0].Search["client"] != "c-1" {
		t.Errorf("%+v", got)
	}
	if got := must[Views](w, "acme/owner", "GET", "me/views", "").Views; len(got) != 0 {
		t.Errorf("another person has %+v", got)
	}
	if rec := w.ask("acme/dispatcher", "PUT", "me/views", `{"views":[]}`, "If-Match", tag); rec.Code != 412 {
		t.Errorf("from a state that was changed meanwhile: %d %s", rec.Code, rec.Body)
	}

	many := make([]string, 51)
	filters := make([]string, 21)
	for i := range many {
		many[i] = fmt.Sprintf(`{"name":"v%d","search":{}}`, i)
	}
	for i := range filters {
		filters[i] = fmt.Sprintf(`"f%d":"x"`, i)
	}
	for what, bad := range map[string]string{
		"too many":         `{"views":[` + strings.Join(many, ",") + `]}`,
		"no name":          `{"views":[{"name":"","search":{}}]}`,
		"two of a name":    `{"views":[{"name":"a","search":{}},{"name":"a","search":{}}]}`,
		"two lines":        `{"views":[{"name":"a\nb","search":{}}]}`,
		"too many filters": `{"views":[{"name":"a","search":{` + strings.Join(filters, ",") + `}}]}`,
		"a long filter":    `{"views":[{"name":"a","search":{"q":"` + strings.Repeat("x", 201) + `"}}]}`,
		"a filter's name":  `{"views":[{"name":"a","search":{"` + strings.Repeat("x", 41) + `":"x"}}]}`,
		"no text":          `{"views":[{"name":"a","search":{"q":1}}]}`,
	} {
		if rec := w.ask("acme/dispatcher", "PUT", "me/views", bad); rec.Code != 400 {
			t.Errorf("%s: %d %s", what, rec.Code, rec.Body)
		}
	}
	if got := must[Views](w, "acme/dispatcher", "GET", "me/views", "").Views; len(got) != 1 {
		t.Errorf("something refused was kept: %+v", got)
	}
}
