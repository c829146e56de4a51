package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// spec is the served description as plain JSON.
type spec struct {
	root map[string]any
	ops  []operation
}

// operation is one, as far as the generator needs it.
type operation struct {
	id, method, path string
	params           []map[string]any
	body             map[string]any // content type -> schema
	stream           bool           // its answer does not end
}

func parseSpec(t *testing.T, raw []byte) *spec {
	t.Helper()
	s := &spec{}
	if err := json.Unmarshal(raw, &s.root); err != nil {
		t.Fatal(err)
	}
	paths := s.root["paths"].(map[string]any)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item := paths[path].(map[string]any)
		for _, method := range slices.Sorted(maps.Keys(item)) {
			o := item[method].(map[string]any)
			op := operation{id: o["operationId"].(string), method: strings.ToUpper(method), path: strings.TrimPrefix(path, "/api/v1/"), body: map[string]any{}}
			params, _ := o["parameters"].([]any)
			for _, p := range params {
				op.params = append(op.params, p.(map[string]any))
			}
			if b, ok := o["requestBody"].(map[string]any); ok {
				for ct, m := range b["content"].(map[string]any) {
					op.body[ct] = m.(map[string]any)["schema"]
				}
			}
			ok, _ := o["responses"].(map[string]any)["200"].(map[string]any)
			content, _ := ok["content"].(map[string]any)
			_, op.stream = content["text/event-stream"]
			s.ops = append(s.ops, op)
		}
	}
	return s
}

// resolve follows references.
func (s *spec) resolve(schema any) map[string]any {
	m, _ := schema.(map[string]any)
	for range 10 {
		ref, ok := m["$ref"].(string)
		if !ok {
			return m
		}
		var v any = s.root
		for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
			v = v.(map[string]any)[part]
		}
		m, _ = v.(map[string]any)
	}
	return m
}

// generator makes values and requests. The same seed and description make the same ones.
type generator struct {
	*rand.Rand
	spec *spec
	pool map[string][]string // parameter or field name -> values that exist
}

func (g *generator) oneIn(n int) bool { return g.IntN(n) == 0 }

func pick[T any](g *generator, from []T) T { return from[g.IntN(len(from))] }

// value makes a value that a schema allows, mostly.
func (g *generator) value(name string, schema any, depth int) any {
	m := g.spec.resolve(schema)
	if values := g.pool[name]; len(values) > 0 && !g.oneIn(4) {
		return pick(g, values)
	}
	if enum, ok := m["enum"].([]any); ok && !g.oneIn(10) {
		return pick(g, enum)
	}
	if some, ok := m["anyOf"].([]any); ok {
		return g.value(name, pick(g, some), depth)
	}
	kind := m["type"]
	if list, ok := kind.([]any); ok {
		kind = pick(g, list)
	}
	if kind == nil {
		kind = pick(g, []any{"string", "number", "boolean", "null", "array", "object"})
	}
	switch kind {
	case "object":
		out := map[string]any{}
		props, _ := m["properties"].(map[string]any)
		required, _ := m["required"].([]any)
		for _, k := range slices.Sorted(maps.Keys(props)) {
			if depth < 6 && (slices.Contains(required, any(k)) || g.oneIn(3)) {
				out[k] = g.value(k, props[k], depth+1)
			}
		}
		if len(props) == 0 {
			for range g.IntN(3) {
				out[g.text(8)] = g.value("", map[string]any{"type": "string"}, depth+1)
			}
		}
		return out
	case "array":
		out := []any{}
		if depth < 6 {
			for range g.IntN(4) {
				out = append(out, g.value(name, m["items"], depth+1))
			}
		}
		return out
	case "integer":
		return g.number(m)
	case "number":
		return float64(g.number(m)) + pick(g, []float64{0, 0.5})
	case "boolean":
		return g.oneIn(2)
	case "null":
		return nil
	}
	if m["format"] == "date-time" {
		return pick(g, []any{"2026-11-24T09:30:00Z", "2026-11-24T09:30:00.123+02:00", "1969-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z"})
	}
	if p, _ := m["pattern"].(string); strings.Contains(p, "{64}") {
		return fmt.Sprintf("%064x", g.Uint64())
	}
	return g.text(20)
}

func (g *generator) number(m map[string]any) int64 {
	least, most := int64(-10), int64(1000)
	if v, ok := m["minimum"].(float64); ok {
		least = int64(v)
	}
	if v, ok := m["maximum"].(float64); ok {
		most = int64(v)
	}
	return pick(g, []int64{least, most, least + 1, least + g.Int64N(max(most-least, 0)+1)})
}

var alphabet = []rune("abcXYZ019 -_./:,'\"\\{}[]<>&%?#=+äß漢😀\u0000\u001f\u200b\u202e\ufffd")

