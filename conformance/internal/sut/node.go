package sut

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// NodeModules makes sure that the npm packages of conformance/interop are installed as its lock file says, and gives
// the folder.
func NodeModules() (string, error) { return NodeModulesOf("interop") }

// NodeModulesOf is NodeModules for another folder of conformance. Several test binaries may ask at once: a file lock lets one of
// them install.
func NodeModulesOf(folder string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, "conformance", folder)
	lock, err := os.OpenFile(filepath.Join(os.TempDir(), "fieldsync-"+folder+"-npm.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", fmt.Errorf("locking %s: %w", lock.Name(), err)
	}
	want, err := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		return "", err
	}
	mark := filepath.Join(dir, "node_modules", ".fieldsync-installed")
	if have, err := os.ReadFile(mark); err == nil && bytes.Equal(have, want) {
		return dir, nil
	}
	cmd := exec.Command("npm", "ci", "--omit=optional", "--no-audit", "--no-fund") //nolint:noctx // half an installation helps nobody
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci in conformance/%s: %w\n%s", folder, err, out)
	}
	return dir, os.WriteFile(mark, want, 0o600)
}
