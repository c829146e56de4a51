package archtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// layers is the order of the core, the lowest first: a package imports only what stands before it in a line. The first
// is the line of the document, the others are the branches that join it.
var layers = [][]string{
	{"crdt", "crdt/format", "crdt/history", "crdt/syncproto", "crdt/replica", "crdt/drive", "client"},
	{"crdt", "crdt/format", "crdt/history", "crdt/syncproto", "crdt/replica", "crdt/drive", "server"},
	{"crdt", "crdt/wire", "crdt/replica", "crdt/drive", "server"},
	{"crdt", "crdt/store", "crdt/drive", "server"},
	{"crdt", "crdt/engine", "crdt/job", "crdt/audit", "client"},
	{"crdt", "crdt/format", "crdt/history", "crdt/audit", "server"},
	{"crdt", "crdt/format", "crdt/history", "crdt/policy", "client"},
	{"crdt", "crdt/format", "crdt/history", "crdt/policy", "server"},
	{"crdt/job", "crdt/policy"},
}

// only says who alone may import something of others. Tests of a package count as the package.
var only = map[string][]string{
	"github.com/automerge/automerge-go":   {"crdt/engine"},
	"github.com/dgraph-io/badger/v4":      {"crdt/store/badgerstore"},
	"github.com/minio/highwayhash":        {"blobs/mark"},
	"github.com/minio/minio-go/v7":        {"blobs/s3blob", "conformance"}, // conformance measures against it
	"github.com/tus/tusd/v2":              {"blobs/upload", "conformance"}, // conformance measures against its S3 store
	"golang.org/x/image":                  {"client/internal/picture", "server/internal/api/files"},
	"golang.org/x/exp":                    {"blobs/upload"}, // tusd's logger
	"github.com/gorilla/websocket":        {"server/internal/ws", "client/internal", "conformance"},
	"github.com/prometheus/client_golang": {"server/internal/metrics"},
	"golang.org/x/crypto":                 {"server/internal/auth"},
	"golang.org/x/oauth2":                 {"server/internal/auth/oidc", "server/internal/notify/fcm"},
	"github.com/coreos/go-oidc/v3":        {"server/internal/auth/oidc"},
	"github.com/go-jose/go-jose/v4":       {"server/internal/auth/oidc"},
	"github.com/alecthomas/kong":          {"server/cmd", "client/cmd"},
	"fieldsync/crdt/store/badgerstore":    {"server", "client", "conformance"},
	"fieldsync/crdt/store/memstore":       {"crdt/store", "crdt/replica", "crdt/drive", "server", "client", "conformance"},
	"fieldsync/blobs/diskblob":            {"blobs", "server", "client", "conformance"},
	"fieldsync/blobs/s3blob":              {"blobs", "server", "client", "conformance"},
	"github.com/danielgtaylor/huma/v2":    {"server"},
	"github.com/blevesearch/bleve/v2":     {"server/internal/index"},
	"github.com/schollz/progressbar/v3":   {"server/cmd", "client/cmd"},
	"net/http/pprof":                      {},
	"testing/quick":                       {},
	"github.com/stretchr/testify":         {},
}

func within(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

// violations gives what is wrong with one import, in words. importer and the module's own packages are named as inside gives them.
func violations(importer, imported string) []string {
	var out []string
	complain := func(format string, args ...any) {
		out = append(out, importer+" imports "+imported+": "+fmt.Sprintf(format, args...))
	}
	for thing, allowed := range only {
		if within(imported, thing) && !within(module+"/"+importer, thing) && !slices.ContainsFunc(allowed, func(a string) bool { return within(importer, a) }) {
			complain("only %v may", allowed)
		}
	}
	if !within(imported, module) {
		return out
	}
	imported = strings.TrimPrefix(strings.TrimPrefix(imported, module), "/")
	top := func(p string) string { first, _, _ := strings.Cut(p, "/"); return first }
	switch {
	case imported == "":
		complain("the module's root is no package")
	case within(imported, "conformance") && !within(importer, "conformance") && imported != "conformance/figures": // the tables of benchmarks
		complain("nothing imports conformance")
	case top(importer) == "crdt" && top(imported) != "crdt":
		complain("the core imports nothing but itself")
	case top(importer) == "blobs" && top(imported) != "blobs":
		complain("blobs imports nothing but itself")
	case top(importer) == "client" && top(imported) == "server":
		complain("the client knows nothing of the server's code")
	case top(importer) == "server" && top(imported) == "client" && !within(imported, "client/web"):
		complain("of the client, the server takes the built web pages only")
	}
	for _, line := range layers {
		from, to := layerOf(line, importer), layerOf(line, imported)
		if from >= 0 && to >= 0 && to > from {
			complain("%s stands above %s", line[to], line[from])
		}
	}
	return out
}

// layerOf gives the layer that a package belongs to: the longest name that it is or lies under; -1: none.
func layerOf(line []string, path string) int {
	best := -1
	for i, layer := range line {
		ok := within(path, layer)
		if layer == "crdt" {
			ok = path == "crdt" // the vocabulary alone; what lies under it has layers of its own
		}
		if ok && (best < 0 || len(layer) > len(line[best])) {
			best = i
		}
	}
	return best
}

func TestImportsPointTheRightWay(t *testing.T) {
	for _, p := range tree(t) {
		for _, imported := range p.Imports {
			for _, v := range violations(p.inside(), imported) {
				t.Error(v)
			}
		}
	}
}

func TestTheRulesFindWhatTheyForbid(t *testing.T) {
	for _, c := range []struct {
		importer, imported string
		wrong              bool
	}{
		{"crdt/format", "fieldsync/crdt", false},
		{"crdt/history", "fieldsync/crdt/format", false},
		{"crdt/format", "fieldsync/crdt/history", true},
		{"crdt", "fieldsync/crdt/wire", true},
		{"crdt/history", "fieldsync/crdt/drive", true},
		{"crdt/replica", "fieldsync/crdt/wire", false},
		{"crdt/wire", "fieldsync/crdt/replica", true},
		{"crdt/store", "fieldsync/crdt/drive", true},
		{"crdt/replica/replicatest", "fieldsync/crdt/drive", true},
		{"crdt/drive", "fieldsync/server", true},
		{"crdt/drive", "fieldsync/crdt/store/badgerstore", true},
		{"server", "fieldsync/crdt/store/badgerstore", false},
		{"crdt/format", "fieldsync/blobs", true},
		{"blobs", "fieldsync/crdt", true},
		{"blobs/diskblob", "fieldsync/blobs", false},
		{"server/internal/ws", "fieldsync/client", true},
		{"server", "fieldsync/client/web", false},
		{"client", "fieldsync/server/internal/auth", true},
		{"server", "fieldsync/conformance/interop", true},
		{"server/internal/index", "fieldsync/conformance/figures", false},
		{"crdt/job", "github.com/automerge/automerge-go", true},
		{"crdt/engine", "github.com/automerge/automerge-go", false},
		{"server", "github.com/dgraph-io/badger/v4", true},
		{"blobs/upload", "github.com/minio/minio-go/v7/pkg/credentials", true},
		{"blobs/s3blob", "github.com/minio/minio-go/v7/pkg/credentials", false},
	} {
		if got := violations(c.importer, c.imported); (len(got) > 0) != c.wrong {
			t.Errorf("%s imports %s: found %v", c.importer, c.imported, got)
		}
	}
}
