package blobs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"fieldsync/conformance/internal/sut"
)

// TestTheComposeFileSpeaksOfSettingsAndFilesThatAreThere: no image is built here; what it says of ours is compared.
func TestTheComposeFileSpeaksOfSettingsAndFilesThatAreThere(t *testing.T) {
	root, err := sut.Root()
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string) []byte {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	var compose struct {
		Services map[string]struct {
			Build       struct{ Target string }
			Environment map[string]string
			Volumes     []string
		}
	}
	if err := yaml.Unmarshal(read("compose.yaml"), &compose); err != nil {
		t.Fatal(err)
	}
	guide, images := string(read("docs/OPERATIONS.md")), string(read("Dockerfile"))
	for name, s := range compose.Services {
		if s.Build.Target != "" && !strings.Contains(images, " AS "+s.Build.Target+"\n") {
			t.Errorf("%s: the Dockerfile has no target %q", name, s.Build.Target)
		}
		for _, v := range s.Volumes {
			if from, _, _ := strings.Cut(v, ":"); strings.HasPrefix(from, "./") {
				read(from)
			}
		}
		for variable := range s.Environment {
			if strings.HasPrefix(variable, "FIELDSYNC_") && !strings.Contains(guide, "`"+variable+"`") {
				t.Errorf("%s: %s is no setting of the server", name, variable)
			}
		}
	}
	if len(compose.Services) != 3 {
		t.Errorf("%d services", len(compose.Services))
	}
}
