package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// maxConfigBytes bounds the file: all settings are a few lines.
const maxConfigBytes = 1 << 20

// file gives flags the values of a configuration file: one map from a flag's name to its value. It is YAML, which people
// can comment; JSON is YAML, so that a generated file needs nothing else. (kong's own JSON loader takes keys that it does
// not know in silence, and lets the file beat the environment.)
type file map[string]any

// loadFile reads a configuration file; kong calls it for --config.
func loadFile(r io.Reader) (kong.Resolver, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxConfigBytes+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxConfigBytes {
		return nil, fmt.Errorf("the configuration file has more than %d bytes", maxConfigBytes)
	}
	f := file{}
	if err := yaml.Unmarshal(b, &f); err != nil {
		return nil, errors.New("the configuration file is not a map in YAML or JSON") // yaml's text would quote a secret
	}
	return f, nil
}

// Validate refuses keys that no flag has: a mistyped limit would be no limit.
func (f file) Validate(app *kong.Application) error {
	names := []string{}
	err := kong.Visit(app, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok && len(flag.Envs) > 0 && flag.Name != "config" { // what is no environment variable either is no setting
			names = append(names, flag.Name)
		}
		return next(nil)
	})
	if err != nil {
		return err
	}
	for key := range f {
		if !slices.Contains(names, key) {
			return fmt.Errorf("the configuration file has the key %q, which is no setting", key)
		}
	}
	return nil
}

// Resolve gives the file's value of a flag that neither the command line nor the environment sets.
func (f file) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, env := range flag.Envs {
		if _, set := os.LookupEnv(env); set {
			return nil, nil //nolint:nilnil // kong's way to say: not here
		}
	}
	v, ok := f[flag.Name]
	if !ok || len(flag.Envs) == 0 {
		return nil, nil //nolint:nilnil // kong's way to say: not here
	}
	switch v := v.(type) {
	case []any:
		parts := make([]string, len(v))
		for i, p := range v {
			parts[i] = fmt.Sprint(p)
		}
		return strings.Join(parts, ","), nil
	case nil:
		return "", nil
	default:
		return fmt.Sprint(v), nil
	}
}
