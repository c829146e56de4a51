package files

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"sync"
	"time"

	"fieldsync/blobs/mark"
)

// How much of a download is written at once, in bytes: at least what a phone on 2G takes within the idle time, and more, up to
// a block, on a link that takes one piece in less than fastWrite.
const (
	leastPump = 32 << 10
	fastWrite = 20 * time.Millisecond
)

// pump writes a file, and moves the connection's deadline before each write. The header goes out with the first bytes, so
// that a file whose first block is damaged can still be answered by an error.
type pump struct {
	http.ResponseWriter
	control *http.ResponseController
	pace    pace
	before  http.Header // as it was before the file's
	status  int         // of an answer that has not begun; 0: there is none, or it has
	begun   bool
}

// Unwrap lets http.ResponseController reach the connection.
func (p *pump) Unwrap() http.ResponseWriter { return p.ResponseWriter }

func (p *pump) extend() error {
	if err := p.control.SetWriteDeadline(p.pace.next()); err != nil {
		return fmt.Errorf("files: no deadline for an answer: %w", err)
	}
	return nil
}

// WriteHeader keeps the status until there is something to write.
func (p *pump) WriteHeader(status int) { p.status = status }

// begin lets the header go.
func (p *pump) begin() {
	p.begun = true
	if p.status != 0 {
		p.ResponseWriter.WriteHeader(p.status)
		p.status = 0
	}
}

// takeBack makes place for another answer, if this one has not begun.
func (p *pump) takeBack() bool {
	if p.begun {
		return false
	}
	header := p.Header()
	clear(header)
	maps.Copy(header, p.before)
	return true
}

func (p *pump) Write(b []byte) (int, error) {
	p.begin()
	return p.ResponseWriter.Write(b)
}

// blocks are the buffers of downloads.
var blocks = sync.Pool{New: func() any { return new([mark.Block]byte) }}

// ReadFrom implements io.ReaderFrom: http.ServeContent calls it with the file. A block is read, checked and written by one goroutine, while it is
// in its processor's cache: reading ahead on another one cost more than it saved. The kernel's buffers on both sides keep store and client going.
func (p *pump) ReadFrom(src io.Reader) (written int64, err error) {
	block := blocks.Get().(*[mark.Block]byte) //nolint:forcetypeassert // New gives nothing else
	defer blocks.Put(block)
	piece := leastPump
	for {
		n, failed := src.Read(block[:])
		for rest := block[:n]; len(rest) > 0; {
			if err := p.extend(); err != nil {
				return written, err
			}
			begun := time.Now()
			m, err := p.Write(rest[:min(len(rest), piece)])
			written += int64(m)
			if err != nil {
				return written, err
			}
			rest, piece = rest[m:], min(2*piece, mark.Block)
			if time.Since(begun) > fastWrite {
				piece = leastPump
			}
		}
		if errors.Is(failed, io.EOF) {
			return written, nil
		}
		if failed != nil {
			return written, failed
		}
	}
}
