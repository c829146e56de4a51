package light

import (
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// Frame is any frame of the automerge-repo protocol; what a type does not use stays zero.
type Frame struct {
	Type       string   `cbor:"type"`
	DocumentID string   `cbor:"documentId,omitempty"`
	SenderID   string   `cbor:"senderId,omitempty"`
	TargetID   string   `cbor:"targetId,omitempty"`
	Data       []byte   `cbor:"data,omitempty"`
	Message    string   `cbor:"message,omitempty"`
	Versions   []string `cbor:"supportedProtocolVersions,omitempty"`
	Version    string   `cbor:"selectedProtocolVersion,omitempty"`
	Metadata   Metadata `cbor:"peerMetadata,omitempty"`
	SessionID  string   `cbor:"sessionId,omitempty"`
	Count      uint64   `cbor:"count,omitempty"`
	Code       string   `cbor:"code,omitempty"`   // of fieldsync-refused
	Change     []byte   `cbor:"change,omitempty"` // of fieldsync-refused
	Detail     string   `cbor:"detail,omitempty"` // of fieldsync-refused
	Retry      bool     `cbor:"retry,omitempty"`  // of fieldsync-refused
	Ranges     []Range  `cbor:"r,omitempty"`      // of fieldsync-catch-up
	Done       bool     `cbor:"d,omitempty"`      // of fieldsync-catch-up
}

// Range is a run of document ids in a comparison of what two peers hold, as crdt/wire documents it.
type Range struct {
	_      struct{} `cbor:",toarray"`
	From   []byte   // empty: the beginning
	To     []byte   // exclusive; empty: the end
	Count  uint64
	Digest []byte
	Items  []byte // records of 16 bytes document id and 16 bytes digest of its heads; nil: not told
}

// Metadata is what a peer says about its storage.
type Metadata struct {
	StorageID   string `cbor:"storageId,omitempty"`
	IsEphemeral bool   `cbor:"isEphemeral,omitempty"`
	Fieldsync   uint64 `cbor:"fieldsync,omitempty"` // version of our extension frames that the peer knows
}

// Encode gives the frame's bytes.
func (f *Frame) Encode() ([]byte, error) { return cbor.Marshal(f) }

// ParseFrame decodes a frame.
func ParseFrame(b []byte) (*Frame, error) {
	var f Frame
	if err := cbor.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("frame: %w", err)
	}
	return &f, nil
}
