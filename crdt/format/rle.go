package format

import "unicode/utf8"

// valueKind is what a run-length encoded column holds.
type valueKind uint8

const (
	kindUint   valueKind = iota // uLEB
	kindDelta                   // LEB, differences from the value before, from 0 at first
	kindTime                    // likewise, but for times
	kindString                  // uLEB length and UTF-8
)

type runState uint8

const (
	runNone runState = iota
	runNull
	runSame
	runLiteral
)

// rleReader reads a run-length encoded column row by row. The column that is not there reads as nulls without end.
type rleReader struct {
	cursor
	kind   valueKind
	state  runState
	absent bool
	left   uint64 // rows left in this run
	step   int64  // kindDelta, kindTime: the difference that this run repeats
	val    uint64 // kindUint: the value; kindDelta, kindTime: the sum
	lo, hi int    // kindString: where the value stands in b
}

func newRLE(b []byte, kind valueKind) rleReader {
	return rleReader{cursor: cursor{b: b}, kind: kind, absent: len(b) == 0}
}

// next goes to the next row. It tells whether the row holds a value; where it does not, it is null, or fail is set.
func (r *rleReader) next() bool {
	if r.left == 0 && !r.startRun() {
		return false
	}
	r.left--
	switch r.state {
	case runNull:
		return false
	case runLiteral:
		r.read()
	}
	switch r.kind {
	case kindDelta:
		// Neither sum can wrap: both parts are small.
		sum := int64(r.val) + r.step
		if sum < 0 || sum > maxCounter {
			r.broken("counter out of range")
			return false
		}
		r.val = uint64(sum)
	case kindTime:
		sum := int64(r.val) + r.step
		if sum > maxTime || sum < -maxTime {
			r.broken("time out of range")
			return false
		}
		r.val = uint64(sum)
	}
	return r.fail == ""
}

func (r *rleReader) startRun() bool {
	if r.done() {
		if !r.absent {
			r.broken("column ends before the last row")
		}
		return false
	}
	n := r.leb()
	switch {
	case n > 0:
		r.state, r.left = runSame, uint64(n)
		r.read()
	case n < 0:
		r.state, r.left = runLiteral, uint64(-n)
		if r.left > uint64(r.rest()) { // a value takes a byte at least
			r.broken("literal run longer than its column")
		}
	default:
		r.state, r.left = runNull, r.uleb()
		if r.left == 0 {
			r.broken("empty run")
		}
	}
	return r.fail == ""
}

func (r *rleReader) read() {
	switch r.kind {
	case kindUint:
		r.val = r.uleb()
	case kindDelta:
		r.step = r.leb()
		if r.step > maxCounter || r.step < -maxCounter {
			r.broken("counter out of range")
		}
	case kindTime:
		r.step = r.leb()
		if r.step > 2*maxTime || r.step < -2*maxTime {
			r.broken("time out of range")
		}
	case kindString:
		s := r.take(r.uleb())
		r.lo, r.hi = r.pos-len(s), r.pos
		if !utf8.Valid(s) {
			r.broken("text is not UTF-8")
		}
	}
}

// finish checks that no rows are left.
func (r *rleReader) finish() string {
	if r.fail == "" && (r.left != 0 || !r.done()) {
		r.broken("column has more rows than there are operations")
	}
	return r.fail
}

// countRows gives the number of a column's rows without expanding its runs. It fails as soon as there are over most.
func countRows(b []byte, kind valueKind, most int) (rows int, fail string) {
	r := newRLE(b, kind)
	for !r.done() && r.startRun() {
		if r.left > uint64(most-rows) {
			return 0, tooManyRows
		}
		rows += int(r.left)
		if r.state == runLiteral {
			for range r.left {
				r.read()
			}
		}
	}
	return rows, r.fail
}

// sumRows gives the sum of a column of numbers, likewise.
func sumRows(b []byte, most int) (sum int, fail string) {
	r := newRLE(b, kindUint)
	for !r.done() && r.startRun() {
		n := r.left
		if r.state == runNull {
			continue
		}
		for r.state == runLiteral && n > 1 {
			n--
			r.read()
			if r.val > uint64(most-sum) {
				return 0, tooManyRows
			}
			sum += int(r.val)
		}
		if r.state == runLiteral {
			r.read()
		}
		if r.val > 0 && n > uint64(most-sum)/r.val {
			return 0, tooManyRows
		}
		sum += int(n * r.val)
	}
	return sum, r.fail
}

// tooManyRows is the failure that is a RefusedTooLarge, not a RefusedMalformed.
const tooManyRows = "more rows than allowed"

// boolReader reads a column of alternating runs, false at first. The column that is not there reads as false.
type boolReader struct {
	cursor
	absent bool
	begun  bool
	val    bool
	left   uint64
}

func newBools(b []byte) boolReader { return boolReader{cursor: cursor{b: b}, absent: len(b) == 0} }

func (r *boolReader) next() bool {
	for r.left == 0 {
		if r.done() {
			if !r.absent {
				r.broken("column ends before the last row")
			}
			return false
		}
		r.left = r.uleb()
		if r.begun {
			r.val = !r.val
			if r.left == 0 {
				r.broken("empty run")
			}
		}
		r.begun = true
		if r.fail != "" {
			r.left = 0
			return false
		}
	}
	r.left--
	return r.val
}

func (r *boolReader) finish() string {
	if r.fail == "" && (r.left != 0 || !r.done()) {
		r.broken("column has more rows than there are operations")
	}
	return r.fail
}
