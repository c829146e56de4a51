package light

import (
	"encoding/binary"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"

	"fieldsync/conformance/internal/sut"
)

// Corpus has automerge 3.x make job documents of a number of changes each, every one of its own content.
func Corpus(jobs, changes int) ([]*History, error) {
	dir, err := sut.NodeModules()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("node", filepath.Join(dir, "corpus.mjs"), strconv.Itoa(jobs), strconv.Itoa(changes)) //nolint:noctx // it ends by itself, in seconds
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("corpus.mjs: %w", err)
	}
	all := make([]*History, jobs)
	for i := range all {
		hashes, bodies := make([]Hash, changes), make([][]byte, changes)
		for j := range changes {
			if len(out) < 36 {
				return nil, fmt.Errorf("corpus.mjs: output ends in job %d, change %d", i, j)
			}
			n := int(binary.BigEndian.Uint32(out))
			if len(out) < 36+n {
				return nil, fmt.Errorf("corpus.mjs: output ends in job %d, change %d", i, j)
			}
			hashes[j], bodies[j] = Hash(out[4:36]), out[36:36+n:36+n]
			out = out[36+n:]
		}
		all[i] = NewHistory(hashes, bodies)
	}
	return all, nil
}
