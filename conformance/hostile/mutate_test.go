package hostile_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"fieldsync/conformance/internal/light"
	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt/format"
)

// mutations is how many documents with one altered change are sent.
const mutations = 300

// Real changes of other cores, one of each document altered behind a mended checksum: whatever the server takes of it,
// automerge-go loads.
func TestAlteredChangesThatAreTakenCanBeLoaded(t *testing.T) {
	w := newWorld(t)
	files, err := filepath.Glob("../vectors/*.changes")
	w.must(err)
	var vectors [][][]byte
	for _, f := range files {
		if strings.Contains(f, "long") || strings.Contains(f, "many") || strings.Contains(f, "table") {
			continue // large, and of nothing new
		}
		var doc [][]byte
		for c, err := range format.Split(readVector(t, filepath.Base(f)), format.DefaultLimits()) {
			w.must(err)
			if c.Type == format.ChunkChange {
				doc = append(doc, c.Raw)
			}
		}
		if len(doc) > 0 {
			vectors = append(vectors, doc)
		}
	}
	client := w.dial(sut.Dispatcher, light.Options{Fieldsync: 1})
	r := rand.New(rand.NewPCG(20261123, 1))
	taken, whole := 0, 0
	for n := range mutations {
		changes := bytesOf(vectors[n%len(vectors)])
		at := r.IntN(len(changes))
		body := bytes.Clone(changes[at][len(changes[at])-bodyLength(changes[at]):])
		for range 1 + r.IntN(3) {
			body[r.IntN(len(body))] ^= byte(1 << r.IntN(8))
		}
		changes[at] = chunk(typeChange, body)
		doc := newDoc()
		w.must(client.SendSync("sync", doc, &light.SyncMessage{Heads: []light.Hash{{1}}, Changes: changes}))
		for answered := false; !answered; {
			f, err := client.Step()
			if err != nil && f == nil {
				w.must(fmt.Errorf("document %d: %w", n, err))
			}
			answered = f.DocumentID == doc
		}
		got := w.loads(doc)
		taken += got
		if got == len(changes) {
			whole++
		}
	}
	t.Logf("%d documents with an altered change; %d changes taken, %d documents whole", mutations, taken, whole)
	if taken == 0 || whole == mutations {
		t.Error("all was refused, or all was taken: this test sees nothing")
	}
	w.unharmed()
}

func bytesOf(doc [][]byte) [][]byte { return append([][]byte(nil), doc...) }
