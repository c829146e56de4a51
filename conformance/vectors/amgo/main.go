//go:build ignore

// Command amgo writes the golden vectors that automerge-go makes, into conformance/vectors or the folder given:
//
//	go run conformance/vectors/amgo/main.go [folder]
//
// It is not part of the build: only crdt/engine may import automerge-go.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/automerge/automerge-go"
)

const (
	seed   = 20261123
	origin = "github.com/automerge/automerge-go v0.0.0-20230903201930-b80ce8aadbb9"
)

type change struct {
	Hash    string   `json:"hash"`
	Deps    []string `json:"deps"`
	Actor   string   `json:"actor"`
	Seq     uint64   `json:"seq"`
	Message string   `json:"message"`
}

type vector struct {
	Origin  string   `json:"origin"`
	Script  string   `json:"script"`
	Seed    int      `json:"seed"`
	Heads   []string `json:"heads"`
	Count   int      `json:"count"`
	Changes []change `json:"changes"`
}

func main() {
	out := filepath.Join("conformance", "vectors")
	if len(os.Args) > 1 {
		out = os.Args[1]
	}
	write(out, "amgo-types", types())
	write(out, "amgo-random1", random(1))
	write(out, "amgo-random2", random(2))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func must[T any](v T, err error) T {
	check(err)
	return v
}

func actor(n int) string { return strings.Repeat(fmt.Sprintf("%02x", n), 16) }

var clock = time.Unix(1795000000, 0)

func commit(d *automerge.Doc, msg string) {
	t := clock
	clock = clock.Add(time.Second)
	_ = must(d.Commit(msg, automerge.CommitOptions{Time: &t, AllowEmpty: true}))
}

func begin(n int) *automerge.Doc {
	d := automerge.New()
	check(d.SetActorID(actor(n)))
	return d
}

func types() *automerge.Doc {
	d := begin(7)
	for k, v := range []any{"text 🙂", int64(-1), uint64(1) << 63, int64(-1) << 63, 0.1, true, false, nil, []byte{0, 255}, time.UnixMilli(1795000000123)} {
		check(d.RootMap().Set(fmt.Sprintf("v%d", k), v))
	}
	commit(d, "values")
	check(d.Path("list").Set([]any{1, "two", []any{3}, map[string]any{"four": 4}}))
	check(d.Path("map", "inner", "deep").Set("x"))
	check(d.Path("n").Set(automerge.NewCounter(5)))
	check(d.Path("text").Set(automerge.NewText("Grüße, 世界")))
	commit(d, "")
	check(must(d.Path("n").Get()).Counter().Inc(-3))
	check(must(d.Path("text").Get()).Text().Splice(2, 3, "👍"))
	check(must(d.Path("list").Get()).List().Delete(1))
	check(d.Path("map", "inner").Delete())
	commit(d, "edits")
	commit(d, "nothing")
	return d
}

func random(n uint64) *automerge.Doc {
	r := rand.New(rand.NewPCG(seed, n))
	base := begin(80)
	check(base.Path("map").Set(map[string]any{}))
	check(base.Path("list").Set([]any{0}))
	check(base.Path("text").Set(automerge.NewText("start")))
	check(base.Path("n").Set(automerge.NewCounter(0)))
	commit(base, "base")
	var peers []*automerge.Doc
	for _, a := range []int{200, 40, 120} {
		d := must(base.Fork())
		check(d.SetActorID(actor(a)))
		peers = append(peers, d)
	}
	for i := range 150 {
		k := r.IntN(len(peers))
		d := peers[k]
		if r.IntN(5) == 0 {
			_ = must(d.Merge(peers[(k+1+r.IntN(len(peers)-1))%len(peers)]))
			continue
		}
		for range 1 + r.IntN(3) {
			edit(d, r, i)
		}
		commit(d, "")
	}
	for _, d := range peers[1:] {
		_ = must(peers[0].Merge(d))
	}
	return peers[0]
}

func edit(d *automerge.Doc, r *rand.Rand, i int) {
	key := fmt.Sprintf("k%d", r.IntN(6))
	list, text := must(d.Path("list").Get()).List(), must(d.Path("text").Get()).Text()
	switch r.IntN(7) {
	case 0:
		check(d.Path("map", key).Set(r.IntN(1000)))
	case 1:
		check(d.Path("map").Map().Delete(key))
	case 2:
		check(d.Path("map", key).Set(map[string]any{"by": i}))
	case 3:
		check(list.Insert(r.IntN(list.Len()+1), i))
	case 4:
		if list.Len() > 1 {
			check(list.Delete(r.IntN(list.Len())))
		}
	case 5:
		check(text.Splice(r.IntN(text.Len()+1), 0, fmt.Sprintf("abc%d", i)))
	case 6:
		if text.Len() > 4 {
			check(text.Splice(r.IntN(text.Len()-3), 1+r.IntN(3), "ü"))
		}
		check(must(d.Path("n").Get()).Counter().Inc(int64(r.IntN(9) - 4)))
	}
}

func write(dir, name string, d *automerge.Doc) {
	v := vector{Origin: origin, Script: "conformance/vectors/amgo/main.go", Seed: seed}
	for _, h := range d.Heads() {
		v.Heads = append(v.Heads, h.String())
	}
	var raw []byte
	for _, c := range must(d.Changes()) {
		ch := change{Hash: c.Hash().String(), Deps: []string{}, Actor: c.ActorID(), Seq: c.ActorSeq(), Message: c.Message()}
		for _, h := range c.Dependencies() {
			ch.Deps = append(ch.Deps, h.String())
		}
		v.Changes = append(v.Changes, ch)
		raw = append(raw, c.Save()...)
	}
	v.Count = len(v.Changes)
	check(os.WriteFile(filepath.Join(dir, name+".automerge"), d.Save(), 0o644))
	check(os.WriteFile(filepath.Join(dir, name+".changes"), raw, 0o644))
	check(os.WriteFile(filepath.Join(dir, name+".json"), append(must(json.MarshalIndent(v, "", " ")), '\n'), 0o644))
}
