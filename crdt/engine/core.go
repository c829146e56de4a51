package engine

/*
#include "glue.h"
*/
import "C"

import (
	"errors"
	"unsafe"

	"fieldsync/crdt"
)

// result is what a call into the core gave back. Everything read from it lives until free.
type result struct {
	c     *C.AMresult
	items C.AMitems
	v     C.fs_value // where next reads to: C must not write beside a Go pointer, which a node has
}

// take owns a result of the core; where the core reports an error, the result is freed and the error returned.
func take(c *C.AMresult) (*result, error) {
	if c == nil {
		return nil, errors.New("automerge: no result")
	}
	if C.AMresultStatus(c) == C.AM_STATUS_OK {
		return &result{c: c, items: C.AMresultItems(c)}, nil
	}
	msg := goString(C.AMresultError(c))
	C.AMresultFree(c)
	return nil, errors.New("automerge: " + msg)
}

// done is take for calls whose value does not matter.
func done(c *C.AMresult) error {
	r, err := take(c)
	if err != nil {
		return err
	}
	r.free()
	return nil
}

func (r *result) free() {
	if r != nil {
		C.AMresultFree(r.c)
	}
}

// next reads one value and steps on; false at the end.
func (r *result) next(doc *C.AMdoc, v *C.fs_value) bool {
	ok := bool(C.fs_next(doc, &r.items, &r.v))
	*v = r.v
	return ok
}

// hashes reads all items as change hashes.
func (r *result) hashes() []crdt.Hash {
	var out []crdt.Hash
	var h crdt.Hash
	for bool(C.fs_next_hash(&r.items, (*C.uint8_t)(&h[0]))) {
		out = append(out, h)
	}
	return out
}

// raws reads all items as change chunks.
func (r *result) raws() [][]byte {
	var out [][]byte
	var s C.AMbyteSpan
	for bool(C.fs_next_raw(&r.items, &s)) {
		out = append(out, goBytes(s))
	}
	return out
}

// cbytes is the address of a Go string's or slice's bytes, for the time of one call.
func cbytes[B string | []byte](b B) (*C.uint8_t, C.size_t) {
	if len(b) == 0 {
		return nil, 0
	}
	switch s := any(b).(type) {
	case string:
		return (*C.uint8_t)(unsafe.StringData(s)), C.size_t(len(s))
	case []byte:
		return (*C.uint8_t)(unsafe.SliceData(s)), C.size_t(len(s))
	}
	return nil, 0
}

func goBytes(s C.AMbyteSpan) []byte {
	if s.count == 0 {
		return []byte{}
	}
	return append([]byte(nil), unsafe.Slice((*byte)(unsafe.Pointer(s.src)), int(s.count))...)
}

func goString(s C.AMbyteSpan) string {
	if s.count == 0 {
		return ""
	}
	return string(unsafe.Slice((*byte)(unsafe.Pointer(s.src)), int(s.count)))
}
