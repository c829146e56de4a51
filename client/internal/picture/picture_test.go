package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"
)

// exif is a block of EXIF as cameras write it: an orientation, a maker, a place, another field, and a second directory.
func exif(order binary.AppendByteOrder, orientation uint16) []byte {
	var b []byte
	u16 := func(v uint16) { b = order.AppendUint16(b, v) }
	u32 := func(v uint32) { b = order.AppendUint32(b, v) }
	entry := func(tag, typ uint16, n, v uint32) { u16(tag); u16(typ); u32(n); u32(v) }
	short := func(tag, v uint16) {
		u16(tag)
		u16(3)
		u32(1)
		u16(v)
		u16(0)
	}
	if order.String() == "LittleEndian" {
		b = append(b, "II*\x00"...)
	} else {
		b = append(b, "MM\x00*"...)
	}
	u32(8)
	u16(4) // first directory, at 8: 2 + 4*12 + 4 bytes
	entry(0x010f, 2, 6, 8+54)
	short(tagOrientation, orientation)
	entry(tagGPS, 4, 1, 8+54+6)
	entry(0x9003, 4, 1, 77)
	u32(8 + 54 + 6 + 2 + 24 + 4 + 24)
	b = append(b, "Maker\x00"...)
	u16(2) // the place
	entry(1, 2, 2, 0x4e000000)
	entry(2, 5, 3, 8+54+6+30)
	u32(0)
	for _, v := range []uint32{55, 1, 45, 1, 123456, 1000} {
		u32(v)
	}
	u16(0) // second directory
	u32(0)
	return b
}

func picture(w, h int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, color.RGBA{R: uint8(255 * x / w), G: uint8(255 * y / h), A: 255})
		}
	}
	return img
}

func segment(marker byte, body []byte) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(body)+2)), body...)
}

// photo is a JPEG with these segments behind its beginning.
func photo(t *testing.T, w, h int, segments ...[]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture(w, h), nil); err != nil {
		t.Fatal(err)
	}
	data := bytes.Clone(out.Bytes()[:2])
	for _, s := range segments {
		data = append(data, s...)
	}
	return append(data, out.Bytes()[2:]...)
}

func exifSegment(order binary.AppendByteOrder, orientation uint16) []byte {
	return segment(0xe1, append(bytes.Clone(exifHeader), exif(order, orientation)...))
}

func chunk(kind string, body []byte) []byte {
	c := append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), kind...)
	c = append(c, body...)
	return binary.BigEndian.AppendUint32(c, crc32.ChecksumIEEE(c[4:]))
}

// place is the bytes of the seconds of the place in exif.
func place(order binary.AppendByteOrder) []byte { return order.AppendUint32(nil, 123456) }

