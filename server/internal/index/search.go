package index

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"

	"fieldsync/crdt"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/search/query"
)

// Fields of the full text. Every term begins with its organisation's name, so that words of others are not even looked at.
const (
	fieldHead = "h" // words that name the document
	fieldBody = "b" // all others
	fieldTags = "t" // what filters ask for
)

const (
	// maxFound bounds the documents that a search looks at: the best ones.
	maxFound = 1_000

	// maxBeginnings bounds the words that the beginning of one stands for: the most frequent ones, of the first maxDictionary in the
	// alphabet. minBeginning is the shortest beginning; a shorter word is a whole one.
	maxBeginnings = 64
	maxDictionary = 5_000
	minBeginning  = 2

	// maxSearches bounds the searches under way: each takes a processor for some milliseconds, which sync needs too.
	maxSearches = 2

	// headBoost is how much more a word counts that names the document.
	headBoost = 3
)

// term is a word or tag in the index.
func term(org, word string) string { return org + "\x00" + word }

// analyzer makes terms: of the words of a text, or the tags that it is given.
type analyzer struct {
	org  string
	tags []string
}

func wordsOf(org string) analyzer { return analyzer{org: org} }

// It implements bleve's analysis.Analyzer.
func (a analyzer) Analyze(text []byte) analysis.TokenStream { //nolint:misspell // as it is called there
	var out analysis.TokenStream
	add := func(term string) bool {
		out = append(out, &analysis.Token{Term: []byte(term), Position: len(out) + 1, Type: analysis.AlphaNumeric})
		return len(out) < maxDocWords
	}
	for _, tag := range a.tags {
		add(tag)
	}
	if a.tags == nil {
		eachWord(string(text), func(w string) bool { return add(term(a.org, w)) })
	}
	return out
}

// tagsOf are the terms by which filters find a row. The filters themselves are applied to the rows that were found; tags only
// keep the others from using up the room.
func tagsOf(org string, h *header) []string {
	tags := []string{kindTag(org, h.kind)}
	if h.kind != kindJob {
		return tags
	}
	tags = append(tags, statusTag(org, h.status))
	for _, v := range h.values() {
		if slices.ContainsFunc(pairs, func(p pair) bool { return p.dim == v.dim }) {
			continue // it says nothing more
		}
		tags = append(tags, valueTag(org, v))
	}
	return tags
}

func kindTag(org string, k kind) string   { return term(org, "kind "+string(rune(k))) }
func statusTag(org string, s byte) string { return term(org, "status "+string(rune('0'+s))) }
func valueTag(org string, v value) string {
	b := binary.BigEndian.AppendUint64([]byte{byte(v.dim)}, uint64(v.token))
	return term(org, hex.EncodeToString(b))
}

// sameTags tells whether two rows have the same tags.
func sameTags(a, b *header) bool { return slices.Equal(tagsOf("", a), tagsOf("", b)) }

// search finds the documents that hold the query's words, the best first, as many as may be looked at; partial: there are more.
func (t *fullText) search(ctx context.Context, f *filter) (found []match, partial bool, err error) {
	select {
	case t.searching <- struct{}{}:
		defer func() { <-t.searching }()
	case <-ctx.Done():
		return nil, false, crdt.Errorf(crdt.KindUnavailable, "index: search: %w", ctx.Err())
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	q, err := t.query(f)
	if err != nil || q == nil {
		return nil, false, err
	}
	req := bleve.NewSearchRequestOptions(q, maxFound, 0, false)
	res, err := t.idx.SearchInContext(ctx, req)
	if err != nil {
		return nil, false, crdt.Errorf(crdt.KindUnavailable, "index: search: %w", err)
	}
	for _, hit := range res.Hits {
		if id, ok := strings.CutPrefix(hit.ID, term(f.keys.org, "")); ok && len(id) == docLen {
			found = append(found, match{doc: crdt.DocID([]byte(id)), sort: relevance(hit.Score)})
		}
	}
	slices.SortFunc(found, func(a, b match) int {
		return cmp.Or(bytes.Compare(a.sort, b.sort), bytes.Compare(a.doc[:], b.doc[:]))
	})
	return found, res.Total > maxFound, nil
}

// relevance makes bytes of a score that sort the best first.
func relevance(score float64) []byte {
	return binary.BigEndian.AppendUint64(nil, ^math.Float64bits(max(0, score)))
}

// query makes what is asked of the full text; nil: nothing can be found.
func (t *fullText) query(f *filter) (query.Query, error) {
	org := f.keys.org
	all := []query.Query{tags(kindTag(org, f.kind))}
	if !f.anyState && f.kind == kindJob {
		var terms []string
		for _, s := range f.statuses {
			terms = append(terms, statusTag(org, s))
		}
		all = append(all, tags(terms...))
	}
	options, filters := f.options()
	if f.kind != kindJob {
		filters = 0 // there are no tags for them
	}
	for _, o := range options[:filters] { // pairs say nothing more
		var terms []string
		for _, v := range o.values {
			terms = append(terms, valueTag(org, v))
		}
		all = append(all, tags(terms...))
	}
	for i, w := range f.words {
		terms := []string{w}
		if i == len(f.words)-1 && len(w) >= minBeginning {
			more, err := t.beginnings(org, w)
			if err != nil {
				return nil, err
			}
			if terms = more; len(terms) == 0 {
				return nil, nil
			}
		}
		var either []query.Query
		for _, w := range terms {
			either = append(either, wordIn(fieldHead, org, w, headBoost), wordIn(fieldBody, org, w, 1))
		}
		all = append(all, query.NewDisjunctionQuery(either))
	}
	return query.NewConjunctionQuery(all), nil
}

func wordIn(field, org, w string, boost float64) query.Query {
	q := query.NewTermQuery(term(org, w))
	q.SetField(field)
	q.SetBoost(boost)
	return q
}

// tags finds rows with one of some tags.
func tags(terms ...string) query.Query {
	var either []query.Query
	for _, term := range terms {
		q := query.NewTermQuery(term)
		q.SetField(fieldTags)
		either = append(either, q)
	}
	if len(either) == 1 {
		return either[0]
	}
	return query.NewDisjunctionQuery(either)
}

// beginnings are the words that begin so.
func (t *fullText) beginnings(org, w string) ([]string, error) {
	type counted struct {
		word string
		n    uint64
	}
	counts := map[string]uint64{}
	for _, field := range []string{fieldHead, fieldBody} {
		dict, err := t.idx.FieldDictPrefix(field, []byte(term(org, w)))
		if err != nil {
			return nil, crdt.Errorf(crdt.KindUnavailable, "index: search: %w", err)
		}
		for range maxDictionary {
			entry, err := dict.Next()
			if err != nil {
				_ = dict.Close()
				return nil, crdt.Errorf(crdt.KindUnavailable, "index: search: %w", err)
			}
			if entry == nil {
				break
			}
			counts[strings.TrimPrefix(entry.Term, term(org, ""))] += entry.Count
		}
		if err := dict.Close(); err != nil {
			return nil, fmt.Errorf("index: search: %w", err)
		}
	}
	all := make([]counted, 0, len(counts))
	for word, n := range counts {
		all = append(all, counted{word, n})
	}
	slices.SortFunc(all, func(a, b counted) int {
		if (a.word == w) != (b.word == w) { // the word itself is always among them
			if a.word == w {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(b.n, a.n), strings.Compare(a.word, b.word))
	})
	out := make([]string, 0, maxBeginnings)
	for _, c := range all[:min(len(all), maxBeginnings)] {
		out = append(out, c.word)
	}
	return out, nil
}
