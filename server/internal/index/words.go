package index

import (
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"fieldsync/crdt/job"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

const (
	maxWordBytes = 64    // of a word; what is longer is cut, in documents and searches alike
	maxDocWords  = 4_000 // of a document; what is behind them is not found
)

// oneRune are scripts that put no space between words: there each character counts as one.
var oneRune = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar}

// words takes a text apart into what is compared, in any language: letters and digits, without regard to case, accents and width.
// It gives each occurrence.
func words(s string) []string {
	var out []string
	eachWord(s, func(w string) bool {
		out = append(out, w)
		return len(out) < maxWords
	})
	return out
}

func eachWord(s string, visit func(word string) bool) {
	s = cases.Fold().String(norm.NFKD.String(s))
	var word []byte
	emit := func() bool {
		w := cutWord(string(word))
		word = word[:0]
		return w == "" || visit(w)
	}
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Mn, r): // an accent
		case unicode.In(r, oneRune...):
			if !emit() || !visit(string(r)) {
				return
			}
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			word = utf8.AppendRune(word, r)
		default:
			if !emit() {
				return
			}
		}
	}
	emit()
}

func cutWord(w string) string {
	if len(w) <= maxWordBytes {
		return w
	}
	n := maxWordBytes
	for n > 0 && !utf8.RuneStart(w[n]) {
		n--
	}
	return w[:n]
}

// searched is what the full text knows of a document: what names it, and the rest.
type searched struct{ head, body string }

// encode gives the stored form: the length of the head as an unsigned varint, head, body.
func (s searched) encode() []byte {
	b := binary.AppendUvarint(make([]byte, 0, 3+len(s.head)+len(s.body)), uint64(len(s.head)))
	return append(append(b, s.head...), s.body...)
}

func decodeSearched(b []byte) (searched, error) {
	n, used := binary.Uvarint(b)
	if used <= 0 || n > uint64(len(b)-used) {
		return searched{}, errHeader
	}
	b = b[used:]
	return searched{string(b[:n]), string(b[n:])}, nil
}

// searchedOf gathers a document's texts, within bounds. j is nil for what is no job.
func searchedOf(r *Row, p *job.Plan, j *job.Job) searched {
	var head, body strings.Builder
	add := func(to *strings.Builder, s string) {
		if s = strings.TrimSpace(cutTo(s, maxSearchedOne)); s != "" && to.Len()+len(s) < maxSearched {
			to.WriteString(s)
			to.WriteByte('\n')
		}
	}
	for _, s := range []string{r.Label(), r.SerialNo, r.ExternalID, r.ExternalOrderID, r.Client.Name, r.Site.Name, p.Address.Formatted} {
		add(&head, s)
	}
	for _, system := range slices.Sorted(maps.Keys(r.ExternalIDs)) {
		add(&head, r.ExternalIDs[system])
	}
	for _, s := range []string{p.Title, p.Description, r.Template.Name, r.Territory.Name, r.Type, p.Address.Description} {
		add(&body, s)
	}
	for _, c := range p.Contacts {
		add(&body, c.Name)
		add(&body, c.Value)
	}
	if j != nil {
		for _, c := range j.Comments {
			add(&body, c.Text)
		}
		for _, e := range j.Log {
			add(&body, e.Note)
		}
	}
	return searched{head.String(), body.String()}
}
