package format

// The encoders append a column as the Rust cores do: the one encoding that every implementation gives for these rows.
// A run has at least two rows; what stands between runs is one literal run; a column of nulls only is left out.

const (
	nullNumber = uint64(1) << 63 // no column holds it: counters, differences, lengths and indexes are far smaller
	nullString = "\xff"          // is not UTF-8, so that no key and no name can be it
)

// appendRLE appends a run-length encoded column; put appends one value.
func appendRLE[T comparable](b []byte, rows []T, null T, put func([]byte, T) []byte) []byte {
	start, filled := len(b), false
	for i, n := 0, len(rows); i < n; {
		v, j := rows[i], i+1
		for j < n && rows[j] == v {
			j++
		}
		switch {
		case v == null:
			b = appendULEB(append(b, 0), uint64(j-i))
		case j-i > 1:
			filled = true
			b = put(appendLEB(b, int64(j-i)), v)
		default:
			// A literal run goes on until a null, or until two equal values, which begin a run of their own.
			filled = true
			for j < n && rows[j] != null && (j+1 == n || rows[j+1] != rows[j]) {
				j++
			}
			b = appendLEB(b, int64(i-j))
			for _, v := range rows[i:j] {
				b = put(b, v)
			}
		}
		i = j
	}
	if !filled {
		return b[:start]
	}
	return b
}

// appendBools appends a column of alternating runs.
func appendBools(b []byte, ops []Op, at func(*Op) bool) []byte {
	val, run := false, uint64(0)
	for i := range ops {
		if x := at(&ops[i]); x != val {
			b = appendULEB(b, run)
			val, run = x, 0
		}
		run++
	}
	if run > 0 {
		b = appendULEB(b, run)
	}
	return b
}

func appendString(b []byte, s string) []byte { return append(appendULEB(b, uint64(len(s))), s...) }

// appendSigned appends a difference, held in two's complement.
func appendSigned(b []byte, v uint64) []byte { return appendLEB(b, int64(v)) }
