package uploads

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"fieldsync/blobs"
	"fieldsync/blobs/blobtest"
	"fieldsync/conformance/internal/sut"
)

// create opens an upload with any header, and gives the status and the code.
func (w *world) create(length string, meta map[string]string, more ...string) (string, string) {
	w.t.Helper()
	answer, body := w.do("POST", "/api/v1/uploads", sut.WorkerAnna, nil,
		append([]string{"Tus-Resumable", "1.0.0", "Upload-Length", length, "Upload-Metadata", metadata(meta)}, more...)...)
	var p struct{ Code string }
	_ = json.Unmarshal(body, &p) // a success has none
	return strconv.Itoa(answer.StatusCode) + " " + p.Code, answer.Header.Get("Location")
}

func TestHostileUploadsAreRefusedAndLeaveNothing(t *testing.T) {
	w := newWorld(t, nil)
	job := w.newJob("photos")
	data := blobtest.Bytes(1, 10_000)
	sum := blobs.RefOf(data).String()
	with := func(key, value string) map[string]string {
		m := map[string]string{"sha256": sum, "job": job}
		m[key] = value
		return m
	}
	for name, c := range map[string]struct {
		length string
		meta   map[string]string
		want   string
	}{
		"a negative length":              {"-1", with("", ""), "400 invalid"},
		"a length that is no number":     {"1e3", with("", ""), "400 invalid"},
		"more than a file may have":      {strconv.Itoa(257 << 20), with("", ""), "413 too-large"},
		"a path as hash":                 {"5", with("sha256", "../../../etc/passwd"), "400 invalid"},
		"a hash of another length":       {"5", with("sha256", sum[:63]), "400 invalid"},
		"a path as job":                  {"5", with("job", "../x"), "400 invalid"},
		"somebody else's job":            {"5", with("job", "4NMNnkMhL8jXrdJ9jamS58PAVdXu"), "404 not-found"},
		"a name with a line break":       {"5", with("filename", "a\r\nb"), "400 invalid"},
		"a name that is the folder":      {"5", with("filename", ".."), "400 invalid"},
		"a name of a kilobyte":           {"5", with("filename", strings.Repeat("x", 1024)), "400 invalid"},
		"a type that is none":            {"5", with("filetype", "<script>"), "400 invalid"},
		"a kind that is none":            {"5", with("kind", "page"), "400 invalid"},
		"a preview of two megabytes":     {strconv.Itoa(2 << 20), with("kind", "preview"), "413 too-large"},
		"a thumbnail of half a megabyte": {strconv.Itoa(512 << 10), with("kind", "thumbnail"), "413 too-large"},
	} {
		if got, at := w.create(c.length, c.meta); got != c.want || at != "" {
			t.Errorf("%s: %s at %q", name, got, at)
		}
	}
	u := w.open(job, data)
	for _, offset := range []int{1, 9_999} {
		if answer, code := u.patch(offset, 1); answer.StatusCode != http.StatusConflict || code != "offset" {
			t.Errorf("a jump to %d: %s %q", offset, answer.Status, code)
		}
	}
	u.data = append(bytes.Clone(data), "more than was declared"...)
	if answer, code := u.patch(0, len(u.data)); answer.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("more than was declared: %s %q", answer.Status, code)
	}
	u.data = bytes.Clone(data)
	u.data[77] ^= 1
	if answer, code := u.patch(0, len(data)); answer.StatusCode != http.StatusBadRequest || code != "mismatch" || u.offset() != -1 {
		t.Errorf("another file than was declared: %s %q", answer.Status, code)
	}
	for _, id := range []string{"..", "%2e%2e", "..%2f..%2fstate", strings.Repeat("a", 4000), "a%00b"} {
		if answer, _ := w.do("HEAD", "/api/v1/uploads/"+id, sut.WorkerAnna, nil, "Tus-Resumable", "1.0.0"); answer.StatusCode == http.StatusOK || answer.StatusCode >= 500 {
			t.Errorf("the id %.20q: %s", id, answer.Status)
		}
	}
	left := 0
	err := filepath.WalkDir(filepath.Join(w.dataDir(), "files"), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() != ".lock" {
			left++
		}
		return err
	})
	if err != nil || left != 0 {
		t.Errorf("%d files are left of what was refused, %v", left, err)
	}
}

func TestThousandsOfOpenedUploadsAreRefusedAndHinderNobodyElse(t *testing.T) {
	w := newWorld(t, nil)
	job, data := w.newJob("photos"), blobtest.Bytes(1, 10_000)
	opened, refused := 0, 0
	for range 150 {
		switch got, _ := w.create("10000", map[string]string{"sha256": blobs.RefOf(data).String(), "job": job}); got {
		case "201 ":
			opened++
		case "429 quota":
			refused++
		default:
			t.Fatal(got)
		}
	}
	if opened != 100 || refused != 50 {
		t.Errorf("%d were opened, %d refused", opened, refused)
	}
	if status := w.put(sut.Dispatcher, job, data); status != http.StatusCreated {
		t.Errorf("somebody else: %d", status)
	}
}
