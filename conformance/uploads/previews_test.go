package uploads

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"image"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"fieldsync/blobs"
	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt"
)

// camera is a photo as a camera writes it, with a place in it, and the bytes of the place.
func camera(t *testing.T) (photo, place []byte) {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, image.NewGray(image.Rect(0, 0, 2400, 1200)), nil); err != nil {
		t.Fatal(err)
	}
	place = []byte{0, 1, 0xe2, 0x40, 0, 0, 3, 0xe8} // the seconds, a fraction
	exif := []byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x88\x25\x00\x04\x00\x00\x00\x01\x00\x00\x00\x1a\x00\x00\x00\x00" +
		"\x00\x01\x00\x02\x00\x05\x00\x00\x00\x01\x00\x00\x00\x2c\x00\x00\x00\x00")
	exif = append(exif, place...)
	photo = append(photo, out.Bytes()[:2]...)
	photo = append(binary.BigEndian.AppendUint16(append(photo, 0xff, 0xe1), uint16(len(exif)+2)), exif...)
	return append(photo, out.Bytes()[2:]...), place
}

// TestPhotosComeWithAPreviewAndWithoutTheirPlaceWhereTheOrganisationWantsThat goes the whole way: setting, phone, server, states.
func TestPhotosComeWithAPreviewAndWithoutTheirPlaceWhereTheOrganisationWantsThat(t *testing.T) {
	w := newWorld(t, nil)
	photo, place := camera(t)
	path := filepath.Join(t.TempDir(), "photo.jpg")
	if err := os.WriteFile(path, photo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, wants := range []string{"keep", "strip"} {
		out, err := exec.CommandContext(t.Context(), fieldsyncd, "org", "set", "demo", "--photo-location", wants, "--data", w.dataDir()).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		c := w.client(sut.WorkerAnna)
		job, err := crdt.ParseDocID(w.newJob(wants))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		a, err := c.Attach(t.Context(), job, path, "")
		if err != nil {
			t.Fatal(err)
		}
		if a.PreviewSHA256 == "" || a.ThumbnailSHA256 == "" || a.MediaType != "image/jpeg" || a.Size != int64(len(photo)) {
			t.Errorf("%s: %+v", wants, a)
		}
		states := func() map[string]string {
			t.Helper()
			answer, body := w.do("GET", "/api/v1/jobs/"+job.String()+"/files", sut.Dispatcher, nil)
			var got struct {
				Files []struct{ Kind, State, SHA256 string }
			}
			if err := json.Unmarshal(body, &got); err != nil || answer.StatusCode != 200 {
				t.Fatalf("%s %s", answer.Status, body)
			}
			out := map[string]string{}
			for _, f := range got.Files {
				out[f.Kind] = f.State
			}
			return out
		}
		if r, err := c.Sync(t.Context()); err != nil || r.FilesSent != 3 {
			t.Fatalf("%s: %+v, %v", wants, r, err)
		}
		if got := states(); got["file"] != "here" || got["preview"] != "here" || got["thumbnail"] != "here" {
			t.Errorf("%s: %v", wants, got)
		}
		answer, body := w.do("GET", "/api/v1/files/"+a.SHA256+"?job="+job.String()+"&inline=true", sut.Dispatcher, nil)
		if answer.StatusCode != 200 || answer.Header.Get("Content-Type") != "image/jpeg" || bytes.Contains(body, place) != (wants == "keep") {
			t.Errorf("%s: %s, %v; the place is there: %v", wants, answer.Status, answer.Header, bytes.Contains(body, place))
		}
		if _, body := w.do("GET", "/api/v1/files/"+a.ThumbnailSHA256+"?job="+job.String(), sut.Dispatcher, nil); len(body) == 0 || len(body) > 50_000 || bytes.Contains(body, place) {
			t.Errorf("%s: a thumbnail of %d bytes", wants, len(body))
		}
		ref, err := blobs.ParseRef(a.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(w.dataDir(), "files", "demo", a.SHA256[:2], ref.String())); err != nil {
			t.Fatal(err)
		}
		if got := states(); got["file"] != "lost" || got["preview"] != "here" {
			t.Errorf("%s: after the file was taken away: %v", wants, got)
		}
	}
}
