package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"net/http"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"
)

// Sizes of what is made, in pixels along the longer side, and the most that is decoded for it.
const (
	PreviewSide   = 1600 // fills a phone's screen, and most of a monitor
	ThumbnailSide = 320  // a row of a list
	maxPixels     = 60_000_000
	previewJPEG   = 80 // quality
	thumbJPEG     = 75
)

// ErrNoPreview says that no preview can be made here: not a picture, of a kind that is not decoded here, or too large.
var ErrNoPreview = errors.New("picture: no preview is made of this")

// Previews makes a preview and a thumbnail of a picture's bytes, as JPEG, upright. preview is nil where the picture is no larger
// than one itself.
func Previews(data []byte) (preview, thumbnail []byte, err error) {
	cfg, decode := header(data)
	if decode == nil || cfg.Width <= 0 || cfg.Height <= 0 || int64(cfg.Width)*int64(cfg.Height) > maxPixels {
		return nil, nil, ErrNoPreview
	}
	img, err := decode(bytes.NewReader(data))
	if err != nil {
		return nil, nil, errors.Join(ErrNoPreview, err)
	}
	o := Orientation(data)
	if max(cfg.Width, cfg.Height) > PreviewSide {
		img = scaled(img, PreviewSide)
		if preview, err = encoded(turned(img, o), previewJPEG); err != nil {
			return nil, nil, err
		}
	}
	thumbnail, err = encoded(turned(scaled(img, ThumbnailSide), o), thumbJPEG)
	return preview, thumbnail, err
}

// header reads a picture's size, and gives what decodes it.
func header(data []byte) (cfg image.Config, decode func(*bytes.Reader) (image.Image, error)) {
	var err error
	r := bytes.NewReader(data)
	switch http.DetectContentType(data[:min(512, len(data))]) {
	case "image/jpeg":
		cfg, err = jpeg.DecodeConfig(r)
		decode = func(r *bytes.Reader) (image.Image, error) { return jpeg.Decode(r) }
	case "image/png":
		cfg, err = png.DecodeConfig(r)
		decode = func(r *bytes.Reader) (image.Image, error) { return png.Decode(r) }
	case "image/gif":
		cfg, err = gif.DecodeConfig(r)
		decode = func(r *bytes.Reader) (image.Image, error) { return gif.Decode(r) }
	case "image/webp":
		cfg, err = webp.DecodeConfig(r)
		decode = func(r *bytes.Reader) (image.Image, error) { return webp.Decode(r) }
	}
	if err != nil {
		return cfg, nil
	}
	return cfg, decode
}

// scaled makes a picture smaller, so that its longer side is at most side.
func scaled(img image.Image, side int) image.Image {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	if max(w, h) <= side {
		return img
	}
	nw, nh := max(1, w*side/max(w, h)), max(1, h*side/max(w, h))
	out := image.NewRGBA(image.Rect(0, 0, nw, nh))
	draw.BiLinear.Scale(out, out.Bounds(), img, img.Bounds(), draw.Src, nil)
	return out
}

func encoded(img image.Image, quality int) ([]byte, error) {
	var out bytes.Buffer
	err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality})
	return out.Bytes(), err
}

// turned makes a picture upright, by its EXIF orientation.
func turned(img image.Image, orientation int) image.Image {
	if orientation <= 1 || orientation > 8 {
		return img
	}
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	ow, oh := w, h
	if orientation >= 5 {
		ow, oh = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, ow, oh))
	for y := range h {
		for x := range w {
			var to image.Point
			switch orientation {
			case 2:
				to = image.Pt(w-1-x, y)
			case 3:
				to = image.Pt(w-1-x, h-1-y)
			case 4:
				to = image.Pt(x, h-1-y)
			case 5:
				to = image.Pt(y, x)
			case 6:
				to = image.Pt(h-1-y, x)
			case 7:
				to = image.Pt(h-1-y, w-1-x)
			case 8:
				to = image.Pt(y, w-1-x)
			}
			out.Set(to.X, to.Y, img.At(b.Min.X+x, b.Min.Y+y))
		}
	}
	return out
}

// Orientation is a picture's EXIF orientation, 1 to 8; 1 (upright) where nothing is said.
func Orientation(data []byte) int {
	block := exifOf(data)
	if t, err := openTIFF(block); err == nil {
		return t.orientation()
	}
	return 1
}

// exifOf finds the block of EXIF of a JPEG, PNG or WebP; nil where there is none.
func exifOf(data []byte) []byte {
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xd8}):
		for at := 2; at+4 <= len(data) && data[at] == 0xff && data[at+1] != 0xda; {
			size := int(binary.BigEndian.Uint16(data[at+2:]))
			if size < 2 || at+2+size > len(data) {
				return nil
			}
			if segment := data[at+4 : at+2+size]; data[at+1] == 0xe1 && bytes.HasPrefix(segment, exifHeader) {
				return segment[len(exifHeader):]
			}
			at += 2 + size
		}
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		for at := int64(8); at+12 <= int64(len(data)); {
			end := at + 12 + int64(binary.BigEndian.Uint32(data[at:]))
			if end > int64(len(data)) {
				return nil
			}
			if string(data[at+4:at+8]) == "eXIf" {
				return data[at+8 : end-4]
			}
			at = end
		}
	case len(data) > 12 && string(data[:4]) == "RIFF":
		for at := int64(12); at+8 <= int64(len(data)); {
			size := int64(binary.LittleEndian.Uint32(data[at+4:]))
			if at+8+size > int64(len(data)) {
				return nil
			}
			if string(data[at:at+4]) == "EXIF" {
				return bytes.TrimPrefix(data[at+8:at+8+size], exifHeader)
			}
			at += 8 + size + size%2
		}
	}
	return nil
}
