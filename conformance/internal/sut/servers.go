package sut

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Tokens that `fieldsyncd serve --demo` knows.
const (
	Dispatcher = "demo-dispatcher"
	WorkerAnna = "demo-worker-anna"
	WorkerBen  = "demo-worker-ben"
)

// Names of the systems, as they stand in tables.
const (
	NameFieldsync = "fieldsyncd"
	NameReference = "automerge-repo 2.5.6"
	NameRelayNode = "relay (Node, ws)"
	NameRelayGo   = "relay (Go, gorilla)"
)

// Root is the folder of the module's go.mod, wherever the caller runs.
func Root() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output() //nolint:noctx // it ends by itself, at once
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	mod := strings.TrimSpace(string(out))
	if filepath.Base(mod) != "go.mod" {
		return "", fmt.Errorf("not inside the module (GOMOD is %q)", mod)
	}
	return filepath.Dir(mod), nil
}

// BuildFieldsyncd gives the path of the server's binary: the one that FIELDSYNCD names, or one built into dir.
func BuildFieldsyncd(ctx context.Context, dir string) (string, error) {
	if bin := os.Getenv("FIELDSYNCD"); bin != "" {
		return filepath.Abs(bin)
	}
	return Build(ctx, "./server/cmd/fieldsyncd", filepath.Join(dir, "fieldsyncd"))
}

// Build compiles a command of this module; pkg is relative to the module's root.
func Build(ctx context.Context, pkg, bin string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	if err := watchSources(root); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", bin, pkg)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
	}
	return bin, nil
}

// watchSources lists the module's folders. go test remembers which folders a test has listed, and runs it again when a
// file in them has changed; what a program that the test builds is made of, it would not notice otherwise.
func watchSources(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".")) {
			return fs.SkipDir
		}
		return err
	})
}

// Fieldsyncd is our server with demo data in dir, not started yet.
func Fieldsyncd(bin, dir string) (*Process, error) {
	addr, err := FreeAddr()
	if err != nil {
		return nil, err
	}
	return &Process{
		Name: NameFieldsync, Addr: addr, Path: "/sync", Ready: "/readyz", HasAuth: true, HasExt: true,
		// One machine makes all connections here.
		Args: []string{bin, "serve", "--listen", addr, "--data", dir, "--demo", "--max-connections-per-ip", "20000"}, Env: os.Environ(),
	}, nil
}

// Reference is automerge-repo's server with nodefs storage in dir, put together as the public sync server is.
func Reference(dir string) (*Process, error) {
	return nodeServer(NameReference, "gen25/server.mjs", dir, false)
}

// ReferencePatient is Reference, but for the time in which a client has to answer a ping: automerge-repo's default is 5 s, and whoever is on 2G
// with a thousand messages before his pong is thrown out.
func ReferencePatient(dir string, keepAlive time.Duration) (*Process, error) {
	p, err := Reference(dir)
	if err == nil {
		p.Env = append(p.Env, fmt.Sprintf("KEEP_ALIVE_MS=%d", keepAlive.Milliseconds()))
	}
	return p, err
}

// RelayNode forwards frames between the sockets of a room, on Node.
func RelayNode() (*Process, error) { return nodeServer(NameRelayNode, "relay.mjs", "", true) }

func nodeServer(name, script, dir string, relay bool) (*Process, error) {
	interop, err := NodeModules()
	if err != nil {
		return nil, err
	}
	addr, err := FreeAddr()
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	return &Process{
		Name: name, Addr: addr, Path: "/", Ready: "/", IsRelay: relay,
		Args: []string{"node", filepath.Join(interop, script)},
		Env:  append(os.Environ(), "HOST="+host, "PORT="+port, "DATA_DIR="+dir),
	}, nil
}

// RelayGo forwards frames between the sockets of a room, in Go; bin is conformance/bench/relay, built.
func RelayGo(bin string) (*Process, error) {
	addr, err := FreeAddr()
	if err != nil {
		return nil, err
	}
	return &Process{Name: NameRelayGo, Addr: addr, Path: "/", Ready: "/", IsRelay: true, Args: []string{bin, addr}, Env: os.Environ()}, nil
}