func (g *generator) text(most int) string {
	var b strings.Builder
	for range g.IntN(most + 1) {
		b.WriteRune(pick(g, alphabet))
	}
	return b.String()
}

// broken is a value that no schema asks for.
func (g *generator) broken() any {
	switch g.IntN(12) {
	case 0:
		return nil
	case 1:
		return strings.Repeat(pick(g, []string{"a", "ä", "😀", "\u0000"}), 1<<g.IntN(16))
	case 2:
		return json.Number(pick(g, []string{"1e400", "-1e400", "9223372036854775808", "-9223372036854775809", "0.1e-400", "1e308", "NaN"}))
	case 3:
		var v any = "deep"
		for range 1 << g.IntN(10) {
			v = []any{v}
		}
		return v
	case 4:
		var v any = "deep"
		for range 1 << g.IntN(10) {
			v = map[string]any{"a": v}
		}
		return v
	case 5:
		v := []any{}
		for i := range 1 << g.IntN(12) {
			v = append(v, i)
		}
		return v
	case 6:
		v := map[string]any{}
		for i := range 1 << g.IntN(11) {
			v[fmt.Sprint("key", i)] = nil
		}
		return v
	case 7:
		return true
	case 8:
		return -1.5
	case 9:
		return ""
	case 10:
		return map[string]any{"$ref": "#/x", "__proto__": 1, "": "", "kind": "template", "status_log": map[string]any{}}
	default:
		return g.text(200)
	}
}

// spoil puts something broken somewhere into a value.
func (g *generator) spoil(v any) any {
	switch x := v.(type) {
	case map[string]any:
		if len(x) == 0 || g.oneIn(4) {
			x[g.text(10)] = g.broken()
			return x
		}
		k := pick(g, slices.Sorted(maps.Keys(x)))
		if g.oneIn(3) {
			x[k] = g.broken()
		} else {
			x[k] = g.spoil(x[k])
		}
		return x
	case []any:
		if len(x) == 0 || g.oneIn(3) {
			return append(x, g.broken())
		}
		i := g.IntN(len(x))
		x[i] = g.spoil(x[i])
		return x
	}
	return g.broken()
}

// made is a generated request.
type made struct {
	method, path string
	header       []string
	body         []byte
}

// request makes one for an operation; every second one is broken somewhere.
func (g *generator) request(op operation) made {
	m := made{method: op.method, path: op.path}
	query := url.Values{}
	bad := g.oneIn(2)
	where := g.IntN(4)
	for _, p := range op.params {
		name, in := p["name"].(string), p["in"].(string)
		if in != "path" && p["required"] != true && !g.oneIn(4) {
			continue
		}
		known := name
		if kind, _, _ := strings.Cut(op.path, "/"); name == "id" && len(g.pool[kind]) > 0 && !g.oneIn(8) {
			known = kind
		}
		text := fmt.Sprint(g.value(known, p["schema"], 5))
		if bad && where == 0 && g.oneIn(2) {
			text = fmt.Sprint(g.broken())
		}
		if len(text) > 3000 {
			text = text[:3000]
		}
		switch in {
		case "path":
			if text == "" || text == "." || text == ".." {
				text = "-" // an empty part is another address
			}
			m.path = strings.Replace(m.path, "{"+name+"}", url.PathEscape(text), 1)
		case "query":
			query.Add(name, text)
		case "header":
			m.header = append(m.header, name, strings.Map(func(r rune) rune {
				if r < ' ' || r > '~' {
					return '?'
				}
				return r
			}, text))
		}
	}
	if bad && where == 1 {
		query.Add(g.text(5)+"x", g.text(10))
	}
	if len(query) > 0 {
		m.path += "?" + query.Encode()
	}
	if len(op.body) == 0 {
		return m
	}
	ct := pick(g, slices.Sorted(maps.Keys(op.body)))
	if ct == "application/octet-stream" {
		m.header, m.body = append(m.header, "Content-Type", ct), []byte(g.text(50))
		return m
	}
	v := g.value("", op.body[ct], 0)
	if bad && where >= 2 {
		v = g.spoil(v)
	}
	b, err := json.Marshal(v)
	if err != nil {
		b = []byte("{") // a number that is none
	}
	if bad && g.oneIn(6) {
		switch g.IntN(4) {
		case 0:
			b = b[:g.IntN(len(b)+1)]
		case 1:
			b = append(b, b...)
		case 2:
			b = append([]byte{0xef, 0xbb, 0xbf, 0xff}, b...)
		case 3:
			ct = pick(g, []string{"text/plain", "application/xml", "application/json; charset=utf-16", "a+b;c", "+;", ";"})
		}
	}
	m.header, m.body = append(m.header, "Content-Type", ct), b
	return m
}

func marshal(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "{}"
	}
	return string(b)
}
