package files_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"fieldsync/blobs/blobtest"
	"fieldsync/blobs/memblob"
)

// picture is a small image of a format.
func picture(t *testing.T, format string) []byte {
	t.Helper()
	img := image.NewPaletted(image.Rect(0, 0, 8, 8), color.Palette{color.Black, color.White})
	var out bytes.Buffer
	var err error
	switch format {
	case "jpeg":
		err = jpeg.Encode(&out, img, nil)
	case "png":
		err = png.Encode(&out, img)
	case "gif":
		err = gif.Encode(&out, img, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// bomb is a PNG of some bytes that says that it has these many pixels.
func bomb(t *testing.T, width, height uint32) []byte {
	t.Helper()
	data := picture(t, "png")
	ihdr := data[12 : 12+4+13] // "IHDR" and its 13 bytes
	binary.BigEndian.PutUint32(ihdr[4:], width)
	binary.BigEndian.PutUint32(ihdr[8:], height)
	binary.BigEndian.PutUint32(data[12+4+13:], crc32.ChecksumIEEE(ihdr))
	return data
}

func ftyp(brands ...string) []byte {
	body := brands[0] + "\x00\x00\x00\x00" + strings.Join(brands[1:], "")
	return append(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), "ftyp"+body+strings.Repeat("x", 600)...)
}

func TestAFileIsShownAsWhatItsBytesAreWhateverAnybodySays(t *testing.T) {
	store := memblob.New(0)
	w := newWorld(t, store, nil)
	jpg := picture(t, "jpeg")
	// A JPEG whose size stands behind 200 KB of a camera's notes.
	notes := append(bytes.Clone(jpg[:2]), bytes.Repeat(append([]byte{0xff, 0xe1, 0xff, 0xff}, make([]byte, 0xffff-2)...), 3)...)
	notes = append(notes, jpg[2:]...)
	for name, c := range map[string]struct {
		data                []byte
		query, kind, action string
	}{
		"a JPEG":                               {jpg, "&inline=true", "image/jpeg", "inline"},
		"a JPEG as JPEG":                       {jpg, "&type=image/jpeg", "image/jpeg", "inline"},
		"a JPEG as PNG":                        {jpg, "&type=image/png", "application/octet-stream", "attachment"},
		"a JPEG to be saved":                   {jpg, "", "application/octet-stream", "attachment"},
		"a JPEG with long notes":               {notes, "&inline=true", "image/jpeg", "inline"},
		"a JPEG that is also a page":           {append(bytes.Clone(jpg), "<script>alert(1)</script>"...), "&inline=true", "image/jpeg", "inline"},
		"a page that begins with a GIF's name": {[]byte("GIF89a<script>alert(1)</script>"), "&inline=true", "application/octet-stream", "attachment"},
		"a PNG":                                {picture(t, "png"), "&inline=true", "image/png", "inline"},
		"a GIF":                                {picture(t, "gif"), "&inline=true", "image/gif", "inline"},
		"a PNG of 200 megapixels":              {bomb(t, 20_000, 10_000), "&inline=true", "image/png", "inline"},
		"a bomb":                               {bomb(t, 65_500, 65_500), "&inline=true", "application/octet-stream", "attachment"},
		"a bomb, asked for by its type":        {bomb(t, 1_000_000, 1_000_000), "&type=image/png", "application/octet-stream", "attachment"},
		"half a header":                        {jpg[:20], "&inline=true", "application/octet-stream", "attachment"},
		"HEIC":                                 {ftyp("heic", "mif1"), "&inline=true", "image/heic", "inline"},
		"AVIF":                                 {ftyp("avif"), "&inline=true", "image/avif", "inline"},
		"a phone's video":                      {ftyp("mp42", "isom"), "&inline=true", "video/mp4", "inline"},
		"QuickTime":                            {ftyp("qt  "), "&inline=true", "video/quicktime", "inline"},
		"an unknown brand":                     {ftyp("evil"), "&inline=true", "application/octet-stream", "attachment"},
		"nothing":                              {nil, "&inline=true", "application/octet-stream", "attachment"},
		"a name":                               {jpg, "&inline=true&name=photo%201.jpg", "image/jpeg", `inline; filename="photo 1.jpg"`},
		"a name with a path":                   {jpg, "&name=..%5C..%2Fetc%2Fpasswd", "application/octet-stream", "attachment; filename=passwd"},
		"a name that is another header":        {jpg, "&name=a%0d%0aSet-Cookie:x", "application/octet-stream", "attachment"},
		"a name in Cyrillic":                   {jpg, "&name=%D1%84%D0%BE%D1%82%D0%BE.jpg", "application/octet-stream", "attachment; filename*=utf-8''%D1%84%D0%BE%D1%82%D0%BE.jpg"},
	} {
		ref := blobtest.Put(t, store, "org-1", c.data)
		w.refer(job, ref)
		for range 2 { // found out, and remembered
			answer, body, err := w.do("GET", w.path(ref.String(), job)+c.query, nil, nil)
			if err != nil || !bytes.Equal(body, c.data) {
				t.Fatalf("%s: %d bytes, %v", name, len(body), err)
			}
			if kind, action := answer.Header.Get("Content-Type"), answer.Header.Get("Content-Disposition"); kind != c.kind || action != c.action {
				t.Errorf("%s: %s, %s", name, kind, action)
			}
		}
	}
}
