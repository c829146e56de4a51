package blobs

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Ref names a file: the SHA-256 of its bytes. It can be compared and be a map key; the zero Ref names nothing.
type Ref struct {
	sum [sha256.Size]byte
}

// RefOf is the name of these bytes.
func RefOf(b []byte) Ref { return Ref{sum: sha256.Sum256(b)} }

// RefFromSum is the name that a finished SHA-256 gives.
func RefFromSum(sum [sha256.Size]byte) Ref { return Ref{sum: sum} }

// ParseRef reads what String writes: 64 lower-case hexadecimal digits and nothing else, so that a file has one name only.
// The error is ErrInvalid.
func ParseRef(s string) (Ref, error) {
	var r Ref
	if len(s) != hex.EncodedLen(len(r.sum)) {
		return r, fmt.Errorf("%w: a file's name is 64 hexadecimal digits, not %d characters", ErrInvalid, len(s))
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return r, fmt.Errorf("%w: a file's name is lower-case hexadecimal", ErrInvalid)
		}
	}
	if _, err := hex.Decode(r.sum[:], []byte(s)); err != nil {
		return Ref{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return r, nil
}

// String is the name in lower-case hexadecimal.
func (r Ref) String() string { return hex.EncodeToString(r.sum[:]) }

// Sum is the SHA-256 itself.
func (r Ref) Sum() [sha256.Size]byte { return r.sum }

// IsZero tells whether the Ref is unset.
func (r Ref) IsZero() bool { return r == Ref{} }
