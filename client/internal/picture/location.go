package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
)

// ErrLocation says that a file may hold the place where it was taken, in a form that cannot be taken out here.
var ErrLocation = errors.New("picture: the place in this kind of file cannot be taken out")

var (
	exifHeader = []byte("Exif\x00\x00")
	xmpHeader  = []byte("http://ns.adobe.com/xap/1.0/\x00")
	xmpMore    = []byte("http://ns.adobe.com/xmp/extension/\x00")
)

// MayHaveLocation tells whether files of a media type can hold a place at all.
func MayHaveLocation(media string) bool {
	return strings.HasPrefix(media, "image/") && media != "image/gif" && media != "image/svg+xml" || strings.HasPrefix(media, "video/")
}

// RemoveLocation takes the place out of a file's bytes, in place. It tells whether there was one. ErrLocation where the file may
// hold one and cannot be understood well enough: then it must not be sent as it is.
func RemoveLocation(data []byte) (found bool, err error) {
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xd8}):
		return inJPEG(data)
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return inPNG(data)
	case len(data) > 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return inWebP(data)
	case len(data) > 12 && string(data[4:8]) == "ftyp":
		return inBoxes(data)
	case bytes.HasPrefix(data, []byte("GIF8")):
		return false, nil
	}
	return false, ErrLocation
}

// inEXIF takes the place out of a block of EXIF.
func inEXIF(data []byte) (bool, error) {
	t, err := openTIFF(data)
	if err != nil {
		return false, errors.Join(ErrLocation, err)
	}
	found, err := t.removeGPS()
	if err != nil {
		return false, errors.Join(ErrLocation, err)
	}
	return found, nil
}

// inXMP makes an XMP packet that speaks of GPS blank: it is one XML document, of which no part can be cut out without reading it.
func inXMP(packet []byte) bool {
	if !bytes.Contains(packet, []byte("GPS")) && !bytes.Contains(packet, []byte("gps")) && !bytes.Contains(packet, []byte("ocation")) {
		return false
	}
	for i := range packet {
		packet[i] = ' '
	}
	return true
}

// inJPEG walks the segments before each picture's data; a file may hold further pictures behind the first.
func inJPEG(data []byte) (found bool, err error) {
	for at := 2; at+4 <= len(data); {
		if data[at] != 0xff {
			return found, ErrLocation
		}
		marker := data[at+1]
		if marker == 0xff { // a fill byte
			at++
			continue
		}
		if marker == 0xda { // the picture's data: what is behind it are other pictures, or a video
			more, err := inRest(data[at:])
			return found || more, err
		}
		if marker == 0xd9 || marker >= 0xd0 && marker <= 0xd7 || marker == 0x01 {
			at += 2
			continue
		}
		size := int(binary.BigEndian.Uint16(data[at+2:]))
		if size < 2 || at+2+size > len(data) {
			return found, ErrLocation
		}
		segment := data[at+4 : at+2+size]
		if marker == 0xe1 {
			gone, err := inAPP1(segment)
			if err != nil {
				return found, err
			}
			found = found || gone
		}
		at += 2 + size
	}
	return found, nil
}

func inAPP1(segment []byte) (bool, error) {
	switch {
	case bytes.HasPrefix(segment, exifHeader):
		return inEXIF(segment[len(exifHeader):])
	case bytes.HasPrefix(segment, xmpHeader):
		return inXMP(segment[len(xmpHeader):]), nil
	case bytes.HasPrefix(segment, xmpMore):
		return inXMP(segment[len(xmpMore):]), nil
	}
	return false, nil
}

// inRest looks for EXIF anywhere: in the pictures behind a JPEG's first, and in HEIC and AVIF, which keep it where their tables say.
func inRest(data []byte) (found bool, err error) {
	for {
		i := bytes.Index(data, exifHeader)
		if i < 0 {
			return found, nil
		}
		data = data[i+len(exifHeader):]
		if _, terr := openTIFF(data); terr != nil {
			continue // these six bytes by chance
		}
		gone, err := inEXIF(data)
		if err != nil {
			return found, err
		}
		found = found || gone
	}
}

