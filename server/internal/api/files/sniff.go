package files

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"strings"

	"golang.org/x/image/webp"

	"fieldsync/blobs"
)

const (
	sniffBytes = 64 << 10 // of a file's beginning: where a picture's size stands, behind a camera's notes of usual length
	sniffMore  = 1 << 20  // where it does not, as with a large thumbnail before it
	// maxPixels bounds the pictures that are shown inline: the largest camera of a phone makes 200 megapixels. A few kilobytes can
	// claim more, and whoever opens them runs out of memory.
	maxPixels = 220_000_000
	sniffed   = 20_000 // files whose type is remembered
)

// inlineTypes are the types that no browser runs: not image/svg+xml, which is a page with scripts, nor text, nor PDF.
var inlineTypes = []string{"image/jpeg", "image/png", "image/webp", "image/gif", "image/avif", "image/heic",
	"video/mp4", "video/webm", "video/quicktime", "audio/mpeg", "audio/mp4", "audio/ogg", "audio/wav", "audio/webm"}

// typeOf says what a file may be shown as, by its bytes; empty: as nothing. What anybody says of it does not count. It reads the
// beginning of the file only, and decodes no picture.
func (h *Handler) typeOf(ctx context.Context, space blobs.Space, ref blobs.Ref, size int64) (string, error) {
	key := string(space) + ref.String()
	if t, ok := h.types.Get(key); ok {
		return t, nil
	}
	t := ""
	for _, n := range []int64{sniffBytes, sniffMore} {
		head, err := h.head(ctx, space, ref, n)
		if err != nil {
			return "", err
		}
		var more bool
		if t, more = sniff(head); !more || size <= n {
			break
		}
	}
	h.types.Add(key, t)
	return t, nil
}

func (h *Handler) head(ctx context.Context, space blobs.Space, ref blobs.Ref, n int64) ([]byte, error) {
	body, err := h.cfg.Store.OpenRange(ctx, space, ref, 0, n)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(io.LimitReader(body, n))
}

// sniff says what a file that begins like this may be shown as. more: a longer beginning might say more.
func sniff(head []byte) (t string, more bool) {
	t, _, _ = strings.Cut(http.DetectContentType(head), ";")
	switch t {
	case "image/jpeg", "image/png", "image/gif", "image/webp":
		cfg, err := pictureSize(t, bytes.NewReader(head))
		if err != nil {
			return "", true
		}
		if int64(cfg.Width)*int64(cfg.Height) > maxPixels {
			return "", false
		}
		return t, false
	case "audio/mpeg", "video/webm", "video/mp4":
		if t == "video/mp4" {
			return brand(head), false
		}
		return t, false
	case "application/ogg":
		return "audio/ogg", false
	case "audio/wave":
		return "audio/wav", false
	}
	return brand(head), false
}

// pictureSize reads a picture's header.
func pictureSize(t string, r io.Reader) (image.Config, error) {
	switch t {
	case "image/jpeg":
		return jpeg.DecodeConfig(r)
	case "image/png":
		return png.DecodeConfig(r)
	case "image/gif":
		return gif.DecodeConfig(r)
	}
	return webp.DecodeConfig(r)
}

// brand looks at the first box of a file in the ISO base media format: what net/http knows of these is MP4 alone.
func brand(head []byte) string {
	if len(head) < 16 || string(head[4:8]) != "ftyp" {
		return ""
	}
	size := int(binary.BigEndian.Uint32(head))
	if size < 16 || size > 1024 || size > len(head) {
		return ""
	}
	brands := [][]byte{head[8:12]}
	for at := 16; at+4 <= size; at += 4 {
		brands = append(brands, head[at:at+4])
	}
	for _, b := range brands {
		switch string(b) {
		case "avif", "avis":
			return "image/avif"
		case "heic", "heix", "hevc", "mif1", "msf1":
			return "image/heic"
		case "qt  ":
			return "video/quicktime"
		case "M4A ", "M4B ":
			return "audio/mp4"
		case "mp41", "mp42", "isom", "iso2", "iso4", "iso5", "iso6", "avc1", "M4V ", "dash", "3gp4", "3gp5", "3gp6":
			return "video/mp4"
		}
	}
	return ""
}
