package crdt

import "strings"

const urlScheme = "automerge:"

// URL is an automerge-repo document URL: automerge:<document id>[/<path>…][#<head>|<head>…], heads in base58check.
type URL struct {
	Doc   DocID
	Path  []string // segments as they stand in the URL, not unescaped
	Heads Heads    // empty: the newest state
}

// String is the text form.
func (u URL) String() string {
	var b strings.Builder
	b.WriteString(urlScheme)
	b.WriteString(u.Doc.String())
	for _, p := range u.Path {
		b.WriteByte('/')
		b.WriteString(p)
	}
	for i, h := range u.Heads {
		b.WriteByte("#|"[min(i, 1)])
		b.WriteString(encodeBase58Check(h[:]))
	}
	return b.String()
}

// ParseURL reads the text form; a bare document id is taken too.
func ParseURL(s string) (URL, error) {
	var u URL
	rest := strings.TrimPrefix(s, urlScheme)
	rest, frag, hasHeads := strings.Cut(rest, "#")
	segs := strings.Split(rest, "/")
	doc, err := ParseDocID(segs[0])
	if err != nil {
		return URL{}, err
	}
	u.Doc = doc
	if len(segs) > 1 {
		u.Path = segs[1:]
	}
	if hasHeads {
		var heads []Hash
		for part := range strings.SplitSeq(frag, "|") {
			h, err := ParseHead(part)
			if err != nil {
				return URL{}, err
			}
			heads = append(heads, h)
		}
		u.Heads = NewHeads(heads...)
	}
	return u, nil
}

// ParseHead reads a hash in base58check, the form that automerge-repo uses in URLs and in remote-heads-changed.
func ParseHead(s string) (Hash, error) {
	var h Hash
	if len(s) > 64 {
		return h, Errorf(KindInvalid, "head is %d characters long", len(s))
	}
	raw, err := decodeBase58Check(s)
	if err != nil || len(raw) != len(h) {
		return h, Errorf(KindInvalid, "head %q is not 32 bytes in base58check", s)
	}
	return Hash(raw), nil
}

// FormatHead writes a hash in base58check.
func FormatHead(h Hash) string { return encodeBase58Check(h[:]) }
