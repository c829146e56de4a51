package upload

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"fieldsync/blobs"
)

// Owner is whose an upload is: nobody else may go on with it, or learn that it is there.
type Owner struct {
	Space blobs.Space
	ID    string // the principal's
}

// tag stands in the ids of the owner's uploads, so that they can be counted without being read.
func (o Owner) tag() string {
	sum := sha256.Sum256([]byte(string(o.Space) + "\x00" + o.ID))
	return hex.EncodeToString(sum[:tagBytes])
}

const (
	tagBytes = 6 // of a hash of the owner: who shares it with another shares his quota
	refChars = 16
	maxMeta  = 4 << 10 // bytes of all metadata: a document id, a file's name, a media type
)

// File is what is going to arrive, as it was declared.
type File struct {
	Ref  blobs.Ref
	Size int64             // bytes
	Meta map[string]string // what else was said of it; the caller has checked it
}

// State is how far an upload is.
type State struct {
	ID      string
	Owner   Owner
	File    File
	Offset  int64     // bytes that arrived and are durable
	Created time.Time // by the clock of the server that began it
	Done    bool      // the file has its name
}

// note is State as it is stored, with what only this package needs.
type note struct {
	Version int               `json:"v"`
	Owner   string            `json:"owner"`
	SHA256  string            `json:"sha256"`
	Size    int64             `json:"size"`
	Meta    map[string]string `json:"meta,omitempty"`
	Created int64             `json:"created"` // ms since 1970
	Offset  int64             `json:"offset"`
	Hash    []byte            `json:"hash,omitempty"`   // of blobs.Running, at Offset
	Writer  string            `json:"writer,omitempty"` // the process that wrote last
	Next    int               `json:"next,omitempty"`   // number of the next part or piece
	Token   string            `json:"token,omitempty"`  // of the growing file; empty: there is none
	Parts   []blobs.Part      `json:"parts,omitempty"`
	Pieces  []piece           `json:"pieces,omitempty"` // what lies behind the parts, in order
	Done    bool              `json:"done,omitempty"`
}

// piece is a note that holds bytes of the file.
type piece struct {
	Number int    `json:"n"`
	Size   int    `json:"s"`
	SHA256 string `json:"h"`
}

const noteVersion = 1

// maxNote bounds a state that is read: 10,000 parts of 60 bytes, and some.
const maxNote = 2 << 20

func decodeNote(data []byte) (note, error) {
	var n note
	if len(data) > maxNote {
		return n, fmt.Errorf("upload: a state of %d bytes", len(data))
	}
	if err := json.Unmarshal(data, &n); err != nil {
		return n, fmt.Errorf("upload: a state that cannot be read: %w", err)
	}
	if n.Version != noteVersion {
		return n, fmt.Errorf("upload: a state of version %d; this program knows %d", n.Version, noteVersion)
	}
	return n, nil
}

// newID makes an upload's id: it tells what is counted by name, and its random end cannot be guessed.
func newID(o Owner, f File) string {
	return fmt.Sprintf("%s-%s-%x-%s", f.Ref.String()[:refChars], o.tag(), f.Size, strings.ToLower(rand.Text()))
}

// parsedID is what an id tells.
type parsedID struct {
	ref, owner string
	size       int64
}

// parseID takes an id apart. Whatever a client sends as an id comes through here, or is not found.
func parseID(id string) (parsedID, bool) {
	parts := strings.Split(id, "-")
	if len(parts) != 4 || len(parts[0]) != refChars || len(parts[1]) != 2*tagBytes || len(parts[3]) != len(rand.Text()) || blobs.CheckPath(id, false) != nil {
		return parsedID{}, false
	}
	size, err := strconv.ParseInt(parts[2], 16, 64)
	if err != nil || size < 0 || size > blobs.MaxSize {
		return parsedID{}, false
	}
	return parsedID{ref: parts[0], owner: parts[1], size: size}, true
}

func statePath(id string) string { return "state/" + id }
func donePath(id string) string  { return "done/" + id }
func piecesOf(id string) string  { return "piece/" + id + "/" }
func piecePath(id string, n int) string {
	return piecesOf(id) + strconv.Itoa(n)
}

// ignoreGone takes an upload that went away meanwhile for none.
func ignoreGone(err error) error {
	if errors.Is(err, blobs.ErrNotFound) {
		return nil
	}
	return err
}