func TestThePlaceGoesAndNothingElse(t *testing.T) {
	var plainPNG bytes.Buffer
	if err := png.Encode(&plainPNG, picture(20, 10)); err != nil {
		t.Fatal(err)
	}
	p := plainPNG.Bytes()
	withChunk := append(append(bytes.Clone(p[:33]), chunk("eXIf", exif(binary.BigEndian, 6))...), p[33:]...)
	xmp := segment(0xe1, append(bytes.Clone(xmpHeader), `<x:xmpmeta><rdf exif:GPSLatitude="55,45.123456N"/></x:xmpmeta>`...))
	heic := append([]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00heicmif1\x00\x00\x02\x00mdat\x00\x00\x00\x06"), exifHeader...)
	heic = append(heic, exif(binary.BigEndian, 6)...)
	heic = append(heic, make([]byte, 0x18+0x200-len(heic))...)
	mp4 := []byte("\x00\x00\x00\x14ftypisom\x00\x00\x00\x00isom\x00\x00\x00\x2emoov\x00\x00\x00\x26udta\x00\x00\x00\x1e\xa9xyz\x00\x12\x15\xc7+55.7558+037.6173/")
	webp := []byte("RIFF\x00\x00\x00\x00WEBPEXIF")
	webp = append(binary.LittleEndian.AppendUint32(webp, uint32(len(exif(binary.LittleEndian, 6)))), exif(binary.LittleEndian, 6)...)
	for name, c := range map[string]struct {
		data   []byte
		gone   []byte
		upside int // orientation afterwards
	}{
		"JPEG, Intel":          {photo(t, 20, 10, exifSegment(binary.LittleEndian, 6)), place(binary.LittleEndian), 6},
		"JPEG, Motorola":       {photo(t, 20, 10, exifSegment(binary.BigEndian, 8)), place(binary.BigEndian), 8},
		"JPEG, JFIF before":    {photo(t, 20, 10, segment(0xe0, []byte("JFIF\x00\x01\x02\x00\x00\x01\x00\x01\x00\x00")), exifSegment(binary.BigEndian, 3)), place(binary.BigEndian), 3},
		"JPEG, XMP":            {photo(t, 20, 10, xmp), []byte("GPSLatitude"), 1},
		"JPEG, second picture": {append(photo(t, 20, 10), photo(t, 8, 8, exifSegment(binary.BigEndian, 1))...), place(binary.BigEndian), 1},
		"PNG":                  {withChunk, place(binary.BigEndian), 6},
		"WebP":                 {webp, place(binary.LittleEndian), 6},
		"HEIC":                 {heic, place(binary.BigEndian), 1},
		"MP4":                  {mp4, []byte("+55.7558"), 1},
	} {
		before := bytes.Clone(c.data)
		if !bytes.Contains(before, c.gone) {
			t.Fatalf("%s: the test's own file has no place", name)
		}
		found, err := RemoveLocation(c.data)
		if err != nil || !found || bytes.Contains(c.data, c.gone) || len(c.data) != len(before) {
			t.Errorf("%s: found %v, %v; still there: %v", name, found, err, bytes.Contains(c.data, c.gone))
		}
		if got := Orientation(c.data); got != c.upside {
			t.Errorf("%s: orientation %d, was %d", name, got, c.upside)
		}
		if bytes.Contains(before, []byte("Maker\x00")) != bytes.Contains(c.data, []byte("Maker\x00")) {
			t.Errorf("%s: the maker went too", name)
		}
		if was, _, err := image.Decode(bytes.NewReader(before)); err == nil {
			is, _, err := image.Decode(bytes.NewReader(c.data))
			if err != nil || is.Bounds() != was.Bounds() || is.At(7, 3) != was.At(7, 3) {
				t.Errorf("%s: it is another picture: %v", name, err)
			}
		}
		again, err := RemoveLocation(bytes.Clone(c.data))
		if err != nil || again {
			t.Errorf("%s: a second time: found %v, %v", name, again, err)
		}
	}
}

func TestWhatHasNoPlaceStaysAsItIs(t *testing.T) {
	for name, data := range map[string][]byte{"JPEG": photo(t, 20, 10), "GIF": []byte("GIF89a\x01\x00\x01\x00")} {
		before := bytes.Clone(data)
		if found, err := RemoveLocation(data); found || err != nil || !bytes.Equal(data, before) {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
}

func TestWhatCannotBeUnderstoodIsSaidSo(t *testing.T) {
	cut := photo(t, 20, 10, exifSegment(binary.BigEndian, 1))
	loop := exif(binary.BigEndian, 1)
	binary.BigEndian.PutUint32(loop[8+2+2*12+8:], 1<<30) // the place is far behind the end
	for name, data := range map[string][]byte{
		"nothing": nil, "text": []byte("hello, I am no photo"), "a JPEG that ends in EXIF": cut[:40],
		"EXIF that points behind its end": photo(t, 8, 8, segment(0xe1, append(bytes.Clone(exifHeader), loop...))),
		"a PNG with a chunk of 4 GiB":     append([]byte("\x89PNG\r\n\x1a\n"), "\xff\xff\xff\xffIHDRxxxxxxxxxxxx"...),
		"boxes of no size":                []byte("\x00\x00\x00\x04ftypheic\x00\x00\x00\x00"),
	} {
		if _, err := RemoveLocation(data); !errors.Is(err, ErrLocation) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPreviewsAreSmallAndUpright(t *testing.T) {
	// Bright to the right; turned by 90 degrees clockwise it is bright below.
	data := photo(t, 4000, 2000, exifSegment(binary.LittleEndian, 6))
	preview, thumbnail, err := Previews(data)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		data []byte
		w, h int
	}{"preview": {preview, 800, 1600}, "thumbnail": {thumbnail, 160, 320}} {
		img, err := jpeg.Decode(bytes.NewReader(c.data))
		if err != nil || img.Bounds().Dx() != c.w || img.Bounds().Dy() != c.h {
			t.Fatalf("%s: %v, %v", name, img.Bounds(), err)
		}
		top, _, _, _ := img.At(c.w/2, c.h/10).RGBA()
		below, _, _, _ := img.At(c.w/2, c.h*9/10).RGBA()
		if top > 0x4000 || below < 0xc000 {
			t.Errorf("%s: not upright: %x above, %x below", name, top, below)
		}
		if Orientation(c.data) != 1 || len(c.data) > 200_000 {
			t.Errorf("%s: orientation %d, %d bytes", name, Orientation(c.data), len(c.data))
		}
	}
	if preview, thumbnail, err := Previews(photo(t, 300, 200)); err != nil || preview != nil || thumbnail == nil {
		t.Errorf("a small picture: %d and %d bytes, %v", len(preview), len(thumbnail), err)
	}
}

func TestEveryOrientationIsTurnedUpright(t *testing.T) {
	// What is red stands at the top left when upright; where it is stored for each orientation.
	for o, at := range map[int]image.Point{1: {0, 0}, 2: {2, 0}, 3: {2, 1}, 4: {0, 1}, 5: {0, 0}, 6: {0, 2}, 7: {1, 2}, 8: {1, 0}} {
		w, h := 3, 2
		if o >= 5 {
			w, h = 2, 3
		}
		img := image.NewRGBA(image.Rect(0, 0, w, h))
		img.Set(at.X, at.Y, color.RGBA{R: 255, A: 255})
		up := turned(img, o)
		if up.Bounds().Dx() != 3 || up.Bounds().Dy() != 2 {
			t.Errorf("orientation %d: %v", o, up.Bounds())
		}
		if r, _, _, _ := up.At(0, 0).RGBA(); r != 0xffff {
			t.Errorf("orientation %d: not at the top left", o)
		}
	}
}

func TestNoPreviewIsMadeOfBombsAndOfWhatIsNoPicture(t *testing.T) {
	var small bytes.Buffer
	if err := png.Encode(&small, picture(8, 8)); err != nil {
		t.Fatal(err)
	}
	bomb := small.Bytes()
	binary.BigEndian.PutUint32(bomb[16:], 60_000)
	binary.BigEndian.PutUint32(bomb[20:], 60_000)
	binary.BigEndian.PutUint32(bomb[29:], crc32.ChecksumIEEE(bomb[12:29]))
	for name, data := range map[string][]byte{"a bomb": bomb, "nothing": nil, "text": []byte("hello"), "half a JPEG": photo(t, 100, 100)[:300]} {
		if p, th, err := Previews(data); !errors.Is(err, ErrNoPreview) || p != nil || th != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRemoveLocation(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00II*\x00\x08\x00\x00\x00"))
	f.Add(append([]byte("\xff\xd8"), exifSegment(binary.BigEndian, 6)...))
	f.Add(append([]byte("\x89PNG\r\n\x1a\n"), chunk("eXIf", exif(binary.LittleEndian, 3))...))
	f.Add([]byte("\x00\x00\x00\x14ftypisom\x00\x00\x00\x00isom\x00\x00\x00\x10moov\x00\x00\x00\x08udta"))
	f.Fuzz(func(t *testing.T, data []byte) {
		n := len(data)
		_, err := RemoveLocation(data)
		if len(data) != n || err != nil && !errors.Is(err, ErrLocation) {
			t.Fatal(len(data), err)
		}
		if o := Orientation(data); o < 1 || o > 8 {
			t.Fatal(o)
		}
		if err == nil {
			if found, err := RemoveLocation(data); found && err == nil {
				t.Fatal("a place is found that was taken out")
			}
		}
	})
}