// inPNG walks the chunks, each with its checksum.
func inPNG(data []byte) (found bool, err error) {
	for at := 8; at+12 <= len(data); {
		size := int64(binary.BigEndian.Uint32(data[at:]))
		end := int64(at) + 12 + size
		if end > int64(len(data)) {
			return found, ErrLocation
		}
		kind, body := string(data[at+4:at+8]), data[at+8:end-4]
		gone := false
		switch {
		case kind == "eXIf":
			if gone, err = inEXIF(body); err != nil {
				return found, err
			}
		case kind == "iTXt" && bytes.HasPrefix(body, []byte("XML:com.adobe.xmp\x00")), (kind == "zTXt" || kind == "tEXt") && bytes.HasPrefix(body, []byte("Raw profile type ")):
			// Compressed or in hexadecimal: what is in it cannot be seen, so that it goes as a whole, under a name that nobody reads.
			clear(body)
			copy(data[at+4:], "npAd")
			gone = true
		}
		if gone {
			binary.BigEndian.PutUint32(data[end-4:], crc32.ChecksumIEEE(data[at+4:end-4]))
			found = true
		}
		at = int(end)
	}
	return found, nil
}

// inWebP walks the chunks of a RIFF file.
func inWebP(data []byte) (found bool, err error) {
	for at := 12; at+8 <= len(data); {
		size := int64(binary.LittleEndian.Uint32(data[at+4:]))
		end := int64(at) + 8 + size
		if end > int64(len(data)) {
			return found, ErrLocation
		}
		body, gone := data[at+8:end], false
		switch string(data[at : at+4]) {
		case "EXIF":
			if gone, err = inEXIF(bytes.TrimPrefix(body, exifHeader)); err != nil {
				return found, err
			}
		case "XMP ":
			gone = inXMP(body)
		}
		found = found || gone
		at = int(end + size%2)
	}
	return found, nil
}

// inBoxes takes the place out of files in the ISO base media format: pictures (HEIC, AVIF) and videos.
func inBoxes(data []byte) (bool, error) {
	found, err := inRest(data)
	if err != nil {
		return found, err
	}
	gone, err := boxes(data, 0)
	return found || gone, err
}

const maxDepth = 8 // of boxes in boxes

// boxes empties those that hold a place: 3GPP's loci and Apple's ©xyz, and Apple's list of keys where it speaks of one.
func boxes(data []byte, depth int) (found bool, err error) {
	for at := int64(0); at+8 <= int64(len(data)); {
		size, head := int64(binary.BigEndian.Uint32(data[at:])), int64(8)
		switch {
		case size == 1 && at+16 <= int64(len(data)):
			size, head = int64(binary.BigEndian.Uint64(data[at+8:])), 16 //nolint:gosec // compared with the length below
		case size == 0:
			size = int64(len(data)) - at
		}
		if size < head || size > int64(len(data))-at {
			if depth == 0 && at > 0 {
				return found, nil // a file that ends in the middle of its last box
			}
			return found, ErrLocation
		}
		kind, body := string(data[at+4:at+8]), data[at+head:at+size]
		switch kind {
		case "loci", "\xa9xyz":
			clear(body)
			copy(data[at+4:], "free")
			found = true
		case "meta":
			// Of a movie, with a list of keys and their values; or of a picture, whose EXIF was found above.
			if bytes.Contains(body, []byte("location")) {
				clear(body)
				copy(data[at+4:], "free")
				found = true
			}
		case "moov", "udta", "trak":
			if depth == maxDepth {
				return found, ErrLocation
			}
			gone, err := boxes(body, depth+1)
			if err != nil {
				return found, err
			}
			found = found || gone
		}
		at += size
	}
	return found, nil
}
