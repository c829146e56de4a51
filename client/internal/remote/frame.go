package remote

import (
	"encoding/binary"
	"errors"
	"io"
	"sync"
)

// The kinds of frames.
const (
	kindInput  = 'i'
	kindStop   = 'c'
	kindOutput = 'o'
	kindError  = 'e'
	kindExit   = 'x'
)

// maxFrame bounds a frame, in bytes. What is longer is sent in several.
const maxFrame = 64 << 10

// frames writes frames to a connection, for several goroutines.
type frames struct {
	mu sync.Mutex
	w  io.Writer
}

func (f *frames) send(kind byte, data []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		n := min(len(data), maxFrame)
		head := binary.BigEndian.AppendUint32([]byte{kind}, uint32(n))
		if _, err := f.w.Write(append(head, data[:n]...)); err != nil {
			return err
		}
		if data = data[n:]; len(data) == 0 {
			return nil
		}
	}
}

// stream is a writer of one kind of frames.
type stream struct {
	to   *frames
	kind byte
}

// Write implements io.Writer.
func (s stream) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if err := s.to.send(s.kind, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

func receive(r io.Reader) (kind byte, data []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > maxFrame {
		return 0, nil, errors.New("remote: a frame is too long")
	}
	data = make([]byte, n)
	_, err = io.ReadFull(r, data)
	return head[0], data, err
}
