package blobs

import "fmt"

// Space is the organisation that a name belongs to: 1 to MaxSpace characters of a to z, 0 to 9 and '-'. It becomes a
// folder's name and a part of an S3 key; the alphabet leaves no room for a path.
type Space string

// MaxSpace bounds the length of a Space in bytes: what a DNS label allows, so that it can name a bucket or a host later.
const MaxSpace = 63

// ParseSpace checks a string and makes it a Space. The error is ErrInvalid.
func ParseSpace(s string) (Space, error) {
	space := Space(s)
	return space, space.Validate()
}

// Validate tells what is wrong with the space; the error is ErrInvalid. Key calls it, so that no backend can forget it.
func (s Space) Validate() error {
	if len(s) == 0 || len(s) > MaxSpace {
		return fmt.Errorf("%w: a space is 1 to %d characters long, not %d", ErrInvalid, MaxSpace, len(s))
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return fmt.Errorf("%w: a space is made of a to z, 0 to 9 and '-'", ErrInvalid)
		}
	}
	return nil
}

// Key is the path of a file in every backend: "<space>/<first two digits>/<all 64 digits>". The folder between keeps
// folders small: 100,000 files are 256 folders of 400. The error is ErrInvalid: for a bad space and for the zero Ref.
func Key(space Space, ref Ref) (string, error) {
	if err := space.Validate(); err != nil {
		return "", err
	}
	if ref.IsZero() {
		return "", fmt.Errorf("%w: no file is named", ErrInvalid)
	}
	name := ref.String()
	return string(space) + "/" + name[:2] + "/" + name, nil
}
