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
	mostPump  = 256 << 10
	fastWrite = 20 * time.Millisecond
)

// pump writes a file while the next of it is read and checked, and moves the connection's deadline before each write.
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

// ReadFrom implements io.ReaderFrom: http.ServeContent calls it with the file. When it returns nothing reads from src any more.
func (p *pump) ReadFrom(src io.Reader) (written int64, err error) {
	type piece struct {
		buf []byte
		err error
	}
	free, full, stop := make(chan []byte, 2), make(chan piece, 2), make(chan struct{})
	free <- make([]byte, leastPump)
	free <- make([]byte, leastPump)
	go func() {
		defer close(full)
		for buf := range free {
			n, err := fill(src, buf)
			select {
			case full <- piece{buf[:n], err}:
			case <-stop:
				return
			}
			if err != nil {
				return
			}
		}
	}()
	defer func() {
		close(stop)
		close(free)
		for range full { //nolint:revive // until the reader has ended
		}
	}()
	size := leastPump
	for next := range full {
		if len(next.buf) > 0 {
			if err := p.extend(); err != nil {
				return written, err
			}
			begun := time.Now()
			n, err := p.Write(next.buf)
			written += int64(n)
			if err != nil {
				return written, err
			}
			if size = min(2*size, mostPump); time.Since(begun) > fastWrite {
				size = leastPump
			}
		}
		if errors.Is(next.err, io.EOF) {
			return written, nil
		}
		if next.err != nil {
			return written, next.err
		}
		buf := next.buf[:cap(next.buf)]
		if len(buf) < size {
			buf = make([]byte, size)
		}
		free <- buf[:size]
	}
	return written, nil
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
