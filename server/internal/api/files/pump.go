package files

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// A download's buffers, in bytes: the least, which a phone on 2G takes within the idle time, and the most, on a link that takes
// one in less than fastWrite.
const (
	leastPump = 32 << 10
	mostPump  = 512 << 10
	fastWrite = 20 * time.Millisecond
)

// pump writes a file, and moves the connection's deadline before each write.
type pump struct {
	http.ResponseWriter
	control *http.ResponseController
	pace    pace
}

// Unwrap lets http.ResponseController reach the connection.
func (p *pump) Unwrap() http.ResponseWriter { return p.ResponseWriter }

func (p *pump) extend() error {
	if err := p.control.SetWriteDeadline(p.pace.next()); err != nil {
		return fmt.Errorf("files: no deadline for an answer: %w", err)
	}
	return nil
}

// ReadFrom implements io.ReaderFrom: http.ServeContent calls it with the file. One buffer is read, checked and written by one goroutine, while it is
// in its processor's cache: reading ahead on another one cost more than it saved. The kernel's buffers on both sides keep store and client going.
func (p *pump) ReadFrom(src io.Reader) (written int64, err error) {
	buf := make([]byte, leastPump)
	for {
		n, failed := fill(src, buf)
		if n > 0 {
			if err := p.extend(); err != nil {
				return written, err
			}
			begun := time.Now()
			m, err := p.Write(buf[:n])
			written += int64(m)
			if err != nil {
				return written, err
			}
			size := min(2*len(buf), mostPump)
			if time.Since(begun) > fastWrite {
				size = leastPump
			}
			if size > cap(buf) {
				buf = make([]byte, size)
			}
			buf = buf[:size]
		}
		if errors.Is(failed, io.EOF) {
			return written, nil
		}
		if failed != nil {
			return written, failed
		}
	}
}

// fill reads until buf is full or src ends or fails.
func fill(src io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var more int
		more, err = src.Read(buf[n:])
		n += more
	}
	return n, err
}
